//! gRPC, by its frames: unary and streaming calls, statuses in trailers, deadlines, and a schema that is not there.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use h2::client::SendRequest;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderValue, Request, Response};
use tokio::time::timeout;

use super::before;
use crate::house::{Gateway, Http2Backend, SqliteFile, http2_connection, receive, send};

const LIMIT: Duration = Duration::from_secs(20);

/// A message with gRPC's prefix: not compressed, and its length.
fn framed(message: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(message.len() + 5);
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(message.len()).expect("a short message"));
    bytes.put_slice(message);
    bytes.freeze()
}

/// Reads messages, however the pieces of the body come.
struct Messages {
    body: RecvStream,
    come: BytesMut,
}

impl Messages {
    fn of(body: RecvStream) -> Self {
        Self { body, come: BytesMut::new() }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, h2::Error> {
        loop {
            if let [0, a, b, c, d, ..] = self.come[..] {
                let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).expect("a length");
                if self.come.len() >= length + 5 {
                    return Ok(Some(self.come.split_to(length + 5).split_off(5).freeze()));
                }
            }
            match receive(&mut self.body).await? {
                Some(piece) => self.come.extend_from_slice(&piece),
                None if self.come.is_empty() => return Ok(None),
                None => panic!("it ends within a message: {:?}", self.come),
            }
        }
    }

    /// The status and the message that the trailers tell.
    async fn status(&mut self) -> (String, String) {
        let trailers = timeout(LIMIT, self.body.trailers()).await.expect("an end").expect("an end");
        status(&trailers.expect("a call ends with trailers"))
    }
}

fn status(headers: &HeaderMap) -> (String, String) {
    let text = |name| headers.get(name).map_or("", |value| value.to_str().expect("text")).to_owned();
    (text("grpc-status"), text("grpc-message"))
}

fn trailers(status: &'static str, message: &'static str) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static(status));
    trailers.insert("grpc-message", HeaderValue::from_static(message));
    // A value that is no text travels as base64 in a name that ends so.
    trailers.insert("x-detail-bin", HeaderValue::from_static("AP8"));
    trailers
}

/// A service as generated code would answer for it.
async fn service(request: Request<RecvStream>, mut respond: SendResponse<Bytes>) -> Result<(), h2::Error> {
    assert_eq!(request.headers()["te"], "trailers", "gRPC asks for it");
    assert_eq!(request.headers()["grpc-timeout"], "9S");
    let path = request.uri().path().to_owned();
    let mut asked = Messages::of(request.into_body());
    let head = Response::builder().header("content-type", "application/grpc+proto");
    if path == "/shop.Orders/Denied" {
        // Nothing but a status: it comes with the head.
        let head = head.header("grpc-status", "7").header("grpc-message", "not%20yours").body(()).expect("a head");
        return respond.send_response(head, true).map(drop);
    }
    let mut body = respond.send_response(head.body(()).expect("a head"), false)?;
    match path.as_str() {
        "/shop.Orders/Get" => {
            let message = asked.next().await?.expect("a message");
            send(&mut body, framed(&message), false).await?;
        }
        "/shop.Orders/List" => {
            let message = asked.next().await?.expect("a message");
            for number in 0..message[0] {
                send(&mut body, framed(&[number; 1000]), false).await?;
            }
        }
        "/shop.Orders/Add" => {
            let mut sum = 0_usize;
            while let Some(message) = asked.next().await? {
                sum += message.len();
            }
            send(&mut body, framed(sum.to_string().as_bytes()), false).await?;
        }
        "/shop.Orders/Talk" => {
            while let Some(message) = asked.next().await? {
                send(&mut body, framed(&message), false).await?;
            }
        }
        "/shop.Orders/FailsLate" => {
            send(&mut body, framed(b"one"), false).await?;
            return body.send_trailers(trailers("10", "changed%20meanwhile"));
        }
        "/shop.Orders/Breaks" => {
            send(&mut body, framed(b"one"), false).await?;
            // A reset overtakes what is not sent yet: the client says that it came.
            asked.next().await?;
            body.send_reset(Reason::INTERNAL_ERROR);
            return Ok(());
        }
        other => panic!("nobody calls {other}"),
    }
    body.send_trailers(trailers("0", ""))
}

async fn house() -> (Http2Backend, Gateway, SendRequest<Bytes>) {
    let backend = Http2Backend::start(service).await;
    let gateway = before(backend.address(), "http2 = true").await;
    let sender = http2_connection(gateway.port()).await;
    (backend, gateway, sender)
}

/// Begins a call: where its messages go, and what comes back.
async fn call(sender: &SendRequest<Bytes>, method: &str) -> (SendStream<Bytes>, h2::client::ResponseFuture) {
    let mut sender = sender.clone().ready().await.expect("a stream");
    let request = Request::post(format!("http://a.test/shop.Orders/{method}"))
        .header("content-type", "application/grpc+proto")
        .header("te", "trailers")
        .header("grpc-timeout", "9S")
        .body(())
        .expect("a request");
    let (answer, body) = sender.send_request(request, false).expect("it is sent");
    (body, answer)
}

async fn begins(answer: h2::client::ResponseFuture) -> Messages {
    let answer = timeout(LIMIT, answer).await.expect("an answer in time").expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/grpc+proto");
    Messages::of(answer.into_body())
}

