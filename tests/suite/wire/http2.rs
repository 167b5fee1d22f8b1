//! Requests over HTTP/2 that name nothing or too much, frame by frame: no client's library would send them.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What is sent beside `:scheme`, and whether nothing of it reaches a backend.
const REQUESTS: [(&str, &[(&str, &str)]); 20] = [
    ("no authority", &[(":method", "GET"), (":path", "/")]),
    ("two authorities", &[(":method", "GET"), (":path", "/"), (":authority", "a.test"), (":authority", "b.test")]),
    ("another host", &[(":method", "GET"), (":path", "/"), (":authority", "a.test"), ("host", "b.test")]),
    ("a user", &[(":method", "GET"), (":path", "/"), (":authority", "u@a.test")]),
    ("a host that is none", &[(":method", "GET"), (":path", "/"), (":authority", "a.test,b.test")]),
    ("an empty path", &[(":method", "GET"), (":path", ""), (":authority", "a.test")]),
    ("no path", &[(":method", "GET"), (":authority", "a.test")]),
    ("a path without a slash", &[(":method", "GET"), (":path", "a"), (":authority", "a.test")]),
    ("an absolute path", &[(":method", "GET"), (":path", "http://b.test/"), (":authority", "a.test")]),
    ("the asterisk of OPTIONS", &[(":method", "GET"), (":path", "*"), (":authority", "a.test")]),
    ("an encoded line feed", &[(":method", "GET"), (":path", "/a%0a"), (":authority", "a.test")]),
    ("a blank in the path", &[(":method", "GET"), (":path", "/a b"), (":authority", "a.test")]),
    ("a request within the path", &[(":method", "GET"), (":path", "/ HTTP/1.1\r\nX: y"), (":authority", "a.test")]),
    ("small letters", &[(":method", "get"), (":path", "/"), (":authority", "a.test")]),
    (
        "a request within the method",
        &[(":method", "GET / HTTP/1.1\r\nX: y\r\n\r\nGET"), (":path", "/"), (":authority", "a.test")],
    ),
    ("a capital letter", &[(":method", "GET"), (":path", "/"), (":authority", "a.test"), ("X-One", "a")]),
    ("a connection's own", &[(":method", "GET"), (":path", "/"), (":authority", "a.test"), ("connection", "close")]),
    ("an encoding", &[(":method", "POST"), (":path", "/"), (":authority", "a.test"), ("transfer-encoding", "chunked")]),
    ("a line's end", &[(":method", "GET"), (":path", "/"), (":authority", "a.test"), ("x-one", "a\r\nx-two: b")]),
    (
        "two lengths",
        &[
            (":method", "GET"),
            (":path", "/"),
            (":authority", "a.test"),
            ("content-length", "1"),
            ("content-length", "2"),
        ],
    ),
];

/// What nothing is wrong with.
const RIGHT: &[(&str, &str)] = &[(":method", "GET"), (":path", "/right"), (":authority", "a.test"), ("x-one", "a")];

/// Sends each over a connection of its own, and says whether it was refused: by a status of 4xx, or by a reset.
pub(super) async fn ask(port: u16) -> Vec<(&'static str, bool)> {
    assert!(!is_refused(port, RIGHT).await, "what is right is passed on");
    let mut refused = Vec::new();
    for (name, fields) in REQUESTS {
        refused.push((name, is_refused(port, fields).await));
    }
    refused
}

async fn is_refused(port: u16, fields: &[(&str, &str)]) -> bool {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the port is open");
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend_from_slice(&frame(4, 0, 0, &[]));
    let block: Vec<u8> =
        [(":scheme", "http")].iter().chain(fields).flat_map(|(name, value)| literal(name, value)).collect();
    // END_STREAM and END_HEADERS.
    bytes.extend_from_slice(&frame(1, 0x5, 1, &block));
    stream.write_all(&bytes).await.expect("it is sent");
    let answered = async {
        loop {
            let mut head = [0; 9];
            if stream.read_exact(&mut head).await.is_err() {
                return true;
            }
            let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
            let mut payload = vec![0; length];
            if stream.read_exact(&mut payload).await.is_err() {
                return true;
            }
            match head[3] {
                // The first field of an answer is its status: 200 is the eighth of HPACK's static table.
                1 => return payload.first() != Some(&0x88),
                // RST_STREAM and GOAWAY.
                3 | 7 => return true,
                _ => {}
            }
        }
    };
    timeout(Duration::from_secs(10), answered).await.expect("an answer in time")
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A field without an index or Huffman's code (RFC 7541, section 6.2.2).
fn literal(name: &str, value: &str) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).expect("a short text")], text.as_bytes()].concat();
    [vec![0], text(name), text(value)].concat()
}
