//! A backend that dies as the test says, and tells what it was sent.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// What becomes of a connection once a request was read from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It is answered and kept.
    Answer,
    /// It is closed without a word.
    Silence,
    /// It is closed in the middle of an answer.
    Half,
    /// It is answered, and closed although nothing said so.
    Farewell,
}

/// HTTP/1.1 that reads whole requests and ends as `end` says of each connection's first, second, … request.
pub(crate) struct Mortal {
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
    farewells: Arc<AtomicUsize>,
    serving: JoinHandle<()>,
}

impl Mortal {
    pub(crate) async fn start(end: fn(usize) -> End) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let farewells = Arc::new(AtomicUsize::new(0));
        let (requests, closed) = (Arc::clone(&seen), Arc::clone(&farewells));
        let serving = tokio::spawn(async move {
            let mut talks = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (requests, closed) = (Arc::clone(&requests), Arc::clone(&closed));
                talks.spawn(async move {
                    if talk(stream, end, requests).await.is_ok_and(|end| end == Some(End::Farewell)) {
                        closed.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        Self { port, seen, farewells, serving }
    }

    /// `host:port`, as an upstream's `servers` have it.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// How many connections it has closed after an answer.
    pub(crate) fn farewells(&self) -> usize {
        self.farewells.load(Ordering::Relaxed)
    }

    /// Every request so far, as `METHOD /path bytes-of-body`.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Mortal {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Talks until the client leaves, or for so long as `end` says: by which end, then.
async fn talk(stream: TcpStream, end: fn(usize) -> End, seen: Arc<Mutex<Vec<String>>>) -> std::io::Result<Option<End>> {
    let mut stream = BufReader::new(stream);
    for number in 0.. {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).await? == 0 {
                return Ok(None);
            }
        }
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut body).await?;
        let line = head.split(" HTTP").next().unwrap_or_default();
        seen.lock().unwrap().push(format!("{line} {}", body.len()));
        let end = end(number);
        if end == End::Silence {
            return Ok(Some(end));
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n").await?;
        stream.write_all(if end == End::Half { b"do" } else { b"done" }).await?;
        stream.flush().await?;
        if end != End::Answer {
            return Ok(Some(end));
        }
    }
    Ok(None)
}
