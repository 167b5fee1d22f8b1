//! The one value that holds all a decision reads.

use std::sync::Arc;

use crate::share::share_out;
use crate::{
    Action, ActionKind, Actions, BypassId, Closure, Conflict, DatabaseId, Decision, Effect, Hold, HoldId, Host,
    MatchingForm, MatchingPath, Method, Mode, Moment, Outcome, Reason, Requirement, RequirementId, Route, Router,
    Snapshot, Stranger, Target, Tenancy, UpstreamId, Verdict, Version, VersionId, Wanted, Whose, WindowTable,
};

/// What the configuration fixes: routes, requirements and how paths are compared.
#[derive(Debug)]
pub struct Rules {
    routes: Vec<Route>,
    /// The declared ones, then the shares that routes have of those with a ledger.
    requirements: Vec<Requirement>,
    /// What each share is one of.
    wholes: Vec<RequirementId>,
    databases: usize,
    form: MatchingForm,
    health: Option<MatchingPath>,
    router: Router,
    holds: Vec<Hold>,
    /// That of routes which have none, where an operator lets their requests wait.
    usual_hold: Option<HoldId>,
    tenancy: Option<Arc<Tenancy>>,
    windows: Option<WindowTable>,
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
    /// What it says of the organisation that it is of, where that is asked for.
    pub organisation: Option<&'a str>,
}

impl Rules {
    /// Puts routes and requirements together, or names the routes that conflict.
    ///
    /// A route that needs a ledger and declares objects beside it, in that requirement or in
    /// others of the same database, comes to need its share of the ledger instead: a requirement
    /// of the same name, of the migrations that touch those objects.
    pub fn new(
        mut routes: Vec<Route>,
        mut requirements: Vec<Requirement>,
        databases: usize,
        form: MatchingForm,
        health: Option<MatchingPath>,
    ) -> Result<Self, Vec<Conflict>> {
        let wholes = share_out(&mut routes, &mut requirements);
        Ok(Self {
            router: Router::new(&routes)?,
            routes,
            requirements,
            wholes,
            databases,
            form,
            health,
            holds: Vec::new(),
            usual_hold: None,
            tenancy: None,
            windows: None,
        })
    }

    /// The same rules with the holds that their actions speak of; `usual` is that of routes which have
    /// none, where an operator lets their requests wait.
    #[must_use]
    pub fn with_holds(self, holds: Vec<Hold>, usual: Option<HoldId>) -> Self {
        Self { holds, usual_hold: usual, ..self }
    }

    /// How requests of a route wait if they have to: as its actions say, or as usual.
    pub fn hold_of(&self, route: &Route) -> Option<HoldId> {
        let Actions { on_broken, on_contradicted, on_migrating, on_unknown } = route.actions;
        let own = [on_migrating, on_broken, on_contradicted, on_unknown].into_iter().find_map(|action| match action {
            Action::Hold(hold) => Some(hold),
            _ => None,
        });
        own.or(self.usual_hold)
    }

    /// Every hold, in the order of [`HoldId`].
    pub fn holds(&self) -> &[Hold] {
        &self.holds
    }

