//! Holds that are on, for operators.

use std::fmt;
use std::time::Duration;

use gate::{Gate, Moment, RouteHold};
use schemars::JsonSchema;
use serde::Serialize;

use crate::config::show_duration;

/// A hold that is on: requests wait although the schema is right.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct HoldReport {
    /// The name by which it is ended.
    pub name: String,
    /// Names of the routes whose requests wait; empty: all.
    pub routes: Vec<String>,
    /// How long it goes on; none: until it is ended.
    pub ends_in_seconds: Option<u64>,
    /// Why, in the words of whoever ordered it.
    pub reason: Option<String>,
    /// Who ordered it.
    pub by: String,
    /// Where it was ordered: `operator` or `control_file`.
    pub source: &'static str,
}

impl HoldReport {
    /// Those that are on at `now`.
    pub(super) fn all(gate: &Gate, now: Moment) -> Vec<Self> {
        let holds = gate.snapshot().route_holds().iter();
        holds.filter(|hold| hold.is_on(now)).map(|hold| Self::new(hold, now)).collect()
    }

    fn new(hold: &RouteHold, now: Moment) -> Self {
        Self {
            name: hold.name.to_string(),
            routes: hold.routes.iter().map(ToString::to_string).collect(),
            ends_in_seconds: hold.until.map(|until| until.since(now).as_secs()),
            reason: hold.reason.as_deref().map(str::to_owned),
            by: hold.by.to_string(),
            source: hold.source.as_str(),
        }
    }
}

impl fmt::Display for HoldReport {
    /// For people, in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let routes = if self.routes.is_empty() { "every route".to_owned() } else { self.routes.join(", ") };
        write!(f, "hold         {}: requests of {routes} wait, by {}", self.name, self.by)?;
        match self.ends_in_seconds {
            Some(seconds) => write!(f, ", for another {}", show_duration(Duration::from_secs(seconds)))?,
            None => f.write_str(", until it is ended")?,
        }
        self.reason.as_ref().map_or(Ok(()), |reason| write!(f, " ({reason})"))
    }
}
