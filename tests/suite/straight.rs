//! What goes straight to a server and back is the same, to both of them, as if pingora had sent it.

use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use crate::at_once::{BY_PINGORA, Connection};
use crate::house::{End, Gateway, Mortal, Recorder, Scripted, Step, eventually, plain};

const LIMIT: Duration = Duration::from_secs(15);

fn warm() -> Step {
    Step::Answer(plain(200, "", "warm"))
}

/// A gateway of one thread, so that every request finds the connection of the one before it.
async fn before(server: &str, more: &str) -> Gateway {
    let config = format!(
        "[upstreams.api]\nservers = [\"{server}\"]\n{more}\n[[routes]]\nname = \"everything\"\npath = \"/*\"\n"
    );
    Gateway::start_with("threads = 1", "", &config).await
}

#[tokio::test]
async fn a_client_gets_the_same_answer() {
    let large = "x".repeat(300_000);
    let in_pieces = |head: &str, body: &str| {
        let all = plain(200, head, body);
        Step::Pieces(all.chunks(all.len() / 3).map(<[u8]>::to_vec).collect())
    };
    let raw = |bytes: &str| Step::Answer(bytes.as_bytes().to_vec());
    let chunks = |pieces: &[&str]| Step::Pieces(pieces.iter().map(|piece| piece.as_bytes().to_vec()).collect());
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned();
    let odd =
        "Server: a\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX-Empty:\r\nX-Utf8: \u{e9}\r\nKeep-Alive: timeout=5\r\n";
    for (request, answer, straight) in [
        ("GET /", Step::Answer(plain(200, odd, "body")), true),
        ("GET /", Step::Answer(plain(404, "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n", "")), true),
        ("GET /", Step::Answer(plain(200, "X-Request-Id: theirs\r\n", "a")), true),
        ("GET /", Step::Answer(plain(200, "Connection: close\r\n", "a")), true),
        ("GET /", Step::Answer(plain(200, "", &large)), true),
        ("GET /", in_pieces("X-A: b\r\n", "short"), true),
        ("GET /", in_pieces("", &large), true),
        ("HEAD /", raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), true),
        ("HEAD /", raw("HTTP/1.1 200 OK\r\n\r\n"), true),
        ("GET /", raw("HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n"), true),
        ("GET /", raw("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: \"a\"\r\n\r\n"), true),
        ("GET /", raw("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"), true),
        ("GET /", Step::Answer(plain(500, "X-A: b\r\n", "broken")), false),
        ("GET /", Step::Answer(plain(503, "", "")), false),
        ("GET /", raw(&format!("{chunked}1\r\na\r\n0\r\n\r\n")), true),
        ("GET /", raw(&format!("{chunked}5  \r\nhello\r\n2;a=b\r\n, \r\n0\r\n\r\n")), true),
        ("GET /", chunks(&[&chunked, "3\r", "\nabc\r\n", "1\r\nd\r\n0", "\r\n\r\n"]), true),
        ("GET /", chunks(&[&chunked, &format!("{:x}\r\n{large}\r\n", large.len()), "0\r\n\r\n"]), true),
        ("HEAD /", raw(&chunked), true),
        ("GET /", raw(&format!("{chunked}1;b\r\na\r\n0\r\nSet-Cookie: a=b\r\nExpires: 0\r\n\r\n")), true),
        ("GET /", chunks(&[&chunked, "1\r\na\r\n0\r\nSet-", "Cookie: a=b\r\n", "\r\n"]), true),
        (
            "GET /",
            raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n1\r\na\r\n0\r\n\r\n"),
            false,
        ),
        ("GET /", raw("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na"), false),
        ("GET /", raw("HTTP/1.1 200 OK\r\nConnection: x-hop\r\nX-Hop: a\r\nContent-Length: 1\r\n\r\na"), false),
        ("GET /", raw("HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\na"), false),
        ("GET /", raw("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na"), false),
        ("GET /", raw("HTTP/1.1 200 OK\r\nX-Folded: a\r\n b\r\nContent-Length: 1\r\n\r\na"), false),
        ("GET /", raw("no answer at all\r\n\r\n"), false),
    ] {
        let backend = Scripted::start(vec![warm(), answer.clone(), warm(), answer.clone()]).await;
        let gateway = before(backend.address(), "").await;
        let mut connection = Connection::to(&gateway).await;
        assert_eq!(connection.ask("GET /warm", "").await.body, "warm");
        let first = connection.ask(request, "").await;
        let mut connection = Connection::to(&gateway).await;
        assert_eq!(connection.ask("GET /warm", "").await.body, "warm", "{answer:?}");
        let second = connection.ask(request, BY_PINGORA).await;
        assert_eq!((first.is_at_once(), second.is_at_once()), (straight, false), "{}", first.head);
        assert_eq!(first.lasting(), second.lasting(), "{request} {}", first.head);
        assert_eq!(backend.requests(), 4, "{}", first.head);
    }
}

