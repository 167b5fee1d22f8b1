//! Decisions for other proxies: one endpoint, several ways to ask.

mod peers;

use std::time::{Duration, Instant};

use http::Method;
use reqwest::RequestBuilder;

use crate::house::{Answer, Client, Echo, Gateway, SqliteFile, Talk, eventually, free_port};

const LIMIT: Duration = Duration::from_secs(15);

/// A shop whose orders are missing, and where its proxies ask.
struct Asked {
    database: SqliteFile,
    echo: Echo,
    gateway: Gateway,
    decisions: Client,
}

impl Asked {
    /// `listen` are more lines for `[listen]`, `decisions` for `[decisions]`; `more` comes after the routes.
    async fn start(sql: &str, listen: &str, decisions: &str, more: &str) -> Self {
        let (database, echo, port) = (SqliteFile::of(sql), Echo::start().await, free_port());
        let config = format!(
            r#"
            [decisions]
            listen = "127.0.0.1:{port}"
            {decisions}
            [databases.main]
            url = "{}"
            refresh = "100ms"
            [upstreams.api]
            servers = ["{address}"]
            [upstreams.previous]
            servers = ["{address}"]
            [defaults]
            upstream = "api"
            [requirements.orders]
            tables = ["orders"]
            [[routes]]
            name = "orders"
            path = "/orders/*"
            needs = ["orders"]
            on_broken = {{ block = {{ code = "NO_ORDERS", retry_after = "7s" }} }}
            [[routes]]
            name = "the rest"
            path = "/*"
            {more}
            "#,
            database.url(),
            address = echo.address(),
        );
        let gateway = Gateway::start_with(listen, "", &config).await;
        Self { database, echo, gateway, decisions: Client::new(port) }
    }

    async fn without_orders(more: &str) -> Self {
        Self::start("CREATE TABLE other (id integer)", "", "", more).await
    }

    fn question(&self, method: &str, uri: &str) -> RequestBuilder {
        let question = self.decisions.request(Method::GET, "/forwarded");
        let question = question.header("x-forwarded-method", method).header("x-forwarded-uri", uri);
        question.header("x-forwarded-host", "shop.example").header("accept", "application/json")
    }

    async fn asks(&self, method: &str, uri: &str) -> Answer {
        Answer::to(self.question(method, uri)).await
    }
}

#[tokio::test]
async fn what_may_pass_is_200_with_what_was_decided_and_nothing_is_forwarded() {
    let asked = Asked::without_orders("").await;
    let before = asked.echo.requests();
    let answer = asked.asks("GET", "/about?a=b").await.expect(200);
    assert_eq!(answer.header("schemagate-action"), "pass");
    assert_eq!(answer.header("schemagate-reason"), "no_needs");
    assert_eq!(answer.header("schemagate-route"), "the rest");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("schemagate-degraded"), "");
    assert!(!answer.header("x-request-id").is_empty());
    assert!(answer.body.is_empty());
    assert_eq!(asked.echo.requests(), before, "a question goes nowhere");
    let line = asked.gateway.logged("\"asked\":\"forwarded\"").await;
    assert!(line.contains("\"path\":\"/about\"") && line.contains("\"host\":\"shop.example\""), "{line}");
    asked.gateway.counts(|line| line == "schemagate_questions_total{answer=\"pass\",language=\"forwarded\"} 1").await;
}

#[tokio::test]
async fn what_is_refused_gets_the_answer_that_the_proxy_itself_would_give() {
    let asked = Asked::without_orders("").await;
    for accept in ["application/json", "text/html", "text/plain"] {
        for language in ["en", "fr"] {
            let with = |request: RequestBuilder| {
                let request = request.header("accept", accept).header("accept-language", language);
                request.header("x-request-id", "the-same-id").header("x-forwarded-proto", "http")
            };
            let question = with(asked.decisions.request(Method::GET, "/nginx"));
            let question = question.header("x-original-method", "GET").header("x-original-uri", "/orders/7");
            let theirs = Answer::to(question).await.expect(503);
            let own = with(asked.gateway.client().request(Method::GET, "/orders/7"));
            let own = Answer::to(own).await.expect(503);
            let told = |answer: &Answer| {
                let of = |name| answer.header(name).to_owned();
                // When to come back has a jitter.
                let text = answer.text().replace(|c: char| c.is_ascii_digit(), "");
                (of("content-type"), of("content-language"), of("vary"), of("proxy-status"), of("cache-control"), text)
            };
            assert_eq!(told(&theirs), told(&own), "{accept} {language}");
            assert!((7..=10).contains(&theirs.header("retry-after").parse::<u32>().expect("seconds")));
            assert_eq!(theirs.header("x-request-id"), "the-same-id");
            assert_eq!(theirs.header("schemagate-requirement"), "", "the answer is for the client");
        }
    }
    assert_eq!(asked.asks("POST", "/orders").await.expect(503).json()["code"], "NO_ORDERS");
}

