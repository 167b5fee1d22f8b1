//! Whether any request can have to wait, as things stand.

use gate::{Action, Gate, Moment, RequirementId, Route, Rules, Verdict};

/// What the routes need that may have their requests wait. While all of it is there and no operator has
/// ordered to wait, no request has to be read twice to find that out.
#[derive(Debug)]
pub(in crate::proxy) struct Cause {
    needs: Box<[RequirementId]>,
    /// Whether some of it is a tenant's own.
    of_tenants: bool,
}

impl Cause {
    pub(in crate::proxy) fn of(rules: &Rules) -> Self {
        let holding = |route: &&Route| route.actions.all().iter().any(|action| matches!(action, Action::Hold(_)));
        let holding = || rules.routes().iter().filter(holding);
        let mut needs: Vec<RequirementId> = holding().flat_map(Route::all_needs).collect();
        needs.sort_unstable();
        needs.dedup();
        let of_tenants = rules.tenancy().is_some() && holding().next().is_some();
        Self { needs: needs.into(), of_tenants }
    }

    /// Whether a request may have to wait at `now`.
    pub(in crate::proxy) fn is_possible(&self, gate: &Gate, now: Moment) -> bool {
        let snapshot = gate.snapshot();
        self.of_tenants
            || self.needs.iter().any(|need| snapshot.verdict(*need, now) != Verdict::Ready)
            || snapshot.route_holds().iter().any(|hold| hold.is_on(now))
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    use super::*;

    fn rules(route: &str) -> std::sync::Arc<Rules> {
        let text = format!(
            "[databases.main]\nurl = \"sqlite:app.db\"\n[upstreams.api]\nservers = [\"127.0.0.1:3000\"]\n\
             [requirements.orders]\ntables = [\"orders\"]\n[[routes]]\npath = \"/*\"\nneeds = [\"orders\"]\n{route}\n"
        );
        let config = Config::parse(&text, std::path::Path::new("proxy.toml"), &|_| None).expect("a configuration");
        std::sync::Arc::clone(&config.rules)
    }

    #[test]
    fn only_a_need_of_a_route_that_holds_can_have_requests_wait() {
        let now = Moment::from_origin(std::time::Duration::from_secs(1));
        for (route, possible) in [
            ("", false),
            ("on_migrating = { hold = { up_to = \"2s\" } }", true),
            ("on_broken = { stale = { up_to = \"1m\" } }", false),
        ] {
            let rules = rules(route);
            assert_eq!(Cause::of(&rules).is_possible(&Gate::new(rules), now), possible, "{route}");
        }
    }
}
