use std::sync::Arc;

use super::*;
use crate::sample::{at, catalog, needing, requirement, route, table};
use crate::{
    ActionKind, Bypass, BypassId, BypassScope, Bypasses, Catalog, Decision, Gate, Host, Mode, OrderSource, Outcome,
    Reason, Request, Route, Rules, Skips, Target, UpstreamId,
};

const DATABASE: DatabaseId = DatabaseId(0);
const NOW: Moment = at(100);

/// Open from 90 to 200 for every write, called by its source.
fn window(source: WindowSource) -> Window {
    Window {
        name: source.as_str().into(),
        source,
        from: at(90),
        until: Some(at(200)),
        until_ready: false,
        blocks: Blocks::Writes,
        scope: WindowScope::default(),
        message: None,
    }
}

fn file() -> Window {
    window(WindowSource::File)
}

fn scoped(scope: WindowScope) -> Window {
    Window { scope, ..file() }
}

fn of(organisation: &str, window: Window) -> Window {
    let scope = WindowScope { organisation: Some(organisation.into()), ..WindowScope::default() };
    Window { name: organisation.into(), scope, ..window }
}

fn says(message: &str, window: Window) -> Window {
    Window { message: Some(message.into()), ..window }
}

/// What the database's clock shows at 95.
const CLOCK: i64 = 1_700_000_000_000_000;

/// The row that means a window.
fn row(window: &Window) -> WindowRow {
    let time = |moment: Moment| {
        let second = i64::try_from(moment.since_origin().as_secs()).expect("a time");
        CLOCK + (second - 95) * 1_000_000
    };
    WindowRow {
        id: Some(window.name.clone()),
        starts: time(window.from),
        ends: window.until.map(time),
        message: window.message.clone(),
        organisation: window.scope.organisation.clone(),
    }
}

/// A gate whose database was seen at 95, for thirty seconds.
fn gate_of(routes: Vec<Route>, windows: &[Window]) -> Gate {
    let health = Target::parse(b"/health", crate::sample::KEEP).expect("a path").matching;
    let requirements = vec![requirement("orders", [table("orders")])];
    let rules = Rules::new(routes, requirements, 1, crate::sample::KEEP, Some(health)).expect("no conflict");
    let gate = Gate::new(Arc::new(rules));
    let rows = windows.iter().filter(|window| matches!(window.source, WindowSource::Table(_))).map(row).collect();
    let catalog = Catalog { windows: Some(WindowsRead::Rows { clock: CLOCK, rows }), ..catalog() };
    let (snapshot, _) =
        gate.snapshot().after_look(gate.rules().requirements(), DATABASE, &catalog, at(95), Duration::from_secs(30));
    let mut gate = gate.with_snapshot(snapshot);
    for source in [WindowSource::Operator, WindowSource::File] {
        let own = windows.iter().filter(|window| window.source == source).cloned().collect();
        gate = gate.with_snapshot(gate.snapshot().with_windows(source, own));
    }
    gate
}

fn gate(windows: impl IntoIterator<Item = Window>) -> Gate {
    gate_of(vec![route("/*")], &windows.into_iter().collect::<Vec<_>>())
}

/// Decides `METHOD [host]/path` of an organisation.
fn decide_of(gate: &Gate, request: &str, organisation: Option<&str>, now: Moment) -> Decision {
    let (method, place) = request.split_once(' ').expect("a method and a place");
    let (host, path) = place.split_at(place.find('/').expect("a path"));
    let target = Target::parse(path.as_bytes(), crate::sample::KEEP).expect("a path");
    let host = Host::parse(host);
    gate.decide(&Request { host: &host, target: &target, method: Method::new(method), tenant: None, organisation }, now)
}

fn decide(gate: &Gate, request: &str) -> Decision {
    decide_of(gate, request, None, NOW)
}

fn passes(gate: &Gate, request: &str) -> bool {
    decide(gate, request).outcome == Outcome::Forward(UpstreamId(0))
}

