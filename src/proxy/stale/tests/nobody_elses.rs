//! Whatever is asked in whatever order, nobody is given another's answer.
//!
//! The backend of this model writes into each body all that it heard. What a client is given must be
//! what the backend would have said to that very client.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;

use super::*;

/// Few values, so that requests meet; near misses, so that they meet almost.
const HOSTS: [&str; 5] = ["a.example", "A.example", "a.example:80", "b.example", "a.example."];
const TARGETS: [&str; 6] = ["/orders", "/orders?", "/orders?a=1", "/orders/", "/ORDERS", "/%6frders"];
const HEADERS: [(&str, &[&str]); 14] = [
    ("cookie", &["user=ada", "user=bob", "user=ada; theme=dark", ""]),
    ("authorization", &["Bearer ada", "Bearer bob", "Basic ada"]),
    ("x-tenant", &["one", "two", "one,two", ""]),
    ("x-api-key", &["ada", "bob"]),
    ("accept", &["text/html", "application/json"]),
    ("accept-language", &["en", "fr"]),
    ("origin", &["https://a.example", "https://b.example"]),
    ("x-forwarded-host", &["b.example", "evil.example"]),
    ("x-forwarded-user", &["ada", "bob"]),
    ("x-original-url", &["/admin"]),
    ("user-agent", &["Firefox", "<script>"]),
    ("referer", &["https://a.example/", "\"><b>"]),
    ("connection", &["keep-alive", "x-tenant", "close, x-tenant", "x-api-key"]),
    ("cache-control", &["no-store", "no-cache"]),
];
const CONNECTION: usize = 12;
const NAMED: [&[&str]; 6] =
    [&[], &["cookie"], &["authorization"], &["cookie", "authorization"], &["x-tenant"], &["user-agent"]];
/// What an answer says of itself, and whether it may be kept at all.
const SAID: [(&str, &str, bool); 9] = [
    ("x-nothing", "", true),
    ("cache-control", "public, max-age=60", true),
    ("vary", "Cookie, X-Tenant", true),
    ("cache-control", "no-store", false),
    ("cache-control", "private, max-age=60", false),
    ("cache-control", "no-cache", false),
    ("set-cookie", "user=ada", false),
    ("vary", "*", false),
    ("vary", "Referer", false),
];

#[derive(Debug, Clone)]
enum Step {
    /// The route is ready: the backend answers, and says this of its answer.
    Ready(Requested, usize),
    /// A need is unmet.
    Unmet(Requested),
    /// A write to the path succeeds.
    Write(Requested),
}

/// All that the backend hears and may answer by: what proxies alone may say is taken from clients, and
/// so is what a client calls its connection's own business.
fn heard(request: &Requested) -> BTreeMap<String, Vec<String>> {
    let headers = &request.header.headers;
    let nominated: Vec<String> = headers
        .get_all("connection")
        .iter()
        .flat_map(|value| value.to_str().expect("text").split(','))
        .map(|name| name.trim().to_owned())
        .collect();
    let mut heard = BTreeMap::from([
        (":route".to_owned(), vec![request.route.to_owned(), request.upstream.to_owned()]),
        (":tenant".to_owned(), Vec::from_iter(request.tenant.map(str::to_owned))),
        (":scheme".to_owned(), vec![request.client.tls.to_string()]),
        (":target".to_owned(), vec![String::from_utf8_lossy(request.header.raw_path()).into_owned()]),
    ]);
    for name in headers.keys() {
        let told = matches!(name.as_str(), "x-forwarded-host" | "x-forwarded-user") && !request.client.trusted;
        let connections = matches!(name.as_str(), "connection" | "cache-control");
        let harmless = matches!(name.as_str(), "user-agent" | "referer")
            && headers.get_all(name).iter().all(|value| !value.as_bytes().iter().any(|byte| b"<>\"".contains(byte)));
        if !told && !connections && !harmless && !nominated.iter().any(|n| n == name.as_str()) {
            let values = headers.get_all(name).iter().map(|value| value.to_str().expect("text").to_owned());
            heard.insert(name.to_string(), values.collect());
        }
    }
    heard
}

type Header = (&'static str, &'static str);

fn header() -> impl Strategy<Value = Header> {
    // A tenant, and a connection's option that takes it away again, are a third of all.
    let which = prop_oneof![4 => 0..HEADERS.len(), 1 => Just(2), 1 => Just(CONNECTION)];
    (which, any::<prop::sample::Index>()).prop_map(|(which, value)| {
        let (name, values) = HEADERS[which];
        (name, values[value.index(values.len())])
    })
}

