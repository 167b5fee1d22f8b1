//! What clients and backends send.

use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use gate::{EncodedSlash, Gate, Host, MatchingForm, Method, Moment, Outcome, Request, Symptom, Target};
use http::{HeaderMap, HeaderValue, header};
use schemagate::answer::{Answers, Client, Saying};
use schemagate::config::{Brand, Config, Maintenance};
use schemagate::head::Fields;
use schemagate::wire::{BodyEnd, HeadEnd, Limits, Outline, ProxyHeader, ProxyVersion, inspect};

const KEEP: MatchingForm =
    MatchingForm { case_sensitive: false, strict_slash: false, encoded_slash: EncodedSlash::Keep };
const FORMS: [MatchingForm; 3] = [
    KEEP,
    MatchingForm { encoded_slash: EncodedSlash::Reject, ..KEEP },
    MatchingForm { case_sensitive: true, strict_slash: true, ..KEEP },
];

/// A method, a host and a path, a line each: the canonical form is its own, what is forwarded reads
/// as what was decided, and there is a decision.
pub fn request(data: &[u8]) {
    let mut lines = data.splitn(3, |byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (method, host, path) = (line(), line(), line());
    for form in FORMS {
        let Ok(target) = Target::parse(path, form) else { continue };
        let again = Target::parse(target.matching.as_bytes(), form).expect("a canonical path is a path");
        assert_eq!(again.matching, target.matching, "not its own form");
        let forwarded = Target::parse(&target.forward, form).expect("what is forwarded is a path");
        assert_eq!(forwarded.matching, target.matching, "the upstream reads something else");
        assert_eq!(forwarded.others, target.others, "the upstream reads something else");
        if form != KEEP {
            continue;
        }
        let (Ok(method), Ok(host)) = (str::from_utf8(method), str::from_utf8(host)) else { return };
        let host = Host::parse(host);
        let request =
            Request { host: &host, target: &target, method: Method::new(method), tenant: None, organisation: None };
        let decision = GATE.decide(&request, Moment::from_origin(Duration::from_secs(1)));
        let gated = target.matching.as_bytes().starts_with(b"/gated/");
        assert!(!gated || matches!(decision.outcome, Outcome::Answer(_)), "a gated path passes: {decision:?}");
    }
}

/// What comes over a connection: where a head that goes on ends, and where its body does, does not depend on the
/// pieces they come in.
pub fn wire(data: &[u8]) {
    let limits = Limits::default();
    let (mut whole, mut pieces) = (HeadEnd::default(), HeadEnd::default());
    let Ok(Some(end)) = whole.find(data, &limits) else { return };
    let (head, rest) = data.split_at(end);
    let Ok(head) = inspect(head, &limits, &mut Outline::default()) else { return };
    assert_eq!(head.length, end, "it is read to another end than it was found to have");
    let found = (1..=data.len()).find_map(|come| pieces.find(data.get(..come)?, &limits).transpose());
    assert_eq!(found, Some(Ok(end)), "pieces end elsewhere");
    let (mut whole, mut pieces) = (BodyEnd::of(head.body), BodyEnd::of(head.body));
    let all = whole.read(rest);
    let single = rest.iter().try_fold(0, |taken, byte| pieces.read(&[*byte]).map(|one| taken + one));
    assert_eq!(single, all, "a body's pieces end elsewhere");
}

/// What a proxy says before a request: it has an end within its bound, whatever its pieces, and says the same when it is
/// written again.
pub fn proxy_header(data: &[u8]) {
    let read = ProxyHeader::read(data);
    assert!(data.len() < ProxyHeader::LONGEST || read != Ok(None), "nothing is waited for without an end");
    let Ok(Some(header)) = read else { return };
    for come in 0..header.length {
        assert_eq!(ProxyHeader::read(data.get(..come).unwrap_or_default()), Ok(None), "it ends before its end");
    }
    for version in [ProxyVersion::V1, ProxyVersion::V2] {
        let again = ProxyHeader::read(&ProxyHeader::write(version, header.ends));
        let ends = again.ok().flatten().and_then(|again| again.ends);
        assert_eq!(ends.map(|ends| ends.source), header.ends.map(|ends| ends.source));
    }
}

/// `/gated/*` needs what is not known to be there, and that blocks; everything else passes.
static GATE: LazyLock<Gate> = LazyLock::new(|| {
    let text = r#"
        [databases.main]
        url = "sqlite:absent.db"
        [upstreams.api]
        servers = ["127.0.0.1:1"]
        [matching]
        encoded_slash = "keep"
        [requirements.orders]
        tables = ["orders"]
        [[routes]]
        path = "/gated/*"
        needs = ["orders"]
        on_unknown = "block"
        [[routes]]
        path = "/*"
    "#;
    let config = Config::parse(text, Path::new("proxy.toml"), &|_| None).unwrap_or_else(|errors| panic!("{errors}"));
    Gate::new(config.rules)
});

/// `Accept`, `Accept-Language` and `Origin`, a line each: the answer is whole.
pub fn answer(data: &[u8]) {
    static ANSWERS: LazyLock<Answers> = LazyLock::new(|| {
        Answers::render(&[], &Maintenance::default().answer, &Brand::default()).expect("the own template")
    });
    let mut headers = HeaderMap::new();
    for (name, line) in
        [header::ACCEPT, header::ACCEPT_LANGUAGE, header::ORIGIN].into_iter().zip(data.split(|byte| *byte == b'\n'))
    {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(name, value);
        }
    }
    let client = Client { method: &http::Method::GET, fields: Fields::Map(&headers), path: "/", request_id: b"fuzzed" };
    let answer = ANSWERS.answer(Saying::NoRoute, &client);
    let told = |wanted| answer.headers.iter().any(|(name, _)| *name == wanted);
    assert!(told(header::CONTENT_TYPE) && told(header::CACHE_CONTROL), "{answer:?}");
    assert!(
        !answer.body.is_empty() || answer.headers.iter().any(|(name, _)| name.as_str() == "grpc-status"),
        "{answer:?}"
    );
}

/// A backend's failure, read for what it says of the schema.
pub fn symptom(data: &[u8]) {
    let _ = Symptom::read(data);
}
