//! Operators who test behind what keeps others out.

use crate::{Decision, Gate, Outcome};

/// Which routes an operator's pass is good for.
#[derive(Debug, Clone, Copy)]
pub struct OperatorScope<'a> {
    /// Their names; all where there is none.
    pub routes: &'a [Box<str>],
}

impl OperatorScope<'_> {
    /// Whether requests of a route are covered.
    pub fn covers(&self, route: &str) -> bool {
        self.routes.is_empty() || self.routes.iter().any(|name| **name == *route)
    }
}

impl Gate {
    /// The decision on an operator's request that was decided as anybody's: what would be kept out, or
    /// answered by another than the route's own upstream, goes there. Windows, needs and unknown tenants
    /// are passed over alike; what no route serves is not.
    #[must_use]
    pub fn admit(&self, kept: Decision, scope: OperatorScope<'_>) -> Decision {
        let is_kept = !matches!(kept.outcome, Outcome::Forward(_) | Outcome::Health);
        let Some(route) = kept.route.and_then(|id| self.rules().route(id)) else { return kept };
        if !is_kept || !scope.covers(&route.name) {
            return kept;
        }
        Decision { outcome: Outcome::Forward(route.upstream), operator: true, ..kept }
    }
}
