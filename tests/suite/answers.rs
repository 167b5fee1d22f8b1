//! What schemagate says itself, as clients of every kind receive it.

use std::time::Duration;

use http::Method;
use reqwest::RequestBuilder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::house::{Answer, Client, Echo, Gateway, SqliteFile, eventually, raw};

const LIMIT: Duration = Duration::from_secs(15);

pub(crate) struct Closed {
    pub(crate) gateway: Gateway,
    pub(crate) client: Client,
    echo: Echo,
    database: SqliteFile,
}

impl Closed {
    /// Everything below these paths needs a table that is not there.
    pub(crate) async fn open() -> Self {
        Self::with("").await
    }

    async fn with(more: &str) -> Self {
        let database = SqliteFile::of("CREATE TABLE other (id int)");
        let echo = Echo::start().await;
        let gateway = Gateway::start(&format!(
            r#"
            [databases.main]
            url = "{}"
            refresh = "100ms"
            [upstreams.api]
            servers = ["{}"]
            [requirements.secret_table]
            tables = ["secret_table"]
            mend = "secret command"
            [health]
            path = "/health/migrations"
            [[routes]]
            path = "/blocked/*"
            needs = ["secret_table"]
            [[routes]]
            path = "/coded/*"
            needs = ["secret_table"]
            on_broken = {{ block = {{ code = "ORDERS_CLOSED", message = "Orders are being moved.", retry_after = "2m" }} }}
            [[routes]]
            path = "/reads/*"
            needs = ["secret_table"]
            on_broken = "read_only"
            [[routes]]
            name = "empty list"
            path = "/fixed"
            needs = ["secret_table"]
            on_broken = {{ respond = {{ json = [], headers = {{ x-total = "0" }} }} }}
            [[routes]]
            path = "/fixed/text"
            needs = ["secret_table"]
            on_broken = {{ respond = {{ status = 202, text = "Later." }} }}
            [[routes]]
            path = "/observed/*"
            needs = ["secret_table"]
            mode = "observe"
            [[routes]]
            path = "/open/*"
            {more}
            "#,
            database.url(),
            echo.address()
        ))
        .await;
        let client = gateway.client();
        Self { gateway, client, echo, database }
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.client.request(Method::GET, path)
    }

    async fn refusal(&self, headers: &[(&str, &str)]) -> Answer {
        let request =
            headers.iter().fold(self.get("/blocked/1"), |request, (name, value)| request.header(*name, *value));
        Answer::to(request).await.expect(503)
    }
}

