//! What a client may take, and for how long.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::house::{Echo, Gateway, eventually};

/// What a busy machine may add to a second.
const SOON: Duration = Duration::from_secs(10);

struct House {
    echo: Echo,
    gateway: Gateway,
}

impl House {
    async fn open(limits: &str) -> Self {
        Self::open_with("", limits).await
    }

    async fn open_with(listen: &str, limits: &str) -> Self {
        let echo = Echo::start().await;
        let config = format!(
            "[limits]\n{limits}\n[upstreams.api]\nservers = [\"{}\"]\n[[routes]]\npath = \"/*\"\n",
            echo.address()
        );
        Self { gateway: Gateway::start_with(listen, "", &config).await, echo }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.gateway.port())).await.expect("it is open")
    }

    async fn metric(&self, name: &str) -> u64 {
        let metrics = self.gateway.metrics().await;
        metrics.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok()).unwrap_or(0)
    }
}

/// Sends `piece` again and again until the other side closes, and gives what it said and when.
async fn drips(mut client: TcpStream, first: &[u8], piece: &[u8]) -> (String, Duration) {
    let began = Instant::now();
    let (mut from, mut to) = client.split();
    let drip = async {
        if to.write_all(first).await.is_err() {
            return;
        }
        while to.write_all(piece).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let mut answer = Vec::new();
    let listen = from.read_to_end(&mut answer);
    let both = async {
        tokio::select! { _ = listen => {}, () = drip => {} }
    };
    tokio::time::timeout(Duration::from_secs(30), both).await.expect("the other side closes");
    (String::from_utf8_lossy(&answer).into_owned(), began.elapsed())
}

/// Reads one answer of `Echo`, whose body is the header that it got.
async fn answer(client: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    while answer.windows(4).filter(|four| four == b"\r\n\r\n").count() < 2 {
        let read = tokio::time::timeout(SOON, client.read_buf(&mut answer)).await.expect("an answer in time");
        assert_ne!(read.expect("an answer"), 0, "closed: {}", String::from_utf8_lossy(&answer));
    }
    String::from_utf8_lossy(&answer).into_owned()
}

async fn is_closed(client: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(SOON, client.read_to_end(&mut rest)).await.expect("it is closed");
    rest
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn a_header_that_drips_has_so_much_time_as_a_whole_and_is_told_so() {
    let house = House::open("header_time = \"1s\"").await;
    let (answer, took) = drips(house.connect().await, b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"a").await;
    assert!(took >= Duration::from_secs(1) && took < SOON, "{took:?}");
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.to_lowercase().contains("connection: close"), "{answer}");
    let line = house.gateway.logged("did not arrive in time").await;
    assert!(line.contains("\"status\":408") && line.contains("\"client\":\"127.0.0.1\""), "{line}");
    assert_eq!(house.echo.requests(), 0);
}

#[tokio::test]
async fn a_header_may_be_as_large_as_was_said() {
    let house = House::open("header_bytes = \"2KiB\"").await;
    for (bytes, status) in [(1900, "200"), (2100, "431")] {
        let mut client = house.connect().await;
        let request = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "a".repeat(bytes));
        client.write_all(request.as_bytes()).await.expect("it is sent");
        let mut answer = [0; 12];
        client.read_exact(&mut answer).await.expect("an answer");
        assert_eq!(&answer[9..], status.as_bytes());
    }
}

#[tokio::test]
async fn silence_before_a_request_ends_a_connection_without_a_word() {
    let house = House::open("idle = \"1s\"").await;
    let mut new = house.connect().await;
    let mut used = house.connect().await;
    used.write_all(REQUEST).await.expect("it is sent");
    answer(&mut used).await;
    let began = Instant::now();
    for client in [&mut new, &mut used] {
        assert!(is_closed(client).await.is_empty());
    }
    assert!(began.elapsed() < SOON);
}

#[tokio::test]
async fn a_connection_brings_so_many_requests_and_the_last_answer_says_so() {
    let house = House::open("requests_per_connection = 3").await;
    let mut client = house.connect().await;
    for number in 1..=3 {
        client.write_all(REQUEST).await.expect("it is sent");
        let answer = answer(&mut client).await.to_lowercase();
        assert_eq!(answer.contains("connection: close"), number == 3, "{number}: {answer}");
    }
    assert!(is_closed(&mut client).await.is_empty());
    assert_eq!(house.echo.requests(), 3);
}

