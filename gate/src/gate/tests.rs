use core::time::Duration;

use proptest::prelude::*;

mod bypassing;
mod degrading;
mod operators;
mod waiting;

use super::*;
use crate::sample::{KEEP, at, catalog, needing, relation, requirement, route, table};
use crate::{
    ActionKind, Actions, AnswerId, Catalog, DatabaseId, Fact, KnownMethods, ObjectName, Privilege, RequirementId,
    RouteId, UpstreamId,
};

const NOW: Moment = at(10);
const READY: u32 = 0;
const BROKEN: u32 = 1;
const UNKNOWN: u32 = 2;

/// Of three requirements the first is ready, the second broken, and the third's database was never seen.
fn requirements() -> Vec<Requirement> {
    let unknown = Requirement { database: DatabaseId(1), ..requirement("unknown", [table("bills")]) };
    vec![requirement("ready", [table("customers")]), requirement("broken", [table("orders")]), unknown]
}

fn gate_of(routes: Vec<Route>, form: MatchingForm, health: Option<&str>) -> Gate {
    let health = health.map(|path| Target::parse(path.as_bytes(), form).expect("a path").matching);
    let rules = Rules::new(routes, requirements(), 2, form, health).expect("no conflict");
    let gate = Gate::new(Arc::new(rules));
    look(&gate, &catalog())
}

/// The gate after a look at the first database.
fn look(gate: &Gate, catalog: &Catalog) -> Gate {
    let max_age = Duration::from_secs(30);
    let requirements = gate.rules().requirements();
    let (snapshot, _) = gate.snapshot().after_look(requirements, DatabaseId(0), catalog, NOW, max_age);
    gate.with_snapshot(snapshot)
}

fn gate(routes: impl IntoIterator<Item = Route>) -> Gate {
    gate_of(routes.into_iter().collect(), MatchingForm::default(), None)
}

/// Decides `METHOD [host]/path`.
fn decide_at(gate: &Gate, request: &str, now: Moment) -> Decision {
    let (method, place) = request.split_once(' ').expect("a method and a place");
    let (host, path) = place.split_at(place.find('/').expect("a path"));
    let target = Target::parse(path.as_bytes(), gate.rules().matching_form()).expect("a path");
    let request = Request {
        host: &Host::parse(host),
        target: &target,
        method: Method::new(method),
        tenant: None,
        organisation: None,
    };
    gate.decide(&request, now)
}

fn decide(gate: &Gate, request: &str) -> Decision {
    decide_at(gate, request, NOW)
}

fn outcome(gate: &Gate, request: &str) -> Outcome {
    decide(gate, request).outcome
}

const fn because(requirement: u32, verdict: Verdict) -> Reason {
    Reason::Need { requirement: RequirementId(requirement), verdict }
}

const FORWARD: Outcome = Outcome::Forward(UpstreamId(0));

const fn answer(id: u32) -> Outcome {
    Outcome::Answer(AnswerId(id))
}

/// The route with this action while broken.
fn on_broken(route: Route, action: Action) -> Route {
    let actions = Actions { on_broken: action, ..route.actions };
    Route { actions, ..route }
}

fn on_unknown(route: Route, action: Action) -> Route {
    let actions = Actions { on_unknown: action, ..route.actions };
    Route { actions, ..route }
}

#[test]
fn a_route_that_needs_nothing_forwards() {
    let decision = decide(&gate([route("/x")]), "POST /x");
    let expected = Decision {
        outcome: FORWARD,
        route: Some(RouteId(0)),
        tenant: None,
        action: ActionKind::Pass,
        reason: Reason::NoNeeds,
        observed: false,
        bypassed: None,
        operator: false,
    };
    assert_eq!(decision, expected);
}

#[test]
fn a_request_that_no_route_serves_is_told_so() {
    let decision = decide(&gate([route("POST /x"), route("a.com/y")]), "GET /x");
    assert_eq!((decision.outcome, decision.reason, decision.route), (Outcome::NoRoute, Reason::NoRoute, None));
    assert_eq!(outcome(&gate([]), "GET /"), Outcome::NoRoute);
}