#[tokio::test]
async fn a_server_gets_the_same_request() {
    let backend = Recorder::start().await;
    let config = format!("[upstreams.api]\nservers = [\"{}\"]\n[[routes]]\npath = \"/*\"\n", backend.address());
    for listen in ["threads = 1", "threads = 1\ntrusted_proxies = [\"127.0.0.0/8\"]"] {
        let gateway = Gateway::start_with(listen, "", &config).await;
        let mut connection = Connection::to(&gateway).await;
        connection.ask("GET /warm", "").await;
        for (request, headers) in [
            ("GET /a?b=c", ""),
            ("GET /%41/../b//c?d=/../e", "Accept:*/*\r\nuser-AGENT:   me \r\nCookie: a=1\r\ncookie: b=2\r\n"),
            ("GET /", "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-User: root\r\nX-Real-IP: 192.0.2.2\r\n"),
            (
                "GET /",
                "Forwarded: for=192.0.2.1\r\nX_Forwarded_For: 192.0.2.1\r\nScript_Name: /admin\r\nAPI_Key: a\r\n",
            ),
            (
                "GET /",
                "TE: trailers\r\nKeep-Alive: timeout=5\r\nProxy-Authorization: a\r\nTrailer: X\r\nHTTP2-Settings: a\r\n",
            ),
            ("GET /", "X-Request-Id: mine\r\nX-Request-ID: another\r\n"),
            ("GET /", "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\ntracestate: a=b\r\n"),
            ("GET /", "traceparent: nonsense\r\ntracestate: a=b\r\n"),
            ("GET /", "Content-Length: 0\r\nIf-None-Match: \"a\"\r\nRange: bytes=0-1\r\nAuthorization: Basic YQ==\r\n"),
        ] {
            let mut seen = Vec::new();
            for more in ["", BY_PINGORA] {
                backend.take();
                let came = connection.ask(request, &format!("{headers}{more}")).await;
                assert_eq!(came.is_at_once(), more.is_empty(), "{request} {headers}: {}", came.head);
                let sent =
                    String::from_utf8(backend.take().bytes).expect("text").replace(came.header("x-request-id"), "ID");
                let (line, fields) = sent.split_once("\r\n").expect("a request line");
                let mut fields: Vec<String> = fields
                    .lines()
                    .map(|line| {
                        let (name, value) = line.split_once(':').unwrap_or((line, ""));
                        format!("{}:{value}", name.to_lowercase())
                    })
                    .collect();
                fields.sort();
                seen.push((line.to_owned(), fields));
            }
            assert_eq!(seen[0], seen[1], "{request} {headers}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_made_whole() {
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf".to_vec();
    for (more, why, failure) in [
        ("", "closed its connection", "http_response_incomplete"),
        ("read_timeout = \"300ms\"", "did not go on", "http_response_timeout"),
        ("total_timeout = \"300ms\"", "did not go on", "http_response_timeout"),
    ] {
        let backend = Scripted::start(vec![warm(), Step::BreakAfter(half.clone())]).await;
        let gateway = before(backend.address(), more).await;
        let mut connection = Connection::to(&gateway).await;
        connection.ask("GET /warm", "").await;
        connection.send("GET /half HTTP/1.1\r\nHost: h\r\n\r\n").await;
        if more.is_empty() {
            backend.go();
        }
        let mut came = Vec::new();
        timeout(LIMIT, connection.0.read_to_end(&mut came)).await.expect("an end").expect("it is closed well");
        let came = String::from_utf8(came).expect("text");
        assert!(came.contains("\r\nconnection: keep-alive\r\n") && came.ends_with("\r\n\r\nhalf"), "{came}");
        gateway.logged(why).await;
        gateway.logged(failure).await;
        assert_eq!(backend.requests(), 2);
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_the_time_that_it_has_and_no_more() {
    for more in ["read_timeout = \"500ms\"", "total_timeout = \"500ms\""] {
        let backend = Scripted::start(vec![warm(), Step::Break]).await;
        let gateway = before(backend.address(), more).await;
        let mut connection = Connection::to(&gateway).await;
        connection.ask("GET /warm", "").await;
        let began = Instant::now();
        assert_eq!(connection.ask("GET /silent", "").await.status(), "504");
        let took = began.elapsed();
        assert!(took >= Duration::from_millis(500) && took < Duration::from_secs(10), "{more}: {took:?}");
        assert_eq!(backend.requests(), 2);
    }
}

#[tokio::test]
async fn what_is_handed_over_late_still_has_its_time() {
    // Each piece comes in time, and the second would not if the first one's time counted against it.
    let pause = Duration::from_secs(2);
    let failure = "HTTP/1.1 500 Status\r\nContent-Length: 6\r\n\r\n";
    let odd = "HTTP/1.1 200 Status\r\nConnection: close, x\r\nContent-Length: 6\r\n\r\n";
    let of = async |limit: &str, head: &str| {
        let pieces = vec![head.as_bytes().to_vec(), b"a body".to_vec()];
        let backend = Scripted::start(vec![warm(), Step::Slowly(pause, pieces)]).await;
        let gateway = before(backend.address(), limit).await;
        let mut connection = Connection::to(&gateway).await;
        connection.ask("GET /warm", "").await;
        let came = connection.ask("GET /slow", "").await;
        assert!(head.contains(&format!(" {} ", came.status())), "{limit}: {}", came.head);
        assert_eq!((came.body.as_str(), backend.requests()), ("a body", 2), "{limit}");
    };
    let (silence, whole) = ("read_timeout = \"3s\"", "total_timeout = \"5s\"");
    tokio::join!(of(silence, failure), of(silence, odd), of(whole, failure), of(whole, odd));
}

#[tokio::test]
async fn an_exchange_that_takes_too_long_ends_though_something_always_comes() {
    // More than all buffers hold.
    let much = "x".repeat(64 << 20);
    let backend = Scripted::start(vec![warm(), Step::Answer(plain(200, "", &much))]).await;
    let gateway = before(backend.address(), "total_timeout = \"1s\"").await;
    let mut connection = Connection::to(&gateway).await;
    connection.ask("GET /warm", "").await;
    connection.send("GET /much HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let mut came = 0;
    let mut piece = vec![0; 64 * 1024];
    // It takes a little at a time, so that the server has always more.
    let taking = async {
        while let Ok(bytes @ 1..) = connection.0.read(&mut piece).await {
            came += bytes;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(2 * LIMIT, taking).await.expect("an end");
    assert!(came < much.len(), "{came}");
    gateway.logged("in time").await;
}

#[tokio::test]
async fn a_server_that_gave_up_its_connection_is_asked_once_more() {
    let backend = Mortal::start(|number| if number == 1 { End::Silence } else { End::Answer }).await;
    let gateway = before(&backend.address(), "").await;
    let mut connection = Connection::to(&gateway).await;
    for path in ["/one", "/two"] {
        assert_eq!(connection.ask(&format!("GET {path}"), "").await.body, "done");
    }
    assert_eq!(backend.seen(), ["GET /one 0", "GET /two 0", "GET /two 0"]);
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed_before_its_answer() {
    let backend = Scripted::start(vec![warm(), Step::Break]).await;
    let gateway = before(backend.address(), "").await;
    let mut connection = Connection::to(&gateway).await;
    connection.ask("GET /warm", "").await;
    connection.send("GET /left HTTP/1.1\r\nHost: h\r\n\r\n").await;
    eventually("the server is asked", LIMIT, async || (backend.requests() == 2).then_some(())).await;
    drop(connection);
    gateway.logged("the client left").await;
}
