//! Requests wait for the verdict to turn, within bounds, and nobody is refused who need not be.

mod bounds;
mod leaving;
mod migration;
mod over_tls;

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Method;
use reqwest::RequestBuilder;
use tokio::sync::Mutex;
use tokio::task::{JoinHandle, JoinSet};

use crate::house::{Answer, Client, Cluster, Database, Echo, Gateway, eventually, raw};

const LIMIT: Duration = Duration::from_secs(15);
const MEND: &str = "CREATE TABLE orders (id int)";

/// Looks are made because somebody waits: nothing notifies, and the next tick is far.
struct Shop {
    database: Database,
    echo: Echo,
    gateway: Gateway,
    client: Client,
}

impl Shop {
    /// Every route needs a table that is not there; the route `orders` waits by `hold`.
    async fn open(hold: &str) -> Self {
        Self::open_with(hold, "").await
    }

    async fn open_with(hold: &str, more: &str) -> Self {
        let database = Cluster::shared().database().await;
        let echo = Echo::start().await;
        let gateway = Gateway::start(&config(&database, &echo, hold, more)).await;
        gateway.verdict_becomes("orders", "broken", LIMIT).await;
        let client = gateway.client();
        Self { database, echo, gateway, client }
    }

    /// How many wait.
    async fn held(&self) -> u64 {
        metric(&self.gateway, "schemagate_held_requests{route=\"orders\"}").await
    }

    async fn holds(&self, wanted: u64) {
        let what = format!("{wanted} requests wait");
        eventually(&what, LIMIT, async || (self.held().await == wanted).then_some(())).await;
    }

    /// How often waiting ended so.
    async fn ended(&self, result: &str) -> u64 {
        metric(&self.gateway, &format!("schemagate_holds_total{{result=\"{result}\",route=\"orders\"}}")).await
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.client.request(Method::GET, path)
    }
}

/// Starts a request, which may wait.
fn starts(request: RequestBuilder) -> JoinHandle<(Answer, Duration)> {
    let began = Instant::now();
    tokio::spawn(async move { (Answer::to(request).await, began.elapsed()) })
}

fn config(database: &Database, echo: &Echo, hold: &str, more: &str) -> String {
    format!(
        r#"
        {more}
        [databases.main]
        url = "{url}"
        refresh = "20s"
        notify = "never"
        [upstreams.api]
        servers = ["{echo}"]
        [requirements.orders]
        tables = ["orders"]
        [[routes]]
        name = "orders"
        path = "/*"
        upstream = "api"
        needs = ["orders"]
        on_broken = {{ hold = {{ {hold} }} }}
        "#,
        url = database.watcher_url(),
        echo = echo.address(),
    )
}

