//! Operators' overrides: requests pass although something would keep them.

use core::fmt;
use std::sync::Arc;

use crate::Moment;

/// Which bypass, of all that there have been since the process began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BypassId(pub u32);

/// An operator's override: what it covers passes to its route's own upstream, and is told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bypass {
    /// Its own alone.
    pub id: BypassId,
    /// The name by which operators end it.
    pub name: Box<str>,
    /// Which requests.
    pub scope: BypassScope,
    /// What of the judgement is passed over.
    pub skips: Skips,
    /// It counts before this moment; `None`: until it is ended.
    pub until: Option<Moment>,
    /// Why, in the words of whoever ordered it.
    pub reason: Option<Box<str>>,
    /// Who ordered it.
    pub by: Box<str>,
    /// Where it was ordered.
    pub source: OrderSource,
}

/// What a bypass covers. By name, so that it outlives a reload and a look at the tenants; an empty
/// list means all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BypassScope {
    /// Names of routes.
    pub routes: Box<[Box<str>]>,
    /// Names of requirements; windows know none.
    pub requirements: Box<[Box<str>]>,
    /// Tenants, by their schemas or by the words that requests name them by.
    pub tenants: Box<[Box<str>]>,
}

/// What of the judgement a bypass passes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skips {
    /// Requirements that are not ready.
    Needs,
    /// Maintenance windows.
    Windows,
    /// Both.
    Both,
}

/// Where an order of the operators comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderSource {
    /// A variable of the environment that the configuration names.
    Env,
    /// A command, or the control API.
    Operator,
    /// The control file.
    ControlFile,
}

/// Every bypass there is, those that are over by time among them.
#[derive(Debug, Clone, Default)]
pub struct Bypasses(Arc<[Arc<Bypass>]>);

impl Skips {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Needs, Self::Windows, Self::Both];

    /// The word used in configuration, commands and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Needs => "needs",
            Self::Windows => "windows",
            Self::Both => "both",
        }
    }

    /// Whether requirements that are not ready are passed over.
    pub const fn needs(self) -> bool {
        matches!(self, Self::Needs | Self::Both)
    }

    /// Whether maintenance windows are.
    pub const fn windows(self) -> bool {
        matches!(self, Self::Windows | Self::Both)
    }
}

impl OrderSource {
    /// The word used in logs and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Env => "env",
            Self::Operator => "operator",
            Self::ControlFile => "control_file",
        }
    }
}

impl BypassScope {
    /// Whether requests of a route, and of a tenant if it is one's, are covered.
    fn covers(&self, route: &str, tenant: Option<[&str; 2]>) -> bool {
        let is_named = |names: [&str; 2]| names.into_iter().any(|name| holds(&self.tenants, name));
        holds(&self.routes, route) && (self.tenants.is_empty() || tenant.is_some_and(is_named))
    }

    /// Whether it is said of everything.
    pub const fn is_everything(&self) -> bool {
        self.routes.is_empty() && self.requirements.is_empty() && self.tenants.is_empty()
    }
}

/// What an empty list means all of.
fn holds(names: &[Box<str>], name: &str) -> bool {
    names.is_empty() || names.iter().any(|known| **known == *name)
}

impl fmt::Display for BypassScope {
    /// For people: `route a, route b; tenant demo`, or `everything`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_everything() {
            return f.write_str("everything");
        }
        let kinds = [("route", &self.routes), ("requirement", &self.requirements), ("tenant", &self.tenants)];
        let mut first = true;
        for (kind, names) in kinds.into_iter().filter(|(_, names)| !names.is_empty()) {
            f.write_str(if first { "" } else { "; " })?;
            first = false;
            for (place, name) in names.iter().enumerate() {
                write!(f, "{}{kind} {name}", if place == 0 { "" } else { ", " })?;
            }
        }
        Ok(())
    }
}

impl Bypass {
    /// Whether it counts at `now`.
    pub fn is_on(&self, now: Moment) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

impl Bypasses {
    /// These, in the order in which they are told.
    pub fn new(bypasses: impl IntoIterator<Item = Bypass>) -> Self {
        Self(bypasses.into_iter().map(Arc::new).collect())
    }

    /// The bypass of an id that a decision gave; `None` if it was ended since.
    pub fn get(&self, id: BypassId) -> Option<&Arc<Bypass>> {
        self.0.iter().find(|bypass| bypass.id == id)
    }

    /// Those that count at `now`.
    pub fn on(&self, now: Moment) -> impl Iterator<Item = &Arc<Bypass>> {
        self.0.iter().filter(move |bypass| bypass.is_on(now))
    }

    /// The first that passes over windows for such a request; `tenant` is its tenant's schema and word.
    pub fn of_windows(&self, route: &str, tenant: Option<[&str; 2]>, now: Moment) -> Option<BypassId> {
        let covers = |bypass: &Bypass| bypass.skips.windows() && bypass.scope.covers(route, tenant);
        self.on(now).find(|bypass| covers(bypass)).map(|bypass| bypass.id)
    }

    /// The first that passes over the need `requirement` of such a request.
    pub fn of_need(&self, route: &str, tenant: Option<[&str; 2]>, requirement: &str, now: Moment) -> Option<BypassId> {
        let covers = |bypass: &Bypass| {
            bypass.skips.needs() && bypass.scope.covers(route, tenant) && holds(&bypass.scope.requirements, requirement)
        };
        self.on(now).find(|bypass| covers(bypass)).map(|bypass| bypass.id)
    }

    /// The first that passes over whatever the schema has against such a request.
    pub fn of_every_need(&self, route: &str, tenant: Option<[&str; 2]>, now: Moment) -> Option<BypassId> {
        let covers = |bypass: &Bypass| {
            bypass.skips.needs() && bypass.scope.covers(route, tenant) && bypass.scope.requirements.is_empty()
        };
        self.on(now).find(|bypass| covers(bypass)).map(|bypass| bypass.id)
    }
}

impl PartialEq for Bypasses {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

#[cfg(test)]
mod tests;
