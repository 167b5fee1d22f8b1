//! Routes.

use std::collections::HashSet;

use gate::{
    Action, Actions, AnswerId, Conflict, Hold, HostPattern, KnownMethods, MatchingForm, MatchingPath, MethodSet, Mode,
    Needs, PathPattern, Requirement, RequirementId, Route, RouteId, Rules, UpstreamId, Version,
};

use super::Check;
use super::action::{Answers, Defaults};
use super::requirement::Requirements;
use crate::config::StaleKey;
use crate::config::file::{File, RouteTable};
use crate::config::nearest::nearest;
use crate::config::place::Place;
use crate::config::reader::Key;
use crate::config::values::List;

/// The routes that could be made, and where each came from.
pub(super) struct Routes {
    pub(super) list: Vec<Route>,
    pub(super) origins: Vec<Origin>,
    /// Requirements that routes name.
    pub(super) needed: HashSet<RequirementId>,
    /// Upstreams that routes name.
    pub(super) used: HashSet<UpstreamId>,
    /// What tells requests apart on those that may give a stale answer.
    pub(super) stale_keys: Vec<Option<StaleKey>>,
}

/// Where a route came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin {
    /// Which `[[routes]]`: one with several hosts is several routes.
    pub(super) table: usize,
    /// Its path.
    pub(super) place: Option<Place>,
}

/// What every route is made with.
struct Surroundings<'s> {
    requirements: &'s Requirements,
    /// What every request of a tenant needs.
    of_tenants: &'s [RequirementId],
    defaults: &'s Defaults<'s>,
    mode: Mode,
    form: MatchingForm,
    /// Whether a route without needs may refuse, too, by what a failure says.
    acts: bool,
}

/// Stands in for actions that were reported.
const NO_ACTIONS: Actions = Actions {
    on_broken: Action::Pass,
    on_contradicted: Action::Pass,
    on_migrating: Action::Pass,
    on_unknown: Action::Pass,
};

