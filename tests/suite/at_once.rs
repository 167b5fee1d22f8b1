//! What is done with a request where its head was read: it is the same as what pingora would have done.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::answers::Closed;
use crate::house::Gateway;

const LIMIT: Duration = Duration::from_secs(20);

/// pingora's: a header that names others is none that is understood before.
pub(crate) const BY_PINGORA: &str = "Connection: keep-alive, x-nothing\r\n";

/// An answer as it came.
pub(crate) struct Came {
    pub(crate) head: String,
    pub(crate) body: String,
}

/// One connection.
pub(crate) struct Connection(pub(crate) TcpStream);

impl Connection {
    pub(crate) async fn to(gateway: &Gateway) -> Self {
        Self(TcpStream::connect(("127.0.0.1", gateway.port())).await.expect("it listens"))
    }

    pub(crate) async fn ask(&mut self, request: &str, headers: &str) -> Came {
        self.send(&format!("{request} HTTP/1.1\r\nHost: example.com\r\n{headers}\r\n")).await;
        self.answer(request.starts_with("HEAD ")).await
    }

    pub(crate) async fn send(&mut self, bytes: &str) {
        self.0.write_all(bytes.as_bytes()).await.expect("it is sent");
    }

    pub(crate) async fn answer(&mut self, without_body: bool) -> Came {
        let read = async {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(self.0.read_u8().await.expect("an answer"));
            }
            let head = String::from_utf8(head).expect("text");
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            let has_none = without_body
                || [" 204 ", " 304 "].iter().any(|status| head.lines().next().expect("a line").contains(status));
            let mut body = vec![0; length.filter(|_| !has_none).unwrap_or(0)];
            self.0.read_exact(&mut body).await.expect("a whole body");
            if !has_none && head.to_lowercase().contains("transfer-encoding: chunked") {
                while !body.ends_with(b"0\r\n\r\n") {
                    body.push(self.0.read_u8().await.expect("more of it"));
                }
                body = without_chunks(&body);
            }
            Came { head, body: String::from_utf8(body).expect("text") }
        };
        timeout(LIMIT, read).await.expect("an answer in time")
    }
}

/// What chunks carry.
fn without_chunks(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let end = body.windows(2).position(|two| two == b"\r\n").expect("a size");
        let size = std::str::from_utf8(&body[..end]).expect("text").trim();
        let size = usize::from_str_radix(size.split(';').next().expect("a size").trim(), 16).expect("a size");
        if size == 0 {
            return whole;
        }
        whole.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 2 + size + 2..];
    }
}

impl Came {
    pub(crate) fn is_at_once(&self) -> bool {
        // pingora writes them larger.
        self.head.contains("\r\nconnection: keep-alive\r\n")
    }

    pub(crate) fn status(&self) -> &str {
        self.head.split(' ').nth(1).expect("a status")
    }

    pub(crate) fn header(&self, wanted: &str) -> &str {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map_or("none", |(_, value)| value)
    }

    /// All that does not differ from one request to the next: when to come again is spread, so that not all do at once.
    pub(crate) fn lasting(&self) -> (Vec<String>, String) {
        let (id, again) = (self.header("x-request-id"), self.header("retry-after"));
        let mut head: Vec<String> = self.head.replace(id, "ID").lines().map(str::to_lowercase).collect();
        head.retain(|line| !line.starts_with("date: ") && !line.starts_with("retry-after: "));
        head.sort();
        (head, self.body.replace(id, "ID").replace(&format!(":{again}"), ":AGAIN"))
    }
}

