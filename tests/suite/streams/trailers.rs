//! Trailers: of HTTP/1 they are read and go no further; between clients and backends of HTTP/2 they do.

use bytes::Bytes;
use http::HeaderMap;

use super::{before, by_hand};
use crate::house::{Http2Backend, Line, http2_connection};

#[tokio::test]
async fn trailers_of_http1_end_here_and_the_body_and_the_connection_are_whole() {
    let (listener, gateway) = by_hand("").await;
    let mut client = Line::to(gateway.port()).await;
    client.say("POST / HTTP/1.1\r\nhost: a.test\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n").await;
    client.say("5\r\nhello\r\n0\r\nx-sum: 7\r\nx-role: admin\r\n\r\n").await;
    let mut backend = Line::from(&listener).await;
    let request = backend.hear("\r\n0\r\n\r\n").await;
    assert!(request.contains("hello") && !request.contains("x-role") && !request.contains("x-sum: 7"), "{request}");

    backend.say("HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n5\r\nworld\r\n0\r\nx-late: 1\r\n\r\n").await;
    let answer = client.hear("\r\n0\r\n\r\n").await;
    assert!(answer.contains("world") && !answer.contains("x-late"), "{answer}");

    for _ in 0..2 {
        client.say("GET /next HTTP/1.1\r\nhost: a.test\r\n\r\n").await;
        let mut backend = Line::from(&listener).await;
        backend.hear("\r\n\r\n").await;
        backend.say("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok").await;
        assert!(client.hear("\r\n\r\nok").await.starts_with("HTTP/1.1 200 "));
    }
}

#[tokio::test]
async fn trailers_of_a_backend_of_http2_reach_a_client_of_http2_and_not_one_of_http1() {
    let backend = Http2Backend::start(|_request, mut respond| async move {
        let head = http::Response::builder().header("trailer", "x-sum").body(()).expect("a head");
        let mut body = respond.send_response(head, false)?;
        body.send_data(Bytes::from_static(b"hello"), false)?;
        body.send_trailers(trailers())
    })
    .await;
    let gateway = before(backend.address(), "http2 = true").await;

    let mut sender = http2_connection(gateway.port()).await.ready().await.expect("a connection");
    let request = http::Request::get("http://a.test/").body(()).expect("a request");
    let (answer, _) = sender.send_request(request, true).expect("it is sent");
    let mut body = answer.await.expect("an answer").into_body();
    assert_eq!(body.data().await.expect("a body").expect("a body"), "hello");
    assert!(body.data().await.is_none());
    assert_eq!(body.trailers().await.expect("an end"), Some(trailers()));

    let mut client = Line::to(gateway.port()).await;
    client.say("GET / HTTP/1.1\r\nhost: a.test\r\nte: trailers\r\nconnection: te\r\n\r\n").await;
    let answer = client.hear("\r\n0\r\n\r\n").await;
    assert!(answer.contains("hello") && !answer.contains("x-sum: 7"), "{answer}");
}

fn trailers() -> HeaderMap {
    [("x-sum", "7"), ("x-empty", "")]
        .map(|(name, value)| (http::HeaderName::from_static(name), http::HeaderValue::from_static(value)))
        .into_iter()
        .collect()
}
