//! Requests that a bypass lets pass: counted, and warned of as long as it is on.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use gate::{BypassId, Decision, Gate, Reason, RouteId, TenantId};
use tracing::warn;

use super::exchange::Exchange;
use super::gateway::Gateway;
use super::tenant::RequestTenant;

/// Each bypass is told of once in this time for each route and tenant that it lets pass …
const PERIOD: Duration = Duration::from_secs(60);
/// … and no more lines than this are written, so that a thousand tenants leave the log readable.
const LINES: usize = 20;

/// What was let pass since the lines of it began.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    period: Mutex<Option<Period>>,
}

/// What a line is written for.
type Told = (BypassId, Option<RouteId>, Option<TenantId>);

#[derive(Debug)]
struct Period {
    began: Instant,
    told: HashSet<Told>,
    /// Requests since the last line.
    unsaid: u64,
}

impl Warnings {
    /// Whether a line may be written, and how many requests passed since the last one, this one included.
    fn may_say(&self, what: Told, now: Instant) -> Option<u64> {
        let mut period = self.period.lock().unwrap_or_else(PoisonError::into_inner);
        let period = period.get_or_insert_with(|| Period { began: now, told: HashSet::new(), unsaid: 0 });
        if now.duration_since(period.began) >= PERIOD {
            period.began = now;
            period.told.clear();
        }
        period.unsaid += 1;
        if period.told.len() >= LINES || !period.told.insert(what) {
            return None;
        }
        Some(std::mem::take(&mut period.unsaid))
    }
}

impl Gateway {
    /// Tells of a request that a bypass lets pass, if it is time to.
    pub(super) fn note_bypass(&self, decision: &Decision, gate: &Gate, exchange: &Exchange) {
        let Some(id) = decision.bypassed else { return };
        let Some(count) = self.bypassed.may_say((id, decision.route, decision.tenant), Instant::now()) else { return };
        let Some(bypass) = gate.snapshot().bypasses().get(id) else { return };
        let requirement = match decision.reason {
            Reason::Need { requirement, .. } => gate.rules().requirement(requirement),
            _ => None,
        };
        let route = decision.route.and_then(|id| gate.rules().route(id));
        let left = bypass.until.map(|until| until.since(self.reader.now()));
        warn!(
            target: "schemagate::bypass",
            bypass = &*bypass.name,
            scope = %bypass.scope,
            by = &*bypass.by,
            why = bypass.reason.as_deref(),
            source = bypass.source.as_str(),
            ends_in_seconds = left.map(|left| left.as_secs()),
            route = route.map(|route| &*route.name),
            action = decision.action.as_str(),
            reason = decision.reason.as_str(),
            requirement = requirement.map(|requirement| &*requirement.name),
            tenant = exchange.tenant.as_ref().map(RequestTenant::schema),
            host = exchange.host.as_str(),
            requests = count,
            request_id = exchange.id.as_str(),
            "BYPASSED request that would have got {}: the bypass {} is on{}",
            decision.action,
            bypass.name,
            bypass.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_written_at_once_and_then_once_a_minute_with_how_many_passed() {
        let (warnings, start) = (Warnings::default(), Instant::now());
        let what = (BypassId(0), Some(RouteId(0)), None);
        assert_eq!(warnings.may_say(what, start), Some(1));
        for _ in 0..5 {
            assert_eq!(warnings.may_say(what, start + PERIOD / 2), None);
        }
        assert_eq!(warnings.may_say(what, start + PERIOD), Some(6));
    }

    #[test]
    fn each_route_and_tenant_is_told_of_but_not_too_many() {
        let (warnings, start) = (Warnings::default(), Instant::now());
        let of = |tenant| (BypassId(0), Some(RouteId(0)), Some(TenantId(tenant)));
        let lines = (0..100).filter_map(|tenant| warnings.may_say(of(tenant), start)).count();
        assert_eq!(lines, LINES);
    }
}
