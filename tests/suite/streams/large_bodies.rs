//! Bodies of hundreds of mebibytes, both ways, while the process stays as large as it is.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use http::Method;

use super::before;
use crate::house::{Client, Echo, Gateway, Line, http2_connection, piece, turn};

const SHORT: usize = 256 << 20;
const FULL: usize = 1 << 30;
const PIECE: usize = 64 * 1024;
const LIMIT: Duration = Duration::from_secs(300);
/// What the process may grow by: buffers on both sides, and what the allocator keeps of them.
const GROWTH: usize = 48 << 20;

/// How large the process became at most.
struct Watched<'g> {
    gateway: &'g Gateway,
    before: usize,
    most: AtomicUsize,
}

impl<'g> Watched<'g> {
    fn of(gateway: &'g Gateway) -> Self {
        let before = gateway.resident_bytes();
        Self { gateway, before, most: AtomicUsize::new(before) }
    }

    fn look(&self) {
        self.most.fetch_max(self.gateway.resident_bytes(), Ordering::Relaxed);
    }

    /// By how much it grew.
    fn growth(&self) -> usize {
        self.look();
        self.most.load(Ordering::Relaxed) - self.before
    }
}

async fn download(client: &Client, size: usize, watched: &Watched<'_>) {
    let request = client.request(Method::GET, &format!("/bytes/{size}")).timeout(LIMIT);
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let (mut pieces, mut read) = (answer.bytes_stream(), 0);
    while let Some(come) = pieces.next().await {
        let come = come.expect("a piece");
        for part in come.chunks(PIECE) {
            assert!(piece(read, part.len()) == part, "a byte after {read} is another one");
            read += part.len();
        }
        if read % (8 << 20) < come.len() {
            watched.look();
        }
    }
    assert_eq!(read, size);
}

async fn upload(client: &Client, size: usize, watched: &Watched<'_>) {
    let pieces = (0..size / PIECE).map(|number| Ok::<_, std::io::Error>(piece(number * PIECE, PIECE)));
    let body = reqwest::Body::wrap_stream(stream::iter(pieces));
    let asked = tokio::spawn(client.request(Method::POST, "/count").timeout(LIMIT).body(body).send());
    while !asked.is_finished() {
        watched.look();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let answer = asked.await.expect("a task").expect("an answer");
    assert_eq!(answer.text().await.expect("a text"), format!("{size} true"));
}

async fn both_ways(size: usize) {
    let _turn = turn().await;
    let echo = Echo::start().await;
    let gateway = before(echo.address(), "").await;
    for (version, client) in [("HTTP/1.1", gateway.client()), ("HTTP/2", Client::http2(gateway.port()))] {
        // What every connection needs is there before.
        client.get("/").await.expect(200);
        let (start, watched) = (Instant::now(), Watched::of(&gateway));
        download(&client, size, &watched).await;
        let (down, start) = (start.elapsed(), Instant::now());
        upload(&client, size, &watched).await;
        let (up, mebibytes) = (start.elapsed(), |bytes: usize| bytes >> 20);
        println!(
            "{version}: {} MiB down in {down:.1?}, up in {up:.1?}; {} MiB before, {} more at most",
            mebibytes(size),
            mebibytes(watched.before),
            mebibytes(watched.growth()),
        );
        assert!(watched.growth() < GROWTH, "{version}: it grew by {} MiB", mebibytes(watched.growth()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quarter_of_a_gibibyte_goes_through_both_ways_at_constant_memory() {
    both_ways(SHORT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute: for `make proofs`"]
async fn a_gibibyte_goes_through_both_ways_at_constant_memory() {
    both_ways(FULL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_read_stops_the_backend_and_not_the_memory() {
    let _turn = turn().await;
    let echo = Echo::start().await;
    let gateway = before(echo.address(), "").await;
    gateway.client().get("/").await.expect(200);
    let watched = Watched::of(&gateway);
    let mut http1 = Vec::new();
    for _ in 0..10 {
        let mut client = Line::to(gateway.port()).await;
        client.say(format!("GET /bytes/{FULL} HTTP/1.1\r\nhost: a.test\r\n\r\n")).await;
        http1.push(client);
    }
    let mut sender = http2_connection(gateway.port()).await.ready().await.expect("a connection");
    let mut http2 = Vec::new();
    for _ in 0..10 {
        let request = http::Request::get(format!("http://a.test/bytes/{FULL}")).body(()).expect("a request");
        sender = sender.ready().await.expect("a stream");
        http2.push(sender.send_request(request, true).expect("it is sent").0);
    }
    // All of them are full soon; then nothing moves.
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(3) {
        watched.look();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("twenty clients that do not read: {} MiB more", watched.growth() >> 20);
    assert!(watched.growth() < GROWTH, "it grew by {} MiB", watched.growth() >> 20);
    gateway.client().get("/after").await.expect(200);
}
