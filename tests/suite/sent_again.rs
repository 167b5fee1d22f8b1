//! What broke and mended before a look could see it: a read is sent again, once.

use std::time::Duration;

use http::Method;

use crate::house::{Answer, Client, Cluster, Database, Gateway, Scripted, Step, plain};

const LIMIT: Duration = Duration::from_secs(15);
const SAYS: &str = r#"{"error":"relation \"customers\" does not exist"}"#;

struct House {
    database: Database,
    backend: Scripted,
    gateway: Gateway,
    client: Client,
}

async fn house(refresh: &str, steps: Vec<Step>) -> House {
    let database = Cluster::shared().database().await;
    database.execute("CREATE TABLE customers (id int)").await;
    let backend = Scripted::start(steps).await;
    let gateway = Gateway::start(&format!(
        r#"
        [databases.main]
        url = "{database}"
        refresh = "{refresh}"
        notify = "never"
        [upstreams.api]
        servers = ["{backend}"]
        health = false
        [requirements.customers]
        tables = ["customers"]
        [[routes]]
        name = "gated"
        path = "/gated/*"
        needs = ["customers"]
        [[routes]]
        name = "rescued"
        path = "/rescued/*"
        needs = ["customers"]
        on_broken = {{ rescue = {{ json = [] }} }}
        [[routes]]
        name = "free"
        path = "/*"
        "#,
        database = database.watcher_url(),
        backend = backend.address(),
    ))
    .await;
    let client = gateway.client();
    House { database, backend, gateway, client }
}

fn failing(body: &str) -> Step {
    Step::Answer(plain(500, "content-type: application/json\r\n", body))
}

fn well() -> Step {
    Step::Answer(plain(200, "", "well"))
}

impl House {
    async fn breaks_and_mends(&self) {
        self.database.execute("DROP TABLE customers").await;
        self.gateway.verdict_becomes("customers", "broken", LIMIT).await;
        self.database.execute("CREATE TABLE customers (id int)").await;
        self.gateway.verdict_becomes("customers", "ready", LIMIT).await;
    }

    /// Sends a request that the backend sits on, and calls `meanwhile` while it does.
    async fn while_it_waits(&self, method: Method, path: &str, meanwhile: impl Future<Output = ()>) -> Answer {
        let request = tokio::spawn(Answer::to(self.client.request(method, path)));
        crate::house::eventually("the backend has the request", LIMIT, async || {
            (self.backend.requests() > 0).then_some(())
        })
        .await;
        meanwhile.await;
        self.backend.go();
        request.await.expect("the request ends")
    }

    async fn counted(&self, line: &str) {
        self.gateway.counts(|metric| metric == line).await;
    }
}

#[tokio::test]
async fn a_read_whose_failure_names_the_schema_is_sent_again_once_and_answered() {
    let house = house("20s", vec![failing(SAYS), well()]).await;
    assert_eq!(house.client.get("/gated").await.expect(200).text(), "well");
    assert_eq!(house.backend.requests(), 2);
    house.counted("schemagate_replays_total{result=\"mended\",route=\"gated\"} 1").await;
    house.counted("schemagate_symptoms_total{code=\"42P01\",covered=\"true\"} 1").await;
    house.gateway.logged("\"replayed\":true").await;
}

#[tokio::test]
async fn http2_alike() {
    let house = house("20s", vec![failing(SAYS), well()]).await;
    let client = Client::http2(house.gateway.port());
    assert_eq!(client.get("/gated").await.expect(200).text(), "well");
    assert_eq!(house.backend.requests(), 2);
}