#[tokio::test]
async fn a_refusal_is_the_same_wherever_it_is_written() {
    let closed = Closed::open().await;
    let mut connection = Connection::to(&closed.gateway).await;
    for (request, headers, status) in [
        ("GET /blocked/a", "", "503"),
        ("GET /blocked/a?b=c", "Accept: text/html\r\nAccept-Language: fr\r\nSec-Fetch-Mode: navigate\r\n", "503"),
        ("GET /blocked//a/../%62", "Accept: application/json\r\n", "503"),
        ("GET /coded/a", "Accept: application/json\r\nOrigin: https://example.com\r\n", "503"),
        ("HEAD /blocked/a", "User-Agent: a\r\n", "503"),
        ("DELETE /reads/a", "", "503"),
        ("POST /blocked/a", "Content-Length: 0\r\nContent-Type: application/grpc\r\n", "200"),
        ("GET /fixed", "", "200"),
        ("GET /fixed/text", "", "202"),
        ("GET /nowhere", "", "404"),
    ] {
        let at_once = connection.ask(request, headers).await;
        let by_pingora = connection.ask(request, &format!("{headers}{BY_PINGORA}")).await;
        assert!(at_once.is_at_once() && !by_pingora.is_at_once(), "{request}: {} {}", at_once.head, by_pingora.head);
        assert_eq!(at_once.status(), status, "{request}");
        assert_eq!(at_once.lasting(), by_pingora.lasting(), "{request} {headers}");
    }
}

#[tokio::test]
async fn what_asks_for_more_goes_its_usual_way() {
    let closed = Closed::open().await;
    let mut connection = Connection::to(&closed.gateway).await;
    for (request, headers, status, at_once) in [
        ("GET /blocked/a", "", "503", true),
        ("GET /health/migrations", "", "200", true),
        ("OPTIONS /blocked/a", "Origin: https://a.example\r\nAccess-Control-Request-Method: POST\r\n", "204", true),
        ("GET /open/a", "", "200", false),
        ("GET /open/a", "", "200", true),
        ("GET /observed/a", "", "200", true),
        ("GET /reads/a", "", "200", true),
        ("HEAD /open/a", "", "200", true),
        ("DELETE /open/a", "", "200", false),
        ("GET /open/a", "Accept: text/event-stream\r\n", "200", false),
        ("GET /open/a", "Expect: 100-continue\r\n", "200", false),
        ("GET http://example.com/open/a", "", "200", false),
    ] {
        let came = connection.ask(request, headers).await;
        assert_eq!((came.status(), came.is_at_once()), (status, at_once), "{request} {headers}: {}", came.head);
    }
    let body = "POST /blocked/a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody";
    connection.send(body).await;
    assert_eq!(connection.answer(false).await.status(), "503");
    assert!(connection.ask("GET /blocked/a", "").await.is_at_once(), "the body was read to its end");
    let last = connection.ask("GET /blocked/a", "Connection: close\r\n").await;
    assert_eq!((last.status(), last.is_at_once()), ("503", false));
    assert_eq!(connection.0.read(&mut [0]).await.expect("it is closed well"), 0);
}

#[tokio::test]
async fn requests_that_come_ahead_are_answered_in_their_order() {
    let closed = Closed::open().await;
    let mut connection = Connection::to(&closed.gateway).await;
    let request = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
    let ahead = ["/blocked/a", "/open/b", "/open/c", "/nowhere", "/open/d", "/blocked/e"].map(request).concat();
    connection.send(&ahead).await;
    for (status, at_once) in [("503", true), ("200", false), ("200", true), ("404", true), ("200", true), ("503", true)]
    {
        let came = connection.answer(false).await;
        assert_eq!((came.status(), came.is_at_once()), (status, at_once), "{}", came.head);
    }
}

#[tokio::test]
async fn each_is_counted_and_logged_as_any_other() {
    let closed = Closed::open().await;
    let mut connection = Connection::to(&closed.gateway).await;
    for _ in 0..10 {
        connection.ask("GET /coded/a", "User-Agent: counted\r\nReferer: https://example.com/a?b\r\n").await;
    }
    let counted = |line: &str| {
        line.starts_with("schemagate_requests_total{") && line.contains("/coded/*") && line.ends_with(" 10")
    };
    closed.gateway.counts(counted).await;
    closed.gateway.logged("counted").await;
    let log = closed.gateway.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("\"user_agent\":\"counted\"")).collect();
    assert_eq!(lines.len(), 10);
    for line in lines {
        for part in [
            "\"status\":503",
            "\"action\":\"block\"",
            "\"requirement\":\"secret_table\"",
            "\"client\":\"127.0.0.1\"",
            "\"protocol\":\"HTTP/1.1\"",
            "\"referer\":\"https://example.com/a\"",
            "\"level\":\"WARN\"",
        ] {
            assert!(line.contains(part), "{part} in {line}");
        }
    }
}