#[test]
fn a_route_whose_needs_are_ready_forwards_to_its_own_upstream() {
    let second = Route { upstream: UpstreamId(1), ..needing(route("/x"), &[READY]) };
    let decision = decide(&gate([route("/*"), second]), "GET /x");
    assert_eq!((decision.outcome, decision.reason), (Outcome::Forward(UpstreamId(1)), Reason::Ready));
}

#[test]
fn a_route_with_a_broken_need_is_answered_and_says_which() {
    let decision = decide(&gate([needing(route("/x"), &[READY, BROKEN])]), "GET /x");
    assert_eq!((decision.outcome, decision.reason), (answer(0), because(BROKEN, Verdict::Broken)));
    assert_eq!((decision.action, decision.observed), (ActionKind::Block, false));
}

#[test]
fn a_broken_need_touches_only_the_routes_that_need_it() {
    let gate = gate([needing(route("/admin/backups/*"), &[BROKEN]), route("/admin/*"), needing(route("/*"), &[READY])]);
    assert_eq!(outcome(&gate, "GET /admin/backups/1"), answer(0));
    assert_eq!(outcome(&gate, "GET /admin/users"), FORWARD);
    assert_eq!(outcome(&gate, "GET /"), FORWARD);
}

#[test]
fn needs_are_not_inherited_from_a_less_specific_route() {
    let gate = gate([needing(route("/admin/*"), &[BROKEN]), route("/admin/login")]);
    assert_eq!(outcome(&gate, "POST /admin/login"), FORWARD);
}

#[test]
fn a_narrower_hosts_catch_all_takes_the_request_from_a_gated_route() {
    let gate = gate([needing(route("/admin"), &[BROKEN]), route("a.com/*")]);
    assert_eq!(outcome(&gate, "GET a.com/admin"), FORWARD);
    assert_eq!(outcome(&gate, "GET b.com/admin"), answer(0));
}

#[test]
fn a_method_that_falls_through_meets_the_needs_of_the_route_it_falls_to() {
    let gate = gate([route("GET /x"), needing(route("/*"), &[BROKEN])]);
    assert_eq!(outcome(&gate, "GET /x"), FORWARD);
    assert_eq!(outcome(&gate, "HEAD /x"), FORWARD);
    assert_eq!(outcome(&gate, "POST /x"), answer(0));
}

#[test]
fn no_spelling_of_a_path_steps_around_its_gate() {
    let gate = gate([needing(route("/admin/backups"), &[BROKEN]), route("/*")]);
    for path in [
        "/admin/backups",
        "/Admin/BACKUPS/",
        "//admin///backups//",
        "/admin/./backups",
        "/x/../admin/%2e/backups",
        "/x/%2E%2e/admin/backups/.",
        "/%61dmin/backup%73",
        "/admin/backups/..//backups",
    ] {
        assert_eq!(outcome(&gate, &format!("GET {path}")), answer(0), "{path}");
    }
}

#[test]
fn the_worst_need_decides_whatever_the_order_of_the_needs() {
    let worst = |needs: &[u32]| decide(&gate([needing(route("/x"), needs)]), "GET /x").reason;
    for needs in [[READY, UNKNOWN, BROKEN], [BROKEN, UNKNOWN, READY], [UNKNOWN, BROKEN, READY]] {
        assert_eq!(worst(&needs), because(BROKEN, Verdict::Broken));
    }
    assert_eq!(worst(&[READY, UNKNOWN]), because(UNKNOWN, Verdict::Unknown));
    assert_eq!(worst(&[READY, READY]), Reason::Ready);
}

#[test]
fn verdicts_worsen_from_ready_through_unknown_migrating_and_broken_to_contradicted() {
    assert!(Verdict::ALL.is_sorted());
    assert_eq!(Verdict::ALL.map(Verdict::as_str), ["ready", "unknown", "migrating", "broken", "contradicted"]);
}

