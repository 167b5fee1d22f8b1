//! Whatever the admin listener is sent, it answers, and traffic goes on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::house::{Echo, Gateway, SqliteFile, shop};

const TOKEN: &str = "the-control-token-of-the-tests";

/// An answer to anything must come in this time; a busy machine has its slack.
const LIMIT: Duration = Duration::from_secs(30);

const METHODS: [&str; 10] = ["GET", "GET", "POST", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS", "BREW"];

/// Values that somebody, somewhere, did not expect.
const ODD: [&str; 16] = [
    "",
    "null",
    "\"",
    "{",
    "[[[[[[[[[[[[[[[[",
    "-1",
    "1e309",
    "\u{0}",
    "../../etc/passwd",
    "%00%ff%2f",
    "'; DROP TABLE x; --",
    "true",
    "999999999999999999999999h",
    "2026-02-30T25:61:61Z",
    "é\u{202e}",
    "*",
];

/// What its own description says can be asked: method and path.
async fn endpoints(gateway: &Gateway) -> Vec<(String, String, Value)> {
    let document = gateway.admin().get("/api/v1/openapi.json").await.expect(200).json();
    let paths = document["paths"].as_object().expect("paths").clone();
    let each = |(path, operations): (String, Value)| {
        let operations = operations.as_object().expect("operations").clone();
        operations.into_iter().map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation))
    };
    paths.into_iter().flat_map(each).collect()
}