/// The end and the message of a refusal.
fn told(gate: &Gate, organisation: Option<&str>) -> (Option<Moment>, Option<String>) {
    match decide_of(gate, "POST /x", organisation, NOW).outcome {
        Outcome::Maintenance { until, message } => {
            let window = message.and_then(|id| gate.snapshot().windows().get(id));
            (until, window.map(|window| window.message.as_deref().expect("a message").to_owned()))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_window_keeps_writes_out_and_lets_reads_pass() {
    let gate = gate([file()]);
    for method in ["POST", "PUT", "PATCH", "DELETE", "PURGE"] {
        let decision = decide(&gate, &format!("{method} /x"));
        assert_eq!(decision.outcome, Outcome::Maintenance { until: Some(at(200)), message: None }, "{method}");
        assert_eq!((decision.action, decision.reason.as_str()), (ActionKind::Block, "window"), "{method}");
    }
    for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
        assert!(passes(&gate, &format!("{method} /x")), "{method}");
    }
    let all = self::gate([Window { blocks: Blocks::Everything, ..file() }]);
    assert!(!passes(&all, "GET /x"));
    assert_eq!(decide(&all, "GET /health").outcome, Outcome::Health);
}

#[test]
fn a_window_is_open_from_its_first_moment_to_before_its_last() {
    let gate = gate([file()]);
    for (second, open) in [(89, false), (90, true), (199, true), (200, false), (1000, false)] {
        let reason = decide_of(&gate, "POST /x", None, at(second)).reason;
        assert_eq!(matches!(reason, Reason::Window(_)), open, "at {second}");
    }
}

#[test]
fn a_window_without_an_end_stays_open_and_tells_none() {
    let gate = gate([file(), Window { until: None, ..window(WindowSource::Operator) }]);
    assert_eq!(told(&gate, None), (None, None));
    assert!(matches!(decide_of(&gate, "POST /x", None, at(1 << 30)).reason, Reason::Window(_)));
}

#[test]
fn any_window_blocks_and_the_latest_end_is_told() {
    let gate = gate([Window { until: Some(at(150)), ..window(WindowSource::Table(DATABASE)) }, file()]);
    assert_eq!(told(&gate, None).0, Some(at(200)));
}

#[test]
fn the_organisations_message_goes_first_then_the_tables_then_the_files() {
    let table = says("table", window(WindowSource::Table(DATABASE)));
    let operator = says("operator", window(WindowSource::Operator));
    let (file, own) = (says("file", file()), of("org1", says("own", file())));
    let message = |windows: &[&Window], organisation| told(&gate(windows.iter().copied().cloned()), organisation).1;
    assert_eq!(message(&[&file, &table, &own], Some("org1")).as_deref(), Some("own"));
    assert_eq!(message(&[&file, &table, &own], Some("org2")).as_deref(), Some("table"));
    assert_eq!(message(&[&file, &operator], None).as_deref(), Some("operator"));
    let silent = Window { message: None, ..own };
    assert_eq!(message(&[&file, &silent], Some("org1")).as_deref(), Some("file"));
    let longer = Window { message: Some("longer".into()), until: None, ..table.clone() };
    assert_eq!(message(&[&table, &longer], None).as_deref(), Some("longer"));
    let gate = gate([file, silent]);
    let Reason::Window(id) = decide_of(&gate, "POST /x", Some("org1"), NOW).reason else { panic!("a window") };
    assert_eq!(gate.snapshot().windows().get(id).map(|window| &*window.name), Some("org1"));
}

#[test]
fn a_window_of_an_organisation_is_for_its_requests_alone() {
    let names = ["org0", "org1", "org2", "org3"];
    let gate = gate(names.iter().flat_map(|name| [of(name, file()), of(name, window(WindowSource::Operator))]));
    assert!(gate.snapshot().windows().ask_for_organisation());
    for name in names {
        let Reason::Window(id) = decide_of(&gate, "POST /x", Some(name), NOW).reason else { panic!("{name}") };
        assert_eq!(gate.snapshot().windows().get(id).map(|window| &*window.name), Some(name));
    }
    for other in [None, Some(""), Some("org"), Some("org11"), Some("zzz"), Some("ORG1")] {
        assert_eq!(decide_of(&gate, "POST /x", other, NOW).reason, Reason::NoNeeds, "{other:?}");
    }
    assert!(!self::gate([file()]).snapshot().windows().ask_for_organisation());
}

#[test]
fn a_scope_is_told_in_words() {
    assert_eq!(WindowScope::default().to_string(), "");
    let scope = WindowScope {
        routes: ["a".into(), "b".into()].into(),
        hosts: [HostPattern::parse("*.example.com").expect("a host")].into(),
        tenants: [].into(),
        organisation: Some("org1".into()),
    };
    assert_eq!(scope.to_string(), " for route a, route b; host *.example.com; organisation org1");
}

#[test]
fn a_window_is_narrowed_by_route_and_host() {
    let routes = || vec![route("/*"), route("/orders/*")];
    let by_route = WindowScope { routes: ["/orders/*".into()].into(), ..WindowScope::default() };
    let gate = gate_of(routes(), &[scoped(by_route)]);
    assert!(passes(&gate, "POST /x"));
    assert!(!passes(&gate, "POST /orders/1"));
    let host = HostPattern::parse("*.example.com").expect("a host");
    let by_host = WindowScope { hosts: [host].into(), ..WindowScope::default() };
    let gate = gate_of(routes(), &[scoped(by_host)]);
    assert!(passes(&gate, "POST example.com/orders/1"));
    assert!(!passes(&gate, "POST a.example.com/x"));
    let by_tenant = WindowScope { tenants: ["demo".into()].into(), ..WindowScope::default() };
    assert!(passes(&gate_of(routes(), &[scoped(by_tenant)]), "POST /x"), "it is nobody's");
}

#[test]
fn a_route_may_be_exempt_and_an_observing_one_passes_and_says_so() {
    let exempt = Route { windows: false, ..route("POST /auth/login") };
    let observing = Route { mode: Mode::Observe, ..route("/observed/*") };
    let gate = gate_of(vec![route("/*"), exempt, observing], &[file()]);
    assert!(passes(&gate, "POST /auth/login"));
    assert!(!passes(&gate, "DELETE /auth/login"));
    let decision = decide(&gate, "POST /observed/x");
    assert_eq!(decision.outcome, Outcome::Forward(UpstreamId(0)));
    assert!(decision.observed && matches!(decision.reason, Reason::Window(_)));
    assert_eq!(decide(&gate, "POST /nowhere-else").reason.as_str(), "window");
}

#[test]
fn a_bypass_of_windows_passes_and_says_so_and_needs_are_judged_all_the_same() {
    let routes = vec![route("/*"), needing(route("/orders"), &[0])];
    let gate = gate_of(routes, &[file()]);
    let bypass = |skips| Bypass {
        id: BypassId(7),
        name: "b".into(),
        scope: BypassScope::default(),
        skips,
        until: None,
        reason: None,
        by: "ann".into(),
        source: OrderSource::Env,
    };
    let under = |skips| gate.with_snapshot(gate.snapshot().with_bypasses(Bypasses::new([bypass(skips)])));
    let decision = decide(&under(Skips::Windows), "POST /x");
    assert_eq!((decision.outcome, decision.bypassed), (Outcome::Forward(UpstreamId(0)), Some(BypassId(7))));
    assert_eq!((decision.reason.as_str(), decision.action), ("window", ActionKind::Block));
    let gated = decide(&under(Skips::Windows), "POST /orders");
    assert_eq!((gated.reason.as_str(), gated.outcome), ("broken", Outcome::Answer(crate::AnswerId(0))));
    let both = decide(&under(Skips::Both), "POST /orders");
    assert_eq!((both.reason.as_str(), both.bypassed), ("broken", Some(BypassId(7))));
    assert_eq!(decide(&under(Skips::Needs), "POST /x").reason.as_str(), "window");
    assert_eq!(decide(&under(Skips::Needs), "POST /x").bypassed, None);
    assert_eq!(decide(&under(Skips::Windows), "GET /x").bypassed, None, "no window keeps it out");
}

#[test]
fn a_window_goes_before_needs() {
    let gate = gate_of(vec![needing(route("/*"), &[0])], &[file()]);
    assert_eq!(decide(&gate, "POST /x").reason.as_str(), "window");
    assert_eq!(decide(&gate, "GET /x").reason.as_str(), "broken");
}

#[test]
fn what_a_table_said_stands_as_long_as_looks_count() {
    let gate = gate([window(WindowSource::Table(DATABASE))]);
    assert_eq!(decide_of(&gate, "POST /x", None, at(125)).reason.as_str(), "window");
    assert_eq!(decide_of(&gate, "POST /x", None, at(126)).reason, Reason::NoNeeds);
    assert_eq!(gate.open_windows(at(125)).count(), 1);
    assert_eq!(gate.open_windows(at(126)).count(), 0);
}

/// The gate after another look at 105, which counts for ten seconds.
fn looked(gate: &Gate, read: WindowsRead) -> Gate {
    looked_for(gate, read, 10)
}

/// The same, where the look counts for so many seconds.
fn looked_for(gate: &Gate, read: WindowsRead, seconds: u64) -> Gate {
    let catalog = Catalog { windows: Some(read), ..catalog() };
    let requirements = gate.rules().requirements();
    gate.with_snapshot(
        gate.snapshot().after_look(requirements, DATABASE, &catalog, at(105), Duration::from_secs(seconds)).0,
    )
}

#[test]
fn a_table_that_is_gone_has_no_windows_and_one_that_cannot_be_read_keeps_them_for_a_while() {
    let gate = gate([window(WindowSource::Table(DATABASE))]);
    assert_eq!(gate.snapshot().windows().table().state, TableState::Read);
    let gone = looked(&gate, WindowsRead::Missing);
    assert_eq!(decide_of(&gone, "POST /x", None, at(106)).reason, Reason::NoNeeds);
    assert_eq!(gone.snapshot().windows().table().state, TableState::Missing);
    assert_eq!(gone.snapshot().generation(), gate.snapshot().generation() + 1);
    let reason = |gate: &Gate, second| decide_of(gate, "POST /x", None, at(second)).reason.as_str();
    let unread = looked(&looked(&gate, WindowsRead::Unread("denied".into())), WindowsRead::Locked);
    assert_eq!((reason(&unread, 125), reason(&unread, 126)), ("window", "no_needs"), "as long as the last rows count");
    let locked = looked_for(&gate, WindowsRead::Locked, 30);
    assert_eq!((reason(&locked, 135), reason(&locked, 136)), ("window", "no_needs"), "as long as looks count");
    let again = looked(&gone, WindowsRead::Rows { clock: CLOCK, rows: vec![row(&file())] });
    assert_eq!(decide_of(&again, "POST /x", None, at(106)).reason.as_str(), "window");
}

#[test]
fn rows_are_measured_by_the_databases_clock() {
    let row = |starts, ends| WindowRow { id: None, starts, ends, message: None, organisation: None };
    let window = |starts: i64, ends: Option<i64>| {
        row(CLOCK + starts, ends.map(|ends| CLOCK + ends)).window(DATABASE, CLOCK, at(50))
    };
    let opens = window(5_000_000, Some(9_000_000)).expect("to come");
    assert_eq!((opens.from, opens.until), (at(55), Some(at(59))));
    let open = window(-5_000_000, None).expect("open");
    assert_eq!((open.from, open.until), (Moment::default(), None));
    assert_eq!(window(-5_000_000, Some(0)), None, "it ends at this moment");
    assert_eq!(window(-5_000_000, Some(-1)), None);
    assert!(row(i64::MIN, Some(i64::MAX)).window(DATABASE, CLOCK, at(50)).is_some(), "no overflow");
}

#[test]
fn a_table_may_lack_the_columns_that_are_not_required() {
    let column = |name: &str, required| WindowColumn { name: name.into(), required };
    let table = WindowTable {
        database: DATABASE,
        table: crate::sample::name("maintenance_windows"),
        columns: WindowColumns {
            id: column("id", false),
            starts: column("startsAt", true),
            ends: column("endsAt", true),
            message: column("message", false),
            blocks_writes: column("blockWrites", false),
            organisation: column("orgId", false),
        },
    };
    let relation = |columns| crate::sample::relation(columns);
    let relation_of_three = relation(&["startsAt timestamp", "endsAt timestamp", "orgId text"]);
    let found = table.columns_of(&relation_of_three).expect("enough");
    assert_eq!((found.starts, found.organisation, found.message), (Some("startsAt"), Some("orgId"), None));
    let error = table.columns_of(&relation(&["startsat timestamp", "endsAt timestamp"])).expect_err("too little");
    assert!(error.contains("no column startsAt"), "{error}");
}

#[test]
fn one_source_does_not_touch_what_another_says() {
    let gate = gate([file(), window(WindowSource::Operator)]);
    let without = gate.snapshot().with_windows(WindowSource::Operator, Vec::new());
    let names: Vec<&str> = without.windows().all().map(|(_, window)| &*window.name).collect();
    assert_eq!(names, ["file"]);
    assert_eq!(without.generation(), gate.snapshot().generation() + 1);
}

#[test]
fn times_that_are_read_anew_and_differ_by_a_little_are_no_news() {
    let gate = gate([file()]);
    let later = |millis| Moment::plus(at(200), Duration::from_millis(millis));
    let read = |until| gate.snapshot().with_windows(WindowSource::File, vec![Window { until, ..file() }]).generation();
    let known = gate.snapshot().generation();
    assert_eq!(read(Some(later(999))), known);
    assert_eq!(read(Some(later(1000))), known + 1);
    assert_eq!(read(None), known + 1);
}

#[test]
fn the_next_edge_is_the_next_opening_or_ending() {
    let gate = gate([file(), Window { until: None, from: at(150), ..window(WindowSource::Operator) }]);
    let edges = [(0, Some(90)), (90, Some(150)), (150, Some(200)), (200, None)];
    for (now, next) in edges {
        assert_eq!(gate.snapshot().windows().next_edge(at(now)), next.map(at), "after {now}");
    }
}

#[test]
fn ready_since_an_opening_is_what_a_look_after_it_found() {
    let ready = gate_of(vec![route("/*")], &[]);
    assert!(!ready.is_ready_since(at(90), NOW), "orders are missing");
    let rules = Rules::new(vec![route("/*")], Vec::new(), 1, crate::sample::KEEP, None).expect("no conflict");
    let gate = Gate::new(Arc::new(rules)).with_snapshot(ready.snapshot().clone());
    assert!(gate.is_ready_since(at(95), NOW));
    assert!(!gate.is_ready_since(at(96), NOW), "the look began before");
}
