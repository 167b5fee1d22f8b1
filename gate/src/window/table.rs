//! The table in which the application keeps its windows, and what came of reading it.

use core::time::Duration;

use super::{Blocks, Window, WindowScope, WindowSource};
use crate::{DatabaseId, Moment, ObjectName, Relation};

/// A table of maintenance windows, by the names that it has in a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowTable {
    /// Where it is.
    pub database: DatabaseId,
    /// Its name; without a schema it is looked for along the search path.
    pub table: ObjectName,
    /// Its columns.
    pub columns: WindowColumns<WindowColumn>,
}

/// The columns of a table of windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowColumns<C> {
    /// What tells one row from another, for logs.
    pub id: C,
    /// From when on a window is open; a row without it is never open.
    pub starts: C,
    /// When it ends; a row without it has to be changed to end.
    pub ends: C,
    /// What people are told.
    pub message: C,
    /// Whether it is in force: it keeps writes out. Where there is no such column every row does.
    pub blocks_writes: C,
    /// Whose writes; everybody's where a row names nobody.
    pub organisation: C,
}

/// A column by the name that it should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowColumn {
    /// Its name.
    pub name: Box<str>,
    /// Whether a table without it is not understood.
    pub required: bool,
}

/// What came of reading a table of windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WindowsRead {
    /// Its rows; those that are over may be left out.
    Rows {
        /// The database's own clock when the look began, in microseconds since 1970.
        clock: i64,
        /// The rows.
        rows: Vec<WindowRow>,
    },
    /// There is no such table.
    Missing,
    /// It is there and could not be read: why, and what to do.
    Unread(Box<str>),
    /// It is locked, or was replaced at this very moment: what was known stands.
    Locked,
}

/// One row that keeps writes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowRow {
    /// What tells it from another.
    pub id: Option<Box<str>>,
    /// In microseconds since 1970.
    pub starts: i64,
    /// Likewise; `None`: it says no end.
    pub ends: Option<i64>,
    /// What people are told.
    pub message: Option<Box<str>>,
    /// Whose writes; `None`: everybody's.
    pub organisation: Option<Box<str>>,
}

/// What is known of a table of windows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableStanding {
    /// What came of the last look.
    pub state: TableState,
    /// Until when the rows count that were read last.
    pub counts_until: Moment,
}

/// What came of the last look at a table of windows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TableState {
    /// There was none yet, or it said nothing of the table.
    #[default]
    Unlearnt,
    /// Its rows are known.
    Read,
    /// There is no such table, and so no window.
    Missing,
    /// It could not be read: why, and what to do.
    Unread(Box<str>),
}

impl TableState {
    /// The word used in reports.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Unlearnt => "unknown",
            Self::Read => "read",
            Self::Missing => "missing",
            Self::Unread(_) => "unreadable",
        }
    }
}

impl<C> WindowColumns<C> {
    /// The same of each column, in the order of the fields.
    pub fn map<'c, D>(&'c self, mut turn: impl FnMut(&'c C) -> D) -> WindowColumns<D> {
        WindowColumns {
            id: turn(&self.id),
            starts: turn(&self.starts),
            ends: turn(&self.ends),
            message: turn(&self.message),
            blocks_writes: turn(&self.blocks_writes),
            organisation: turn(&self.organisation),
        }
    }
}

impl WindowTable {
    /// The columns that `relation` has of those that it should have; or which one it lacks.
    pub fn columns_of<'t>(&'t self, relation: &Relation) -> Result<WindowColumns<Option<&'t str>>, Box<str>> {
        let mut lacking = None;
        let found = self.columns.map(|column| {
            let is_there = relation.columns.contains_key(&column.name);
            if !is_there && column.required {
                lacking.get_or_insert(&column.name);
            }
            is_there.then_some(&*column.name)
        });
        match lacking {
            None => Ok(found),
            Some(column) => {
                let table = &self.table;
                Err(format!("table {table} has no column {column}: name its columns in [maintenance] table").into())
            }
        }
    }
}

impl WindowRow {
    /// The window that it means, by a clock that showed `clock` at `began`; `None`: it is over.
    pub(crate) fn window(&self, database: DatabaseId, clock: i64, began: Moment) -> Option<Window> {
        let ahead = |time: i64| u64::try_from(time.saturating_sub(clock)).ok().map(Duration::from_micros);
        let until = match self.ends {
            None => None,
            Some(ends) => Some(began.plus(ahead(ends).filter(|left| !left.is_zero())?)),
        };
        Some(Window {
            name: self.id.as_deref().unwrap_or("unnamed").into(),
            source: WindowSource::Table(database),
            from: ahead(self.starts).map_or_else(Moment::default, |ahead| began.plus(ahead)),
            until,
            until_ready: false,
            blocks: Blocks::Writes,
            scope: WindowScope { organisation: self.organisation.clone(), ..WindowScope::default() },
            message: self.message.clone(),
        })
    }
}
