//! Maintenance windows: from when to when what is closed to whom.

mod closure;
mod table;
mod windows;

use core::fmt;
use core::time::Duration;

use crate::{DatabaseId, HostPattern, Method, Moment};

pub use closure::Closure;
pub use table::{TableStanding, TableState, WindowColumn, WindowColumns, WindowRow, WindowTable, WindowsRead};
pub use windows::{WindowId, Windows};

/// A maintenance window. Of several that are open, any closes what it blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// What operators call it.
    pub name: Box<str>,
    /// Who says so.
    pub source: WindowSource,
    /// From when on it is open; the origin where it was open before.
    pub from: Moment,
    /// When it ends, that moment not included; `None`: it has to be lifted.
    pub until: Option<Moment>,
    /// Whether it is to be lifted as soon as [`crate::Gate::is_ready_since`] its opening. Whoever opened it
    /// does so: a decision knows nothing of it.
    pub until_ready: bool,
    /// What it keeps out.
    pub blocks: Blocks,
    /// Whose requests it is about.
    pub scope: WindowScope,
    /// What people are told; `None`: a sentence in their language.
    pub message: Option<Box<str>>,
}

/// What a window keeps out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Blocks {
    /// Whatever may change something ([`Method::writes`]).
    #[default]
    Writes,
    /// Every request.
    Everything,
}

/// Whose requests a window is about. What is left empty narrows nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WindowScope {
    /// Names of routes, which outlive a reload.
    pub routes: Box<[Box<str>]>,
    /// Hosts.
    pub hosts: Box<[HostPattern]>,
    /// Tenants, by their schemas or by the words that requests name them by.
    pub tenants: Box<[Box<str>]>,
    /// An organisation, as [`crate::Request::organisation`] names it.
    pub organisation: Option<Box<str>>,
}

/// Who says that a window is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WindowSource {
    /// The application, in a table of its own: known as long as looks at that database count.
    Table(DatabaseId),
    /// An operator, by a command or the control file.
    Operator,
    /// The configuration.
    File,
}

impl Blocks {
    /// The word used in logs, reports and the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Writes => "writes",
            Self::Everything => "everything",
        }
    }

    /// Whether requests with `method` are kept out.
    pub fn keep_out(self, method: Method<'_>) -> bool {
        self == Self::Everything || method.writes()
    }
}

impl fmt::Display for WindowScope {
    /// For people, behind a sentence: ` for route a, route b; host c`, or nothing where it is everybody.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = |kind: &str, names: &mut dyn Iterator<Item = String>| {
            names.map(|name| format!("{kind} {name}")).collect::<Vec<_>>().join(", ")
        };
        let parts = [
            all("route", &mut self.routes.iter().map(ToString::to_string)),
            all("host", &mut self.hosts.iter().map(ToString::to_string)),
            all("tenant", &mut self.tenants.iter().map(ToString::to_string)),
            all("organisation", &mut self.organisation.iter().map(ToString::to_string)),
        ];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        if parts.is_empty() { Ok(()) } else { write!(f, " for {}", parts.join("; ")) }
    }
}

impl WindowSource {
    /// The word used in logs, reports and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Table(_) => "table",
            Self::Operator => "operator",
            Self::File => "file",
        }
    }

    /// Whose message goes first. What an operator opens stands for a row of the application's own.
    const fn rank(self) -> u8 {
        match self {
            Self::Table(_) | Self::Operator => 0,
            Self::File => 1,
        }
    }
}

impl Window {
    /// Whether it is open at `now`.
    pub fn is_open(&self, now: Moment) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }

    /// The next time after `now` at which it opens or ends.
    pub fn next_edge(&self, now: Moment) -> Option<Moment> {
        if now < self.from { Some(self.from) } else { self.until.filter(|until| now < *until) }
    }

    /// Whether both mean the same; times are read from clocks, and so may differ by a little.
    fn is_like(&self, other: &Self) -> bool {
        const SLACK: Duration = Duration::from_secs(1);
        let close = |one: Moment, other: Moment| one.since(other).max(other.since(one)) < SLACK;
        let same_end = match (self.until, other.until) {
            (Some(one), Some(other)) => close(one, other),
            (one, other) => one == other,
        };
        let aside = |window: &Self| Self { from: Moment::default(), until: None, ..window.clone() };
        close(self.from, other.from) && same_end && aside(self) == aside(other)
    }
}

#[cfg(test)]
mod tests;