#[test]
fn each_verdict_has_its_own_action() {
    let actions = Actions {
        on_broken: Action::Block(AnswerId(1)),
        on_contradicted: Action::Respond(AnswerId(2)),
        on_migrating: Action::ReadOnly(AnswerId(3)),
        on_unknown: Action::Pass,
    };
    assert_eq!(
        Verdict::ALL.map(|verdict| actions.on(verdict)),
        [
            Action::Pass,
            Action::Pass,
            Action::ReadOnly(AnswerId(3)),
            Action::Block(AnswerId(1)),
            Action::Respond(AnswerId(2))
        ]
    );
}

#[test]
fn of_equally_bad_needs_the_first_is_named() {
    let rules = vec![requirement("a", [table("x")]), requirement("b", [table("y")])];
    let rules = Rules::new(vec![needing(route("/x"), &[1, 0])], rules, 1, MatchingForm::default(), None);
    let gate = look(&Gate::new(Arc::new(rules.expect("no conflict"))), &catalog());
    assert_eq!(decide(&gate, "GET /x").reason, because(1, Verdict::Broken));
}

#[test]
fn pass_forwards_although_the_need_is_unmet() {
    let decision = decide(&gate([on_broken(needing(route("/x"), &[BROKEN]), Action::Pass)]), "POST /x");
    assert_eq!((decision.outcome, decision.action), (FORWARD, ActionKind::Pass));
    assert_eq!(decision.reason, because(BROKEN, Verdict::Broken));
}

#[test]
fn read_only_forwards_reads_and_refuses_writes() {
    let gate = gate([on_broken(needing(route("/x"), &[BROKEN]), Action::ReadOnly(AnswerId(7)))]);
    for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
        let decision = decide(&gate, &format!("{method} /x"));
        assert_eq!((decision.outcome, decision.action), (FORWARD, ActionKind::ReadOnly), "{method}");
    }
    // What is not known to read is taken for a write, an unknown method and another case too.
    for method in ["POST", "PUT", "PATCH", "DELETE", "CONNECT", "PROPFIND", "PURGE", "get"] {
        assert_eq!(outcome(&gate, &format!("{method} /x")), answer(7), "{method}");
    }
}

#[test]
fn respond_answers_reads_and_writes_alike() {
    let gate = gate([on_broken(needing(route("/x"), &[BROKEN]), Action::Respond(AnswerId(7)))]);
    for method in ["GET", "POST"] {
        let decision = decide(&gate, &format!("{method} /x"));
        assert_eq!((decision.outcome, decision.action), (answer(7), ActionKind::Respond));
    }
}

/// The first answer is `id`, the refusal of other methods the one after it.
fn rescue(methods: &[&str], id: u32) -> Action {
    let methods = KnownMethods::new(methods.iter().copied());
    Action::Rescue { answer: AnswerId(id), methods, otherwise: AnswerId(id + 1) }
}

const fn rescued(id: u32) -> Outcome {
    Outcome::ForwardRescued { upstream: UpstreamId(0), answer: AnswerId(id), otherwise: AnswerId(id + 1) }
}

#[test]
fn rescue_asks_the_upstream_by_its_methods_and_refuses_the_others() {
    let gate = gate([on_broken(needing(route("/x"), &[BROKEN]), rescue(&["GET"], 7))]);
    for method in ["GET", "HEAD"] {
        let decision = decide(&gate, &format!("{method} /x"));
        assert_eq!((decision.outcome, decision.action), (rescued(7), ActionKind::Rescue), "{method}");
        assert_eq!(decision.reason, because(BROKEN, Verdict::Broken));
    }
    // An unknown method and another case too.
    for method in ["POST", "DELETE", "OPTIONS", "PURGE", "get"] {
        assert_eq!(outcome(&gate, &format!("{method} /x")), answer(8), "{method}");
    }
}

#[test]
fn rescue_of_a_ready_route_is_a_plain_forward() {
    let gate = gate([on_broken(needing(route("/x"), &[READY]), rescue(&["GET"], 7))]);
    assert_eq!(outcome(&gate, "GET /x"), FORWARD);
    assert_eq!(outcome(&gate, "POST /x"), FORWARD);
}

