//! Web sockets: every kind of message and every way to end, both ways; and bytes that nobody looks at.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{before, by_hand};
use crate::house::{Gateway, Line, odd_body, pattern};

const LIMIT: Duration = Duration::from_secs(30);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A backend that says back what it hears, and does what a text tells it to.
struct Talker {
    port: u16,
    serving: JoinHandle<()>,
}

impl Talker {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let serving = tokio::spawn(async move {
            let mut talks = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                talks.spawn(talk(stream));
            }
        });
        Self { port, serving }
    }
}

impl Drop for Talker {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn talk(stream: TcpStream) -> Result<(), Error> {
    let mut socket = tokio_tungstenite::accept_async(stream).await?;
    while let Some(message) = socket.next().await {
        let message = message?;
        let told = message.is_text().then(|| message.to_text().map(str::to_owned)).transpose()?.unwrap_or_default();
        match told.split(' ').collect::<Vec<_>>()[..] {
            ["close", code, reason] => socket.close(Some(closing(code.parse().expect("a code"), reason))).await?,
            ["ping", with] => socket.send(Message::Ping(with.to_owned().into())).await?,
            ["push", count] => {
                for number in 0..count.parse::<usize>().expect("a number") {
                    socket.send(Message::text(number.to_string())).await?;
                }
            }
            ["vanish"] => return Ok(()),
            // A ping is answered by the library, and a close as well.
            _ if message.is_text() || message.is_binary() => socket.send(message).await?,
            _ => socket.flush().await?,
        }
    }
    Ok(())
}

fn closing(code: u16, reason: &str) -> CloseFrame {
    CloseFrame { code: CloseCode::from(code), reason: reason.to_owned().into() }
}

async fn house() -> (Talker, Gateway) {
    let talker = Talker::start().await;
    let gateway = before(format!("127.0.0.1:{}", talker.port), "").await;
    (talker, gateway)
}

async fn connect(gateway: &Gateway) -> Socket {
    connect_async(format!("ws://127.0.0.1:{}/ws", gateway.port())).await.expect("an upgrade").0
}

async fn hear(socket: &mut Socket) -> Message {
    timeout(LIMIT, socket.next()).await.expect("in time").expect("a message").expect("a message")
}

#[tokio::test]
async fn text_and_binary_messages_of_every_size_come_back_as_they_were() {
    let (_talker, gateway) = house().await;
    let mut socket = connect(&gateway).await;
    let large: Vec<u8> = (0..4_000_000).map(pattern).collect();
    // The lengths at which a frame's header changes, and beyond.
    let lengths = [0, 1, 125, 126, 65_535, 65_536];
    let sized = lengths.map(|length| Message::binary(large[..length].to_vec()));
    let texts = ["", "hello", "grüß €uch 🦀"].map(Message::text);
    for message in texts.into_iter().chain(sized).chain([Message::binary(odd_body()), Message::binary(large)]) {
        socket.send(message.clone()).await.expect("sent");
        assert!(hear(&mut socket).await == message, "a message of {} bytes is another one", message.len());
    }
}

#[tokio::test]
async fn pings_and_pongs_go_both_ways_with_what_they_carry() {
    let (_talker, gateway) = house().await;
    let mut socket = connect(&gateway).await;
    socket.send(Message::Ping("are you there".into())).await.expect("sent");
    assert_eq!(hear(&mut socket).await, Message::Pong("are you there".into()));
    socket.send(Message::text("ping 42")).await.expect("sent");
    assert_eq!(hear(&mut socket).await, Message::Ping("42".into()));
    // The pong that the library sends by itself is no mistake on the other side.
    socket.send(Message::text("and on")).await.expect("sent");
    assert_eq!(hear(&mut socket).await, Message::text("and on"));
}

#[tokio::test]
async fn a_message_in_fragments_with_a_ping_between_them_is_one_message() {
    let (_talker, gateway) = house().await;
    let mut socket = connect(&gateway).await;
    let fragment = |opcode, text: &'static str, last| Message::Frame(Frame::message(text, OpCode::Data(opcode), last));
    socket.send(fragment(Data::Text, "one ", false)).await.expect("sent");
    socket.send(Message::Ping("between".into())).await.expect("sent");
    assert_eq!(hear(&mut socket).await, Message::Pong("between".into()), "before the message is whole");
    socket.send(fragment(Data::Continue, "two ", false)).await.expect("sent");
    socket.send(fragment(Data::Continue, "three", true)).await.expect("sent");
    assert_eq!(hear(&mut socket).await, Message::text("one two three"));
}

#[tokio::test]
async fn who_closes_is_heard_with_code_and_reason_on_either_side() {
    let (_talker, gateway) = house().await;
    let mut socket = connect(&gateway).await;
    socket.send(Message::text("close 4001 enough")).await.expect("sent");
    assert_eq!(hear(&mut socket).await, Message::Close(Some(closing(4001, "enough"))));
    assert!(timeout(LIMIT, socket.next()).await.expect("the end").is_none());

    let mut socket = connect(&gateway).await;
    socket.close(Some(closing(1000, "bye"))).await.expect("sent");
    // The answer to a close has the same code (RFC 6455, 5.5.1).
    assert_eq!(hear(&mut socket).await, Message::Close(Some(closing(1000, "bye"))));
    assert!(timeout(LIMIT, socket.next()).await.expect("the end").is_none());

    let mut socket = connect(&gateway).await;
    socket.send(Message::text("vanish")).await.expect("sent");
    let end = timeout(LIMIT, socket.next()).await.expect("the end is noticed");
    assert!(!matches!(end, Some(Ok(_))), "who vanishes does not seem to close: {end:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_sockets_at_once_hear_each_its_own_while_a_backend_pushes() {
    let (_talker, gateway) = house().await;
    let mut talks = JoinSet::new();
    for number in 0..30 {
        let mut socket = connect(&gateway).await;
        talks.spawn(async move {
            if number % 3 == 0 {
                socket.send(Message::text("push 500")).await.expect("sent");
                for count in 0..500 {
                    assert_eq!(hear(&mut socket).await, Message::text(count.to_string()));
                }
                return;
            }
            for round in 0..100 {
                let message = Message::text(format!("{number} says {round}"));
                socket.send(message.clone()).await.expect("sent");
                assert_eq!(hear(&mut socket).await, message);
            }
        });
    }
    while let Some(ended) = talks.join_next().await {
        ended.expect("a socket's own checks");
    }
    gateway.client().request(http::Method::GET, "/").send().await.expect("an answer");
}

#[tokio::test]
async fn once_upgraded_bytes_go_through_that_are_no_frames_also_those_that_came_with_the_handshake() {
    let (listener, gateway) = by_hand("").await;
    let mut client = Line::to(gateway.port()).await;
    let handshake = "GET /ws HTTP/1.1\r\nhost: a.test\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
                     sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    client.say(handshake).await;
    let mut backend = Line::from(&listener).await;
    let head = backend.hear("\r\n\r\n").await.to_ascii_lowercase();
    assert!(
        head.contains("upgrade: websocket") && head.contains("sec-websocket-key: dghlihnhbxbszsbub25jzq=="),
        "{head}"
    );
    let switch = "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
                  sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nsec-websocket-protocol: chat\r\n\r\nat once";
    backend.say(switch).await;
    let answer = client.hear("\r\n\r\n").await.to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 101 ") && answer.contains("sec-websocket-protocol: chat"), "{answer}");
    assert_eq!(client.bytes(7).await, b"at once");
    let odd = odd_body();
    client.say(&odd).await;
    assert!(backend.bytes(odd.len()).await == odd);
    // What looks like a request is none any more.
    backend.say("GET / HTTP/1.1\r\n\r\n").await;
    assert_eq!(client.hear("\r\n\r\n").await, "GET / HTTP/1.1\r\n\r\n");
    drop(backend);
    assert!(client.rest().await.is_empty());
}

#[tokio::test]
async fn a_handshake_that_the_backend_declines_is_an_answer_like_any_other() {
    let (listener, gateway) = by_hand("").await;
    let mut client = Line::to(gateway.port()).await;
    let handshake = "GET /ws HTTP/1.1\r\nhost: a.test\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
                     sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    client.say(handshake).await;
    let mut backend = Line::from(&listener).await;
    backend.hear("\r\n\r\n").await;
    backend.say("HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\nwww-authenticate: Bearer\r\n\r\nno").await;
    let answer = client.hear("\r\n\r\nno").await;
    assert!(
        answer.starts_with("HTTP/1.1 401 ") && answer.to_ascii_lowercase().contains("www-authenticate: bearer"),
        "{answer}"
    );
}
