//! The one value that holds all a decision reads.

use std::sync::Arc;

use crate::{
    Action, Conflict, Decision, Effect, Hold, HoldId, Host, MatchingForm, MatchingPath, Method, Mode, Moment, Outcome,
    Reason, Requirement, Route, Router, Snapshot, Target, UpstreamId, Verdict, Version, VersionId,
};

/// What the configuration fixes: routes, requirements and how paths are compared.
#[derive(Debug)]
pub struct Rules {
    routes: Vec<Route>,
    requirements: Vec<Requirement>,
    databases: usize,
    form: MatchingForm,
    health: Option<MatchingPath>,
    router: Router,
    holds: Vec<Hold>,
}

/// Rules and the snapshot they are applied to; immutable, and swapped whole.
#[derive(Debug, Clone)]
pub struct Gate {
    rules: Arc<Rules>,
    snapshot: Snapshot,
}

/// What a decision looks at.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The host that was asked for.
    pub host: &'a Host,
    /// The path that was asked for.
    pub target: &'a Target<'a>,
    /// The method; of a CORS preflight, the method that it asks for.
    pub method: Method<'a>,
}

impl Rules {
    /// Puts routes and requirements together, or names the routes that conflict.
    pub fn new(
        routes: Vec<Route>,
        requirements: Vec<Requirement>,
        databases: usize,
        form: MatchingForm,
        health: Option<MatchingPath>,
    ) -> Result<Self, Vec<Conflict>> {
        Ok(Self { router: Router::new(&routes)?, routes, requirements, databases, form, health, holds: Vec::new() })
    }

    /// The same rules with the holds that their actions speak of.
    #[must_use]
    pub fn with_holds(self, holds: Vec<Hold>) -> Self {
        Self { holds, ..self }
    }

    /// Every hold, in the order of [`HoldId`].
    pub fn holds(&self) -> &[Hold] {
        &self.holds
    }

    /// The hold of an id that a decision gave.
    pub fn hold(&self, id: HoldId) -> Option<&Hold> {
        self.holds.get(id.0 as usize)
    }

    /// Every route, in the order of [`crate::RouteId`].
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The route of an id that a decision gave.
    pub fn route(&self, id: crate::RouteId) -> Option<&Route> {
        self.routes.get(id.index())
    }

    /// Every requirement, in the order of [`crate::RequirementId`].
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// Every requirement with its id.
    pub fn requirements_by_id(&self) -> impl Iterator<Item = (crate::RequirementId, &Requirement)> {
        (0..).map(crate::RequirementId).zip(&self.requirements)
    }

    /// The requirement of an id that a decision gave.
    pub fn requirement(&self, id: crate::RequirementId) -> Option<&Requirement> {
        self.requirements.get(id.index())
    }

    /// What is done with a request that could not wait, or waited in vain.
    #[must_use]
    pub fn instead_of_holding(&self, decision: Decision, method: Method<'_>) -> Decision {
        let Outcome::Hold(hold) = decision.outcome else { return decision };
        let route = decision.route.and_then(|id| self.route(id));
        let Some((hold, route)) = self.hold(hold).zip(route) else { return decision };
        let outcome = hold.then.effect(method).outcome(route.upstream);
        Decision { outcome, action: hold.then.kind(), ..decision }
    }

    /// How many databases are watched.
    pub const fn databases(&self) -> usize {
        self.databases
    }

    /// How paths are compared.
    pub const fn matching_form(&self) -> MatchingForm {
        self.form
    }
}

impl Gate {
    /// A gate that knows nothing of any database yet.
    pub fn new(rules: Arc<Rules>) -> Self {
        let snapshot = Snapshot::unknown(rules.requirements(), rules.databases());
        Self { rules, snapshot }
    }

    /// The same rules over another snapshot.
    #[must_use]
    pub fn with_snapshot(&self, snapshot: Snapshot) -> Self {
        Self { rules: Arc::clone(&self.rules), snapshot }
    }

    /// The rules.
    pub const fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// The snapshot.
    pub const fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// What is done with a request at `now`.
    ///
    /// Total and deterministic; reads memory only, and allocates nothing.
    pub fn decide(&self, request: &Request<'_>, now: Moment) -> Decision {
        let decision = self.decide_reading(request, &request.target.matching, now);
        match &request.target.slash_reading {
            None => decision,
            Some(reading) => {
                let other = self.decide_reading(request, reading, now);
                if other.strictness() > decision.strictness() { other } else { decision }
            }
        }
    }

    /// Decides one reading of the path, in the order: health path, route, needs, action.
    fn decide_reading(&self, request: &Request<'_>, path: &MatchingPath, now: Moment) -> Decision {
        let rules = &*self.rules;
        let answer = |outcome, reason| Decision {
            outcome,
            route: None,
            action: crate::ActionKind::Pass,
            reason,
            observed: false,
        };
        if rules.health.as_ref() == Some(path) && matches!(request.method.as_str(), "GET" | "HEAD") {
            return answer(Outcome::Health, Reason::Health);
        }
        let found = rules.router.find(&rules.routes, request.host, path, request.method);
        let Some((id, route)) = found.and_then(|id| Some((id, rules.route(id)?))) else {
            return answer(Outcome::NoRoute, Reason::NoRoute);
        };
        let (reason, action, upstream) = self.in_force(route, now);
        let effect = action.effect(request.method);
        let as_ever = effect == Effect::Forward && upstream == route.upstream;
        let observed = route.mode == Mode::Observe && !as_ever;
        let (effect, upstream) = if observed { (Effect::Forward, route.upstream) } else { (effect, upstream) };
        let outcome = effect.outcome(upstream);
        Decision { outcome, route: Some(id), action: action.kind(), reason, observed }
    }

    /// The worst of all verdicts at `now`; `Ready` where nothing is required.
    pub fn worst(&self, now: Moment) -> Verdict {
        let verdicts = self.rules.requirements_by_id().map(|(id, _)| self.snapshot.verdict(id, now));
        verdicts.max().unwrap_or(Verdict::Ready)
    }

    /// What is in force on a route: why, the action, and the upstream that `pass` leads to.
    pub fn in_force(&self, route: &Route, now: Moment) -> (Reason, Action, UpstreamId) {
        if let Some((id, version)) = self.version(route) {
            return (Reason::Version(id), Action::Pass, version.upstream);
        }
        let (reason, action) = self.judge(route, now);
        (reason, action, route.upstream)
    }

    /// The newest version of a route all of whose needs are ready, as was last learnt: a database that
    /// is away for long must not send requests back and forth between releases.
    pub fn version<'r>(&self, route: &'r Route) -> Option<(VersionId, &'r Version)> {
        let is_ready = |version: &Version| version.needs.iter().all(|need| self.snapshot.was_ready(*need));
        (0..).map(VersionId).zip(&route.versions).find(|(_, version)| is_ready(version))
    }

    /// The worst need of a route where no version is used, and the action for it.
    pub fn judge(&self, route: &Route, now: Moment) -> (Reason, Action) {
        let mut worst: Option<(crate::RequirementId, Verdict)> = None;
        for need in &route.needs {
            let verdict = self.snapshot.verdict(*need, now);
            if worst.is_none_or(|(_, known)| verdict > known) {
                worst = Some((*need, verdict));
            }
        }
        match worst {
            None => (Reason::NoNeeds, Action::Pass),
            Some((_, Verdict::Ready)) => (Reason::Ready, Action::Pass),
            Some((requirement, verdict)) => (Reason::Need { requirement, verdict }, route.actions.on(verdict)),
        }
    }
}

#[cfg(test)]
mod tests;
