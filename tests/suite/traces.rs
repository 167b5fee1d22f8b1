//! Traces: what comes by W3C Trace Context is passed on or continued, and spans arrive at a collector.

use std::time::Duration;

use http::Method;
use nix::sys::signal::Signal;

use crate::house::{Answer, Collector, Echo, Gateway, SqliteFile, eventually, free_port, raw, shop};

const LIMIT: Duration = Duration::from_secs(15);

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

async fn traced(sql: &str, more: &str) -> (SqliteFile, Echo, Gateway, Collector) {
    let collector = Collector::start().await;
    let traces = format!("[traces]\nendpoint = \"{}\"\n{more}", collector.url());
    let (database, echo, gateway) = shop(sql, "", &traces).await;
    (database, echo, gateway, collector)
}

async fn ask(gateway: &Gateway, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request = gateway.client().request(Method::GET, path);
    Answer::to(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

/// A header as the backend got it, which answers with what it was sent.
fn got<'a>(answer: &'a Answer, wanted: &str) -> Option<&'a str> {
    let mut lines = answer.text().lines().filter_map(|line| line.split_once(": "));
    lines.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
}

#[tokio::test]
async fn without_tracing_a_valid_trace_is_passed_on_as_it_came_and_an_invalid_one_is_not() {
    let (_database, _echo, gateway) = shop("CREATE TABLE orders (id int)", "", "").await;
    let valid = format!("00-{TRACE}-{CALLER}-01");
    let answer = ask(&gateway, "/a", &[("traceparent", &valid), ("tracestate", "rojo=1,congo=2")]).await;
    assert_eq!((got(&answer, "traceparent"), got(&answer, "tracestate")), (Some(&*valid), Some("rojo=1,congo=2")));
    gateway.logged(&format!("\"trace_id\":\"{TRACE}\"")).await;
    for (parent, state, passed) in [
        (valid.as_str(), "Rojo=1", (true, false)),
        ("00-nonsense", "rojo=1", (false, false)),
        (&valid.to_uppercase(), "rojo=1", (false, false)),
    ] {
        let answer = ask(&gateway, "/b", &[("traceparent", parent), ("tracestate", state)]).await;
        let passed_on = (got(&answer, "traceparent").is_some(), got(&answer, "tracestate").is_some());
        assert_eq!(passed_on, passed, "{parent} {state}");
    }
}

#[tokio::test]
async fn a_request_is_a_span_of_its_callers_trace_and_its_backend_is_called_by_a_span_below() {
    let (_database, _echo, gateway, collector) = traced(
        "CREATE TABLE orders (id int)",
        "service = \"gate of the shop\"\nheaders = { x-api-key = \"hunter2\" }\nattributes = { \"deployment.environment.name\" = \"test\" }",
    )
    .await;
    let parent = format!("00-{TRACE}-{CALLER}-01");
    let headers = [("traceparent", parent.as_str()), ("tracestate", "rojo=1"), ("user-agent", "a test")];
    let answer = ask(&gateway, "/orders/1?token=hunter2", &headers).await.expect(200);
    let server = collector.span("of the request", |span| span.kind == 2).await;
    let client = collector.span("of the backend", |span| span.kind == 3).await;
    assert_eq!((&*server.trace, &*server.parent), (TRACE, CALLER));
    assert_eq!((&*client.trace, &*client.parent), (TRACE, &*server.id));
    assert_eq!(got(&answer, "traceparent"), Some(&*format!("00-{TRACE}-{}-01", client.id)));
    assert_eq!(got(&answer, "tracestate"), Some("rojo=1"));
    for (attribute, value) in [
        ("http.request.method", "GET"),
        ("url.path", "/orders/1"),
        ("http.route", "/orders/*"),
        ("http.response.status_code", "200"),
        ("schemagate.route", "orders"),
        ("schemagate.action", "pass"),
        ("schemagate.reason", "ready"),
        ("user_agent.original", "a test"),
        ("url.scheme", "http"),
    ] {
        assert_eq!(server.says(attribute), value, "{attribute} of {server:?}");
    }
    assert_eq!((&*server.name, &*client.name, server.failed, client.failed), ("GET /orders/*", "GET", false, false));
    assert_eq!(client.says("schemagate.upstream"), "api");
    assert_eq!(client.says("server.address"), "127.0.0.1");
    let ((began, ended), (asked, answered)) = (server.nanoseconds, client.nanoseconds);
    // The clocks of an instant and of the wall are read one after the other, and a busy machine may stop in between.
    let slack = 500_000_000;
    assert!(began <= asked + slack && asked <= answered && answered <= ended + slack, "{server:?} {client:?}");
    let line = gateway.logged(&format!("\"span_id\":\"{}\"", server.id)).await;
    assert!(line.contains(&format!("\"trace_id\":\"{TRACE}\"")), "{line}");

    let (sent, _) = collector.requests().remove(0);
    assert_eq!(sent["x-api-key"], "hunter2");
    assert_eq!(sent["content-type"], "application/x-protobuf");
    let resource = collector.resource();
    assert_eq!(resource["service.name"], "gate of the shop");
    assert_eq!(resource["deployment.environment.name"], "test");
    let spans = format!("{:?}", collector.spans());
    assert!(!spans.contains("hunter2") && !gateway.log().contains("hunter2"), "{spans}");
    gateway.counts(|line| line.starts_with("schemagate_spans_total{result=\"sent\"}")).await;
}

