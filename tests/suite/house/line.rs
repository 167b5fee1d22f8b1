//! One end of a connection in the test's hands: it says and hears exactly what the test wants.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(20);

/// One end of a connection.
pub(crate) struct Line {
    stream: TcpStream,
    /// What came and was not asked for yet.
    came: Vec<u8>,
}

impl Line {
    /// To a port of 127.0.0.1.
    pub(crate) async fn to(port: u16) -> Self {
        Self::of(TcpStream::connect(("127.0.0.1", port)).await.expect("the port is open"))
    }

    /// The next one that somebody opens to `listener`.
    pub(crate) async fn from(listener: &TcpListener) -> Self {
        let (stream, _) = timeout(LIMIT, listener.accept()).await.expect("somebody connects").expect("a connection");
        Self::of(stream)
    }

    fn of(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("a socket");
        Self { stream, came: Vec::new() }
    }

    pub(crate) async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        timeout(LIMIT, self.stream.write_all(bytes.as_ref())).await.expect("it is read").expect("it is taken");
    }

    /// What comes up to and with `end`.
    pub(crate) async fn hear(&mut self, end: &str) -> String {
        let place = loop {
            let found = self.came.windows(end.len()).position(|window| window == end.as_bytes());
            if let Some(place) = found {
                break place + end.len();
            }
            assert_ne!(self.read().await, 0, "ends before {end:?}: {:?}", String::from_utf8_lossy(&self.came));
        };
        String::from_utf8(self.came.drain(..place).collect()).expect("text")
    }

    /// So many bytes.
    pub(crate) async fn bytes(&mut self, count: usize) -> Vec<u8> {
        while self.came.len() < count {
            assert_ne!(self.read().await, 0, "ends after {} of {count} bytes", self.came.len());
        }
        self.came.drain(..count).collect()
    }

    /// What comes until the other end closes; a reset is an end, too.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        while self.read().await != 0 {}
        std::mem::take(&mut self.came)
    }

    /// Whether nothing comes, for so long.
    pub(crate) async fn is_silent_for(&mut self, span: Duration) -> bool {
        self.came.is_empty() && timeout(span, self.stream.read_buf(&mut self.came)).await.is_err()
    }

    async fn read(&mut self) -> usize {
        let read = timeout(LIMIT, self.stream.read_buf(&mut self.came)).await;
        read.unwrap_or_else(|_| panic!("waited {LIMIT:?} after {:?}", String::from_utf8_lossy(&self.came))).unwrap_or(0)
    }
}
