//! A backend that answers by a script: byte for byte, in order, or not at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// What becomes of one request.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// These bytes.
    Answer(Vec<u8>),
    /// These bytes, when the test says so.
    Later(Vec<u8>),
    /// Each piece by itself, a moment apart.
    Pieces(Vec<Vec<u8>>),
    /// The same, so long apart, the first one too.
    Slowly(Duration, Vec<Vec<u8>>),
    /// The connection breaks, when the test says so.
    Break,
    /// These bytes, and then the same.
    BreakAfter(Vec<u8>),
}

/// Plays its steps, one a request; the last one again and again.
pub(crate) struct Scripted {
    address: String,
    played: Arc<AtomicUsize>,
    go: Arc<Notify>,
    serving: JoinHandle<()>,
}

/// An answer with a length.
pub(crate) fn plain(status: u16, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} Status\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

impl Scripted {
    pub(crate) async fn start(steps: Vec<Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let (played, go) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let (count, release) = (Arc::clone(&played), Arc::clone(&go));
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, steps.clone(), Arc::clone(&count), Arc::clone(&release)));
            }
        });
        Self { address, played, go, serving }
    }

    /// `host:port`
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// How many requests came.
    pub(crate) fn requests(&self) -> usize {
        self.played.load(Ordering::SeqCst)
    }

    /// Lets one step go on that waits.
    pub(crate) fn go(&self) {
        self.go.notify_one();
    }

    /// Lets all go on that wait now, and none that come later.
    pub(crate) fn all_go(&self) {
        self.go.notify_waiters();
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(mut stream: TcpStream, steps: Vec<Step>, played: Arc<AtomicUsize>, go: Arc<Notify>) {
    let mut head = Vec::new();
    loop {
        head.clear();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        let step = played.fetch_add(1, Ordering::SeqCst);
        match &steps[step.min(steps.len() - 1)] {
            Step::Answer(bytes) => {
                let _ = stream.write_all(bytes).await;
            }
            Step::Later(bytes) => {
                go.notified().await;
                let _ = stream.write_all(bytes).await;
            }
            Step::Pieces(pieces) => write(&mut stream, Duration::from_millis(20), pieces).await,
            Step::Slowly(pause, pieces) => {
                tokio::time::sleep(*pause).await;
                write(&mut stream, *pause, pieces).await;
            }
            Step::BreakAfter(bytes) => {
                let _ = stream.write_all(bytes).await;
                go.notified().await;
                return;
            }
            Step::Break => {
                go.notified().await;
                return;
            }
        }
    }
}

async fn write(stream: &mut TcpStream, pause: Duration, pieces: &[Vec<u8>]) {
    for piece in pieces {
        let _ = stream.write_all(piece).await;
        let _ = stream.flush().await;
        tokio::time::sleep(pause).await;
    }
}
