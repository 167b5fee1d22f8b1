//! Whether any request can have to wait, as things stand.

use gate::{Action, Gate, Moment, RequirementId, Rules, Verdict};

/// What the routes need that may have their requests wait. While all of it is there, no request has to be
/// read twice to find that out.
#[derive(Debug)]
pub(in crate::proxy) struct Cause {
    needs: Box<[RequirementId]>,
    /// Whether some of it is a tenant's own.
    of_tenants: bool,
}

impl Cause {
    pub(in crate::proxy) fn of(rules: &Rules) -> Self {
        let holding = |route: &&gate::Route| route.actions.all().iter().any(|it| matches!(it, Action::Hold(_)));
        let mut needs: Vec<RequirementId> =
            rules.routes().iter().filter(holding).flat_map(gate::Route::all_needs).collect();
        needs.sort_unstable();
        needs.dedup();
        let of_tenants = rules.tenancy().is_some() && !rules.holds().is_empty();
        Self { needs: needs.into(), of_tenants }
    }

    /// Whether a request may have to wait at `now`.
    pub(in crate::proxy) fn is_possible(&self, gate: &Gate, now: Moment) -> bool {
        self.of_tenants || self.needs.iter().any(|need| gate.snapshot().verdict(*need, now) != Verdict::Ready)
    }
}
