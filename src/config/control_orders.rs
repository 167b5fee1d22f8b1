//! What a control file orders.

use jiff::Timestamp;

use super::PlannedWindow;
use super::order::{Order, OrderBook, WindowTerms};

/// What a control file orders: what is in force from one time to another, and windows that open again and again.
#[derive(Debug, Clone, Default)]
pub struct ControlOrders {
    /// From one time to another.
    pub once: OrderBook,
    /// Again and again.
    pub recurring: Vec<RecurringWindow>,
}

/// A maintenance window that opens again and again.
#[derive(Debug, Clone)]
pub struct RecurringWindow {
    /// When it is open.
    pub planned: PlannedWindow,
    /// The order, but for its times.
    pub order: Order<WindowTerms>,
}

impl ControlOrders {
    /// All of it at `now`: a window that recurs is ordered for the time that it is open, or for the next one.
    pub fn book(&self, now: Timestamp) -> OrderBook {
        let mut book = self.once.clone();
        book.windows.extend(self.recurring.iter().filter_map(|window| window.at(now)));
        book
    }
}

impl RecurringWindow {
    fn at(&self, now: Timestamp) -> Option<Order<WindowTerms>> {
        let (from, until) = self.planned.occurrences(now).next()?;
        let terms = WindowTerms { from, ..self.order.terms.clone() };
        Some(Order { terms, until: Some(until), ..self.order.clone() })
    }
}