impl Check<'_> {
    pub(super) fn routes(
        &mut self,
        file: &File,
        form: MatchingForm,
        requirements: &Requirements,
        of_tenants: &[RequirementId],
        defaults: &Defaults<'_>,
        answers: &mut Answers,
    ) -> Routes {
        let mut routes = Routes {
            list: Vec::new(),
            origins: Vec::new(),
            needed: HashSet::new(),
            used: HashSet::new(),
            stale_keys: Vec::new(),
        };
        let Some(tables) = file.routes.get() else { return routes };
        if let (Some(one), Some(other)) = (file.mode.place(), defaults.table.mode.place()) {
            self.error(Some(other), "`mode` is given at the top and in [defaults], and both mean the same")
                .help("keep one of them")
                .beside(Some(one), "the other");
        }
        let mode = defaults.table.mode.copied().or(file.mode.copied()).map_or(Mode::Enforce, |word| word.0);
        let acts = file.symptoms.get().and_then(|symptoms| symptoms.act.copied()).unwrap_or_default();
        let around = Surroundings { requirements, of_tenants, defaults, mode, form, acts };
        if let Some(upstream) = defaults.table.upstream.placed() {
            self.resolve(upstream, defaults.upstreams.iter().copied(), ("upstream", "upstreams"));
        }
        for (table, route) in tables.0.iter().enumerate() {
            self.route((table, route.place), &route.value, &around, &mut routes, answers);
        }
        self.warn_of_same_names(&routes);
        if tables.0.is_empty() {
            self.warn(None, "there are no routes: every request is answered 404; add [[routes]] with path = \"/*\"");
        } else if !routes.list.iter().any(|route| route.path.as_str() == "/*" && route.methods.is_any()) {
            self.warn(None, "no route has path = \"/*\": a request that matches no route is answered 404");
        }
        routes
    }

    fn route(
        &mut self,
        (table, place): (usize, Option<Place>),
        typed: &RouteTable,
        around: &Surroundings<'_>,
        routes: &mut Routes,
        answers: &mut Answers,
    ) {
        let path = typed.path.placed().and_then(|path| {
            PathPattern::parse(&path.value, around.form)
                .map_err(|error| {
                    let help = match path.value.strip_prefix('/') {
                        Some(_) => "such as \"/orders\", \"/orders/{id}\" or \"/orders/*\"".to_owned(),
                        None => format!("such as \"/{}\"", path.value),
                    };
                    self.error(path.place, format!("`{}` is not a path: {error}", path.value)).help(help);
                })
                .ok()
        });
        if let Some(name) = typed.name.placed()
            && (name.value.trim().is_empty() || name.value.len() > 200 || name.value.contains(char::is_control))
        {
            self.error(name.place, "`name` is empty, has control characters or is longer than 200 bytes")
                .help("leave it out for methods, host and path");
        }
        let hosts = self.hosts(typed);
        let methods = self.methods(typed);
        let upstream = self.upstream_of(place, typed, around, routes);
        let needs = self.needs_of_requests(&typed.needs, typed, around, routes);
        let versions = self.versions(typed, around, routes);
        let mode = typed.mode.copied().map_or(around.mode, |word| word.0);
        let own_actions = [&typed.on_broken, &typed.on_contradicted, &typed.on_migrating, &typed.on_unknown];
        if let Some(place) = own_actions.iter().find_map(|key| key.place())
            && typed.needs.is_absent()
            && needs.is_empty()
            && !around.acts
        {
            self.warn(Some(place), "the route needs nothing, so this action is never taken; add needs = [\"…\"]");
        }
        let path_text = typed.path.get().map_or("", String::as_str);
        for host in hosts {
            let name = match typed.name.placed() {
                Some(name) => name.value.clone(),
                None => default_name(&methods, &host, path_text),
            };
            answers.stale_key = None;
            let actions = self.actions(typed, &name, around.defaults, answers);
            let refusal = actions.and_then(|actions| actions.on_broken.refusal());
            let otherwise = refusal.unwrap_or_else(|| self.refusal(None, around.defaults, answers));
            let Some(path) = &path else { continue };
            // A route that was reported still takes part in the search for conflicts.
            let actions = actions.unwrap_or(NO_ACTIONS);
            let others = actions.all().into_iter().filter_map(|action| leads_to(action, &answers.holds));
            let others: HashSet<UpstreamId> = others.collect();
            if upstream.is_some_and(|own| others.contains(&own)) {
                self.error(place, "an action of this route leads to the route's own upstream")
                    .help("name another one, such as that of the previous release");
            }
            routes.used.extend(others);
            routes.stale_keys.push(answers.stale_key.take().map(|key| key.value));
            let versions = versions.iter().map(|version| Version { otherwise, ..version.clone() });
            routes.origins.push(Origin { table, place: typed.path.place() });
            routes.list.push(Route {
                name: name.into(),
                host,
                path: path.clone(),
                methods: methods.clone(),
                upstream: upstream.unwrap_or(UpstreamId(0)),
                versions: versions.collect(),
                needs: needs.clone(),
                actions,
                mode,
                windows: typed.windows.copied().unwrap_or(true),
                tenant_needs: typed.tenant_needs.copied().unwrap_or(true),
            });
        }
    }

    /// The hosts of a route; every host if it names none.
    fn hosts(&mut self, typed: &RouteTable) -> Vec<HostPattern> {
        let Some(list) = typed.host.placed() else { return vec![HostPattern::Any] };
        if list.value.0.is_empty() {
            self.error(list.place, "`host` is empty, so the route serves nothing")
                .help("leave it out to serve every host");
        }
        let mut hosts: Vec<HostPattern> = Vec::new();
        for host in &list.value.0 {
            match HostPattern::parse(&host.value) {
                Ok(pattern) if hosts.contains(&pattern) => {
                    self.error(host.place, format!("the host `{}` is listed twice", host.value));
                }
                Ok(pattern) => hosts.push(pattern),
                Err(error) => {
                    self.error(host.place, format!("`{}`: {error}", host.value))
                        .help("such as \"app.example.com\" or \"*.example.com\"");
                }
            }
        }
        hosts
    }

    fn methods(&mut self, typed: &RouteTable) -> MethodSet {
        let Some(list) = typed.methods.placed() else { return MethodSet::default() };
        if list.value.0.is_empty() {
            self.error(list.place, "`methods` is empty").help("leave it out to serve every method");
        }
        for method in &list.value.0 {
            let upper = method.value.to_ascii_uppercase();
            if http::Method::from_bytes(method.value.as_bytes()).is_err() || method.value == "*" {
                self.error(method.place, format!("`{}` is not a method", method.value))
                    .help("such as \"GET\"; leave `methods` out to serve every method");
            } else if upper != method.value {
                self.error(method.place, format!("`{}`: methods are written in capital letters", method.value))
                    .help(format!("write \"{upper}\""));
            } else if !KnownMethods::NAMES.contains(&upper.as_str()) {
                let meant = nearest(&upper, KnownMethods::NAMES)
                    .map(|word| format!("; did you mean `{word}`?"))
                    .unwrap_or_default();
                self.warn(method.place, format!("`{upper}` is an unusual method{meant}"));
            }
        }
        MethodSet::new(list.value.0.iter().map(|method| method.value.as_str()))
    }

    fn upstream_of(
        &mut self,
        place: Option<Place>,
        typed: &RouteTable,
        around: &Surroundings<'_>,
        routes: &mut Routes,
    ) -> Option<UpstreamId> {
        let known = around.defaults.upstreams.iter().copied();
        let default = &around.defaults.table.upstream;
        let id = match (typed.upstream.placed(), default.get()) {
            (Some(name), _) => self.resolve(name, known, ("upstream", "upstreams")),
            // A default that is none was reported where it stands.
            (None, Some(name)) => known.clone().find(|(known, _)| known == name).map(|(_, id)| id),
            (None, None) => match around.defaults.upstreams.as_slice() {
                [(_, only)] => Some(*only),
                _ if !typed.upstream.is_absent() => None,
                [] => {
                    self.error(place, "the route has no upstream, for there is none")
                        .help("add [upstreams.api] with servers = [\"127.0.0.1:3000\"]");
                    None
                }
                several => {
                    let list = several.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                    self.error(place, "the route names no upstream, and there are several")
                        .help(format!("add upstream = \"…\"; upstreams: {list}"));
                    None
                }
            },
        };
        routes.used.extend(id);
        id
    }

    /// What a route or a version of it needs: what it names, and what every request of a tenant does.
    fn needs_of_requests(
        &mut self,
        named: &Key<List<String>>,
        typed: &RouteTable,
        around: &Surroundings<'_>,
        routes: &mut Routes,
    ) -> Needs {
        let mut needs = self.needs(named, around.requirements, routes);
        if typed.tenant_needs.copied() != Some(false) {
            routes.needed.extend(around.of_tenants);
            needs.extend_from_slice(around.of_tenants);
        }
        let mut seen = HashSet::new();
        needs.retain(|id| seen.insert(*id));
        needs
    }

    fn needs(&mut self, typed: &Key<List<String>>, requirements: &Requirements, routes: &mut Routes) -> Needs {
        let mut needs = Needs::new();
        for name in typed.get().map_or(&[][..], |list| &list.0) {
            let Some(ids) = requirements.of(&name.value) else {
                self.resolve(name, requirements.names(), ("requirement", "requirements"));
                continue;
            };
            needs.extend_from_slice(ids);
        }
        let mut seen = HashSet::new();
        needs.retain(|id| seen.insert(*id));
        routes.needed.extend(&needs);
        needs
    }

    /// The versions of a route; what they refuse with is the route's own affair.
    fn versions(&mut self, typed: &RouteTable, around: &Surroundings<'_>, routes: &mut Routes) -> Vec<Version> {
        let mut versions: Vec<Version> = Vec::new();
        for version in typed.versions.get().map_or(&[][..], |list| &list.0) {
            let known = around.defaults.upstreams.iter().copied();
            let name = version.value.upstream.placed();
            let upstream = name.and_then(|name| self.resolve(name, known, ("upstream", "upstreams")));
            let needs = self.needs_of_requests(&version.value.needs, typed, around, routes);
            if version.value.needs.get().is_some_and(|list| list.0.is_empty()) {
                self.error(version.value.needs.place(), "a version that needs nothing would always be used")
                    .help("name what tells its schema from the one before, or make it the route's own upstream");
            }
            let Some(upstream) = upstream.filter(|_| !needs.is_empty()) else { continue };
            routes.used.insert(upstream);
            if versions.iter().any(|newer| newer.needs.iter().all(|need| needs.contains(need))) {
                self.warn(
                    version.place,
                    "this version is never used: where its needs are ready, so are those of a newer one",
                );
            }
            versions.push(Version { upstream, needs, otherwise: AnswerId(0) });
        }
        versions
    }

    /// Puts routes and requirements together; two routes for the same requests are reported.
    pub(super) fn rules(
        &mut self,
        routes: Routes,
        requirements: Vec<Requirement>,
        databases: usize,
        form: MatchingForm,
        health: Option<MatchingPath>,
    ) -> Option<Rules> {
        self.warn_of_hidden(&routes);
        let names: Vec<Box<str>> = routes.list.iter().map(|route| route.name.clone()).collect();
        match Rules::new(routes.list, requirements, databases, form, health) {
            Ok(rules) => Some(rules),
            Err(conflicts) => {
                self.report_conflicts(&conflicts, &names, &routes.origins);
                None
            }
        }
    }

    fn report_conflicts(&mut self, conflicts: &[Conflict], names: &[Box<str>], origins: &[Origin]) {
        // Routes of several hosts may conflict on each: that is one mistake.
        let mut seen = HashSet::new();
        for conflict in conflicts {
            let of = |id: RouteId| names.get(id.0 as usize).zip(origins.get(id.0 as usize));
            let (Some((first, at_first)), Some((second, at_second))) = (of(conflict.first), of(conflict.second)) else {
                continue;
            };
            if seen.insert((at_first.table, at_second.table)) {
                self.error(at_second.place, format!("the routes `{first}` and `{second}` match the same requests"))
                    .help("join them, or make one more specific by host, path or methods")
                    .beside(at_first.place, "the other route");
            }
        }
    }
}

/// The upstream that an action asks beside the route's own.
fn leads_to(action: Action, holds: &[Hold]) -> Option<UpstreamId> {
    match action {
        Action::Upstream { upstream, .. } => Some(upstream),
        Action::Hold(id) => leads_to(holds.get(id.0 as usize)?.then, holds),
        Action::Pass
        | Action::Block(_)
        | Action::ReadOnly(_)
        | Action::Respond(_)
        | Action::Rescue { .. }
        | Action::Stale { .. } => None,
    }
}

/// Methods, host and path; what is anything is left out.
fn default_name(methods: &MethodSet, host: &HostPattern, path: &str) -> String {
    let methods = methods.names().collect::<Vec<_>>().join(",");
    let host = if *host == HostPattern::Any { String::new() } else { host.to_string() };
    [methods.as_str(), host.as_str(), path].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}
