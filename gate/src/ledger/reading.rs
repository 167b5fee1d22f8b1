//! A ledger as a database tells it.

use super::Row;

/// What came of reading a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// There is no such table.
    Absent,
    /// The table is there and may not be read; what the database said.
    Denied(Box<str>),
    /// The table is there and is not this tool's; the columns it has.
    Unexpected(Box<str>),
    /// It was read.
    Rows {
        /// Its rows, in the order in which they were written.
        rows: Vec<Row>,
        /// Whether the tool holds its lock.
        lock: LockState,
    },
}

/// Whether a tool holds its lock ([`crate::ledger::Lock`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LockState {
    /// It does not, or that cannot be seen.
    #[default]
    Free,
    /// A living session holds it.
    Held,
    /// A row says so, whose writer may be long gone.
    Written,
}