#[test]
fn rescue_in_observe_mode_forwards_and_says_so() {
    let route = on_broken(needing(route("/x"), &[BROKEN]), rescue(&["GET"], 7));
    let gate = gate([Route { mode: Mode::Observe, ..route }]);
    for method in ["GET", "POST"] {
        let decision = decide(&gate, &format!("{method} /x"));
        assert_eq!((decision.outcome, decision.action, decision.observed), (FORWARD, ActionKind::Rescue, true));
    }
}

#[test]
fn a_rescue_is_stricter_than_a_forward_and_less_strict_than_a_block() {
    let routes = vec![
        on_broken(needing(route("/{key}"), &[BROKEN]), rescue(&["GET"], 5)),
        route("/open/*"),
        needing(route("/shut/*"), &[BROKEN]),
    ];
    let gate = gate_of(routes, KEEP, None);
    assert_eq!(outcome(&gate, "GET /open%2Fx"), rescued(5));
    assert_eq!(outcome(&gate, "POST /open%2Fx"), answer(6));
    assert_eq!(outcome(&gate, "GET /shut%2Fx"), answer(0));
}

#[test]
fn a_route_guards_what_an_unmet_need_would_change() {
    let guards = |action, method| on_unmet(needing(route("/x"), &[READY]), action).guards(Method::new(method));
    assert!(guards(Action::Block(AnswerId(0)), "GET"));
    assert!(guards(Action::Respond(AnswerId(0)), "POST"));
    assert!(guards(rescue(&["GET"], 0), "GET") && guards(rescue(&["GET"], 0), "POST"));
    assert!(guards(Action::ReadOnly(AnswerId(0)), "POST"));
    assert!(!guards(Action::ReadOnly(AnswerId(0)), "GET"));
    assert!(!guards(Action::Pass, "POST"));
    assert!(!route("/x").guards(Method::new("GET")), "it needs nothing");
    let observing = Route { mode: Mode::Observe, ..needing(route("/x"), &[READY]) };
    assert!(!observing.guards(Method::new("GET")), "it only observes");
}

/// The route with this action whatever is wrong.
fn on_unmet(route: Route, action: Action) -> Route {
    let actions =
        Actions { on_broken: action, on_contradicted: action, on_migrating: action, on_unknown: Action::Pass };
    Route { actions, ..route }
}

#[test]
fn observe_mode_forwards_what_would_be_refused_and_says_so() {
    let observing = |action| {
        let route = on_broken(needing(route("/x"), &[BROKEN]), action);
        gate([Route { mode: Mode::Observe, ..route }])
    };
    let blocked = decide(&observing(Action::Block(AnswerId(0))), "GET /x");
    assert_eq!((blocked.outcome, blocked.action, blocked.observed), (FORWARD, ActionKind::Block, true));
    assert_eq!(blocked.reason, because(BROKEN, Verdict::Broken));
    assert!(decide(&observing(Action::Respond(AnswerId(0))), "GET /x").observed);
    assert!(decide(&observing(Action::ReadOnly(AnswerId(0))), "POST /x").observed);
    assert!(!decide(&observing(Action::ReadOnly(AnswerId(0))), "GET /x").observed);
    assert!(!decide(&observing(Action::Pass), "GET /x").observed);
}

#[test]
fn observe_mode_says_nothing_of_a_route_that_is_ready() {
    let gate = gate([Route { mode: Mode::Observe, ..needing(route("/x"), &[READY]) }]);
    assert!(!decide(&gate, "GET /x").observed);
}

#[test]
fn before_the_first_look_a_need_is_unknown_and_by_default_passes() {
    let gate = gate([needing(route("/x"), &[UNKNOWN])]);
    let decision = decide(&gate, "GET /x");
    assert_eq!((decision.outcome, decision.reason), (FORWARD, because(UNKNOWN, Verdict::Unknown)));
}

#[test]
fn an_unknown_need_is_refused_where_the_route_says_so() {
    let gate = gate([on_unknown(needing(route("/x"), &[UNKNOWN]), Action::Block(AnswerId(9)))]);
    assert_eq!(outcome(&gate, "GET /x"), answer(9));
}

