//! The kinds of orders, as far as all are treated alike.

use std::fmt;

use jiff::Timestamp;

use crate::config::order::{BypassTerms, HoldTerms, Order, OrderBook, WindowTerms};

/// A kind of order.
pub(super) trait Kind: Clone + fmt::Display {
    /// The word for one.
    const WORD: &'static str;
    /// What ids of this kind begin with.
    const LETTER: char;
    /// What is done by giving one.
    const GIVEN: &'static str;

    /// All of this kind.
    fn of(book: &OrderBook) -> &[Order<Self>];

    /// The same, to be changed.
    fn of_mut(book: &mut OrderBook) -> &mut Vec<Order<Self>>;
}

impl Kind for BypassTerms {
    const WORD: &'static str = "bypass";
    const LETTER: char = 'b';
    const GIVEN: &'static str = "bypass on";

    fn of(book: &OrderBook) -> &[Order<Self>] {
        &book.bypasses
    }

    fn of_mut(book: &mut OrderBook) -> &mut Vec<Order<Self>> {
        &mut book.bypasses
    }
}

impl Kind for WindowTerms {
    const WORD: &'static str = "window";
    const LETTER: char = 'w';
    const GIVEN: &'static str = "window created";

    fn of(book: &OrderBook) -> &[Order<Self>] {
        &book.windows
    }

    fn of_mut(book: &mut OrderBook) -> &mut Vec<Order<Self>> {
        &mut book.windows
    }
}

impl Kind for HoldTerms {
    const WORD: &'static str = "hold";
    const LETTER: char = 'h';
    const GIVEN: &'static str = "hold on";

    fn of(book: &OrderBook) -> &[Order<Self>] {
        &book.holds
    }

    fn of_mut(book: &mut OrderBook) -> &mut Vec<Order<Self>> {
        &mut book.holds
    }
}

/// Something of each kind is done to a book, by what takes any kind.
macro_rules! each_kind {
    ($kind:ident => $what:expr) => {{
        {
            type $kind = $crate::config::order::BypassTerms;
            $what
        }
        {
            type $kind = $crate::config::order::WindowTerms;
            $what
        }
        {
            type $kind = $crate::config::order::HoldTerms;
            $what
        }
    }};
}
pub(super) use each_kind;

/// Takes what is over out of a book.
pub(super) fn take_over<K: Kind>(book: &mut OrderBook, now: Timestamp) -> Vec<Order<K>> {
    K::of_mut(book).extract_if(.., |order| order.is_over(now)).collect()
}
