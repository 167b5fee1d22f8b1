//! What operators ordered, as it is put in force.

use crate::{Bypasses, Moment, OrderSource, Window};

/// Everything that operators ordered.
#[derive(Debug, Clone, Default)]
pub struct Orders {
    /// What passes all the same.
    pub bypasses: Bypasses,
    /// What is closed.
    pub windows: Vec<Window>,
    /// Who waits.
    pub holds: Vec<RouteHold>,
}

/// An order that requests wait although the schema is right: for a migration of seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteHold {
    /// The name by which operators end it.
    pub name: Box<str>,
    /// Names of the routes whose requests wait; none: all.
    pub routes: Box<[Box<str>]>,
    /// It counts before this moment; `None`: until it is ended.
    pub until: Option<Moment>,
    /// Why, in the words of whoever ordered it.
    pub reason: Option<Box<str>>,
    /// Who ordered it.
    pub by: Box<str>,
    /// Where it was ordered.
    pub source: OrderSource,
}

impl RouteHold {
    /// Whether it counts at `now`.
    pub fn is_on(&self, now: Moment) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// Whether requests of a route wait by it at `now`.
    pub fn keeps(&self, route: &str, now: Moment) -> bool {
        self.is_on(now) && (self.routes.is_empty() || self.routes.iter().any(|name| **name == *route))
    }
}