#[tokio::test]
async fn a_client_gets_the_kind_of_answer_that_it_prefers() {
    let house = Closed::open().await;
    for (accept, expected) in [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("text/html", "text/html"),
        ("*/*", "application/problem+json"),
        ("application/json", "application/problem+json"),
        ("application/problem+json", "application/problem+json"),
        ("text/plain", "text/plain"),
        ("text/*", "text/html"),
        ("text/html;q=0.1, application/json", "application/problem+json"),
        ("application/json;q=0.5, text/plain;q=0.9", "text/plain"),
        ("text/html;q=0, */*", "application/problem+json"),
        ("image/png", "application/problem+json"),
        ("nonsense", "application/problem+json"),
    ] {
        let answer = house.refusal(&[("accept", accept)]).await;
        let kind = answer.header("content-type");
        assert_eq!(kind.split(';').next(), Some(expected), "Accept: {accept}");
    }
    let without = raw(house.gateway.port(), b"GET /blocked HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    assert!(without.to_lowercase().contains("content-type: application/problem+json"), "{without}");
    let script = house.refusal(&[("accept", "text/html, */*"), ("x-requested-with", "XMLHttpRequest")]).await;
    assert_eq!(script.header("content-type"), "application/problem+json");
}

#[tokio::test]
async fn a_page_speaks_english_or_french_as_the_client_asks() {
    let house = Closed::open().await;
    for (languages, expected) in [
        ("fr-CA, en;q=0.5", "fr"),
        ("en-GB, fr;q=0.9", "en"),
        ("de, fr;q=0.3", "fr"),
        ("de", "en"),
        ("fr;q=0, en", "en"),
    ] {
        let answer = house.refusal(&[("accept", "text/html"), ("accept-language", languages)]).await;
        assert_eq!(answer.header("content-language"), expected, "Accept-Language: {languages}");
        assert!(answer.text().contains(&format!("lang=\"{expected}\"")), "{}", answer.text());
    }
}

#[tokio::test]
async fn every_refusal_says_when_to_come_back_and_is_kept_by_no_cache() {
    let house = Closed::open().await;
    for accept in ["text/html", "application/json", "text/plain"] {
        let answer = house.refusal(&[("accept", accept)]).await;
        let after: u64 = answer.header("retry-after").parse().expect("seconds");
        assert!((1..=60).contains(&after), "about the configured 30 s, with jitter: {after}");
        assert_eq!(answer.header("cache-control"), "no-store");
        let vary = answer.header("vary").to_lowercase();
        for name in ["accept", "accept-language", "origin"] {
            assert!(vary.split(',').any(|part| part.trim() == name), "Vary: {vary}");
        }
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.header("content-security-policy").contains("default-src 'none'"), "{answer:?}");
        assert!(answer.header("proxy-status").starts_with("schemagate; error="), "{answer:?}");
        assert!(!answer.header("content-language").is_empty(), "{answer:?}");
        assert_eq!(answer.header("content-length"), answer.body.len().to_string());
        for name in ["secret", "sqlite", "app.db"] {
            assert!(!answer.text().contains(name), "it leaks {name}: {}", answer.text());
        }
        assert!(!answer.header("server").to_lowercase().contains("pingora"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_route_has_its_own_code_message_and_time() {
    let house = Closed::open().await;
    let problem = Answer::to(house.get("/coded/1").header("accept", "application/json")).await.expect(503);
    assert_eq!(problem.json()["code"], "ORDERS_CLOSED");
    assert!(problem.text().contains("Orders are being moved."), "{}", problem.text());
    let after: u64 = problem.header("retry-after").parse().expect("seconds");
    assert!((60..=240).contains(&after), "about two minutes: {after}");
    for accept in ["text/html", "text/plain"] {
        let answer = Answer::to(house.get("/coded/1").header("accept", accept)).await.expect(503);
        assert!(answer.text().contains("Orders are being moved."), "{}", answer.text());
    }
}

#[tokio::test]
async fn the_id_in_the_answer_stands_in_the_log_too() {
    let house = Closed::open().await;
    let answer = house.refusal(&[("accept", "application/json")]).await;
    let id = answer.header("x-request-id").to_owned();
    assert!(id.len() >= 16, "{answer:?}");
    eventually("the id is logged", LIMIT, async || house.gateway.log().contains(&id).then_some(())).await;
}

#[tokio::test]
async fn a_refused_head_has_the_headers_and_no_body() {
    let house = Closed::open().await;
    let get = house.refusal(&[("accept", "text/html")]).await;
    let head = Answer::to(house.client.request(Method::HEAD, "/blocked/1").header("accept", "text/html")).await;
    let head = head.expect(503);
    assert_eq!(head.body.len(), 0);
    for name in ["content-type", "content-length", "cache-control", "vary"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
}

#[tokio::test]
async fn a_page_of_another_origin_can_read_the_refusal() {
    let house = Closed::open().await;
    let preflight = Answer::to(
        house
            .client
            .request(Method::OPTIONS, "/blocked/1")
            .header("origin", "https://app.example.com")
            .header("access-control-request-method", "DELETE")
            .header("access-control-request-headers", "authorization, x-custom"),
    )
    .await;
    assert!((200..300).contains(&preflight.status), "{preflight:?}");
    assert!(
        ["*", "https://app.example.com"].contains(&preflight.header("access-control-allow-origin")),
        "{preflight:?}"
    );
    assert!(preflight.header("access-control-allow-methods").contains("DELETE"), "{preflight:?}");
    assert!(preflight.header("access-control-allow-headers").to_lowercase().contains("x-custom"), "{preflight:?}");

    let refusal = house.refusal(&[("origin", "https://app.example.com"), ("accept", "*/*")]).await;
    assert_eq!(refusal.header("access-control-allow-origin"), "https://app.example.com");
    let exposed = refusal.header("access-control-expose-headers").to_lowercase();
    assert!(exposed.contains("retry-after"), "{refusal:?}");
}

#[tokio::test]
async fn a_web_socket_is_refused_before_it_is_one() {
    let house = Closed::open().await;
    let url = format!("ws://127.0.0.1:{}/blocked/ws", house.gateway.port());
    let error = tokio_tungstenite::connect_async(url).await.expect_err("a refusal");
    let tokio_tungstenite::tungstenite::Error::Http(response) = error else { panic!("{error}") };
    assert_eq!(response.status(), 503);
    assert_eq!(house.echo.requests(), 0);
}

#[tokio::test]
async fn a_grpc_call_is_answered_unavailable() {
    let house = Closed::open().await;
    let client = Client::http2(house.gateway.port());
    let request = client
        .request(Method::POST, "/blocked/orders.Orders/List")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(vec![0, 0, 0, 0, 0]);
    let answer = Answer::to(request).await.expect(200);
    assert_eq!(answer.header("content-type"), "application/grpc");
    assert_eq!(answer.header("grpc-status"), "14");
    assert!(!answer.header("grpc-message").is_empty());
}

#[tokio::test]
async fn a_refused_upload_gets_its_answer() {
    let house = Closed::open().await;
    for size in [10, 2_000_000] {
        let request = house.client.request(Method::POST, "/blocked/1").body(vec![7; size]);
        Answer::to(request).await.expect(503);
    }
    assert_eq!(house.echo.requests(), 0);
    house.client.get("/open/").await.expect(200);
}

#[tokio::test]
async fn http2_clients_are_refused_and_let_through_alike() {
    let house = Closed::open().await;
    let client = Client::http2(house.gateway.port());
    let refusal = client.navigate("/blocked/1").await.expect(503);
    assert!(refusal.header("content-type").starts_with("text/html"));
    assert_eq!(refusal.header("cache-control"), "no-store");
    client.get("/open/1").await.expect(200);
}

#[tokio::test]
async fn read_only_lets_reads_through_and_refuses_writes() {
    let house = Closed::open().await;
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        house.client.fetch(method, "/reads/1").await.expect(200);
    }
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        house.client.fetch(method, "/reads/1").await.expect(503);
    }
}

#[tokio::test]
async fn a_fixed_answer_comes_without_the_upstream_and_is_marked_degraded() {
    let house = Closed::open().await;
    let list = house.client.get("/fixed").await.expect(200);
    assert_eq!((list.text(), list.header("content-type"), list.header("x-total")), ("[]", "application/json", "0"));
    assert_eq!(list.header("schemagate-degraded"), "empty list");
    let text = house.client.get("/fixed/text").await.expect(202);
    assert_eq!(text.text(), "Later.");
    assert!(text.header("content-type").starts_with("text/plain"));
    assert_eq!(house.echo.requests(), 0);
}

#[tokio::test]
async fn observe_mode_passes_logs_and_counts_what_it_would_have_refused() {
    let house = Closed::open().await;
    house.client.get("/observed/1").await.expect(200);
    let counted = |line: &str| {
        line.starts_with("schemagate_requests_total") && line.contains("/observed/*") && line.contains("observed\"")
    };
    house.gateway.counts(counted).await;
}

#[tokio::test]
async fn a_path_that_two_readers_would_read_differently_is_refused() {
    let house = Closed::open().await;
    for path in ["/open/a%2fb", "/open/a\\b", "/open/a%5Cb", "/open/%zz", "/open/%0", "/open/%00"] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        let answer = raw(house.gateway.port(), request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{path}: {answer}");
    }
    assert_eq!(house.echo.requests(), 0);
    let no_host = raw(house.gateway.port(), b"GET /open/a HTTP/1.1\r\nconnection: close\r\n\r\n").await;
    assert!(no_host.starts_with("HTTP/1.1 400 "), "{no_host}");
}

#[tokio::test]
async fn a_raw_fragment_is_refused() {
    let house = Closed::open().await;
    for path in ["/open/a#b", "/open#/../blocked", "/blocked#/../open"] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        let answer = raw(house.gateway.port(), request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{path}: {answer}");
    }
}

#[tokio::test]
async fn no_spelling_of_a_path_steps_around_the_gate() {
    let house = Closed::open().await;
    for path in [
        "/blocked",
        "/blocked/",
        "/BLOCKED/1",
        "//blocked//1",
        "/./blocked",
        "/open/../blocked/1",
        "/%62locked/1",
        "/blocked/%2e%2e/blocked",
        "/open/%2E%2E/blocked",
        "/blocked?a=b",
        "/blocked/1?x=/open",
        "http://other.example/blocked/1",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: other.example\r\nconnection: close\r\n\r\n");
        let answer = raw(house.gateway.port(), request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 503 "), "{path}: {answer}");
    }
    assert_eq!(house.echo.requests(), 0);
}

#[tokio::test]
async fn a_request_that_no_route_serves_gets_a_negotiated_404() {
    let house = Closed::open().await;
    let page = house.client.navigate("/nowhere").await.expect(404);
    assert!(page.header("content-type").starts_with("text/html"), "{page:?}");
    let problem = house.client.fetch(Method::GET, "/nowhere").await.expect(404);
    assert_eq!(problem.json()["status"], 404);
}

#[tokio::test]
async fn the_public_health_answer_says_one_word() {
    let house = Closed::open().await;
    let health = house.client.get("/health/migrations").await.expect(200);
    assert_eq!(health.json(), serde_json::json!({ "status": "degraded" }));
    let strict = house.client.get("/health/migrations?strict").await.expect(503);
    assert_eq!(strict.json(), serde_json::json!({ "status": "degraded" }));
    house.database.execute("CREATE TABLE secret_table (id int)");
    house.gateway.verdict_becomes("secret_table", "ready", LIMIT).await;
    let health = house.client.get("/health/migrations?strict").await.expect(200);
    assert_eq!(health.json(), serde_json::json!({ "status": "ready" }));
}

#[tokio::test]
async fn a_page_bears_the_users_brand() {
    let house = Closed::with(
        "[brand]\nname = \"Zumodra & Sons\"\ncontact = \"help@zumodra.example\"\ncolor = \"#114477\"\nlanguage = \"fr\"",
    )
    .await;
    let page = house.refusal(&[("accept", "text/html"), ("accept-language", "de")]).await;
    let text = page.text();
    assert!(text.contains("Zumodra &amp; Sons"), "the name, escaped: {text}");
    assert!(text.contains("help@zumodra.example") && text.contains("#114477"), "{text}");
    assert!(text.contains("lang=\"fr\""), "{text}");
}

#[tokio::test]
async fn a_refused_connection_goes_on() {
    let house = Closed::open().await;
    // Three requests on one connection; the last one closes it.
    let request = "GET /blocked/1 HTTP/1.1\r\nhost: a\r\naccept: text/plain\r\n";
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", house.gateway.port())).await.expect("open");
    for _ in 0..3 {
        stream.write_all(format!("{request}\r\n").as_bytes()).await.expect("taken");
        let mut piece = vec![0; 16 * 1024];
        let read = tokio::time::timeout(LIMIT, stream.read(&mut piece)).await;
        let read = read.expect("an answer").expect("an answer");
        assert!(String::from_utf8_lossy(&piece[..read]).starts_with("HTTP/1.1 503 "));
    }
}
