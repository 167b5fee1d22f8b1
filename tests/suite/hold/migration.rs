//! A migration of two seconds under traffic: every request is answered, none is refused.

use std::io::Write;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

/// One request: when it began, how long it took, and its status.
type Sent = (Instant, Duration, u16);

/// Past the test runner's capture: these figures are wanted from runs that pass.
pub(super) fn say(figures: &str) {
    std::io::stderr().write_all(figures.as_bytes()).expect("standard error is open");
}

/// Sends so many requests a second for as long as `go` says.
async fn traffic(client: &Client, rate: u32, go: impl Fn() -> bool) -> Vec<Sent> {
    let mut sent = JoinSet::new();
    let mut tick = tokio::time::interval(Duration::from_secs(1) / rate);
    while go() {
        tick.tick().await;
        let request = client.request(Method::GET, "/orders");
        sent.spawn(async move {
            let began = Instant::now();
            let status = Answer::try_to(request).await.map_or(0, |answer| answer.status);
            (began, began.elapsed(), status)
        });
    }
    sent.join_all().await
}

fn p99(sent: impl Iterator<Item = Sent>) -> Duration {
    let mut took: Vec<Duration> = sent.map(|(_, took, _)| took).collect();
    took.sort();
    took.get(took.len() * 99 / 100).copied().unwrap_or_default()
}

/// Drops the table unseen, lets two seconds of migration bring it back, and goes on for two more.
async fn migrate_under(rate: u32, notify: &str) -> (Shop, Vec<Sent>, Instant) {
    let database = Cluster::shared().database().await;
    let echo = Echo::start().await;
    let config = config(&database, &echo, "up_to = \"10s\", max_requests = 5000", "")
        .replace("notify = \"never\"", &format!("notify = \"{notify}\""));
    let gateway = Gateway::start(&config).await;
    gateway.verdict_becomes("orders", "broken", LIMIT).await;
    let shop = Shop { client: gateway.client(), database, echo, gateway };
    let done = Arc::new(std::sync::Mutex::new(None));
    let finished = Arc::clone(&done);
    let database = shop.database.clone();
    let migration = tokio::spawn(async move {
        database.execute("BEGIN; CREATE TABLE orders (id int); SELECT pg_sleep(2); COMMIT").await;
        *finished.lock().unwrap() = Some(Instant::now());
    });
    let goes_on = || done.lock().unwrap().is_none_or(|done| done.elapsed() < Duration::from_secs(3));
    let sent = traffic(&shop.client, rate, goes_on).await;
    migration.await.expect("the migration ends");
    let committed = done.lock().unwrap().expect("it has ended");
    (shop, sent, committed)
}

async fn none_is_lost_or_refused(rate: u32, notify: &str) {
    let (shop, sent, committed) = migrate_under(rate, notify).await;
    let held = sent.iter().filter(|(began, ..)| *began < committed).count();
    let later = committed + Duration::from_secs(1);
    let last = sent.iter().filter(|(began, ..)| *began < committed).map(|(began, took, _)| *began + *took).max();
    let all_out = last.expect("some were held").saturating_duration_since(committed);
    let after = p99(sent.iter().copied().filter(|(began, ..)| *began > later));
    let met = p99(sent.iter().copied().filter(|(began, took, _)| *began + *took > later));
    let bad = sent.iter().filter(|(_, _, status)| *status != 200).count();
    say(&format!(
        "\nhold: {} requests at {rate}/s over a migration of 2 s: {bad} not answered 200; {held} begun before the commit, \
         all out {all_out:?} after it; p99 of those begun 1 s after the commit {after:?}, of those ended later {met:?}\n",
        sent.len()
    ));
    assert_eq!(bad, 0, "of {}", sent.len());
    assert_eq!(shop.echo.requests(), sent.len(), "nothing is sent twice");
    assert!(shop.ended("released").await > 0);
    // Whoever still waited would do so until the next tick, or for ten seconds.
    assert!(after < Duration::from_secs(3), "back to normal: {after:?}");
}

#[tokio::test]
async fn nobody_is_refused_over_a_migration_of_two_seconds() {
    none_is_lost_or_refused(50, "never").await;
}

/// `cargo test --test suite -- --ignored five_hundred --nocapture`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "wants the machine for itself"]
async fn nobody_is_refused_at_five_hundred_requests_a_second() {
    none_is_lost_or_refused(500, "auto").await;
    none_is_lost_or_refused(500, "never").await;
}

/// What they take in all, the connections that they come by included.
///
/// `cargo test --test suite -- --ignored ten_thousand --nocapture`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs 10,000 file descriptors in each of two processes"]
async fn ten_thousand_who_wait_take_less_than_a_hundred_mebibytes() {
    const MANY: u64 = 10_000;
    let database = Cluster::shared().database().await;
    database.execute(MEND).await;
    let echo = Echo::start().await;
    let hold = "up_to = \"120s\", max_requests = 10000, release_per_second = 2000";
    let gateway = Gateway::start(&config(&database, &echo, hold, "").replace("\"20s\"", "\"1s\"")).await;
    gateway.verdict_becomes("orders", "ready", LIMIT).await;
    let shop = Shop { client: gateway.client(), database, echo, gateway };

    let mut clients = Vec::new();
    let start = shop.gateway.resident_bytes();
    for _ in 0..MANY {
        let mut client = TcpStream::connect(("127.0.0.1", shop.gateway.port())).await.expect("it is open");
        asks(&mut client).await;
        is_answered(&mut client).await;
        clients.push(client);
    }
    let idle = shop.gateway.resident_bytes();
    shop.database.execute("DROP TABLE orders").await;
    shop.gateway.verdict_becomes("orders", "broken", LIMIT).await;
    for (client, number) in clients.iter_mut().zip(1_u64..) {
        asks(client).await;
        if number % 200 == 0 {
            shop.holds(number).await;
        }
    }
    shop.holds(MANY).await;
    let full = shop.gateway.resident_bytes();
    shop.database.execute(MEND).await;
    let mended = Instant::now();
    for client in &mut clients {
        is_answered(client).await;
    }
    let each = |bytes: usize| bytes / usize::try_from(MANY).unwrap();
    say(&format!(
        "\nhold: {} MiB resident; with {MANY} idle connections {} MiB more, {} bytes each; with a request that waits on each \
         {} MiB more than at first, {} bytes each; let go at 2000/s within {:?}\n",
        start >> 20,
        (idle - start) >> 20,
        each(idle - start),
        (full - start) >> 20,
        each(full - start),
        mended.elapsed()
    ));
    assert!(full - start < 100 << 20, "{} bytes", full - start);
}

async fn asks(client: &mut TcpStream) {
    client.write_all(b"GET /orders HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n").await.expect("it is sent");
}

async fn is_answered(client: &mut TcpStream) {
    let mut answer = Vec::new();
    // The backend says back the header, which ends as every header does.
    while answer.windows(4).filter(|four| four == b"\r\n\r\n").count() < 2 {
        assert_ne!(client.read_buf(&mut answer).await.expect("an answer"), 0, "it was closed");
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer));
}