/// JSON of any shape, sometimes with keys that are known.
fn json(rng: &mut Rng, depth: usize) -> String {
    const KEYS: [&str; 12] = [
        "ttl",
        "reason",
        "routes",
        "requirements",
        "tenants",
        "name",
        "from",
        "until",
        "blocks",
        "skips",
        "message",
        "id",
    ];
    match rng.usize(..if depth > 3 { 4 } else { 6 }) {
        0 => format!("{:?}", rng.choice(ODD).expect("one")),
        1 => rng.i64(..).to_string(),
        2 => ["null", "true", "false", "1.5e10"][rng.usize(..4)].to_owned(),
        3 => format!("\"{}\"", "x".repeat(rng.usize(..300))),
        4 => format!("[{}]", (0..rng.usize(..4)).map(|_| json(rng, depth + 1)).collect::<Vec<_>>().join(",")),
        _ => {
            let pairs =
                (0..rng.usize(..5)).map(|_| format!("\"{}\":{}", rng.choice(KEYS).expect("one"), json(rng, depth + 1)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
        }
    }
}

fn body(rng: &mut Rng) -> Vec<u8> {
    match rng.usize(..8) {
        0 => Vec::new(),
        1 => (0..rng.usize(..2000)).map(|_| rng.u8(..)).collect(),
        2 => {
            let mut text = json(rng, 0).into_bytes();
            text.truncate(rng.usize(..=text.len()));
            text
        }
        3 => "[".repeat(rng.usize(..60_000)).into_bytes(),
        4 => vec![b' '; rng.usize(..100_000)],
        _ => json(rng, 0).into_bytes(),
    }
}

/// A request, byte for byte; with the right token in most, so that it gets beyond the guard.
fn request(rng: &mut Rng, endpoints: &[(String, String, Value)]) -> Vec<u8> {
    let (method, path, _) = rng.choice(endpoints).expect("an endpoint");
    let mut path = path.replace("{id}", rng.choice(["1", "b1", "", "%2e%2e", "x"]).expect("one"));
    let method = if rng.bool() { method.as_str() } else { rng.choice(METHODS).expect("one") };
    match rng.usize(..8) {
        0 => path.push_str("?strict=%00&strict&a=b&&&="),
        1 => path.push_str("//../x"),
        2 => path = format!("/{}", "a".repeat(rng.usize(..20_000))),
        3 => path = format!("http://evil.example{path}"),
        _ => {}
    }
    let body = body(rng);
    let odd = *rng.choice(ODD.iter()).expect("one");
    let host = if rng.usize(..10) == 0 { odd } else { "127.0.0.1" };
    let mut head = vec![format!("{method} {path} HTTP/1.1"), format!("Host: {host}")];
    if rng.usize(..8) != 0 {
        head.push(format!("Authorization: Bearer {TOKEN}"));
    }
    if rng.usize(..6) != 0 {
        head.push("Content-Type: application/json".to_owned());
    }
    match rng.usize(..12) {
        0 => head.push(format!("Origin: {odd}")),
        1 => head.push(format!("Sec-Fetch-Site: {odd}")),
        2 => head.push(format!("X-Long: {}", "y".repeat(rng.usize(..30_000)))),
        3 => head.extend(vec!["X-Many: 1".to_owned(); rng.usize(..200)]),
        4 => head.push("Expect: 100-continue".to_owned()),
        5 => head.extend(["Upgrade: websocket".to_owned(), "Connection: upgrade".to_owned()]),
        6 => head.push("no colon".to_owned()),
        _ => {}
    }
    match rng.usize(..8) {
        0 => head.extend(["Content-Length: 10".to_owned(), "Content-Length: 11".to_owned()]),
        1 => head.push("Transfer-Encoding: chunked".to_owned()),
        2 => head.push(format!("Content-Length: {}", u64::MAX)),
        _ => head.push(format!("Content-Length: {}", body.len())),
    }
    head.push("Connection: close\r\n\r\n".to_owned());
    [head.join("\r\n").into_bytes(), body].concat()
}

/// The status of the answer, and whether there is one; the connection is then dropped.
async fn status(port: u16, request: &[u8]) -> Option<u16> {
    let asked = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("it listens");
        // It may answer and close before it has read everything.
        let _ = stream.write_all(request).await;
        let _ = stream.shutdown().await;
        let mut head = [0; 12];
        stream.read_exact(&mut head).await.ok()?;
        std::str::from_utf8(&head[9..]).ok()?.parse().ok()
    };
    tokio::time::timeout(LIMIT, asked).await.expect("an answer, or an end, in time")
}

async fn house() -> (SqliteFile, Echo, Gateway) {
    shop("CREATE TABLE orders (id int)", &format!("control_token = \"{TOKEN}\""), "").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_odd_requests_are_answered_without_a_fault_while_traffic_goes_on() {
    const REQUESTS: usize = 4000;
    let (_database, _echo, mut gateway) = house().await;
    let endpoints = endpoints(&gateway).await;
    // Always the same: another one may well order that everything waits, and be obeyed.
    let seed = 7_u64;

    let (client, going) = (gateway.client(), Arc::new(AtomicBool::new(true)));
    let traffic = {
        let going = Arc::clone(&going);
        tokio::spawn(async move {
            let mut served = 0;
            while going.load(Ordering::Relaxed) {
                // It needs nothing, and this seed orders nothing that keeps it out.
                client.get("/free").await;
                served += 1;
            }
            served
        })
    };
    let port = gateway.admin().port();
    let fuzzers = (0..8_u64).map(|number| {
        let endpoints = endpoints.clone();
        tokio::spawn(async move {
            let (mut rng, mut answers) = (Rng::with_seed(seed.wrapping_add(number)), Vec::new());
            for _ in 0..REQUESTS / 8 {
                let request = request(&mut rng, &endpoints);
                let head = String::from_utf8_lossy(&request[..request.len().min(300)]).into_owned();
                let Some(status) = status(port, &request).await else { continue };
                // Readiness and health say by 503 what they are asked.
                let told = status == 503 && (head.contains("/ready") || head.contains("/health/migrations"));
                assert!(status < 500 || told, "{status} to: {head}");
                answers.push(status);
            }
            answers
        })
    });
    let mut answers: BTreeMap<u16, usize> = BTreeMap::new();
    for fuzzer in fuzzers.collect::<Vec<_>>() {
        fuzzer.await.expect("no fault").into_iter().for_each(|status| *answers.entry(status).or_default() += 1);
    }
    eprintln!("answers by status: {answers:?}");
    going.store(false, Ordering::Relaxed);
    let served = traffic.await.expect("traffic went on");
    assert!(served > 10, "{served}");
    assert!(answers.values().sum::<usize>() > REQUESTS / 2, "{answers:?}");
    // The fuzzer gets beyond the guard, and is stopped at each of its doors.
    for status in [200, 400, 401, 403, 404, 405, 415, 421, 431] {
        assert!(answers.contains_key(&status), "no {status} among {answers:?}");
    }
    assert!(gateway.ends_within(Duration::from_millis(1)).is_none(), "it ended");
    gateway.admin().get("/live").await.expect(200);
    assert!(!gateway.log().contains("panicked"), "{}", gateway.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_slowly_or_reads_nothing_keeps_nobody_from_being_answered() {
    let (_database, _echo, gateway) = house().await;
    let port = gateway.admin().port();
    let head = format!("Host: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n");
    let mut slow = Vec::new();
    for number in 0..60 {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("it listens");
        let text = match number % 3 {
            0 => "GET /api/v1/snap".to_owned(),
            1 => format!("GET /api/v1/events HTTP/1.1\r\n{head}\r\n"),
            _ => format!("GET /metrics HTTP/1.1\r\n{head}Content-Length: 1000\r\n\r\n{{").repeat(20),
        };
        let _ = stream.write_all(text.as_bytes()).await;
        slow.push(stream);
    }
    let start = Instant::now();
    for _ in 0..50 {
        gateway.admin().get("/live").await.expect(200);
        gateway.client().get("/orders").await.expect(200);
    }
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
}