async fn metric(gateway: &Gateway, name: &str) -> u64 {
    let metrics = gateway.metrics().await;
    metrics.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn a_request_waits_until_its_table_is_there_and_then_gets_the_backends_answer() {
    let shop = Shop::open("up_to = \"20s\"").await;
    let waiting = starts(shop.get("/orders"));
    shop.holds(1).await;
    assert_eq!(shop.echo.requests(), 0);
    let mended = Instant::now();
    shop.database.execute(MEND).await;
    let (answer, took) = waiting.await.expect("an answer");
    assert!(mended.elapsed() < Duration::from_secs(8), "looked at every 250 ms: {:?}", mended.elapsed());
    assert!(answer.expect(200).text().starts_with("GET /orders"));
    assert_eq!((shop.held().await, shop.ended("released").await, shop.echo.requests()), (0, 1, 1));
    let line: serde_json::Value =
        serde_json::from_str(&shop.gateway.logged("\"held_ms\"").await).expect("a line of JSON");
    assert_eq!((&line["status"], &line["reason"]), (&200.into(), &"ready".into()), "{line}");
    let held = line["held_ms"].as_f64().expect("a number");
    assert!(held > 0.0 && held <= took.as_secs_f64() * 1000.0, "{held} of {took:?}");
}

#[tokio::test]
async fn a_request_over_http2_waits_as_well_beside_others_of_its_connection() {
    let shop = Shop::open_with("up_to = \"20s\"", "").await;
    let client = Client::http2(shop.gateway.port());
    let waiting: Vec<_> =
        (0..20).map(|number| starts(client.request(Method::GET, &format!("/orders/{number}")))).collect();
    let body: Vec<u8> = (0..50_000).map(crate::house::pattern).collect();
    let posts: Vec<_> = (0..3).map(|_| starts(client.request(Method::POST, "/count").body(body.clone()))).collect();
    shop.holds(23).await;
    shop.database.execute(MEND).await;
    for (number, waiting) in waiting.into_iter().enumerate() {
        let (answer, _) = waiting.await.expect("an answer");
        assert!(answer.expect(200).text().starts_with(&format!("GET /orders/{number} ")));
    }
    for post in posts {
        assert_eq!(post.await.expect("an answer").0.expect(200).text(), "50000 true");
    }
    assert_eq!(shop.echo.requests(), 23);
}

#[tokio::test]
async fn a_body_that_came_meanwhile_is_sent_whole_and_once_in_either_framing() {
    let shop = Shop::open("up_to = \"20s\"").await;
    let body: Vec<u8> = (0..65_536).map(crate::house::pattern).collect();
    let framed = starts(shop.client.request(Method::POST, "/count").body(body.clone()));
    let pieces = body.chunks(1000).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect::<Vec<_>>();
    let stream = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
    let chunked = starts(shop.client.request(Method::POST, "/count").body(stream));
    let empty = starts(shop.client.request(Method::POST, "/count"));
    let nothing = reqwest::Body::wrap_stream(futures_util::stream::iter(Vec::<Result<Vec<u8>, std::io::Error>>::new()));
    let nothing = starts(shop.client.request(Method::POST, "/count").body(nothing));
    shop.holds(4).await;
    shop.database.execute(MEND).await;
    for (waiting, wanted) in [(framed, "65536 true"), (chunked, "65536 true"), (empty, "0 true"), (nothing, "0 true")] {
        assert_eq!(waiting.await.expect("an answer").0.expect(200).text(), wanted);
    }
    assert_eq!(shop.echo.requests(), 4);
}

#[tokio::test]
async fn what_a_client_sends_ahead_while_it_waits_is_answered_in_turn() {
    let shop = Shop::open("up_to = \"20s\"").await;
    let port = shop.gateway.port();
    let talk = tokio::spawn(async move {
        raw(port, b"GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            .await
    });
    shop.holds(1).await;
    shop.database.execute(MEND).await;
    let answers = talk.await.expect("answers");
    let (one, two) = (answers.find("GET /one").expect("the first"), answers.find("GET /two").expect("the second"));
    assert!(one < two && answers.matches("HTTP/1.1 200").count() == 2, "{answers}");
    assert!(!answers.contains("HTTP/1.1 1"), "no interim answer: {answers}");
}

#[tokio::test]
async fn a_body_and_what_comes_behind_it_are_told_apart_however_they_come() {
    let body: Vec<u8> = (0..6).map(crate::house::pattern).collect();
    let head = b"POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n";
    let next = b"GET /two HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let both = [head.as_slice(), &body, next].concat();
    for at in [both.len(), head.len(), head.len() + 3, head.len() + 6, both.len() - 4] {
        let shop = Shop::open("up_to = \"20s\"").await;
        let (port, both) = (shop.gateway.port(), both.clone());
        let talk = tokio::spawn(async move {
            let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.expect("it is open");
            for piece in [&both[..at], &both[at..]] {
                tokio::io::AsyncWriteExt::write_all(&mut stream, piece).await.expect("it is sent");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            let mut answers = String::new();
            let _ = tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answers).await;
            answers
        });
        shop.holds(1).await;
        shop.database.execute(MEND).await;
        let answers = talk.await.expect("answers");
        let (one, two) = (answers.find("6 true").expect("the first"), answers.find("GET /two").expect("the second"));
        assert!(one < two && answers.matches("HTTP/1.1 200").count() == 2, "{answers}");
    }
}

#[tokio::test]
async fn a_websocket_handshake_waits_and_is_then_one() {
    let shop = Shop::open("up_to = \"20s\"").await;
    let address = format!("ws://127.0.0.1:{}/ws", shop.gateway.port());
    let talk = tokio::spawn(async move {
        let (mut socket, _) = tokio_tungstenite::connect_async(address).await.expect("a handshake");
        futures_util::SinkExt::send(&mut socket, "hello".into()).await.expect("it is sent");
        futures_util::StreamExt::next(&mut socket).await.expect("a message").expect("no error")
    });
    shop.holds(1).await;
    shop.database.execute(MEND).await;
    assert_eq!(talk.await.expect("it ends").into_text().expect("text").as_str(), "hello");
}

#[tokio::test]
async fn another_verdict_brings_another_action_to_those_who_wait() {
    let cluster = Cluster::start();
    let database = cluster.database().await;
    let echo = Echo::start().await;
    let config = config(&database, &echo, "up_to = \"60s\"", "")
        .replace("refresh = \"20s\"", "refresh = \"200ms\"\nmax_age = \"4s\"");
    let gateway = Gateway::start(&config).await;
    let shop = Shop { client: gateway.client(), database, echo, gateway };
    let waiting = starts(shop.get("/orders"));
    shop.holds(1).await;
    cluster.stop();
    // Nothing recent is known any more, and that passes.
    waiting.await.expect("an answer").0.expect(200);
    let line = shop.gateway.logged("\"held_ms\"").await;
    assert!(line.contains("\"reason\":\"unknown\""), "{line}");
}

#[tokio::test]
async fn those_who_waited_are_let_go_in_the_order_they_came_and_at_the_rate_that_was_set() {
    let shop = Shop::open("up_to = \"20s\", release_per_second = 4").await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut waiting = JoinSet::new();
    for number in 0..20_u64 {
        let (request, order) = (shop.get("/orders"), Arc::clone(&order));
        waiting.spawn(async move {
            Answer::to(request).await.expect(200);
            order.lock().await.push((number, Instant::now()));
        });
        shop.holds(number + 1).await;
    }
    shop.database.execute(MEND).await;
    eventually("the first is let go", LIMIT, async || (!order.lock().await.is_empty()).then_some(())).await;
    // Whoever comes now has nothing to wait for, and is no twenty-first in the queue.
    shop.client.get("/late").await.expect(200);
    assert!(order.lock().await.len() < 20, "they were all let go before");
    waiting.join_all().await;
    let order = order.lock().await;
    let numbers: Vec<u64> = order.iter().map(|(number, _)| *number).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    let took = order[19].1 - order[0].1;
    assert!(took > Duration::from_secs(3) && took < LIMIT, "19 gaps of 250 ms took {took:?}");
}

#[tokio::test]
async fn a_failed_read_waits_and_is_sent_once_more_and_a_write_is_not() {
    let database = Cluster::shared().database().await;
    database.execute(MEND).await;
    let echo = Echo::start().await;
    let hold = "up_to = \"20s\", then = { block = { code = \"NOT_NOW\" } }";
    let gateway = Gateway::start(&config(&database, &echo, hold, "")).await;
    gateway.verdict_becomes("orders", "ready", LIMIT).await;
    let shop = Shop { client: gateway.client(), database, echo, gateway };
    for (path, failure, at_most) in [("/status/500", 500, 2), ("/close", 502, 3)] {
        let before = shop.echo.requests();
        shop.database.execute("DROP TABLE orders").await;
        let waiting = starts(shop.get(path));
        shop.holds(1).await;
        let sent = shop.echo.requests();
        shop.database.execute(MEND).await;
        // Once more, and no oftener: what fails then is not the schema's fault.
        waiting.await.expect("an answer").0.expect(failure);
        assert!(shop.echo.requests() > sent && shop.echo.requests() <= before + at_most, "{path}");

        let before = shop.echo.requests();
        shop.database.execute("DROP TABLE orders").await;
        let refused = shop.client.fetch(Method::POST, path).await.expect(503);
        assert_eq!(refused.json()["code"], "NOT_NOW");
        assert_eq!(shop.echo.requests(), before + 1, "{path}");
        shop.database.execute(MEND).await;
        // Somebody has to wait for the next look to come soon.
        Answer::to(shop.get("/after")).await.expect(200);
    }
    let line = shop.gateway.logged("\"method\":\"POST\"").await;
    assert!(line.contains("\"action\":\"block\""), "{line}");
}
