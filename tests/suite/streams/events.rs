//! Server-sent events, and whatever else comes a piece at a time: a piece arrives when it is sent.

use std::time::Duration;

use futures_util::StreamExt;
use http::Method;

use super::by_hand;
use crate::house::{Client, Gateway, Line, SqliteFile};

const LIMIT: Duration = Duration::from_secs(20);
const READ_TIMEOUT: Duration = Duration::from_millis(300);

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

#[tokio::test]
async fn each_event_arrives_before_the_next_one_is_sent() {
    let (listener, gateway) = by_hand("").await;
    for (client, head) in [
        (gateway.client(), "transfer-encoding: chunked\r\n"),
        (gateway.client(), "connection: close\r\n"),
        (Client::http2(gateway.port()), "transfer-encoding: chunked\r\n"),
    ] {
        let asked = tokio::spawn(client.request(Method::GET, "/events").header("accept", "text/event-stream").send());
        let mut backend = Line::from(&listener).await;
        backend.hear("\r\n\r\n").await;
        backend.say(format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n{head}\r\n")).await;
        let answer = asked.await.expect("a task").expect("a head before the first event");
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let mut events = answer.bytes_stream();
        for number in 0..100 {
            let event = format!("id: {number}\ndata: {}\n\n", "x".repeat(number));
            backend.say(if head.starts_with("transfer") { chunk(&event) } else { event.clone() }).await;
            let came = tokio::time::timeout(LIMIT, events.next()).await.expect("at once");
            assert_eq!(came.expect("an event").expect("an event"), event);
        }
        if head.starts_with("transfer") {
            backend.say("0\r\n\r\n").await;
        }
        drop(backend);
        let rest = events.map(|piece| piece.expect("an end")).collect::<Vec<_>>();
        // The end of a stream may be an empty piece.
        assert_eq!(tokio::time::timeout(LIMIT, rest).await.expect("the end").concat(), b"", "{head}");
    }
}

#[tokio::test]
async fn between_two_events_there_may_be_more_time_than_between_two_reads_of_an_answer() {
    let (listener, gateway) = by_hand(&format!("read_timeout = \"{}ms\"", READ_TIMEOUT.as_millis())).await;
    let mut client = Line::to(gateway.port()).await;
    client.say("GET /events HTTP/1.1\r\nhost: a.test\r\naccept: text/event-stream\r\n\r\n").await;
    let mut backend = Line::from(&listener).await;
    backend.hear("\r\n\r\n").await;
    backend.say("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n").await;
    client.hear("\r\n\r\n").await;
    for event in ["data: one\n\n", "data: two\n\n"] {
        assert!(client.is_silent_for(3 * READ_TIMEOUT).await);
        backend.say(chunk(event)).await;
        // With the end of the chunk.
        client.hear(&format!("{event}\r\n")).await;
    }
}

#[tokio::test]
async fn a_client_that_leaves_is_told_to_the_backend() {
    let (listener, gateway) = by_hand("").await;
    let mut client = Line::to(gateway.port()).await;
    client.say("GET /events HTTP/1.1\r\nhost: a.test\r\n\r\n").await;
    let mut backend = Line::from(&listener).await;
    backend.hear("\r\n\r\n").await;
    backend.say("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n").await;
    client.hear("\r\n\r\n").await;
    drop(client);
    assert!(backend.rest().await.is_empty(), "the connection ends, although nothing was sent meanwhile");
}

#[tokio::test]
async fn events_of_a_route_that_is_gated_are_not_gathered_either() {
    let database = SqliteFile::of("CREATE TABLE orders (id int)");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let gateway = Gateway::start(&format!(
        r#"
        [databases.main]
        url = "{}"
        refresh = "100ms"
        [upstreams.api]
        servers = ["{}"]
        [requirements.orders]
        tables = ["orders"]
        [[routes]]
        path = "/*"
        needs = ["orders"]
        on_broken = {{ stale = {{ up_to = "10m" }} }}
        "#,
        database.url(),
        listener.local_addr().expect("it is bound")
    ))
    .await;
    let mut client = Line::to(gateway.port()).await;
    client.say("GET /events HTTP/1.1\r\nhost: a.test\r\n\r\n").await;
    let mut backend = Line::from(&listener).await;
    backend.hear("\r\n\r\n").await;
    backend.say("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n").await;
    client.hear("\r\n\r\n").await;
    for event in ["data: one\n\n", "data: two\n\n", "data: three\n\n"] {
        backend.say(chunk(event)).await;
        client.hear(event).await;
    }
    // What breaks under a stream that has begun does not touch it.
    database.execute("DROP TABLE orders");
    gateway.verdict_becomes("orders", "broken", LIMIT).await;
    backend.say(chunk("data: four\n\n")).await;
    client.hear("data: four\n\n").await;
}