#[test]
fn after_max_age_a_broken_need_is_unknown_and_by_default_passes() {
    let gate = gate([needing(route("/x"), &[BROKEN])]);
    assert_eq!(decide_at(&gate, "GET /x", at(40)).outcome, answer(0));
    let late = decide_at(&gate, "GET /x", at(41));
    assert_eq!((late.outcome, late.reason), (FORWARD, because(BROKEN, Verdict::Unknown)));
}

#[test]
fn after_max_age_a_ready_need_is_unknown_too() {
    let gate = gate([on_unknown(needing(route("/x"), &[READY]), Action::Block(AnswerId(9)))]);
    assert_eq!(decide_at(&gate, "GET /x", at(40)).outcome, FORWARD);
    assert_eq!(decide_at(&gate, "GET /x", at(41)).outcome, answer(9));
}

#[test]
fn a_new_snapshot_opens_the_route_and_leaves_the_old_gate_as_it_was() {
    let shut = gate([needing(route("/x"), &[BROKEN])]);
    let mut mended = catalog();
    mended.schemas.get_mut("app").expect("a schema").relations.insert("orders".into(), relation(&["id text"]));
    let open = look(&shut, &mended);
    assert_eq!(outcome(&open, "GET /x"), FORWARD);
    assert_eq!(outcome(&shut, "GET /x"), answer(0));
}

#[test]
fn the_health_path_comes_before_every_route() {
    let routes = vec![needing(route("/*"), &[BROKEN]), route("/health/migrations")];
    let gate = gate_of(routes, MatchingForm::default(), Some("/health/migrations"));
    for request in ["GET /health/migrations", "HEAD a.com/Health/Migrations/"] {
        let decision = decide(&gate, request);
        assert_eq!((decision.outcome, decision.reason, decision.route), (Outcome::Health, Reason::Health, None));
    }
    assert_eq!(outcome(&gate, "POST /health/migrations"), FORWARD);
    assert_eq!(outcome(&gate, "GET /health/migrations/x"), answer(0));
}

#[test]
fn without_a_health_path_the_application_keeps_its_own() {
    assert_eq!(outcome(&gate([route("/*")]), "GET /health/migrations"), FORWARD);
}

#[test]
fn the_health_path_hides_nothing_that_another_reading_reaches() {
    let gate = gate_of(vec![needing(route("/*"), &[BROKEN])], KEEP, Some("/health/migrations"));
    assert_eq!(outcome(&gate, "GET /health%2Fmigrations"), answer(0));
}

#[test]
fn of_two_readings_of_a_kept_encoded_slash_the_stricter_wins() {
    let observed = Route { mode: Mode::Observe, ..needing(route("/observed/x"), &[BROKEN]) };
    let routes = vec![
        route("/{key}"),
        needing(route("/gated/x"), &[BROKEN]),
        route("/open/*"),
        needing(route("/open%2Fkey"), &[BROKEN]),
        on_broken(needing(route("/respond/*"), &[BROKEN]), Action::Respond(AnswerId(5))),
        observed,
    ];
    let gate = gate_of(routes, KEEP, None);
    // The second reading is gated, then the first.
    assert_eq!(outcome(&gate, "GET /gated%2Fx"), answer(0));
    assert_eq!(outcome(&gate, "GET /open%2fkey"), answer(0));
    // Neither is; the route is that of the first.
    assert_eq!(decide(&gate, "GET /a%2Fb/.").route, None);
    assert_eq!(decide(&gate, "GET /open%2Fother").route, Some(RouteId(0)));
    // No route is stricter than a forward, a fixed answer stricter than that.
    assert_eq!(outcome(&gate, "GET /a%2Fb"), Outcome::NoRoute);
    assert_eq!(outcome(&gate, "GET /respond%2Fx"), answer(5));
    // What observe mode would have refused is told.
    assert!(decide(&gate, "GET /observed%2Fx").observed);
}

#[test]
fn a_block_is_stricter_than_a_fixed_answer() {
    let routes = vec![
        on_broken(needing(route("/{key}"), &[BROKEN]), Action::Respond(AnswerId(5))),
        needing(route("/a/*"), &[BROKEN]),
    ];
    assert_eq!(outcome(&gate_of(routes, KEEP, None), "GET /a%2Fb"), answer(0));
}