#[tokio::test]
async fn a_refusal_names_its_requirement_and_a_look_is_a_span_too() {
    let (_database, _echo, gateway, collector) = traced("CREATE TABLE other (id int)", "").await;
    gateway.verdict_becomes("orders", "broken", LIMIT).await;
    ask(&gateway, "/orders/1", &[]).await.expect(503);
    let refused = collector.span("of the refusal", |span| span.kind == 2).await;
    assert_eq!(refused.parent, "");
    assert!(refused.failed, "{refused:?}");
    for (attribute, value) in [
        ("schemagate.action", "block"),
        ("schemagate.reason", "broken"),
        ("schemagate.requirement", "orders"),
        ("http.response.status_code", "503"),
        ("error.type", "503"),
    ] {
        assert_eq!(refused.says(attribute), value, "{refused:?}");
    }
    let look = collector.span("of a look", |span| span.kind == 1).await;
    assert_eq!((look.says("schemagate.database"), look.says("db.system.name")), ("main", "sqlite"));
}

#[tokio::test]
async fn each_server_that_is_tried_is_a_span() {
    let collector = Collector::start().await;
    let echo = Echo::start().await;
    let away = free_port();
    let gateway = Gateway::start(&format!(
        "[traces]\nendpoint = \"{}\"\n[upstreams.api]\nservers = [\"127.0.0.1:{away}\", \"{}\"]\n[[routes]]\npath = \"/*\"",
        collector.url(),
        echo.address()
    ))
    .await;
    let is_failed = |span: &crate::house::SeenSpan| span.kind == 3 && span.failed;
    let tried = async || {
        ask(&gateway, "/x", &[]).await.expect(200);
        collector.spans().into_iter().find(is_failed)
    };
    let failed = eventually("a server that is away is tried", LIMIT, tried).await;
    assert_eq!((failed.says("server.port"), failed.says("error.type")), (&*away.to_string(), "connection_refused"));
    let again =
        collector.span("of the next one", |span| span.kind == 3 && span.parent == failed.parent && !span.failed).await;
    assert_eq!(again.says("http.request.resend_count"), "1");
    assert_eq!(again.trace, failed.trace);
}

#[tokio::test]
async fn who_decided_not_to_record_a_trace_is_followed_and_the_share_is_of_those_that_begin_here() {
    let (_database, _echo, gateway, collector) = traced("CREATE TABLE orders (id int)", "sample = 0.0").await;
    let parent = format!("00-{TRACE}-{CALLER}-00");
    let answer = ask(&gateway, "/unsampled", &[("traceparent", &parent)]).await;
    let told = got(&answer, "traceparent").expect("a trace").to_owned();
    assert!(told.starts_with(&format!("00-{TRACE}-")) && told.ends_with("-00") && !told.contains(CALLER), "{told}");
    let own = ask(&gateway, "/own", &[]).await;
    assert!(got(&own, "traceparent").expect("a trace").ends_with("-00"), "{}", own.text());
    ask(&gateway, "/sampled", &[("traceparent", &format!("00-{TRACE}-{CALLER}-01"))]).await;
    collector.span("of what the caller records", |span| span.says("url.path") == "/sampled").await;
    let paths: Vec<String> = collector.spans().iter().map(|span| span.says("url.path").to_owned()).collect();
    assert!(paths.iter().all(|path| path == "/sampled"), "{paths:?}");
}

