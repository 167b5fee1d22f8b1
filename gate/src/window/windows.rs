//! All windows that are known.

use core::cmp::Ordering;

use super::{TableStanding, TableState, Window, WindowSource, WindowsRead};
use crate::{DatabaseId, Moment};
use core::time::Duration;

/// Which window, as its place in [`Windows`]; of the snapshot it came from alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowId(pub u32);

/// All windows that are known: a part of the snapshot, swapped with it.
#[derive(Debug, Clone, Default)]
pub struct Windows {
    /// Those of no organisation first, then by organisation; so one request looks at few of many.
    all: Box<[Window]>,
    /// How many are of no organisation.
    general: usize,
    /// How the application's own table stands.
    table: TableStanding,
}

impl Windows {
    /// These and no others.
    fn new(mut all: Vec<Window>, table: TableStanding) -> Self {
        all.sort_by(|one, other| {
            let place = |window: &Window| window.source;
            one.scope.organisation.cmp(&other.scope.organisation).then(place(one).cmp(&place(other)))
        });
        let general = all.partition_point(|window| window.scope.organisation.is_none());
        Self { all: all.into(), general, table }
    }

    /// Those of one source are `windows` now; what others say stands.
    #[must_use]
    pub(crate) fn with(&self, source: WindowSource, windows: Vec<Window>) -> Self {
        let others = self.all.iter().filter(|window| window.source != source).cloned();
        let told = windows.into_iter().map(|window| Window { source, ..window });
        Self::new(others.chain(told).collect(), self.table.clone())
    }

    /// The windows after a look at their table that began at `began` and counts for `max_age`.
    pub(crate) fn after_look(
        &self,
        database: DatabaseId,
        read: &WindowsRead,
        began: Moment,
        max_age: Duration,
    ) -> Self {
        let source = WindowSource::Table(database);
        let (mut windows, state) = match read {
            WindowsRead::Rows { clock, rows } => {
                let windows = rows.iter().filter_map(|row| row.window(database, *clock, began));
                (self.with(source, windows.collect()), TableState::Read)
            }
            WindowsRead::Missing => (self.with(source, Vec::new()), TableState::Missing),
            WindowsRead::Unread(why) => (self.clone(), TableState::Unread(why.clone())),
            // Whoever locks it migrates: that is no reason to open what is closed.
            WindowsRead::Locked => (self.clone(), self.table.state.clone()),
        };
        if matches!(state, TableState::Read | TableState::Missing) {
            windows.table.counts_until = began.plus(max_age);
        }
        windows.table.state = state;
        windows
    }

    /// The same, where the application's own table lies in the database of another place now; without one, what was
    /// read of it is forgotten.
    pub(crate) fn moved(&self, table: Option<DatabaseId>) -> Self {
        let moved = |window: &Window| match (window.source, table) {
            (WindowSource::Table(_), None) => None,
            (WindowSource::Table(_), Some(database)) => {
                Some(Window { source: WindowSource::Table(database), ..window.clone() })
            }
            _ => Some(window.clone()),
        };
        let standing = if table.is_some() { self.table.clone() } else { TableStanding::default() };
        Self::new(self.all.iter().filter_map(moved).collect(), standing)
    }

    /// How the application's own table stood when it was looked at last.
    pub const fn table(&self) -> &TableStanding {
        &self.table
    }

    /// Whether there is none, not even one to come.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether it matters which organisation a request is of.
    pub fn ask_for_organisation(&self) -> bool {
        self.general < self.all.len()
    }

    /// The window of an id that a decision by the same snapshot gave.
    pub fn get(&self, id: WindowId) -> Option<&Window> {
        self.all.get(id.0 as usize)
    }

    /// Every window: open, to come, or over since the last look.
    pub fn all(&self) -> impl Iterator<Item = (WindowId, &Window)> {
        (0..).map(WindowId).zip(&self.all)
    }

    /// Those that may be about a request of this organisation.
    pub(super) fn of(&self, organisation: Option<&str>) -> impl Iterator<Item = (WindowId, &Window)> {
        let (general, others) = self.all.split_at_checked(self.general).unwrap_or_default();
        let (before, own) = organisation.map_or((0, &[][..]), |name| {
            let order = |window: &Window| window.scope.organisation.as_deref().cmp(&Some(name));
            let before = others.partition_point(|window| order(window) == Ordering::Less);
            let until = others.partition_point(|window| order(window) != Ordering::Greater);
            (before, others.get(before..until).unwrap_or_default())
        });
        let ids = |from: usize| (u32::try_from(from).unwrap_or(u32::MAX)..).map(WindowId);
        ids(0).zip(general).chain(ids(self.general + before).zip(own))
    }

    /// The next time after `now` at which one opens or ends.
    pub fn next_edge(&self, now: Moment) -> Option<Moment> {
        self.all.iter().filter_map(|window| window.next_edge(now)).min()
    }

    /// Whether all mean the same.
    pub(crate) fn are_like(&self, other: &Self) -> bool {
        self.all.len() == other.all.len()
            && self.table.state == other.table.state
            && self.all.iter().zip(&other.all).all(|(one, other)| one.is_like(other))
    }
}
