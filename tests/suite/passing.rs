//! What schemagate does not answer itself goes through as if nobody were there.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Method;

use crate::house::{
    Answer, Client, Echo, EchoHttp2, End, Gateway, Mortal, ODD_HEADERS, Talk, eventually, free_port, odd_body, raw,
};

const LIMIT: Duration = Duration::from_secs(15);

async fn through(servers: &[String]) -> Gateway {
    through_with("", servers, "").await
}

/// A gateway with one route before these servers; `more` is lines of the upstream's.
async fn through_with(listen: &str, servers: &[String], more: &str) -> Gateway {
    let servers: Vec<String> = servers.iter().map(|server| format!("\"{server}\"")).collect();
    let config = format!(
        "[upstreams.api]\nservers = [{}]\n{more}\n[[routes]]\nname = \"everything\"\npath = \"/*\"\n",
        servers.join(", ")
    );
    Gateway::start_with(listen, "", &config).await
}

async fn house() -> (Echo, Gateway, Client) {
    let echo = Echo::start().await;
    let gateway = through(&[echo.address()]).await;
    let client = gateway.client();
    (echo, gateway, client)
}

fn line<'a>(head: &'a str, name: &str) -> Vec<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .filter(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
        .collect()
}

#[tokio::test]
async fn an_answer_goes_through_byte_for_byte() {
    let (_echo, gateway, client) = house().await;
    for client in [client, Client::http2(gateway.port())] {
        let answer = client.get("/odd").await.expect(203);
        assert_eq!(answer.body, odd_body());
        for name in ["content-type", "etag", "server", "x-empty", "cache-control"] {
            let sent = ODD_HEADERS.iter().find(|(sent, _)| *sent == name).expect("it is sent").1;
            assert_eq!(answer.header(name), sent, "{name}");
        }
        let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
        assert_eq!(cookies, [ODD_HEADERS[1].1, ODD_HEADERS[2].1]);
    }
}

#[tokio::test]
async fn every_status_of_the_upstream_goes_through() {
    let (_echo, _gateway, client) = house().await;
    for status in [200, 201, 204, 301, 304, 400, 401, 403, 404, 409, 418, 422, 429, 500, 502, 503, 504] {
        client.get(&format!("/status/{status}")).await.expect(status);
    }
}

#[tokio::test]
async fn the_target_is_forwarded_as_it_was_sent() {
    let (_echo, gateway, _client) = house().await;
    for target in ["/a%20b/%E2%82%AC?q=%2F&r=a+b", "/A//b/", "/x?", "/~user/%7Euser", "/a;b=c,d@e:f!$&'()*+="] {
        let request = format!("GET {target} HTTP/1.1\r\nhost: app.example\r\nconnection: close\r\n\r\n");
        let answer = raw(gateway.port(), request.as_bytes()).await;
        assert!(answer.contains(&format!("\r\n\r\nGET {target} HTTP/1.1\r\n")), "{target}: {answer}");
    }
}

#[tokio::test]
async fn dot_segments_are_removed_and_nothing_else_is_decoded() {
    let (_echo, gateway, _client) = house().await;
    for (sent, forwarded) in [("/a/../b%20c", "/b%20c"), ("/a/./b?x=../y", "/a/b?x=../y"), ("/../a", "/a")] {
        let request = format!("GET {sent} HTTP/1.1\r\nhost: app.example\r\nconnection: close\r\n\r\n");
        let answer = raw(gateway.port(), request.as_bytes()).await;
        assert!(answer.contains(&format!("\r\n\r\nGET {forwarded} HTTP/1.1\r\n")), "{sent}: {answer}");
    }
}

#[tokio::test]
async fn a_head_answer_keeps_its_length_and_has_no_body() {
    let (_echo, _gateway, client) = house().await;
    let answer = Answer::to(client.request(Method::HEAD, "/bytes/12345")).await.expect(200);
    assert_eq!((answer.header("content-length"), answer.body.len()), ("12345", 0));
    client.get("/after").await.expect(200);
}

#[tokio::test]
async fn a_chunked_answer_and_a_chunked_upload_go_through() {
    let (_echo, _gateway, client) = house().await;
    assert_eq!(client.get("/chunked").await.expect(200).text(), "hello world");
    let pieces = futures_util::stream::iter(["one ", "two ", "three"].map(Ok::<_, std::io::Error>));
    let upload = client.request(Method::POST, "/mirror").body(reqwest::Body::wrap_stream(pieces));
    assert_eq!(Answer::to(upload).await.expect(200).text(), "one two three");
}

