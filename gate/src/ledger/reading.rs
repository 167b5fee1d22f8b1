//! A ledger as a database tells it.

use std::collections::BTreeMap;

use super::{Counting, Mark, Row, Tool};

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

impl Reading {
    /// The identities that the ledger of `tool` says are applied, sorted; `None` if it was not read.
    pub fn applied(&self, tool: &Tool) -> Option<Vec<&str>> {
        let Self::Rows { rows, .. } = self else { return None };
        let mut marks: BTreeMap<&str, Mark> = BTreeMap::new();
        for row in rows.iter().filter(|row| !tool.not_migrations.contains(&&*row.key)) {
            let mark = marks.entry(&row.key).or_insert(row.mark);
            *mark = if tool.counting == Counting::LastRow { row.mark } else { row.mark.max(*mark) };
        }
        let is_done = |mark: &Mark| matches!(mark, Mark::Done | Mark::Baseline);
        Some(marks.into_iter().filter(|(_, mark)| is_done(mark)).map(|(key, _)| key).collect())
    }

    /// A ledger that says that these are applied.
    pub fn of_applied(keys: impl IntoIterator<Item = Box<str>>) -> Self {
        let row = |key| Row { key, mark: Mark::Done, checksum: None, log: None };
        Self::Rows { rows: keys.into_iter().map(row).collect(), lock: LockState::Free }
    }
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