    /// The hold of an id that a decision gave.
    pub fn hold(&self, id: HoldId) -> Option<&Hold> {
        self.holds.get(id.0 as usize)
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

    /// The same rules for an application that keeps its maintenance windows in a table.
    #[must_use]
    pub fn with_window_table(self, windows: Option<WindowTable>) -> Self {
        Self { windows, ..self }
    }

    /// The table in which the application keeps its maintenance windows.
    pub const fn window_table(&self) -> Option<&WindowTable> {
        self.windows.as_ref()
    }

    /// What a look at `database` has to ask.
    pub fn wanted(&self, database: DatabaseId) -> Wanted {
        let tenancy = self.tenancy.as_ref().filter(|tenancy| tenancy.database == database);
        let wanted = Wanted::from(database, &self.requirements, tenancy);
        match self.windows.as_ref().filter(|table| table.database == database) {
            Some(table) => wanted.with_windows(table),
            None => wanted,
        }
    }

    /// Every route, in the order of [`crate::RouteId`].
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The route of an id that a decision gave.
    pub fn route(&self, id: crate::RouteId) -> Option<&Route> {
        self.routes.get(id.index())
    }

    /// Every requirement, in the order of [`RequirementId`]: those that were declared, and behind
    /// them the shares that routes have of some.
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// Every requirement with its id.
    pub fn requirements_by_id(&self) -> impl Iterator<Item = (RequirementId, &Requirement)> {
        (0..).map(RequirementId).zip(&self.requirements)
    }

    /// Every requirement that was declared, with its id.
    pub fn declared(&self) -> impl Iterator<Item = (RequirementId, &Requirement)> {
        self.requirements_by_id().take(self.requirements.len() - self.wholes.len())
    }

    /// The requirement that was declared and that this one is, or is a share of.
    pub fn whole(&self, id: RequirementId) -> RequirementId {
        let share = id.index().checked_sub(self.requirements.len() - self.wholes.len());
        share.and_then(|share| self.wholes.get(share)).copied().unwrap_or(id)
    }

    /// The routes that need a requirement, or a share of the same whole.
    pub fn routes_needing(&self, id: RequirementId) -> impl Iterator<Item = &Route> {
        let whole = self.whole(id);
        self.routes.iter().filter(move |route| route.all_needs().any(|need| self.whole(need) == whole))
    }

    /// The requirement of an id that a decision gave.
    pub fn requirement(&self, id: RequirementId) -> Option<&Requirement> {
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
        let mut decision = self.decide_reading(request, &request.target.matching, now);
        for reading in &request.target.others {
            let other = self.decide_reading(request, reading, now);
            if other.strictness() > decision.strictness() {
                decision = other;
            }
        }
        decision
    }

    /// Decides one reading of the path, in the order: health path, route, tenant, windows,
    /// orders to wait, needs, action.
    fn decide_reading(&self, request: &Request<'_>, path: &MatchingPath, now: Moment) -> Decision {
        let rules = &*self.rules;
        let answer = |outcome, reason| Decision {
            outcome,
            route: None,
            tenant: None,
            action: ActionKind::Pass,
            reason,
            observed: false,
            bypassed: None,
            operator: false,
        };
        if rules.health.as_ref() == Some(path) && matches!(request.method.as_str(), "GET" | "HEAD") {
            return answer(Outcome::Health, Reason::Health);
        }
        let found = rules.router.find(&rules.routes, request.host, path, request.method);
        let Some((id, route)) = found.and_then(|id| Some((id, rules.route(id)?))) else {
            return answer(Outcome::NoRoute, Reason::NoRoute);
        };
        let whose = self.whose(request, now);
        if let Some(decision) = self.refuse_stranger(id, route, whose, now) {
            return decision;
        }
        let tenant = if let Whose::Tenant(tenant) = whose { Some(tenant) } else { None };
        let closure = self.closure(request, route, whose, now);
        let bypassed =
            closure.and_then(|_| self.snapshot.bypasses().of_windows(&route.name, self.names_of(whose), now));
        let observed = route.mode == Mode::Observe;
        if let Some(Closure { window, until, message }) = closure.filter(|_| observed || bypassed.is_none()) {
            let outcome =
                if observed { Outcome::Forward(route.upstream) } else { Outcome::Maintenance { until, message } };
            let (action, reason) = (ActionKind::Block, Reason::Window(window));
            return Decision {
                outcome,
                route: Some(id),
                tenant,
                action,
                reason,
                observed,
                bypassed: None,
                operator: false,
            };
        }
        let (reason, action, upstream) =
            self.wait_by_order(route, now).unwrap_or_else(|| self.in_force(route, whose, now));
        let effect = action.effect(request.method);
        let as_ever = effect == Effect::Forward && upstream == route.upstream;
        let observed = route.mode == Mode::Observe && !as_ever;
        let (effect, upstream) = if observed { (Effect::Forward, route.upstream) } else { (effect, upstream) };
        let outcome = effect.outcome(upstream);
        let decision = Decision {
            outcome,
            route: Some(id),
            tenant,
            action: action.kind(),
            reason,
            observed,
            bypassed: None,
            operator: false,
        };
        match closure {
            _ if effect != Effect::Forward => self.pass_over(decision, request.method, route, whose, now),
            // It passes by the grace of a bypass alone, and that is told.
            Some(Closure { window, .. }) => {
                Decision { action: ActionKind::Block, reason: Reason::Window(window), bypassed, ..decision }
            }
            None => decision,
        }
    }

    /// The wait of a route's requests that an operator ordered: it goes before needs, which may be unmet while it lasts.
    pub fn wait_by_order(&self, route: &Route, now: Moment) -> Option<(Reason, Action, UpstreamId)> {
        let mut holds = self.snapshot.route_holds().iter();
        holds.find(|hold| hold.keeps(&route.name, now))?;
        Some((Reason::Held, Action::Hold(self.rules.hold_of(route)?), route.upstream))
    }

    /// The decision under the bypasses that there are: the needs that they cover keep nobody, and the
    /// worst of the others decides.
    fn pass_over(&self, kept: Decision, method: Method<'_>, route: &Route, whose: Whose, now: Moment) -> Decision {
        let Reason::Need { requirement, .. } = kept.reason else { return kept };
        let bypass = |need: RequirementId| {
            let requirement = self.rules.requirement(need)?;
            self.snapshot.bypasses().of_need(&route.name, self.names_of(whose), &requirement.name, now)
        };
        let Some(by) = bypass(requirement) else { return kept };
        let (reason, action) = self.judge_those(route, whose, now, |need| bypass(need).is_none());
        match action.effect(method) {
            // What would have kept it is told, not what is left of the needs.
            Effect::Forward => Decision { outcome: Outcome::Forward(route.upstream), bypassed: Some(by), ..kept },
            effect => Decision { outcome: effect.outcome(route.upstream), action: action.kind(), reason, ..kept },
        }
    }

    /// The schema of a request's tenant and the word that names it, if it is one's.
    pub(crate) fn names_of(&self, whose: Whose) -> Option<[&str; 2]> {
        let Whose::Tenant(tenant) = whose else { return None };
        let schema = &*self.snapshot.tenants()?.tenant(tenant)?.schema;
        Some([schema, self.rules.tenancy.as_ref()?.word(schema)])
    }

    /// The bypass by which nothing that is known of the schema keeps requests of a route.
    pub fn waiver(&self, route: &Route, whose: Whose, now: Moment) -> Option<BypassId> {
        self.snapshot.bypasses().of_every_need(&route.name, self.names_of(whose), now)
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
    fn refuse_stranger(&self, id: crate::RouteId, route: &Route, whose: Whose, now: Moment) -> Option<Decision> {
        let stranger = self.rules.tenancy.as_ref().filter(|_| route.tenant_needs && whose == Whose::Stranger)?.stranger;
        let observed = route.mode == Mode::Observe;
        let bypassed = if observed { None } else { self.waiver(route, whose, now) };
        let outcome = match stranger {
            Stranger::Pass => return None,
            _ if observed || bypassed.is_some() => Outcome::Forward(route.upstream),
            Stranger::Block(answer) => Outcome::Answer(answer),
            Stranger::NotFound => Outcome::NoRoute,
        };
        let reason = Reason::UnknownTenant;
        Some(Decision {
            outcome,
            route: Some(id),
            tenant: None,
            action: ActionKind::Block,
            reason,
            observed,
            bypassed,
            operator: false,
        })
    }

    /// The worst of all verdicts at `now`; `Ready` where nothing is required.
    pub fn worst(&self, now: Moment) -> Verdict {
        let verdicts = self.rules.declared().map(|(id, _)| self.snapshot.verdict(id, now));
        verdicts.chain(self.worst_of_tenants()).max().unwrap_or(Verdict::Ready)
    }

    /// Whether everything was found ready by looks that began at `since` or later: what a window waits for
    /// that is to be lifted then.
    pub fn is_ready_since(&self, since: Moment, now: Moment) -> bool {
        let databases = u32::try_from(self.rules.databases()).unwrap_or(u32::MAX);
        let mut databases = (0..databases).map(DatabaseId);
        databases.all(|database| self.snapshot.looked_since(database, since)) && self.worst(now) == Verdict::Ready
    }

    /// Unknown, where it could not be learnt who the tenants are.
    fn worst_of_tenants(&self) -> Option<Verdict> {
        self.rules.tenancy.as_ref()?;
        let learnt =
            self.snapshot.tenants().is_some_and(|tenants| tenants.directory().is_some() && tenants.problem().is_none());
        (!learnt).then_some(Verdict::Unknown)
    }

    /// What is in force on a route: why, the action, and the upstream that `pass` leads to.
    pub fn in_force(&self, route: &Route, whose: Whose, now: Moment) -> (Reason, Action, UpstreamId) {
        if let Some((id, version)) = self.version(route, whose) {
            return (Reason::Version(id), Action::Pass, version.upstream);
        }
        let (reason, action) = self.judge(route, whose, now);
        (reason, action, route.upstream)
    }

    /// The newest version of a route all of whose needs are ready, as was last learnt: a database that
    /// is away for long must not send requests back and forth between releases.
    pub fn version<'r>(&self, route: &'r Route, whose: Whose) -> Option<(VersionId, &'r Version)> {
        let is_ready = |version: &Version| version.needs.iter().all(|need| self.was_ready(*need, whose));
        (0..).map(VersionId).zip(&route.versions).find(|(_, version)| is_ready(version))
    }

    /// Whether a requirement was ready for a request when it was last seen, however long ago.
    fn was_ready(&self, need: RequirementId, whose: Whose) -> bool {
        let per_tenant = self.rules.requirement(need).is_some_and(|requirement| requirement.per_tenant);
        self.snapshot.last_verdict(need, per_tenant, whose).is_none_or(|verdict| verdict == Verdict::Ready)
    }

    /// The worst need of a route where no version is used, for a request, by whose it is, and the action for it.
    pub fn judge(&self, route: &Route, whose: Whose, now: Moment) -> (Reason, Action) {
        self.judge_those(route, whose, now, |_| true)
    }

    /// The same of some of the needs.
    fn judge_those(
        &self,
        route: &Route,
        whose: Whose,
        now: Moment,
        counts: impl Fn(RequirementId) -> bool,
    ) -> (Reason, Action) {
        let mut worst: Option<(RequirementId, Verdict)> = None;
        for need in route.needs.iter().filter(|need| counts(**need)) {
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