#[tokio::test]
async fn connections_to_the_upstream_are_kept() {
    let echo = Echo::start().await;
    // One thread, since a kept connection is used by the thread that opened it.
    let gateway = through_with("threads = 1", &[echo.address()], "").await;
    // And one connection of the client's: the next request is read when the exchange before it has ended.
    let mut talk = Talk::to(gateway.port());
    for _ in 0..50 {
        let told = talk.say(b"GET /x HTTP/1.1\r\nhost: app.example\r\n\r\n").await.expect("an answer");
        assert_eq!(told.status, 200);
    }
    assert_eq!((echo.requests(), echo.connections()), (50, 1));
}

#[tokio::test]
async fn a_kept_connection_that_the_server_has_closed_is_not_used_again() {
    let server = Mortal::start(|_| End::Farewell).await;
    let gateway = through(&[server.address()]).await;
    let client = gateway.client();
    for sent in 1..=20 {
        // It would be sent once only.
        Answer::to(client.request(Method::POST, "/it").body("x")).await.expect(200);
        eventually("the server has closed it", LIMIT, async || (server.farewells() == sent).then_some(())).await;
    }
}

#[tokio::test]
async fn connections_that_nobody_needs_any_more_are_closed() {
    let (echo, _gateway, client) = house().await;
    let held: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.get("/hold").await })
        })
        .collect();
    eventually("all of them are asked", LIMIT, async || (echo.requests() == 20).then_some(())).await;
    assert_eq!(echo.open(), 20);
    let answered = async || {
        echo.release();
        held.iter().all(tokio::task::JoinHandle::is_finished).then_some(())
    };
    eventually("all of them are answered", LIMIT, answered).await;
    eventually("none is open", LIMIT, async || (echo.open() == 0).then_some(())).await;
    client.get("/x").await.expect(200);
}

#[tokio::test]
async fn an_http2_upstream_is_spoken_to_in_http2() {
    let echo = EchoHttp2::start().await;
    let gateway = through_with("", &[echo.address()], "http2 = true").await;
    for client in [gateway.client(), Client::http2(gateway.port())] {
        let body: Bytes = odd_body().into();
        let answer = Answer::to(client.request(Method::POST, "/a/b").body(body.clone())).await.expect(200);
        assert_eq!(answer.header("x-version"), "HTTP/2.0");
        assert_eq!(answer.header("x-request-line"), "POST /a/b");
        assert_eq!(answer.body, body);
    }
}