/// Requests that have most in common: `common` headers, and what differs is who asks, and how.
fn requests(common: Vec<Header>) -> impl Strategy<Value = Requested> {
    let headers = prop::collection::vec(header(), 0..3);
    let host = prop_oneof![5 => Just(0), 1 => 0..HOSTS.len()];
    let target = prop_oneof![5 => Just(0), 1 => 0..TARGETS.len()];
    let around = (prop::bool::weighted(0.1), prop::bool::weighted(0.7), 0..20_usize, prop::bool::weighted(0.2));
    (host, target, headers, around).prop_map(move |(host, target, headers, (tls, trusted, odd, head))| {
        let all = [&[("host", HOSTS[host])], common.as_slice(), headers.as_slice()].concat();
        let request = Requested::new(if head { "HEAD" } else { "GET" }, TARGETS[target], &all);
        Requested {
            client: Client { trusted, tls, ..request.client },
            route: if odd == 0 { "other" } else { "orders" },
            upstream: if odd == 1 { "previous" } else { "api" },
            tenant: [None, Some("one"), Some("two")][odd.saturating_sub(17)],
            ..request
        }
    })
}

/// Steps of a few who ask again and again: they meet, and themselves too.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let said = prop_oneof![5 => Just(0), 1 => 0..SAID.len()];
    let turns = prop::collection::vec((any::<prop::sample::Index>(), 0..9, said), 1..40);
    let who =
        prop::collection::vec(header(), 0..3).prop_flat_map(|common| prop::collection::vec(requests(common), 1..8));
    (who, turns).prop_map(|(who, turns)| {
        let step = |(index, kind, said): (prop::sample::Index, i32, usize)| {
            let request = who[index.index(who.len())].clone();
            match kind {
                0 => Step::Write(request),
                1..5 => Step::Ready(request, said),
                _ => Step::Unmet(request),
            }
        };
        turns.into_iter().map(step).collect()
    })
}

/// The path that a write changes, as the model sees it.
fn path(request: &Requested) -> (String, String) {
    let target = String::from_utf8_lossy(request.header.raw_path()).into_owned();
    (request.host().as_str().to_owned(), target.split('?').next().unwrap_or_default().to_owned())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn nobody_is_given_an_answer_that_the_backend_would_not_have_given_them(
        named in 0..NAMED.len(),
        steps in steps(),
    ) {
        let (key, store) = (naming(NAMED[named]), store_of(100_000, 10_000));
        let mut versions: HashMap<(String, String), u32> = HashMap::new();
        for (second, step) in (0..).zip(&steps) {
            match step {
                Step::Write(request) => {
                    store.note_change(&request.host(), request.header.raw_path());
                    *versions.entry(path(request)).or_default() += 1;
                }
                Step::Ready(request, said) => {
                    let (name, value, keepable) = SAID[*said];
                    let version = versions.get(&path(request)).copied().unwrap_or_default();
                    let body = format!("{keepable} {version} {:?}", heard(request));
                    exchange(&store, &key, request, &Answered::good(&[(name, value)], &body), at(second));
                }
                Step::Unmet(request) => {
                    let Ok(kept) = stale(&store, &key, request, at(second)) else { continue };
                    let headers = &request.header.headers;
                    for credential in ["cookie", "authorization"] {
                        prop_assert!(
                            !headers.contains_key(credential) || NAMED[named].contains(&credential),
                            "{credential} is not named: {request:?}"
                        );
                    }
                    let version = versions.get(&path(request)).copied().unwrap_or_default();
                    let get = Requested { header: as_get(&request.header), ..request.clone() };
                    prop_assert_eq!(text(&kept, &get, at(second)), format!("true {version} {:?}", heard(request)));
                }
            }
        }
    }
}

fn as_get(header: &RequestHeader) -> RequestHeader {
    let mut get = header.clone();
    get.set_method(http::Method::GET);
    get
}

/// The property above is worth something only if requests do meet.
#[test]
fn requests_of_the_model_are_often_given_an_answer() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let (mut runner, mut given, mut asked) = (TestRunner::deterministic(), 0, 0);
    for _ in 0..200 {
        let store = store();
        let steps = steps().new_tree(&mut runner).expect("a sequence").current();
        for (second, step) in (0..).zip(&steps) {
            match step {
                Step::Ready(request, _) => {
                    exchange(&store, &naming(&["cookie"]), request, &Answered::good(&[], "good"), at(second));
                }
                Step::Unmet(request) => {
                    asked += 1;
                    given += u32::from(stale(&store, &naming(&["cookie"]), request, at(second)).is_ok());
                }
                Step::Write(_) => {}
            }
        }
    }
    assert!(given * 5 > asked, "{given} of {asked}");
}
