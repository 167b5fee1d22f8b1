//! Requests that pass because nobody knows whether a maintenance window is open.

use std::time::{Duration, Instant};

use gate::{Decision, Gate, Moment, TableState};
use tracing::warn;

use super::gateway::Gateway;
use crate::sparing::Sparing;

/// One line in this time says so again.
const PERIOD: Duration = Duration::from_secs(60);

/// Says sparingly that windows are not checked.
pub(super) const fn sparing() -> Sparing {
    Sparing::new(1, PERIOD)
}

/// Why windows are not checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unchecked {
    /// Their table does not exist.
    Missing,
    /// Nothing recent is known of it.
    Unknown,
}

impl Unchecked {
    /// The word in metrics.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "window_table_missing",
            Self::Unknown => "window_table_unknown",
        }
    }

    /// Why a write that passed may be one that a window in a table should have kept out.
    pub(super) fn of(decision: &Decision, writes: bool, gate: &Gate, now: Moment) -> Option<Self> {
        gate.rules().window_table()?;
        let route = gate.rules().route(decision.route?)?;
        if !writes || !route.windows || decision.outcome.upstream().is_none() {
            return None;
        }
        let table = gate.snapshot().windows().table();
        match table.state {
            TableState::Missing if now <= table.counts_until => Some(Self::Missing),
            _ if table.counts_until < now => Some(Self::Unknown),
            _ => None,
        }
    }
}

impl Gateway {
    /// Counts a request that passed unchecked, and tells of it from time to time. `organisation` is the
    /// request's, as far as it says.
    pub(super) fn note_fail_open(
        &self,
        (why, decision): (Unchecked, &Decision),
        gate: &Gate,
        organisation: Option<&str>,
        request_id: &str,
    ) {
        let route = decision.route.and_then(|id| gate.rules().route(id));
        self.metrics.failed_open(route.map_or("none", |route| &route.name), why.as_str());
        let Some(table) = gate.rules().window_table().filter(|_| why == Unchecked::Missing) else { return };
        let Some(unsaid) = self.unchecked.may_say(Instant::now()) else { return };
        let table = table.table.to_string();
        warn!(
            target: "schemagate::window",
            table,
            orgId = organisation,
            other_requests = (unsaid > 0).then_some(unsaid),
            request_id,
            "{table} table does not exist - failing open (no maintenance check)",
        );
    }
}
