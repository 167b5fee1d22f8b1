//! A client that says exactly what it is told to, request after request.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(20);

/// An answer with a length.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) status: u16,
    head: String,
}

impl Told {
    /// A header's value; empty where it is missing.
    pub(crate) fn header(&self, wanted: &str) -> &str {
        let value = self.head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then(|| value.trim())
        });
        value.unwrap_or_default()
    }
}

/// Speaks HTTP/1.1 to one port of 127.0.0.1, over one connection as long as the other side keeps it.
pub(crate) struct Talk {
    port: u16,
    stream: Option<TcpStream>,
}

impl Talk {
    pub(crate) fn to(port: u16) -> Self {
        Self { port, stream: None }
    }

    /// Sends a request of these bytes, which has no body, and reads the answer to it; none where the connection is
    /// closed without one.
    pub(crate) async fn say(&mut self, request: &[u8]) -> Option<Told> {
        let reused = self.stream.is_some();
        let told = timeout(LIMIT, self.exchange(request)).await.expect("an answer in time");
        match told {
            Ok(told) => Some(told),
            // The other side may have closed the connection meanwhile.
            Err(_) if reused => timeout(LIMIT, self.exchange(request)).await.expect("an answer in time").ok(),
            Err(_) => None,
        }
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<Told> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => TcpStream::connect(("127.0.0.1", self.port)).await?,
        };
        stream.write_all(request).await?;
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        let told = Told { status, head };
        let length = told.header("content-length").parse::<usize>();
        if let Ok(length) = length {
            while bytes.len() < end + length {
                if stream.read_buf(&mut bytes).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
        }
        if length.is_ok() && !told.header("connection").eq_ignore_ascii_case("close") {
            self.stream = Some(stream);
        }
        Ok(told)
    }
}