#[test]
fn conflicting_routes_make_no_rules() {
    let conflicts = Rules::new(vec![route("/a/{b}"), route("/a/{c}")], Vec::new(), 0, MatchingForm::default(), None);
    assert_eq!(conflicts.expect_err("a conflict"), [Conflict { first: RouteId(0), second: RouteId(1) }]);
}

#[test]
fn a_need_that_does_not_exist_is_unknown() {
    let gate = gate([on_unknown(needing(route("/x"), &[77]), Action::Block(AnswerId(9)))]);
    assert_eq!(outcome(&gate, "GET /x"), answer(9));
}

/// Everything that can be taken out of a catalog one at a time.
fn without_one_object(whole: &Catalog) -> Vec<Catalog> {
    let mut fewer = Vec::new();
    let mut without = |remove: &dyn Fn(&mut Catalog)| {
        let mut catalog = whole.clone();
        remove(&mut catalog);
        fewer.push(catalog);
    };
    without(&|catalog| catalog.role = None);
    for extension in whole.extensions.keys() {
        without(&|catalog| _ = catalog.extensions.remove(extension));
    }
    for (name, schema) in &whole.schemas {
        without(&|catalog| _ = catalog.schemas.remove(name));
        let mut within = |remove: &dyn Fn(&mut crate::Schema)| {
            without(&|catalog| remove(catalog.schemas.get_mut(name).expect("a schema")));
        };
        within(&|schema| schema.usage = false);
        for index in schema.indexes.keys() {
            within(&|schema| _ = schema.indexes.remove(index));
            within(&|schema| schema.indexes.get_mut(index).expect("an index").valid = false);
        }
        for (ty, values) in &schema.enums {
            within(&|schema| _ = schema.enums.remove(ty));
            for gone in values {
                within(&|schema| schema.enums.get_mut(ty).expect("an enum").retain(|value| value != gone));
            }
        }
        for (function, overloads) in &schema.functions {
            within(&|schema| _ = schema.functions.remove(function));
            for overload in overloads {
                within(&|schema| _ = schema.functions.get_mut(function).expect("a function").remove(overload));
            }
        }
        for (table, found) in &schema.relations {
            within(&|schema| _ = schema.relations.remove(table));
            let mut of_table = |remove: &dyn Fn(&mut crate::Relation)| {
                within(&|schema| remove(schema.relations.get_mut(table).expect("a table")));
            };
            of_table(&|relation| relation.populated = false);
            for column in found.columns.keys() {
                of_table(&|relation| _ = relation.columns.remove(column));
            }
            for constraint in found.constraints.keys() {
                of_table(&|relation| _ = relation.constraints.remove(constraint));
                of_table(&|relation| *relation.constraints.get_mut(constraint).expect("a constraint") = false);
            }
            for privilege in &found.privileges {
                of_table(&|relation| _ = relation.privileges.remove(privilege));
            }
        }
    }
    fewer
}

fn names(names: &'static [&'static str]) -> impl Strategy<Value = ObjectName> {
    prop::sample::select(names).prop_map(|name| name.parse().expect("a name"))
}