#[tokio::test]
async fn the_upstream_learns_who_the_client_is() {
    let (_echo, gateway, client) = house().await;
    let seen = client.get("/").await.expect(200);
    let head = seen.text();
    assert_eq!(line(head, "x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(line(head, "x-forwarded-proto"), ["http"]);
    assert_eq!(line(head, "x-forwarded-host"), [format!("127.0.0.1:{}", gateway.port())]);
    assert_eq!(line(head, "host"), [format!("127.0.0.1:{}", gateway.port())]);
    let id = line(head, "x-request-id");
    assert!(id.len() == 1 && id[0].len() >= 16, "{head}");
    let id = id[0].to_owned();
    eventually("the id is logged", LIMIT, async || gateway.log().contains(&id).then_some(())).await;
}

#[tokio::test]
async fn a_trusted_proxys_word_is_believed_and_extended_and_a_strangers_is_replaced() {
    let echo = Echo::start().await;
    for (trusted, forwarded_for, proto) in
        [("[\"127.0.0.0/8\"]", "203.0.113.7, 127.0.0.1", "https"), ("[]", "127.0.0.1", "http")]
    {
        let gateway = through_with(&format!("trusted_proxies = {trusted}"), &[echo.address()], "").await;
        let request = gateway
            .client()
            .request(Method::GET, "/")
            .header("x-forwarded-for", "203.0.113.7")
            .header("x-forwarded-proto", "https")
            .header("x-forwarded-host", "spoofed.example")
            .header("forwarded", "for=203.0.113.7;proto=https;host=spoofed.example");
        let seen = Answer::to(request).await.expect(200);
        let head = seen.text();
        assert_eq!(line(head, "x-forwarded-for").join(", "), forwarded_for, "trusted {trusted}: {head}");
        assert_eq!(line(head, "x-forwarded-proto"), [proto], "trusted {trusted}");
        let spoofed = head.contains("spoofed.example");
        assert_eq!(spoofed, trusted != "[]", "trusted {trusted}: {head}");
    }
}

#[tokio::test]
async fn headers_for_one_connection_only_are_not_passed_on() {
    let (_echo, gateway, _client) = house().await;
    let request = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close, x-private\r\nx-private: 1\r\nte: trailers\r\n\
                   proxy-authorization: Basic eA==\r\nx-kept: 1\r\n\r\n";
    let answer = raw(gateway.port(), request.as_bytes()).await;
    assert!(line(&answer, "x-kept") == ["1"] && line(&answer, "x-private").is_empty(), "{answer}");
}

#[tokio::test]
async fn an_unreachable_upstream_is_a_negotiated_502_of_schemagates_own() {
    let gateway = through(&[format!("127.0.0.1:{}", free_port())]).await;
    let client = gateway.client();
    let page = client.navigate("/").await.expect(502);
    assert!(page.header("content-type").starts_with("text/html"), "{page:?}");
    let problem = client.fetch(Method::GET, "/").await.expect(502);
    assert_eq!(problem.header("content-type"), "application/problem+json");
    assert_eq!(problem.json()["status"], 502);
    client.fetch(Method::POST, "/").await.expect(502);
    for answer in [page, problem] {
        let status = answer.header("proxy-status");
        assert!(status.starts_with("schemagate; error="), "{answer:?}");
        assert!(status.contains("connection_refused") || status.contains("destination_unavailable"), "{status}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(!answer.text().contains("127.0.0.1"), "{answer:?}");
    }
    assert!(gateway.metrics().await.contains("schemagate_upstream_failures_total{"), "it is counted");
}

#[tokio::test]
async fn an_upstream_that_hangs_up_before_its_header_is_a_502() {
    let (_echo, _gateway, client) = house().await;
    let answer = client.fetch(Method::POST, "/close").await.expect(502);
    assert!(answer.header("proxy-status").starts_with("schemagate; error="), "{answer:?}");
    assert!(!answer.header("server").to_lowercase().contains("pingora"), "{answer:?}");
    client.get("/after").await.expect(200);
}

#[tokio::test]
async fn an_upstream_that_does_not_answer_in_its_time_is_a_504() {
    let echo = Echo::start().await;
    let gateway = through_with("", &[echo.address()], "read_timeout = \"300ms\"").await;
    let start = Instant::now();
    let answer = gateway.client().get("/hold").await.expect(504);
    // The backend itself would never answer.
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
    assert!(answer.header("proxy-status").contains("http_response_timeout"), "{answer:?}");
}

#[tokio::test]
async fn when_one_of_two_servers_dies_the_other_takes_every_request_and_later_shares_again() {
    let (one, two) = (Echo::start_at(free_port()).await, Echo::start().await);
    let servers = [one.address(), two.address()];
    let port = one.port();
    let gateway = through_with("", &servers, "health = { path = \"/healthz\", interval = \"200ms\" }").await;
    let client = gateway.client();
    eventually("both are asked", LIMIT, async || {
        client.get("/").await.expect(200);
        (one.requests() > 0 && two.requests() > 0).then_some(())
    })
    .await;

    one.stop();
    for _ in 0..50 {
        client.get("/").await.expect(200);
    }
    let asked = two.requests();
    client.fetch(Method::POST, "/").await.expect(200);
    assert_eq!(two.requests(), asked + 1);

    let again = Echo::start_at(port).await;
    eventually("the first is asked again", LIMIT, async || {
        client.get("/").await.expect(200);
        (again.requests() > 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_server_by_name_is_found() {
    let echo = Echo::start().await;
    let gateway = through(&[format!("localhost:{}", echo.port())]).await;
    gateway.client().get("/").await.expect(200);
}

#[tokio::test]
async fn routes_choose_their_upstream_by_host_path_and_method() {
    let (first, second) = (Echo::start().await, Echo::start().await);
    let gateway = Gateway::start(&format!(
        r#"
        [upstreams.first]
        servers = ["{}"]
        [upstreams.second]
        servers = ["{}"]
        [[routes]]
        path = "/*"
        upstream = "first"
        [[routes]]
        path = "/v2/*"
        upstream = "second"
        [[routes]]
        path = "/v2/old"
        methods = ["POST"]
        upstream = "first"
        [[routes]]
        host = "*.second.example"
        path = "/*"
        upstream = "second"
        "#,
        first.address(),
        second.address()
    ))
    .await;
    let client = gateway.client();
    for (method, path, host, to_second) in [
        (Method::GET, "/", "a.example", false),
        (Method::GET, "/v2/x", "a.example", true),
        (Method::GET, "/v2/old", "a.example", true),
        (Method::POST, "/v2/old", "a.example", false),
        (Method::GET, "/", "x.second.example", true),
        (Method::GET, "/", "second.example", false),
    ] {
        let before = second.requests();
        let what = format!("{method} {host}{path}");
        Answer::to(client.request(method, path).header("host", host)).await.expect(200);
        assert_eq!(second.requests() == before + 1, to_second, "{what}");
    }
}