// The collector has to answer while the process ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_fails_holds_nobody_up_and_the_last_spans_are_sent_at_the_end() {
    let (_database, _echo, mut gateway, collector) = traced("CREATE TABLE orders (id int)", "").await;
    collector.answers(400);
    ask(&gateway, "/a", &[]).await.expect(200);
    let line = gateway.logged("spans do not arrive").await;
    assert!(line.contains("\"level\":\"WARN\""), "{line}");
    gateway.counts(|line| line.starts_with("schemagate_spans_total{result=\"failed\"}")).await;
    collector.answers(200);
    gateway.logged("spans arrive again").await;
    ask(&gateway, "/the-last", &[]).await.expect(200);
    gateway.signal(Signal::SIGTERM);
    assert!(gateway.ends_within(LIMIT).is_some_and(|status| status.success()));
    collector.span("of the last request", |span| span.says("url.path") == "/the-last").await;
}

#[tokio::test]
async fn where_spans_go_is_checked_and_what_is_secret_there_is_not_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |traces: &str| {
        let rest = "[upstreams.api]\nservers = [\"127.0.0.1:3000\"]\n[[routes]]\npath = \"/*\"";
        std::fs::write(folder.path().join("proxy.toml"), format!("[traces]\n{traces}\n{rest}\n")).expect("written");
        crate::house::Run::of(folder.path(), &["check"])
    };
    write("endpoint = \"https://otlp.example.com/v1/traces\"\nsample = 0.1").expect(0);
    for (traces, wanted) in [
        ("endpoint = \"127.0.0.1:4317\"", "not where a collector listens"),
        ("endpoint = \"http://me:hunter2@127.0.0.1\"", "headers"),
        ("sample = 1.5", "from 0 to 1"),
        ("headers = { x-api-key = \"hunter2\" }\nendpont = \"x\"", "did you mean `endpoint`"),
    ] {
        let run = write(traces).expect(2);
        assert!(run.stderr.contains(wanted) && !run.output().contains("hunter2"), "{traces}: {}", run.output());
    }
}

#[tokio::test]
async fn a_request_that_is_refused_for_its_form_leaves_a_span_a_line_and_a_count_as_any_other() {
    let (_database, echo, gateway, collector) = traced("CREATE TABLE orders (id int)", "").await;
    let before = gateway.metrics().await;
    raw(gateway.port(), b"GET / HTTP/1.1\nHost: a\r\n\r\n").await;
    let span = collector.span("of the refused one", |span| span.kind == 2).await;
    for (attribute, value) in [
        ("http.request.method", "_OTHER"),
        ("http.response.status_code", "400"),
        ("schemagate.refused", "bare_lf"),
        ("client.address", "127.0.0.1"),
    ] {
        assert_eq!(span.says(attribute), value, "{attribute} of {span:?}");
    }
    let line = gateway.logged(&format!("\"span_id\":\"{}\"", span.id)).await;
    for told in ["\"status\":400", "\"refused\":\"bare_lf\"", &format!("\"trace_id\":\"{}\"", span.trace)] {
        assert!(line.contains(told), "{told} in {line}");
    }
    assert!(!before.contains("schemagate_wire_refusals_total{why=\"bare_lf\"} 1"), "{before}");
    gateway.counts(|line| line.starts_with("schemagate_wire_refusals_total{why=\"bare_lf\"} 1")).await;
    // One whose path is refused is known better.
    ask(&gateway, "/a%00b", &[]).await.expect(400);
    let span = collector
        .span("of the other one", |span| span.kind == 2 && span.says("schemagate.refused") == "encoded_nul")
        .await;
    assert_eq!(span.says("http.request.method"), "GET");
    assert_eq!(echo.requests(), 0);
}
