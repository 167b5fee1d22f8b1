//! The one value that holds all a decision reads.

use std::sync::Arc;

use crate::{
    Action, ActionKind, Conflict, DatabaseId, Decision, Effect, Host, MatchingForm, MatchingPath, Method, Mode, Moment,
    Outcome, Reason, Requirement, Route, Router, Snapshot, Stranger, Target, Tenancy, Verdict, Wanted, Whose,
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
    tenancy: Option<Arc<Tenancy>>,
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
    /// What the header says that names the tenant, where one does.
    pub tenant: Option<&'a str>,
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
        Ok(Self { router: Router::new(&routes)?, routes, requirements, databases, form, health, tenancy: None })
    }

    /// The same rules for an application that has tenants.
    #[must_use]
    pub fn with_tenancy(self, tenancy: Option<Tenancy>) -> Self {
        Self { tenancy: tenancy.map(Arc::new), ..self }
    }

    /// What the configuration says of tenants.
    pub const fn tenancy(&self) -> Option<&Arc<Tenancy>> {
        self.tenancy.as_ref()
    }

    /// What a look at `database` has to ask.
    pub fn wanted(&self, database: DatabaseId) -> Wanted {
        let tenancy = self.tenancy.as_ref().filter(|tenancy| tenancy.database == database);
        Wanted::from(database, &self.requirements, tenancy)
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
            tenant: None,
            action: ActionKind::Pass,
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
        let whose = self.whose(request, now);
        if let Some(decision) = self.refuse_stranger(id, route, whose) {
            return decision;
        }
        let (reason, action) = self.judge(route, whose, now);
        let effect = action.effect(request.method);
        let observed = route.mode == Mode::Observe && effect != Effect::Forward;
        let effect = if observed { Effect::Forward } else { effect };
        let outcome = effect.outcome(route.upstream);
        let tenant = if let Whose::Tenant(tenant) = whose { Some(tenant) } else { None };
        Decision { outcome, route: Some(id), tenant, action: action.kind(), reason, observed }
    }

    /// Whose a request is at `now`.
    pub fn whose(&self, request: &Request<'_>, now: Moment) -> Whose {
        let Some(tenancy) = &self.rules.tenancy else { return Whose::Shared };
        let known = self.snapshot.tenants().and_then(|tenants| tenants.directory());
        match known.map(|directory| directory.find(&tenancy.key, request)) {
            // A tenant may have come since the tenants were seen last.
            Some(Whose::Stranger) | None if !self.snapshot.is_fresh(tenancy.database, now) => Whose::Unlearnt,
            Some(whose) => whose,
            None => Whose::Unlearnt,
        }
    }

    /// What is done with a request that names no tenant, if that is reason enough.
    fn refuse_stranger(&self, id: crate::RouteId, route: &Route, whose: Whose) -> Option<Decision> {
        let stranger = self.rules.tenancy.as_ref().filter(|_| route.tenant_needs && whose == Whose::Stranger)?.stranger;
        let observed = route.mode == Mode::Observe;
        let outcome = match stranger {
            Stranger::Pass => return None,
            _ if observed => Outcome::Forward(route.upstream),
            Stranger::Block(answer) => Outcome::Answer(answer),
            Stranger::NotFound => Outcome::NoRoute,
        };
        let reason = Reason::UnknownTenant;
        Some(Decision { outcome, route: Some(id), tenant: None, action: ActionKind::Block, reason, observed })
    }

    /// The worst of all verdicts at `now`; `Ready` where nothing is required.
    pub fn worst(&self, now: Moment) -> Verdict {
        let verdicts = self.rules.requirements_by_id().map(|(id, _)| self.snapshot.verdict(id, now));
        verdicts.chain(self.worst_of_tenants()).max().unwrap_or(Verdict::Ready)
    }

    /// Unknown, where it could not be learnt who the tenants are.
    fn worst_of_tenants(&self) -> Option<Verdict> {
        self.rules.tenancy.as_ref()?;
        let learnt =
            self.snapshot.tenants().is_some_and(|tenants| tenants.directory().is_some() && tenants.problem().is_none());
        (!learnt).then_some(Verdict::Unknown)
    }

    /// The worst need of a route for a request, by whose it is, and the action for it.
    pub fn judge(&self, route: &Route, whose: Whose, now: Moment) -> (Reason, Action) {
        let mut worst: Option<(crate::RequirementId, Verdict)> = None;
        for need in &route.needs {
            let per_tenant = self.rules.requirement(*need).is_some_and(|requirement| requirement.per_tenant);
            let Some(verdict) = self.snapshot.verdict_for(*need, per_tenant, whose, now) else { continue };
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
