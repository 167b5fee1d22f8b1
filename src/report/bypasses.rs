//! Bypasses that are on, for operators.

use std::fmt;
use std::time::Duration;

use gate::{Bypass, Gate, Moment};
use schemars::JsonSchema;
use serde::Serialize;

use crate::config::show_duration;

/// A bypass that is on.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct BypassReport {
    /// The name by which it is ended.
    pub name: String,
    /// What is passed over: `needs`, `windows` or `both`.
    pub skips: &'static str,
    /// Which requests, in words.
    pub covers: String,
    /// How long it goes on; none: until it is ended.
    pub ends_in_seconds: Option<u64>,
    /// Why, in the words of whoever ordered it.
    pub reason: Option<String>,
    /// Who ordered it.
    pub by: String,
    /// Where it was ordered: `env`, `operator` or `control_file`.
    pub source: &'static str,
}

impl BypassReport {
    /// Those that are on at `now`.
    pub(super) fn all(gate: &Gate, now: Moment) -> Vec<Self> {
        gate.snapshot().bypasses().on(now).map(|bypass| Self::new(bypass, now)).collect()
    }

    fn new(bypass: &Bypass, now: Moment) -> Self {
        Self {
            name: bypass.name.to_string(),
            skips: bypass.skips.as_str(),
            covers: bypass.scope.to_string(),
            ends_in_seconds: bypass.until.map(|until| until.since(now).as_secs()),
            reason: bypass.reason.as_deref().map(str::to_owned),
            by: bypass.by.to_string(),
            source: bypass.source.as_str(),
        }
    }
}

impl fmt::Display for BypassReport {
    /// For people, in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bypass       {}: {} of {} by {}", self.name, self.skips, self.covers, self.by)?;
        match self.ends_in_seconds {
            Some(seconds) => write!(f, ", for another {}", show_duration(Duration::from_secs(seconds)))?,
            None => f.write_str(", until it is ended")?,
        }
        self.reason.as_ref().map_or(Ok(()), |reason| write!(f, " ({reason})"))
    }
}
