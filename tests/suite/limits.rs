//! What a client may take, and for how long.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::house::{Authority, Echo, Gateway, eventually, free_port, http2_connection, send};

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

    /// Waits until so many connections are counted: also whoever asked whether it listens takes a moment to be gone.
    async fn connections(&self, wanted: u64) {
        let what = format!("{wanted} connections");
        eventually(&what, SOON, async || (self.metric("schemagate_connections ").await == wanted).then_some(())).await;
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

/// Sends all of it while it reads, and gives what it got until it was closed.
async fn raw_bytes(port: u16, bytes: &[u8]) -> Vec<u8> {
    let mut client = TcpStream::connect(("127.0.0.1", port)).await.expect("it is open");
    let (mut from, mut to) = client.split();
    let mut answer = Vec::new();
    let both = async { tokio::join!(to.write_all(bytes), from.read_to_end(&mut answer)) };
    // Who is refused may find the connection closed while it still sends.
    let _ = tokio::time::timeout(SOON, both).await.expect("it is closed");
    answer
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
    let house = House::open("body_rate = \"1KiB\"\nbody_time = \"15s\"").await;
    let mut client = house.connect().await;
    let body: Vec<u8> = (0..6).map(crate::house::pattern).collect();
    client.write_all(head).await.expect("it is sent");
    tokio::time::sleep(Duration::from_secs(2)).await;
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
        house.connections(0).await;
        let mut clients = Vec::new();
        for _ in 0..3 {
            let mut client = house.connect().await;
            client.write_all(REQUEST).await.expect("it is sent");
            answer(&mut client).await;
            clients.push(client);
        }
        house.connections(3).await;
        let mut fourth = house.connect().await;
        assert!(is_closed(&mut fourth).await.is_empty(), "{limit}");
        let refused = format!("schemagate_connections_refused_total{{limit=\"{limit}\"}} 1");
        house.gateway.counts(|line| line == refused).await;
        house.gateway.logged("too many connections").await;
        clients.pop();
        house.connections(2).await;
        let mut next = house.connect().await;
        next.write_all(REQUEST).await.expect("it is sent");
        answer(&mut next).await;
    }
}

