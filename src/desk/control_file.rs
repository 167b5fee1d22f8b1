//! The control file: read again and again, so that it does not matter how it is exchanged.
//!
//! Kubernetes swaps a symlink beside a `ConfigMap`'s files, editors put another file in the place, a bind mount is
//! written into: the content is what counts, read by its path each time. No notification is needed for that, and
//! none is missed.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use gate::Rules;
use jiff::Timestamp;
use tokio::task::spawn_blocking;
use tracing::{error, info, warn};

use super::book::Kind;
use crate::config::ControlOrders;
use crate::config::order::{Order, OrderBook};

/// No control file is larger; what is, is the wrong file.
const LARGEST: u64 = 1 << 20;

/// The control file and what it said last.
#[derive(Debug)]
pub(super) struct ControlFile {
    path: PathBuf,
    /// What was read last, or why not.
    seen: Option<Seen>,
    /// What was read since, and not yet twice.
    fresh: Option<Seen>,
    /// What the last file that was whole says.
    orders: ControlOrders,
    /// The orders that this comes to at present.
    book: OrderBook,
}

/// What was read, or why nothing was.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Text(String),
    /// There is no file: no orders.
    None,
    Unreadable(String),
}

impl ControlFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, seen: None, fresh: None, orders: ControlOrders::default(), book: OrderBook::default() }
    }

    /// The file of another configuration: if it is wrong, what was in force stays.
    pub(super) fn after(path: PathBuf, before: Option<Self>) -> Self {
        let (orders, book) = before.map(|before| (before.orders, before.book)).unwrap_or_default();
        Self { orders, book, ..Self::new(path) }
    }

    pub(super) const fn book(&self) -> &OrderBook {
        &self.book
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it for the first time.
    pub(super) fn read_now(&mut self, rules: &Rules, now: Timestamp) {
        self.take(look(&self.path), rules, now);
    }

    /// Reads it; whether the orders are others than before. A mistake in it changes nothing and is told once. What
    /// is new counts when it was read twice: whoever writes into the file may be half through.
    pub(super) async fn read(&mut self, rules: &Rules, now: Timestamp) -> bool {
        let path = self.path.clone();
        // A file system of the network may take its time.
        let Ok(seen) = spawn_blocking(move || look(&path)).await else { return false };
        if self.seen.as_ref() == Some(&seen) {
            self.fresh = None;
            return self.turn(now);
        }
        if self.fresh.as_ref() != Some(&seen) {
            self.fresh = Some(seen);
            return self.turn(now);
        }
        self.fresh = None;
        self.take(seen, rules, now)
    }

    fn take(&mut self, seen: Seen, rules: &Rules, now: Timestamp) -> bool {
        let path = self.path.display();
        let read = match &seen {
            Seen::Text(text) => ControlOrders::parse(text, &self.path, rules, now).map_err(|complaints| {
                error!(
                    target: "schemagate::control",
                    file = %path,
                    errors = complaints.count(),
                    "the control file is wrong, and what it said before stays in force:\n{}",
                    complaints.render(false),
                );
            }),
            Seen::None => {
                // A file that was never there may be there later.
                if self.seen.is_some() {
                    warn!(target: "schemagate::control", file = %path, "the control file is gone, and its orders with it");
                } else {
                    info!(target: "schemagate::control", file = %path, "there is no control file yet; it is waited for");
                }
                Ok(ControlOrders::default())
            }
            Seen::Unreadable(why) => {
                error!(
                    target: "schemagate::control",
                    file = %path,
                    "the control file cannot be read, and what it said before stays in force: {why}",
                );
                Err(())
            }
        };
        self.seen = Some(seen);
        let Ok(orders) = read else { return self.turn(now) };
        self.orders = orders;
        let changed = self.turn(now);
        if changed {
            info!(
                target: "schemagate::control",
                file = %self.path.display(),
                bypasses = self.book.bypasses.len(),
                windows = self.book.windows.len(),
                holds = self.book.holds.len(),
                "the control file was read",
            );
        }
        changed
    }

    /// Goes on to what the orders come to at `now`: a window that recurs is over, and the next one to come. Whether that
    /// is something else.
    fn turn(&mut self, now: Timestamp) -> bool {
        let mut book = self.orders.book(now);
        keep_times(&mut book.bypasses, &self.book.bypasses);
        keep_times(&mut book.windows, &self.book.windows);
        keep_times(&mut book.holds, &self.book.holds);
        if book == self.book {
            return false;
        }
        self.book = book;
        true
    }
}

/// What stands there as before was ordered when it was first seen.
fn keep_times<K: Kind + PartialEq>(new: &mut [Order<K>], old: &[Order<K>]) {
    for order in new {
        if let Some(known) = old.iter().find(|known| known.id == order.id) {
            order.created = known.created;
        }
    }
}

fn look(path: &Path) -> Seen {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text));
    match read {
        Ok(_) if text.len() as u64 > LARGEST => Seen::Unreadable(format!("it is larger than {} KiB", LARGEST >> 10)),
        Ok(_) => Seen::Text(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Seen::None,
        Err(error) => Seen::Unreadable(error.to_string()),
    }
}
