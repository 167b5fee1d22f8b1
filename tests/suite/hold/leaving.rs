//! A client that leaves frees its place, and a process that ends keeps nobody.

use nix::sys::signal::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

/// From a client's leaving to its place being free, and what a busy machine of two cores may add: it would have waited a minute.
const FREED: Duration = Duration::from_secs(5);

impl Shop {
    /// Waits until nobody waits any more, since a client left at `left`.
    async fn is_freed(&self, left: Instant, who: &str) {
        self.holds(0).await;
        assert!(left.elapsed() < FREED, "{who} kept its place for {:?}", left.elapsed());
    }
}

async fn connect(shop: &Shop, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", shop.gateway.port())).await.expect("it is open");
    stream.write_all(request.as_bytes()).await.expect("it is sent");
    stream
}

#[tokio::test]
async fn a_client_that_leaves_frees_its_place_at_once_whatever_it_had_sent() {
    let shop = Shop::open("up_to = \"60s\", max_requests = 1").await;
    for request in [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    ] {
        let stream = connect(&shop, request).await;
        shop.holds(1).await;
        let left = Instant::now();
        drop(stream);
        shop.is_freed(left, request).await;
    }
    assert_eq!((shop.ended("client_left").await, shop.ended("full").await, shop.echo.requests()), (6, 0, 0));
}

#[tokio::test]
async fn a_stream_that_is_reset_frees_its_place_at_once() {
    let shop = Shop::open("up_to = \"60s\", max_requests = 1").await;
    let stream = TcpStream::connect(("127.0.0.1", shop.gateway.port())).await.expect("it is open");
    let (mut client, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
    tokio::spawn(connection);
    for end in [true, false] {
        let request = http::Request::get("http://a/").body(()).expect("a request");
        let (answer, mut body) = client.send_request(request, end).expect("it is sent");
        shop.holds(1).await;
        let left = Instant::now();
        body.send_reset(h2::Reason::CANCEL);
        shop.is_freed(left, "a stream").await;
        drop(answer);
    }
    drop(client);
    assert_eq!(shop.ended("client_left").await, 2);
}

#[tokio::test]
async fn a_body_that_is_malformed_is_told_so_while_it_waits() {
    let shop = Shop::open("up_to = \"60s\"").await;
    let mut stream =
        connect(&shop, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n").await;
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    assert!(!answer.contains(" 200 ") && shop.echo.requests() == 0, "{answer}");
    shop.holds(0).await;
}

#[tokio::test]
async fn a_process_that_ends_refuses_those_who_wait_at_once() {
    let mut shop = Shop::open("up_to = \"60s\"").await;
    let waiting: Vec<_> = (0..5).map(|_| starts(shop.get("/orders"))).collect();
    shop.holds(5).await;
    let told = Instant::now();
    shop.gateway.signal(Signal::SIGTERM);
    for waiting in waiting {
        waiting.await.expect("an answer").0.expect(503);
    }
    assert!(told.elapsed() < LIMIT, "{:?}", told.elapsed());
    assert!(shop.gateway.ends_within(LIMIT).is_some_and(|status| status.success()));
}