/// Facts about the sample catalog, about as many met as unmet.
fn facts() -> impl Strategy<Value = Fact> {
    let tables = || names(&["customers", "app.customers", "AdminBackupJob", "public.report", "orders"]);
    let columns = prop::sample::select(vec!["id", "email", "status", "agreementUploadedAt", "total", "nothing"]);
    let types = prop::option::of(prop::sample::select(vec!["text", "Status", "uuid", "numeric(10,2)", "timestamp(3)"]));
    let privileges = prop::sample::select(Privilege::ALL.to_vec());
    let arguments = prop::sample::select(vec![None, Some(vec!["numeric"]), Some(vec!["numeric", "int"]), Some(vec![])]);
    prop_oneof![
        prop::sample::select(vec!["app", "public", "audit"]).prop_map(|schema| Fact::Schema(schema.into())),
        tables().prop_map(Fact::Table),
        (tables(), columns, types, prop::option::of(any::<bool>())).prop_map(|(table, column, ty, nullable)| {
            Fact::Column { table, column: column.into(), ty: ty.map(|ty| ty.parse().expect("a type")), nullable }
        }),
        (names(&["Status", "app.Status", "Kind"]), prop::sample::subsequence(vec!["NEW", "PAID", "LOST"], 0..3))
            .prop_map(|(name, values)| Fact::Enum { name, values: values.into_iter().map(Into::into).collect() }),
        names(&["customers_email_idx", "customers_status_idx", "nothing_idx"]).prop_map(Fact::Index),
        (tables(), prop::sample::select(vec!["customers_pkey", "customers_email_check"]))
            .prop_map(|(table, constraint)| Fact::Constraint { table, constraint: constraint.into() }),
        (names(&["add_tax", "public.add_tax"]), arguments).prop_map(|(name, arguments)| {
            let types = |types: Vec<&str>| types.iter().map(|ty| ty.parse().expect("a type")).collect();
            Fact::Function { name, arguments: arguments.map(types) }
        }),
        prop::sample::select(vec!["pgcrypto", "postgis"]).prop_map(|name| Fact::Extension(name.into())),
        (tables(), privileges).prop_map(|(table, privilege)| Fact::Privilege { table, privilege }),
    ]
}

fn actions() -> impl Strategy<Value = Action> {
    prop_oneof![
        Just(Action::Pass),
        (0..9_u32).prop_map(|id| Action::Block(AnswerId(id))),
        (0..9_u32).prop_map(|id| Action::ReadOnly(AnswerId(id))),
        (0..9_u32).prop_map(|id| Action::Respond(AnswerId(id))),
        (0..9_u32).prop_map(|id| rescue(&["GET"], id)),
        (0..9_u32).prop_map(|id| rescue(&["GET", "POST"], id)),
        (0..9_u32).prop_map(|id| Action::Stale { up_to: Duration::from_secs(1), otherwise: AnswerId(id) }),
        (1..9_u32).prop_map(|id| Action::Upstream { upstream: UpstreamId(id), otherwise: AnswerId(id) }),
        (0..9_u32).prop_map(|id| Action::Hold(HoldId(id))),
    ]
}

/// Routes that no conflict keeps apart, with random needs out of five, actions and modes.
fn some_routes() -> impl Strategy<Value = Vec<Route>> {
    const TEXTS: [&str; 10] =
        ["/*", "/a", "/a/*", "/a/{x}", "POST /a/b", "GET /a/b", "/{x}/b/*", "a.com/a/*", "*.a.com/a/b", "POST *.com/*"];
    let random = |text: &'static str| {
        (prop::collection::vec(0..5_u32, 0..4), [actions(), actions(), actions(), actions()], any::<bool>()).prop_map(
            move |(needs, [on_broken, on_contradicted, on_migrating, on_unknown], observe)| Route {
                actions: Actions { on_broken, on_contradicted, on_migrating, on_unknown },
                mode: if observe { Mode::Observe } else { Mode::Enforce },
                ..needing(route(text), &needs)
            },
        )
    };
    prop::sample::subsequence(TEXTS.to_vec(), 0..=TEXTS.len())
        .prop_flat_map(move |texts| texts.into_iter().map(random).collect::<Vec<_>>())
}

fn some_request() -> impl Strategy<Value = String> {
    let method = prop::sample::select(vec!["GET", "HEAD", "POST", "DELETE", "OPTIONS"]);
    let host = prop::sample::select(vec!["", "a.com", "b.a.com", "c.org"]);
    let path = prop::sample::select(vec!["/", "/a", "/A/", "/a/b", "/a/c", "/c/b/d", "/a%2Fb", "/x/..%2Fa"]);
    (method, host, path).prop_map(|(method, host, path)| format!("{method} {host}{path}"))
}

/// A gate over five requirements of these facts, after a look.
fn judged(routes: Vec<Route>, facts: &[Vec<Fact>], catalog: &Catalog) -> Gate {
    let requirements = facts.iter().map(|facts| requirement("r", facts.iter().cloned())).collect();
    let rules = Rules::new(routes, requirements, 1, KEEP, None).expect("no conflict");
    look(&Gate::new(Arc::new(rules)), catalog)
}

