//! A gate of any size, and requests that spread over all of its routes.

#![expect(clippy::expect_used, reason = "the scene is fixed: a mistake in it must stop the measurement")]

mod tenants;

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use gate::{
    Action, Actions, AnswerId, Catalog, DatabaseId, Fact, Gate, Host, HostPattern, MatchingForm, Method, MethodSet,
    Mode, Moment, ObjectName, PathPattern, Requirement, RequirementId, Route, Rules, Target, UpstreamId,
};

/// When everything happens: a second after the origin.
pub const NOW: Moment = Moment::from_origin(Duration::from_secs(1));

/// Requirements, half of them broken.
const REQUIREMENTS: u32 = 64;

/// What routes look like, in turn; `#` is the route's number divided by the length of this list,
/// so that numbers stand for an application's resources and tenants.
const ROUTES: [&str; 10] = [
    "GET,POST /api/v1/resource#",
    "/api/v1/resource#/{id}",
    "DELETE /api/v1/resource#/{id}",
    "GET /api/v1/resource#/{id}/items/{item}",
    "/api/v1/resource#/{id}/*",
    "/admin/section#/*",
    "GET /admin/section#/export",
    "tenant#.example.com/app/{page}",
    "*.region#.example.com/api/*",
    "/static/bundle#/*",
];

/// A request for each of [`ROUTES`], likewise.
const REQUESTS: [&str; 10] = [
    "GET www.example.com/api/v1/resource#",
    "PUT www.example.com/api/v1/resource#/8f14e45f-ceea-467f-ab56-10a2f8d41f1e",
    "DELETE www.example.com:8080/api/v1/resource#/17",
    "GET www.example.com/api/v1/resource#/17/items/42",
    "POST www.example.com/api/v1/Resource#/17/items/42/notes",
    "GET www.example.com/admin/section#/users/",
    "GET www.example.com/admin/section#/export",
    "GET tenant#.example.com/app/messages",
    "GET shop.region#.example.com/api/orders/2024/11",
    "GET www.example.com/static/bundle#/js/main.3f9a2c.js",
];

/// A gate and what it is asked.
#[derive(Debug)]
pub struct Scene {
    /// Judged a moment ago.
    pub gate: Gate,
    /// Requests, so shuffled that neighbours use routes far apart.
    pub requests: Vec<Sent>,
}

/// A request as it comes in.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The method.
    pub method: &'static str,
    /// The `Host` header.
    pub host: String,
    /// The path of the request line.
    pub path: String,
}

impl Scene {
    /// A gate of so many routes, a third of which need nothing.
    ///
    /// # Panics
    /// If the scene itself is wrong.
    pub fn of(routes: u32) -> Self {
        let ids = || (0..routes).map(|id| (id, id / 10));
        let table = ids().zip(ROUTES.iter().cycle()).map(|((id, number), text)| route(id, &numbered(text, number)));
        let catalog = Catalog {
            search_path: vec!["public".into()],
            schemas: [("public".into(), gate::Schema::default())].into(),
            ..Catalog::default()
        };
        let requirements = (0..REQUIREMENTS).map(requirement).collect();
        let rules = Rules::new(table.collect(), requirements, 1, MatchingForm::default(), None).expect("no conflict");
        let gate = Gate::new(Arc::new(rules));
        let requirements = gate.rules().requirements();
        let (snapshot, _) =
            gate.snapshot().after_look(requirements, DatabaseId(0), &catalog, NOW, Duration::from_secs(30));
        let mut requests: Vec<(u32, Sent)> = ids()
            .zip(REQUESTS.iter().cycle())
            .map(|((id, number), text)| (id.wrapping_mul(2_654_435_761), sent(text, number)))
            .collect();
        requests.sort_by_key(|(place, _)| *place);
        Self { gate: gate.with_snapshot(snapshot), requests: requests.into_iter().map(|(_, sent)| sent).collect() }
    }
}

impl Sent {
    /// The host in matching form.
    pub fn host(&self) -> Host {
        Host::parse(&self.host)
    }

    /// The path, ready to be decided.
    ///
    /// # Panics
    /// If the scene itself is wrong.
    pub fn target(&self) -> Target<'_> {
        Target::parse(self.path.as_bytes(), MatchingForm::default()).expect("a path")
    }

    /// The method.
    pub const fn method(&self) -> Method<'static> {
        Method::new(self.method)
    }
}

fn numbered(text: &str, number: u32) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c == '#' {
            write!(out, "{number}").expect("a string takes everything");
        } else {
            out.push(c);
        }
    }
    out
}

/// Host and path apart.
fn place(text: &str) -> (&str, &str) {
    text.split_at(text.find('/').expect("a path"))
}

fn route(id: u32, text: &str) -> Route {
    let (methods, rest) = text.split_once(' ').unwrap_or(("", text));
    let (host, path) = place(rest);
    let block = Action::Block(AnswerId(0));
    Route {
        name: text.into(),
        host: if host.is_empty() { HostPattern::Any } else { HostPattern::parse(host).expect("a host") },
        path: PathPattern::parse(path, MatchingForm::default()).expect("a path"),
        methods: MethodSet::new(methods.split(',').filter(|method| !method.is_empty())),
        upstream: UpstreamId(id % 4),
        versions: Vec::new(),
        needs: (0..id % 3).map(|need| RequirementId((id + need * 7) % REQUIREMENTS)).collect(),
        actions: Actions { on_broken: block, on_contradicted: block, on_migrating: block, on_unknown: Action::Pass },
        mode: Mode::Enforce,
        windows: true,
        tenant_needs: true,
    }
}

/// Every second one asks for a table that is not there.
fn requirement(id: u32) -> Requirement {
    let facts = if id.is_multiple_of(2) { Vec::new() } else { vec![Fact::Table(ObjectName::unqualified("orders"))] };
    Requirement { name: numbered("requirement#", id).into(), database: DatabaseId(0), per_tenant: false, facts }
}

fn sent(text: &'static str, number: u32) -> Sent {
    let (method, rest) = text.split_once(' ').expect("a method");
    let (host, path) = place(rest);
    Sent { method, host: numbered(host, number), path: numbered(path, number) }
}