#[tokio::test]
async fn the_path_is_decided_as_it_came_however_it_is_spelled() {
    let asked = Asked::without_orders("").await;
    for uri in ["/about/caf%C3%A9", "/about/caf\u{e9}", "/about//7", "/about/?next=/../orders"] {
        asked.asks("GET", uri).await.expect(200);
    }
    for uri in ["/orders/7", "/ORDERS", "/x/../orders/7", "//orders", "/%6frders/7", "/orders?next=/about"] {
        asked.asks("GET", uri).await.expect(503);
    }
    // Whoever asks passes on what came: what would be decided is another path.
    for uri in [
        "/orders/../about",
        "/orders/%2e%2e/about",
        "//orders.example/about",
        "/orders%2F7",
        "/a%00",
        "/%zz",
        "/about#/orders",
    ] {
        let answer = asked.asks("GET", uri).await.expect(400);
        assert_eq!(answer.json()["code"], "BAD_REQUEST", "{uri}");
    }
}

#[tokio::test]
async fn a_question_that_is_not_clear_gets_400_and_what_to_do() {
    let asked = Asked::without_orders("").await;
    let incomplete = asked.decisions.request(Method::GET, "/nginx").header("x-original-method", "GET");
    let answer = Answer::to(incomplete.header("accept", "application/json")).await.expect(400);
    assert!(answer.text().contains("proxy_set_header X-Original-URI $request_uri;"), "{}", answer.text());
    let twice = asked.question("GET", "/about").header("x-forwarded-uri", "/orders");
    assert!(Answer::to(twice).await.expect(400).text().contains("more than once"));
    let answer = asked.decisions.get("/orders/7").await.expect(400);
    assert!(answer.text().contains("/forwarded, /nginx"), "{}", answer.text());
    asked.gateway.counts(|line| line == "schemagate_questions_total{answer=\"unclear\",language=\"none\"} 3").await;
}

#[tokio::test]
async fn only_trusted_addresses_are_answered() {
    let sql = "CREATE TABLE orders (id integer)";
    let asked = Asked::start(sql, "trusted_proxies = [\"192.0.2.0/24\"]", "", "").await;
    let answer = asked.asks("GET", "/about").await.expect(400);
    assert!(answer.text().contains("listen.trusted_proxies"), "{}", answer.text());
}

#[tokio::test]
async fn head_is_asked_about_by_get_and_answered_as_a_whole() {
    let asked = Asked::without_orders("").await;
    let answer = asked.asks("HEAD", "/orders/7").await.expect(503);
    assert_eq!(answer.header("content-length").parse(), Ok(answer.body.len()));
    assert_eq!(answer.json()["code"], "NO_ORDERS");
    asked.asks("HEAD", "/a%00").await.expect(400);
    asked.asks("HEAD", "/about").await.expect(200);
    // And over the same connection: nothing was left over.
    asked.asks("GET", "/about").await.expect(200);
    let line = asked.gateway.logged("\"method\":\"HEAD\"").await;
    assert!(line.contains("\"asked\":\"forwarded\""), "{line}");
}

#[tokio::test]
async fn envoy_asks_with_the_request_itself_behind_a_prefix() {
    let asked = Asked::without_orders("").await;
    let ask = async |method: Method, path: &str| {
        let question = asked.decisions.request(method, path).header("accept", "application/json");
        Answer::to(question).await.status
    };
    assert_eq!(ask(Method::POST, "/envoy/orders/7?a").await, 503);
    assert_eq!(ask(Method::HEAD, "/envoy/orders/7").await, 503);
    assert_eq!(ask(Method::DELETE, "/envoy/about").await, 200);
    assert_eq!(ask(Method::GET, "/envoy/").await, 200);
}

#[tokio::test]
async fn what_is_degraded_is_said_and_what_cannot_be_given_is_refused() {
    let asked = Asked::without_orders(
        r#"
        [[routes]]
        name = "rescued"
        path = "/rescued"
        needs = ["orders"]
        on_broken = { rescue = { json = [] } }
        [[routes]]
        name = "elsewhere"
        path = "/elsewhere"
        needs = ["orders"]
        on_broken = { upstream = "previous" }
        [[routes]]
        name = "fixed"
        path = "/fixed"
        needs = ["orders"]
        on_broken = { respond = { status = 200, json = [] } }
        [[routes]]
        name = "old"
        path = "/old"
        needs = ["orders"]
        on_broken = { stale = { up_to = "10m" } }
        [[routes]]
        name = "watched"
        path = "/watched"
        needs = ["orders"]
        mode = "observe"
        "#,
    )
    .await;
    let rescued = asked.asks("GET", "/rescued").await.expect(200);
    assert_eq!((rescued.header("schemagate-action"), rescued.header("schemagate-degraded")), ("rescue", "rescued"));
    assert_eq!((rescued.header("schemagate-reason"), rescued.header("schemagate-requirement")), ("broken", "orders"));
    let elsewhere = asked.asks("GET", "/elsewhere").await.expect(200);
    assert_eq!(elsewhere.header("schemagate-upstream"), "previous");
    assert_eq!(elsewhere.header("schemagate-degraded"), "elsewhere");
    let fixed = asked.asks("GET", "/fixed").await.expect(503);
    assert!(!fixed.header("retry-after").is_empty());
    asked.asks("GET", "/old").await.expect(503);
    let watched = asked.asks("GET", "/watched").await.expect(200);
    assert_eq!((watched.header("schemagate-action"), watched.header("schemagate-passed-by")), ("block", "observe"));
}