fn five_requirements() -> impl Strategy<Value = Vec<Vec<Fact>>> {
    prop::collection::vec(prop::collection::vec(facts(), 0..4), 5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn breaking_a_fact_never_opens_a_route(
        routes in some_routes(),
        facts in five_requirements(),
        requests in prop::collection::vec(some_request(), 1..8),
    ) {
        let whole = judged(routes, &facts, &catalog());
        for broken in without_one_object(&catalog()) {
            let broken = look(&whole, &broken);
            for request in &requests {
                let (before, after) = (decide(&whole, request), decide(&broken, request));
                if !matches!(before.outcome, Outcome::Forward(_) | Outcome::Health | Outcome::NoRoute) {
                    let opened = after.strictness() < before.strictness() || matches!(after.outcome, Outcome::Forward(_));
                    prop_assert!(!opened, "{}: {:?}, then {:?}", request, before, after);
                }
            }
        }
    }

    #[test]
    fn what_breaking_a_fact_changes_was_guarded_before(
        routes in some_routes(),
        facts in five_requirements(),
        requests in prop::collection::vec(some_request(), 1..8),
    ) {
        let whole = judged(routes, &facts, &catalog());
        for broken in without_one_object(&catalog()) {
            let broken = look(&whole, &broken);
            for request in &requests {
                let (before, after) = (decide(&whole, request), decide(&broken, request));
                if matches!(before.outcome, Outcome::Forward(_)) && before.route == after.route && before.outcome != after.outcome {
                    let route = whole.rules().route(before.route.expect("a route")).expect("a route");
                    let method = request.split(' ').next().expect("a method");
                    prop_assert!(route.guards(Method::new(method)), "{}: {:?}, then {:?}", request, before, after);
                }
            }
        }
    }

    #[test]
    fn findings_are_empty_exactly_where_a_requirement_is_ready(facts in five_requirements()) {
        for catalog in without_one_object(&catalog()) {
            let gate = judged(Vec::new(), &facts, &catalog);
            for (id, requirement) in (0..).map(RequirementId).zip(gate.rules().requirements()) {
                let ready = gate.snapshot().verdict(id, NOW) == Verdict::Ready;
                prop_assert_eq!(requirement.judge(&catalog).findings.is_empty(), ready);
                prop_assert_eq!(gate.snapshot().judgement(id).expect("a judgement").findings.is_empty(), ready);
            }
        }
    }

    #[test]
    fn the_order_of_routes_in_the_file_decides_nothing(
        (routes, shuffled) in some_routes().prop_flat_map(|routes| (Just(routes.clone()), Just(routes).prop_shuffle())),
        facts in five_requirements(),
        requests in prop::collection::vec(some_request(), 1..20),
    ) {
        let one = judged(routes, &facts, &catalog());
        let other = judged(shuffled, &facts, &catalog());
        for request in requests {
            let (a, b) = (decide(&one, &request), decide(&other, &request));
            let name = |gate: &Gate, decision: &Decision| Some(gate.rules().route(decision.route?)?.name.clone());
            prop_assert_eq!(name(&one, &a), name(&other, &b));
            prop_assert_eq!(Decision { route: None, ..a }, Decision { route: None, ..b });
        }
    }

    #[test]
    fn every_request_gets_one_decision_whatever_its_bytes(
        routes in some_routes(),
        facts in five_requirements(),
        host in ".{0,40}",
        path in prop::collection::vec(any::<u8>(), 0..40),
        method in ".{0,8}",
        now in any::<u64>(),
    ) {
        let gate = judged(routes, &facts, &catalog());
        let path = [b"/a/", &path[..]].concat();
        let Ok(target) = Target::parse(&path, KEEP) else { return Ok(()) };
        let method = Method::new(&method);
        let request = Request { host: &Host::parse(&host), target: &target, method, tenant: None, organisation: None };
        let first = gate.decide(&request, at(now));
        prop_assert_eq!(gate.decide(&request, at(now)), first);
        prop_assert_eq!(first.route.is_none(), first.outcome == Outcome::NoRoute);
    }
}