#[tokio::test]
async fn a_body_that_drips_is_given_up_and_one_that_pauses_is_not() {
    let house = House::open("body_rate = \"1KiB\"\nbody_time = \"1s\"").await;
    let head = b"POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n";
    for (chunked, piece) in [(false, b"a".as_slice()), (true, b"1\r\na\r\n")] {
        let framing = if chunked { "Transfer-Encoding: chunked" } else { "Content-Length: 100000" };
        let first = format!("POST /count HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n");
        let (answer, took) = drips(house.connect().await, first.as_bytes(), piece).await;
        assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(20), "{took:?}");
        assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    let mut client = house.connect().await;
    let body: Vec<u8> = (0..6).map(crate::house::pattern).collect();
    client.write_all(head).await.expect("it is sent");
    tokio::time::sleep(Duration::from_millis(200)).await;
    client.write_all(&body).await.expect("it is sent");
    let mut answer = [0; 12];
    client.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 200");
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_its_answer_is_given_up() {
    let house = House::open("send_time = \"1s\"").await;
    let socket = TcpSocket::new_v4().expect("a socket");
    // What the kernel takes for it is soon full.
    socket.set_recv_buffer_size(4096).expect("it is its own");
    let mut client = socket.connect(([127, 0, 0, 1], house.gateway.port()).into()).await.expect("it is open");
    client.write_all(b"GET /bytes/200000000 HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("it is sent");
    let line = house.gateway.logged("/bytes/200000000").await;
    assert!(line.contains("\"error\""), "{line}");
    drop(client);
}

#[tokio::test]
async fn so_many_connections_of_an_address_are_let_in_and_another_one_when_one_has_left() {
    for (listen, limits, limit) in [
        ("trusted_proxies = []", "connections_per_address = 3", "connections_per_address"),
        ("", "connections_per_address = 1\nconnections = 3", "connections"),
    ] {
        let house = House::open_with(listen, limits).await;
        let mut clients = Vec::new();
        for _ in 0..3 {
            let mut client = house.connect().await;
            client.write_all(REQUEST).await.expect("it is sent");
            answer(&mut client).await;
            clients.push(client);
        }
        assert_eq!(house.metric("schemagate_connections ").await, 3);
        let mut fourth = house.connect().await;
        assert!(is_closed(&mut fourth).await.is_empty(), "{limit}");
        let refused = format!("schemagate_connections_refused_total{{limit=\"{limit}\"}}");
        assert_eq!(house.metric(&refused).await, 1);
        house.gateway.logged("too many connections").await;
        clients.pop();
        eventually("there is room again", SOON, async || {
            (house.metric("schemagate_connections ").await == 2).then_some(())
        })
        .await;
        let mut next = house.connect().await;
        next.write_all(REQUEST).await.expect("it is sent");
        answer(&mut next).await;
    }
}

/// HTTP/2 by its frames.
struct Frames(TcpStream);

const GET: &[u8] = &[0x82, 0x84, 0x86, 0x41, 1, b'a'];

impl Frames {
    async fn begin(house: &House) -> Self {
        let mut frames = Self(house.connect().await);
        frames.0.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.expect("it is sent");
        assert!(frames.send(4, 0, 0, &[]).await);
        frames
    }

    /// Whether it could be sent.
    async fn send(&mut self, kind: u8, flags: u8, stream: u32, content: &[u8]) -> bool {
        let length = u8::try_from(content.len()).expect("a short one");
        let bytes = [&[0, 0, length, kind, flags], &stream.to_be_bytes()[..], content].concat();
        self.0.write_all(&bytes).await.is_ok()
    }

    /// Reads until it is closed.
    async fn until_closed(mut self) {
        is_closed(&mut self.0).await;
    }
}

#[tokio::test]
async fn who_takes_back_request_after_request_is_cut_off_and_others_are_served() {
    let house = House::open("http2_resets = 50").await;
    let mut frames = Frames::begin(&house).await;
    let mut some = [0; 4096];
    for stream in (1..200).step_by(2) {
        // Each is at work already, so that it is no longer the protocol's own bound that counts.
        let asked = frames.send(1, 5, stream, GET).await && matches!(frames.0.read(&mut some).await, Ok(1..));
        if !(asked && frames.send(3, 0, stream, &[0, 0, 0, 8]).await) {
            break;
        }
    }
    frames.until_closed().await;
    let ended = "schemagate_connections_ended_total{limit=\"http2_resets\"}";
    eventually("it is counted", SOON, async || (house.metric(ended).await == 1).then_some(())).await;
    house.gateway.logged("limits.http2_resets").await;
    house.gateway.client().get("/").await.expect(200);

    // Many at once do not even get to the backend.
    let before = house.echo.requests();
    let mut burst = Vec::from(*b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    for stream in (1_u32..4_000).step_by(2) {
        burst.extend([&[0, 0, 6, 1, 5][..], &stream.to_be_bytes(), GET].concat());
        burst.extend([&[0, 0, 4, 3, 0][..], &stream.to_be_bytes(), &[0, 0, 0, 8]].concat());
    }
    let mut client = house.connect().await;
    let _ = client.write_all(&burst).await;
    is_closed(&mut client).await;
    assert!(house.echo.requests() - before <= 100, "{}", house.echo.requests() - before);
}

#[tokio::test]
async fn frames_that_bring_nothing_are_not_answered_for_ever() {
    for (kind, content) in [(6, &[0; 8][..]), (4, &[]), (2, &[0; 5])] {
        let house = House::open("http2_control_frames = 100").await;
        let mut frames = Frames::begin(&house).await;
        for _ in 0..5_000 {
            if !frames.send(kind, 0, u32::from(kind == 2), content).await {
                break;
            }
        }
        frames.until_closed().await;
        let ended = "schemagate_connections_ended_total{limit=\"http2_control_frames\"}";
        eventually("it is counted", SOON, async || (house.metric(ended).await == 1).then_some(())).await;
    }
}

#[tokio::test]
async fn a_header_over_http2_has_its_time_too() {
    let house = House::open("header_time = \"1s\"").await;
    let mut never_ends = Frames::begin(&house).await;
    assert!(never_ends.send(1, 1, 1, GET).await);
    let mut never_begins = house.connect().await;
    never_begins.write_all(b"PRI * HTTP/2.0\r\n").await.expect("it is sent");
    let began = Instant::now();
    never_ends.until_closed().await;
    is_closed(&mut never_begins).await;
    assert!(began.elapsed() < SOON);
    assert_eq!(house.echo.requests(), 0);
}

#[tokio::test]
async fn so_many_requests_at_a_time_are_announced_over_http2_and_a_silent_connection_ends() {
    let house = House::open("http2_streams = 7\nhttp2_idle = \"1s\"").await;
    let mut frames = Frames::begin(&house).await;
    let said = is_closed(&mut frames.0).await;
    // SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113, section 6.5.2).
    assert!(said.windows(6).any(|setting| setting == [0, 3, 0, 0, 0, 7]), "{said:?}");
}