#[tokio::test]
async fn a_client_that_takes_its_answer_bit_by_bit_is_given_up_and_one_that_takes_it_fast_enough_is_not() {
    let house = House::open("send_rate = \"1MiB\"\nsend_time = \"1s\"").await;
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("it is its own");
    let mut slow = socket.connect(([127, 0, 0, 1], house.gateway.port()).into()).await.expect("it is open");
    slow.write_all(b"GET /bytes/200000000 HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("it is sent");
    let mut fast = house.connect().await;
    fast.write_all(b"GET /bytes/30000000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.expect("it is sent");
    let bit_by_bit = async {
        let mut bit = [0; 1024];
        while matches!(slow.read(&mut bit).await, Ok(1..)) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let (given_up, whole) = tokio::join!(tokio::time::timeout(Duration::from_secs(60), bit_by_bit), async {
        let mut answer = Vec::new();
        fast.read_to_end(&mut answer).await.expect("an answer");
        answer.len()
    });
    given_up.expect("it is closed");
    assert!(whole > 30_000_000, "{whole}");
    let line = house.gateway.logged("/bytes/200000000").await;
    assert!(line.contains("takes its answer too slowly"), "{line}");
}

#[tokio::test]
async fn a_body_may_be_as_large_as_was_said_and_a_larger_one_is_told_so() {
    let house = House::open("body_bytes = \"100KiB\"").await;
    let most = 100 * 1024;
    let post = async |framing: &str, body: &[u8]| {
        let head = format!("POST /count HTTP/1.1\r\nHost: a\r\n{framing}\r\nConnection: close\r\n\r\n");
        String::from_utf8_lossy(&raw_bytes(house.gateway.port(), &[head.as_bytes(), body].concat()).await).into_owned()
    };
    let body: Vec<u8> = (0..=most).map(crate::house::pattern).collect();
    let answer = post(&format!("Content-Length: {most}"), &body[..most]).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(&format!("{most} true")), "{answer}");
    let before = house.echo.requests();
    let answer = post(&format!("Content-Length: {}", most + 1), b"").await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("details=\"body_too_large\""), "{answer}");
    assert_eq!(house.echo.requests(), before, "the backend is not asked");
    // In chunks nobody says before how large it is.
    let chunks: Vec<u8> = body
        .chunks(8192)
        .flat_map(|piece| [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat())
        .collect();
    let answer = post("Transfer-Encoding: chunked", &[&chunks[..], b"0\r\n\r\n"].concat()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let line = house.gateway.logged("\"refused\":\"body_too_large\"").await;
    assert!(line.contains("\"status\":413"), "{line}");

    let mut sender = http2_connection(house.gateway.port()).await;
    for (bytes, status) in [(most, 200), (most + 1, 413)] {
        let request = http::Request::post("http://a.test/count").body(()).expect("a request");
        sender = sender.ready().await.expect("a stream");
        let (answer, mut sending) = sender.send_request(request, false).expect("it is sent");
        // It may be answered before all of it is there.
        let _ = send(&mut sending, body[..bytes].to_vec().into(), true).await;
        assert_eq!(answer.await.expect("an answer").status(), status, "{bytes}");
    }
    house.gateway.counts(|line| line == "schemagate_wire_refusals_total{why=\"body_too_large\"} 3").await;
}

#[tokio::test]
async fn a_body_over_http2_has_its_time_too_and_a_call_of_grpc_may_be_silent() {
    let house = House::open("body_rate = \"1KiB\"\nbody_time = \"1s\"").await;
    let mut sender = http2_connection(house.gateway.port()).await;
    let mut post = async |kind: &str| {
        let request =
            http::Request::post("http://a.test/count").header("content-type", kind).body(()).expect("a request");
        sender = sender.clone().ready().await.expect("a stream");
        sender.send_request(request, false).expect("it is sent")
    };
    let (silent, _open) = post("text/plain").await;
    let (dripping, mut drips) = post("text/plain").await;
    let (call, _called) = post("application/grpc").await;
    let drip = async {
        while drips.send_data("a".into(), false).is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let began = Instant::now();
    let both = async {
        let (one, other) = tokio::join!(silent, dripping);
        for answer in [one, other] {
            // The answer, or what came after it.
            assert!(answer.map_or(true, |answer| answer.status().is_client_error()));
        }
    };
    tokio::select! { () = both => {}, () = drip => panic!("it is answered first"), () = tokio::time::sleep(SOON) => panic!("in time") }
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert!(tokio::time::timeout(Duration::from_secs(1), call).await.is_err(), "it goes on");
}

#[tokio::test]
async fn whoever_has_not_finished_a_handshake_is_counted() {
    let authority = Authority::new();
    let (certificate, key) = authority.sign_files(&["localhost"]);
    let port = free_port();
    let listen = format!(
        "trusted_proxies = []\nhttps = {{ address = \"127.0.0.1:{port}\", cert = \"{}\", key = \"{}\" }}",
        certificate.display(),
        key.display()
    );
    let house = House::open_with(&listen, "connections_per_address = 3").await;
    house.connections(0).await;
    let mut silent = Vec::new();
    for _ in 0..3 {
        silent.push(crate::tls::opened(port).await);
    }
    house.connections(3).await;
    let mut fourth = crate::tls::opened(port).await;
    assert!(is_closed(&mut fourth).await.is_empty());
    let refused = "schemagate_connections_refused_total{limit=\"connections_per_address\"} 1";
    house.gateway.counts(|line| line == refused).await;
    silent.clear();
    house.connections(0).await;
    // One that finished is counted once.
    let stream = crate::tls::connect(&authority, port, "http/1.1").await;
    house.connections(1).await;
    drop(stream);
    house.connections(0).await;
}

#[tokio::test]
async fn windows_of_http2_are_as_large_as_was_said() {
    let house = House::open("http2_window = \"512KiB\"\nhttp2_connection_window = \"2MiB\"\nhttp2_idle = \"1s\"").await;
    let mut frames = Frames::begin(&house).await;
    let said = is_closed(&mut frames.0).await;
    // SETTINGS_INITIAL_WINDOW_SIZE (RFC 9113, section 6.5.2), and what is added to the connection's 65,535.
    assert!(said.windows(6).any(|setting| setting == [0, 4, 0, 8, 0, 0]), "{said:?}");
    let more = ((2_u32 << 20) - 65_535).to_be_bytes();
    assert!(said.windows(13).any(|frame| frame == [&[0, 0, 4, 8, 0, 0, 0, 0, 0], &more[..]].concat()), "{said:?}");
}

#[tokio::test]
async fn an_exchange_has_so_much_time_as_a_whole() {
    let backend = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = backend.local_addr().expect("an address");
    let dripping = tokio::spawn(async move {
        let mut talks = tokio::task::JoinSet::new();
        while let Ok((mut stream, _)) = backend.accept().await {
            talks.spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
                        return;
                    }
                }
                if head.starts_with(b"GET /silent") {
                    return std::future::pending().await;
                }
                let begin = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\ncontent-type: text/event-stream\r\n\r\n";
                let mut sent = stream.write_all(begin).await;
                while sent.is_ok() {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    sent = stream.write_all(b"a").await;
                }
            });
        }
    });
    let config =
        format!("[upstreams.api]\nservers = [\"{address}\"]\ntotal_timeout = \"2s\"\n[[routes]]\npath = \"/*\"\n");
    let gateway = Gateway::start(&config).await;
    gateway.client().get("/silent").await.expect(504);
    let mut client = TcpStream::connect(("127.0.0.1", gateway.port())).await.expect("it is open");
    client.write_all(b"GET /drips HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("it is sent");
    let answer = is_closed(&mut client).await;
    assert!(answer.starts_with(b"HTTP/1.1 200 ") && answer.len() < 2000, "{}", String::from_utf8_lossy(&answer));
    let line = gateway.logged("/drips").await;
    assert!(line.contains("total_timeout"), "{line}");
    // Whoever asks for events gets them for as long as they come.
    let mut events = TcpStream::connect(("127.0.0.1", gateway.port())).await.expect("it is open");
    events.write_all(b"GET /drips HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n").await.expect("it is sent");
    let mut rest = Vec::new();
    let still = tokio::time::timeout(Duration::from_secs(5), events.read_to_end(&mut rest)).await;
    assert!(still.is_err(), "{}", String::from_utf8_lossy(&rest));
    dripping.abort();
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
