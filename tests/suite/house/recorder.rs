//! A backend that records every byte that reaches it.

use std::io;
use std::mem;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What reached a backend.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Everything, of all connections.
    pub(crate) bytes: Vec<u8>,
    /// The request lines of the requests that came whole.
    pub(crate) requests: Vec<String>,
}

/// Answers each whole request with 200, and remembers.
pub(crate) struct Recorder {
    address: String,
    seen: Arc<Mutex<Seen>>,
    serving: JoinHandle<()>,
}

impl Recorder {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let seen = Arc::clone(&shared);
                tokio::spawn(async move { record(stream, &seen).await });
            }
        });
        Self { address, seen, serving }
    }

    /// `host:port`
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// What came since the last call.
    pub(crate) fn take(&self) -> Seen {
        mem::take(&mut *self.seen.lock().expect("no test panics within"))
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn record(mut stream: TcpStream, seen: &Mutex<Seen>) -> io::Result<()> {
    let mut bytes = Vec::new();
    loop {
        while let Some((line, length)) = whole_request(&bytes) {
            bytes.drain(..length);
            seen.lock().expect("no test panics within").requests.push(line);
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await?;
        }
        let before = bytes.len();
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
        seen.lock().expect("no test panics within").bytes.extend_from_slice(&bytes[before..]);
    }
}

/// The first request of these bytes, as the plainest of backends reads it: its line, and how long it is.
fn whole_request(bytes: &[u8]) -> Option<(String, usize)> {
    let head = find(bytes, b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let field = |wanted: &str| {
        text.lines().skip(1).find_map(|line| line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case(wanted)))
    };
    let body = match (field("transfer-encoding"), field("content-length")) {
        (Some(_), _) => chunks(&bytes[head..])?,
        (None, Some((_, length))) => length.trim().parse().ok()?,
        (None, None) => 0,
    };
    let line = text.lines().next().unwrap_or_default().to_owned();
    (bytes.len() >= head + body).then_some((line, head + body))
}

/// How long a body in chunks is.
fn chunks(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let line = find(&bytes[at..], b"\r\n")?;
        let size = String::from_utf8_lossy(&bytes[at..at + line]).into_owned();
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        at += line + 2;
        if size == 0 {
            // Trailers end with an empty line.
            let end = if bytes[at..].starts_with(b"\r\n") { 2 } else { find(&bytes[at..], b"\r\n\r\n")? + 4 };
            return Some(at + end);
        }
        at += size + 2;
        bytes.get(at..)?;
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