#[tokio::test]
async fn the_second_answer_passes_whatever_it_is() {
    let second = plain(503, "x-second: yes\r\n", r#"{"error":"relation \"other\" does not exist"}"#);
    let house = house("20s", vec![failing(SAYS), Step::Answer(second)]).await;
    let answer = house.client.get("/gated").await.expect(503);
    assert_eq!((answer.header("x-second"), house.backend.requests()), ("yes", 2));
    house.counted("schemagate_replays_total{result=\"failed\",route=\"gated\"} 1").await;
    house.counted("schemagate_unexplained_failures_total{route=\"gated\"} 1").await;
}

#[tokio::test]
async fn a_write_is_never_sent_twice() {
    let house = house("20s", vec![failing(SAYS), well()]).await;
    let answer = Answer::to(house.client.request(Method::POST, "/gated").body("once")).await.expect(500);
    assert_eq!((answer.text(), house.backend.requests()), (SAYS, 1));
    house.counted("schemagate_unexplained_failures_total{route=\"gated\"} 1").await;
    let with_body = Answer::to(house.client.request(Method::GET, "/gated").body("once")).await;
    assert_eq!((with_body.status, house.backend.requests()), (200, 2));
}

#[tokio::test]
async fn a_read_whose_failure_names_nothing_is_not_sent_again() {
    let house = house("20s", vec![failing("Internal Server Error"), well()]).await;
    house.client.get("/gated").await.expect(500);
    assert_eq!(house.backend.requests(), 1);
    // Nor is one on a route without needs.
    house.client.get("/elsewhere").await.expect(200);
    assert_eq!(house.backend.requests(), 2);
    let metrics = house.gateway.metrics().await;
    assert!(!metrics.contains("schemagate_replays_total{"), "{metrics}");
}

#[tokio::test]
async fn a_read_during_which_the_schema_broke_and_mended_is_sent_again_whatever_its_failure_says() {
    for first in [Step::Later(plain(500, "", "Internal Server Error")), Step::Break] {
        let house = house("100ms", vec![first, well()]).await;
        let answer = house.while_it_waits(Method::GET, "/gated", house.breaks_and_mends()).await;
        assert_eq!((answer.status, answer.text()), (200, "well"));
        assert_eq!(house.backend.requests(), 2);
        house.counted("schemagate_replays_total{result=\"mended\",route=\"gated\"} 1").await;
    }
}

#[tokio::test]
async fn a_rescued_read_that_was_mended_meanwhile_is_sent_again_too() {
    let house = house("100ms", vec![Step::Later(plain(500, "", "no table")), well()]).await;
    house.database.execute("DROP TABLE customers").await;
    house.gateway.verdict_becomes("customers", "broken", LIMIT).await;
    let mends = async {
        house.database.execute("CREATE TABLE customers (id int)").await;
        house.gateway.verdict_becomes("customers", "ready", LIMIT).await;
    };
    let answer = house.while_it_waits(Method::GET, "/rescued", mends).await;
    assert_eq!((answer.status, answer.text()), (200, "well"));
}

#[tokio::test]
async fn a_server_that_breaks_off_for_reasons_of_its_own_is_asked_once() {
    let house = house("20s", vec![Step::Break]).await;
    let answer = house.while_it_waits(Method::GET, "/gated", async {}).await.expect(502);
    assert_eq!(answer.json()["code"], "UPSTREAM_UNREACHABLE");
    assert_eq!(house.backend.requests(), 1);
    house.counted("schemagate_rechecks_total{result=\"unchanged\",route=\"gated\"} 1").await;
}

#[tokio::test]
async fn a_failure_that_is_held_back_passes_byte_for_byte_whatever_its_form() {
    let long = "0123456789 ".repeat(20_000);
    let head = "HTTP/1.1 500 Oh\r\nx-own: 1\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len()).into_bytes();
    let (one, other) = long.split_at(100_000);
    let pieces = vec![head.as_bytes().to_vec(), chunk(one), chunk(other), b"0\r\n\r\n".to_vec()];
    let house = house(
        "20s",
        vec![Step::Answer(pieces.concat()), Step::Pieces(pieces), failing(&long), failing(""), failing("short")],
    )
    .await;
    for (client, times) in [(house.client.clone(), 5), (Client::http2(house.gateway.port()), 1)] {
        for turn in 0..times {
            let answer = client.get("/gated").await.expect(500);
            let wanted = match turn {
                _ if times == 1 => "short",
                0..3 => &*long,
                3 => "",
                _ => "short",
            };
            assert!(answer.text() == wanted, "{turn}: {} bytes", answer.body.len());
        }
    }
    assert_eq!(house.backend.requests(), 6);
}

#[tokio::test]
async fn a_failure_whose_body_comes_slowly_is_not_held_back_for_long() {
    let mut pieces = vec![b"HTTP/1.1 500 Oh\r\ntransfer-encoding: chunked\r\n\r\n".to_vec()];
    pieces.extend((0..150).map(|_| b"1\r\nx\r\n".to_vec()));
    pieces.push(b"0\r\n\r\n".to_vec());
    let house = house("20s", vec![Step::Pieces(pieces)]).await;
    let mut response = house.client.request(Method::GET, "/gated").send().await.expect("an answer");
    let start = std::time::Instant::now();
    // The header is there long before the last of 150 pieces, 20 ms apart.
    let mut bytes = 0;
    while let Some(part) = response.chunk().await.expect("the body") {
        bytes += part.len();
    }
    assert_eq!(bytes, 150);
    assert!(start.elapsed() > Duration::from_secs(1), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_client_keeps_its_connection_after_a_failure_that_was_held_back() {
    let house = house("20s", vec![failing("Internal Server Error")]).await;
    let request = "GET /gated HTTP/1.1\r\nhost: a\r\n\r\n";
    let last = "GET /gated HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let answers = crate::house::raw(house.gateway.port(), format!("{request}{request}{last}").as_bytes()).await;
    assert_eq!(answers.matches("HTTP/1.1 500").count(), 3);
}

#[tokio::test]
async fn a_failure_that_breaks_off_while_it_is_held_back_is_a_502_and_not_half_an_answer() {
    let half = b"HTTP/1.1 500 Oh\r\ncontent-length: 100\r\nconnection: close\r\n\r\nhalf".to_vec();
    let database = Cluster::shared().database().await;
    database.execute("CREATE TABLE customers (id int)").await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let server = listener.local_addr().expect("it is bound").to_string();
    let serving = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut head).await;
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, &half).await;
        }
    });
    let gateway = Gateway::start(&format!(
        "[databases.main]\nurl = \"{}\"\nrefresh = \"20s\"\n[upstreams.api]\nservers = [\"{server}\"]\nhealth = false\n\
         [requirements.customers]\ntables = [\"customers\"]\n\
         [[routes]]\npath = \"/*\"\nneeds = [\"customers\"]\non_broken = {{ rescue = {{ json = [] }} }}\n",
        database.watcher_url()
    ))
    .await;
    gateway.client().get("/").await.expect(502);
    // Where it is rescued, its status was enough.
    database.execute("DROP TABLE customers").await;
    assert_eq!(gateway.client().get("/").await.expect(200).text(), "[]");
    gateway.verdict_becomes("customers", "broken", LIMIT).await;
    assert_eq!(gateway.client().get("/").await.expect(200).text(), "[]");
    serving.abort();
}

#[tokio::test]
async fn failures_that_go_on_and_on_are_soon_sent_once_each() {
    let house = house("20s", vec![failing(SAYS)]).await;
    let start = std::time::Instant::now();
    for _ in 0..60 {
        house.client.get("/gated").await.expect(500);
    }
    let sent = house.backend.requests();
    // Twenty looks are free, and then there is one a second.
    let seconds = usize::try_from(start.elapsed().as_secs()).expect("a few") + 1;
    assert!((61..=60 + 20 + seconds).contains(&sent), "{sent} requests in {seconds} s");
}