#[tokio::test]
async fn a_unary_call_is_answered_with_its_message_and_its_status() {
    let (_backend, _gateway, sender) = house().await;
    for length in [0, 1, 100_000] {
        let (mut asks, answer) = call(&sender, "Get").await;
        let message = vec![7; length];
        send(&mut asks, framed(&message), true).await.expect("it is taken");
        let mut says = begins(answer).await;
        assert_eq!(says.next().await.expect("a message").expect("a message"), message);
        assert_eq!(says.next().await.expect("the end"), None);
        assert_eq!(says.status().await, ("0".to_owned(), String::new()));
    }
}

#[tokio::test]
async fn a_server_streams_a_client_streams_and_the_messages_are_whole() {
    let (_backend, _gateway, sender) = house().await;
    let (mut asks, answer) = call(&sender, "List").await;
    send(&mut asks, framed(&[200]), true).await.expect("it is taken");
    let mut says = begins(answer).await;
    for number in 0..200 {
        assert_eq!(says.next().await.expect("a message").expect("a message"), vec![number; 1000]);
    }
    assert_eq!((says.next().await.expect("the end"), says.status().await.0.as_str()), (None, "0"));

    let (mut asks, answer) = call(&sender, "Add").await;
    for length in 1..=200 {
        send(&mut asks, framed(&vec![1; length]), length == 200).await.expect("it is taken");
    }
    let mut says = begins(answer).await;
    assert_eq!(says.next().await.expect("a message").expect("a message"), "20100");
    assert_eq!((says.next().await.expect("the end"), says.status().await.0.as_str()), (None, "0"));
}

#[tokio::test]
async fn in_a_call_that_streams_both_ways_each_message_is_answered_before_the_next_is_sent() {
    let (_backend, _gateway, sender) = house().await;
    let (mut asks, answer) = call(&sender, "Talk").await;
    send(&mut asks, framed(b"first"), false).await.expect("it is taken");
    let mut says = begins(answer).await;
    assert_eq!(says.next().await.expect("a message").expect("a message"), "first");
    for number in 0..100_u8 {
        send(&mut asks, framed(&[number]), false).await.expect("it is taken");
        let back = timeout(LIMIT, says.next()).await.expect("at once, and not at the end");
        assert_eq!(back.expect("a message").expect("a message"), vec![number]);
    }
    asks.send_data(Bytes::new(), true).expect("the end");
    assert_eq!((says.next().await.expect("the end"), says.status().await.0.as_str()), (None, "0"));
}

#[tokio::test]
async fn a_status_comes_through_whether_it_comes_alone_late_or_not_at_all() {
    let (_backend, _gateway, sender) = house().await;
    let (mut asks, answer) = call(&sender, "Denied").await;
    send(&mut asks, framed(b""), true).await.expect("it is taken");
    let head = timeout(LIMIT, answer).await.expect("in time").expect("an answer");
    assert_eq!(status(head.headers()), ("7".to_owned(), "not%20yours".to_owned()));
    assert!(head.body().is_end_stream(), "the status comes alone");

    let (mut asks, answer) = call(&sender, "FailsLate").await;
    send(&mut asks, framed(b""), true).await.expect("it is taken");
    let mut says = begins(answer).await;
    assert_eq!(says.next().await.expect("a message").expect("a message"), "one");
    assert_eq!(says.next().await.expect("the end"), None);
    assert_eq!(says.status().await, ("10".to_owned(), "changed%20meanwhile".to_owned()));

    let (mut asks, answer) = call(&sender, "Breaks").await;
    let mut says = begins(answer).await;
    assert_eq!(says.next().await.expect("a message").expect("a message"), "one");
    send(&mut asks, framed(b"it came"), false).await.expect("it is taken");
    assert!(says.next().await.is_err(), "what breaks off does not look whole");
}

#[tokio::test]
async fn a_call_whose_schema_is_not_there_is_unavailable_and_reaches_nobody() {
    let backend = Http2Backend::start(service).await;
    let database = SqliteFile::of("CREATE TABLE other (id int)");
    let gateway = Gateway::start(&format!(
        r#"
        [databases.main]
        url = "{}"
        refresh = "100ms"
        [upstreams.api]
        servers = ["{}"]
        http2 = true
        [requirements.orders]
        tables = ["orders"]
        [[routes]]
        path = "/shop.Orders/*"
        needs = ["orders"]
        "#,
        database.url(),
        backend.address()
    ))
    .await;
    let sender = http2_connection(gateway.port()).await;
    // A stream that the client has not ended yet is refused as well, at once.
    for ends in [true, false] {
        let (mut asks, answer) = call(&sender, if ends { "Get" } else { "Talk" }).await;
        send(&mut asks, framed(b"x"), ends).await.expect("it is taken");
        let answer = timeout(LIMIT, answer).await.expect("at once").expect("an answer");
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["content-type"]),
            (200, &"application/grpc".parse().unwrap())
        );
        let (status, message) = status(answer.headers());
        assert_eq!(status, "14");
        assert!(!message.is_empty() && !message.contains("orders"), "{message}");
        assert!(answer.headers().contains_key("retry-after") && answer.body().is_end_stream());
    }
    database.execute("CREATE TABLE orders (id int)");
    gateway.verdict_becomes("orders", "ready", LIMIT).await;
    let (mut asks, answer) = call(&sender, "Get").await;
    send(&mut asks, framed(b"x"), true).await.expect("it is taken");
    assert_eq!(begins(answer).await.next().await.expect("a message").expect("a message"), "x");
}
