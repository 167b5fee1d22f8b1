//! A small backend of bytes: what it was sent, and answers whose every byte the test knows.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

/// An answer with everything that a proxy might be tempted to tidy.
pub(crate) const ODD_HEADERS: &[(&str, &str)] = &[
    ("content-type", "application/x-odd; charset=\"utf-8\""),
    ("set-cookie", "a=1; Path=/; HttpOnly"),
    ("set-cookie", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT"),
    ("etag", "W/\"odd\""),
    ("server", "echo/1"),
    ("x-empty", ""),
    ("cache-control", "public, max-age=60"),
];

/// What `/odd` answers, byte for byte: no text in any encoding.
pub(crate) fn odd_body() -> Vec<u8> {
    (0..=255).cycle().take(70_001).collect()
}

/// What repeats in `/bytes/N`.
const PERIOD: usize = 251;
/// What is sent at once of a long body.
const PIECE: usize = 64 * 1024;

/// The byte at `index` of `/bytes/N`.
pub(crate) fn pattern(index: usize) -> u8 {
    u8::try_from(index.wrapping_mul(31) % PERIOD).unwrap()
}

/// The bytes of `/bytes/N` from `start` on: at most so many as are sent at once. Nothing is copied or counted out.
pub(crate) fn piece(start: usize, length: usize) -> Bytes {
    static BYTES: LazyLock<Bytes> = LazyLock::new(|| (0..PERIOD + PIECE).map(pattern).collect());
    BYTES.slice(start % PERIOD..start % PERIOD + length)
}

/// HTTP/1.1 by hand on a port of its own.
pub(crate) struct Echo {
    port: u16,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    connections: AtomicUsize,
    open: AtomicUsize,
    requests: AtomicUsize,
    /// `/hold` is answered when the test says so.
    release: Notify,
}

impl Echo {
    pub(crate) async fn start() -> Self {
        Self::start_at(0).await
    }

    /// Starts at a port that the test chose.
    pub(crate) async fn start_at(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let shared = Arc::new(Shared::default());
        let serving = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Self { port, shared, serving }
    }

    /// `host:port`, as an upstream's `servers` have it.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// How many connections were opened to it.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// How many of them are open.
    pub(crate) fn open(&self) -> usize {
        self.shared.open.load(Ordering::Relaxed)
    }

    /// How many requests reached it.
    pub(crate) fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// Lets one `/hold` go on.
    pub(crate) fn release(&self) {
        self.shared.release.notify_one();
    }

    /// Closes the listener and every connection.
    pub(crate) fn stop(self) {
        drop(self);
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    // Dropped with this task, and with it every connection.
    let mut talks = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        shared.connections.fetch_add(1, Ordering::Relaxed);
        let shared = Arc::clone(&shared);
        talks.spawn(async move {
            shared.open.fetch_add(1, Ordering::Relaxed);
            // A client that leaves is no concern of a backend's.
            let _ = talk(stream, &shared).await;
            shared.open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

/// A request's head.
struct Head {
    method: String,
    path: String,
    /// As it came, with the empty line.
    text: String,
}

impl Head {
    async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Self>> {
        let mut text = String::new();
        while !text.ends_with("\r\n\r\n") {
            if stream.read_line(&mut text).await? == 0 {
                return Ok(None);
            }
        }
        let mut words = text.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        Ok(Some(Self { method: method.to_owned(), path: path.to_owned(), text }))
    }

    fn header(&self, wanted: &str) -> Option<&str> {
        self.text.lines().skip(1).find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then(|| value.trim())
        })
    }

    fn length(&self) -> usize {
        self.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0)
    }

    fn is_chunked(&self) -> bool {
        self.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"))
    }
}

async fn talk(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    // A head and a body are two writes: the second must not wait for the first's acknowledgement.
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(head) = Head::read(&mut stream).await? {
        let method = head.method.as_str();
        // What a health check of the proxy's asks is no request of a client's.
        if head.path != "/healthz" {
            shared.requests.fetch_add(1, Ordering::Relaxed);
        }
        let path = head.path.split('?').next().unwrap_or_default();
        match path.split('/').collect::<Vec<_>>()[1..] {
            ["ws"] => return web_socket(stream.into_inner(), &head).await,
            ["close"] => return Ok(()),
            ["hold"] => {
                shared.release.notified().await;
                answer(&mut stream, method, 200, &[], b"held").await?;
            }
            ["mirror"] => mirror(&mut stream, &head).await?,
            ["count"] => {
                let (count, intact) = count(&mut stream, &head).await?;
                answer(&mut stream, method, 200, &[], format!("{count} {intact}").as_bytes()).await?;
            }
            ["odd"] => answer(&mut stream, method, 203, ODD_HEADERS, &odd_body()).await?,
            ["bytes", n] => {
                let length = n.parse().unwrap_or(0);
                let kind = [("content-type", "application/octet-stream")];
                begin_answer(&mut stream, 200, &kind, Some(length)).await?;
                for start in (0..length).step_by(PIECE).filter(|_| method != "HEAD") {
                    stream.write_all(&piece(start, PIECE.min(length - start))).await?;
                }
                stream.flush().await?;
            }
            ["chunked"] => {
                let text = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n\
                            5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n\r\n";
                stream.write_all(text.as_bytes()).await?;
            }
            ["say", ..] => {
                skip_body(&mut stream, &head).await?;
                let says: Vec<(&str, &str)> = head
                    .header("x-say")
                    .into_iter()
                    .flat_map(|says| says.split('|'))
                    .filter_map(|s| s.split_once(": "))
                    .collect();
                answer(&mut stream, method, 200, &says, head.text.as_bytes()).await?;
            }
            ["torn", framing] => {
                let text = format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n{}hello\r\n", torn(framing));
                stream.write_all(text.as_bytes()).await?;
                return stream.flush().await;
            }
            ["status", code] => {
                skip_body(&mut stream, &head).await?;
                answer(&mut stream, method, code.parse().unwrap_or(500), &[], b"as asked").await?;
            }
            _ => {
                skip_body(&mut stream, &head).await?;
                answer(&mut stream, method, 200, &[("content-type", "text/plain")], head.text.as_bytes()).await?;
            }
        }
    }
    Ok(())
}

/// What an answer that breaks off after a few bytes says of its length.
fn torn(framing: &str) -> &'static str {
    match framing {
        "length" => "content-length: 100\r\n\r\n",
        "chunked" => "transfer-encoding: chunked\r\n\r\n5\r\n",
        _ => "connection: close\r\n\r\n",
    }
}

async fn answer(
    stream: &mut BufReader<TcpStream>,
    method: &str,
    status: u16,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<()> {
    let bodiless = matches!(status, 204 | 304);
    begin_answer(stream, status, headers, (!bodiless).then_some(body.len())).await?;
    if method != "HEAD" && !bodiless {
        stream.write_all(body).await?;
    }
    stream.flush().await
}

async fn begin_answer(
    stream: &mut BufReader<TcpStream>,
    status: u16,
    headers: &[(&str, &str)],
    length: Option<usize>,
) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {status} Status\r\n");
    if let Some(length) = length {
        head.extend(["content-length: ", &length.to_string(), "\r\n"]);
    }
    for (name, value) in headers {
        head.extend([*name, ": ", *value, "\r\n"]);
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await
}

/// Hands a body to `each` as it comes, at most a piece at a time.
async fn read_body(stream: &mut BufReader<TcpStream>, head: &Head, mut each: impl FnMut(&[u8])) -> io::Result<()> {
    if !head.is_chunked() {
        return read_exactly(stream, head.length(), &mut each).await;
    }
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let size = usize::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
        read_exactly(stream, size, &mut each).await?;
        line.clear();
        stream.read_line(&mut line).await?;
        if size == 0 {
            return Ok(());
        }
    }
}

async fn read_exactly(
    stream: &mut BufReader<TcpStream>,
    mut left: usize,
    each: &mut impl FnMut(&[u8]),
) -> io::Result<()> {
    let mut buffer = vec![0; PIECE];
    while left > 0 {
        let most = left.min(buffer.len());
        let read = stream.read(&mut buffer[..most]).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        each(&buffer[..read]);
        left -= read;
    }
    Ok(())
}

async fn skip_body(stream: &mut BufReader<TcpStream>, head: &Head) -> io::Result<()> {
    read_body(stream, head, |_| {}).await
}

/// How long the body was, and whether every byte was as [`pattern`] has it.
async fn count(stream: &mut BufReader<TcpStream>, head: &Head) -> io::Result<(usize, bool)> {
    let (mut count, mut intact) = (0, true);
    read_body(stream, head, |come| {
        intact &= piece(count, come.len()) == come;
        count += come.len();
    })
    .await?;
    Ok((count, intact))
}

/// Answers with the body that came.
async fn mirror(stream: &mut BufReader<TcpStream>, head: &Head) -> io::Result<()> {
    let mut body = Vec::new();
    read_body(stream, head, |piece| body.extend_from_slice(piece)).await?;
    let content_type = head.header("content-type").unwrap_or("application/octet-stream");
    answer(stream, &head.method, 200, &[("content-type", content_type)], &body).await
}

/// Says back every message.
async fn web_socket(mut stream: TcpStream, head: &Head) -> io::Result<()> {
    let Some(key) = head.header("sec-websocket-key") else {
        return stream.write_all(b"HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\n\r\n").await;
    };
    let switch = format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: {}\r\n\r\n",
        derive_accept_key(key.as_bytes())
    );
    stream.write_all(switch.as_bytes()).await?;
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
    while let Some(Ok(message)) = socket.next().await {
        if message.is_close() || socket.send(message).await.is_err() {
            break;
        }
    }
    Ok(())
}