#[tokio::test]
async fn a_grpc_client_is_not_refused_by_what_the_proxy_takes_for_a_yes() {
    let asked = Asked::without_orders("").await;
    let question = asked.question("POST", "/orders/List").header("content-type", "application/grpc");
    let answer = Answer::to(question).await.expect(503);
    assert_eq!(answer.header("grpc-status"), "14");
}

#[tokio::test]
async fn a_preflight_passes_and_the_refusal_after_it_can_be_read() {
    let asked = Asked::without_orders("").await;
    let preflight = asked.question("OPTIONS", "/orders/7").header("origin", "https://app.example");
    Answer::to(preflight.header("access-control-request-method", "POST")).await.expect(200);
    let answer = Answer::to(asked.question("POST", "/orders/7").header("origin", "https://app.example")).await;
    assert!(!answer.expect(503).header("access-control-allow-origin").is_empty());
}

#[tokio::test]
async fn a_bypass_lets_what_is_asked_about_pass_and_says_so() {
    let asked = Asked::without_orders("").await;
    asked.asks("GET", "/orders/7").await.expect(503);
    let run = asked.gateway.run(&["bypass", "on", "--ttl", "1m", "--reason", "a test", "--route", "orders"]);
    run.expect(0);
    let passed = async || Some(asked.asks("GET", "/orders/7").await).filter(|answer| answer.status == 200);
    let answer = eventually("the bypass is on", LIMIT, passed).await;
    assert_eq!(answer.header("schemagate-passed-by"), "bypass");
}

#[tokio::test]
async fn an_operators_pass_counts_where_it_is_asked_with() {
    let key = "0123456789abcdef0123456789abcdef";
    let asked = Asked::without_orders(&format!("[operators]\nkey = \"{key}\"")).await;
    let args = ["pass", "create", "--reason", "a test", "--url", "https://app.example/orders"];
    let run = asked.gateway.run(&args).expect(0);
    let (_, token) = run.stdout.trim().split_once("schemagate_pass=").expect("a link");
    let cookie = format!("schemagate_pass={token}");
    let answer = Answer::to(asked.question("GET", "/orders/7").header("cookie", cookie)).await.expect(200);
    assert_eq!(answer.header("schemagate-passed-by"), "operator");
}

#[tokio::test]
async fn a_hold_lasts_no_longer_than_questions_may_wait_and_ends_when_the_verdict_turns() {
    let hold = r#"
        [[routes]]
        name = "held"
        path = "/held"
        needs = ["orders"]
        on_broken = { hold = { up_to = "60s", then = "block" } }
        "#;
    let sql = "CREATE TABLE other (id integer)";
    let never = Asked::start(sql, "", "max_hold = \"0s\"", hold).await;
    let began = Instant::now();
    never.asks("GET", "/held").await.expect(503);
    assert!(began.elapsed() < LIMIT, "{:?}", began.elapsed());

    let short = Asked::start(sql, "", "max_hold = \"300ms\"", hold).await;
    let began = Instant::now();
    short.asks("GET", "/held").await.expect(503);
    assert!(began.elapsed() >= Duration::from_millis(300) && began.elapsed() < LIMIT, "{:?}", began.elapsed());

    let long = Asked::start(sql, "", "max_hold = \"30s\"", hold).await;
    let waits = tokio::spawn(long.question("GET", "/held").send());
    long.gateway.counts(|line| line.starts_with("schemagate_held_requests{") && line.ends_with(" 1")).await;
    long.database.execute("CREATE TABLE orders (id integer)");
    let answer = tokio::time::timeout(LIMIT, waits).await.expect("in time").expect("it ran").expect("an answer");
    assert_eq!(answer.status().as_u16(), 200);
}

#[tokio::test]
async fn one_connection_brings_many_questions() {
    let asked = Asked::without_orders("").await;
    let mut talk = Talk::to(asked.decisions.port());
    for (uri, status) in [("/about", 200), ("/orders", 503), ("/about", 200)] {
        let question = format!(
            "GET /forwarded HTTP/1.1\r\nHost: q\r\nX-Forwarded-Method: GET\r\nX-Forwarded-Host: h\r\n\
             X-Forwarded-Uri: {uri}\r\n\r\n"
        );
        let told = talk.say(question.as_bytes()).await.expect("an answer");
        assert_eq!((told.status, told.header("connection")), (status, "keep-alive"), "{uri}");
    }
}
