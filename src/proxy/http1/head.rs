//! The head of a request, whole, before anything else is made of the request.

use std::time::Duration;

use bytes::BytesMut;
use pingora::server::ShutdownWatch;
use tokio::time::{Instant, timeout_at};

use super::incoming::Incoming;
use super::refused::Refused;

/// How HTTP/2 begins (RFC 9113, section 3.4); no method of HTTP/1 does.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The longest head.
const MOST: usize = 64 * 1024;

/// From a head's first byte to its last.
const IN_TIME: Duration = Duration::from_secs(20);

/// What a client sent.
#[derive(Debug)]
pub(super) enum Came {
    /// A head, up to the empty line at its end; that has not been looked at.
    Head(BytesMut),
    /// The preface of HTTP/2, still unread.
    Preface,
}

/// Reads the next head. `None` where the client leaves before its end or sends nothing for `idle`, or
/// where nothing has come when the process ends.
pub(super) async fn read(
    incoming: &mut Incoming,
    idle: Duration,
    http2: bool,
    shutdown: &ShutdownWatch,
) -> Result<Option<Came>, Refused> {
    if incoming.ahead().is_empty() && !something(incoming, idle, shutdown).await {
        return Ok(None);
    }
    let until = Instant::now() + IN_TIME;
    let mut searched = 0;
    loop {
        // RFC 9112, section 2.2: some clients send an empty line behind a body.
        while incoming.ahead().starts_with(b"\r\n") {
            incoming.skip(2);
            searched = 0;
        }
        let ahead = incoming.ahead();
        if http2 && ahead.starts_with(PREFACE) {
            return Ok(Some(Came::Preface));
        }
        let end = if http2 && PREFACE.starts_with(ahead) { None } else { end(ahead, searched) };
        match end {
            Some(end) if end <= MOST => return Ok(Some(Came::Head(incoming.take_ahead(end)))),
            Some(_) => return Err(Refused::Large),
            None if ahead.len() >= MOST => return Err(Refused::Large),
            None => searched = ahead.len().saturating_sub(2),
        }
        match timeout_at(until, incoming.read_ahead()).await {
            Ok(Ok(1..)) => {}
            Ok(Ok(0) | Err(_)) => return Ok(None),
            Err(_) => return Err(Refused::Late),
        }
    }
}

/// Waits for a first byte.
async fn something(incoming: &mut Incoming, idle: Duration, shutdown: &ShutdownWatch) -> bool {
    let mut shutdown = shutdown.clone();
    tokio::select! {
        biased;
        came = incoming.read_ahead() => came.is_ok_and(|bytes| bytes > 0),
        _ = shutdown.wait_for(|closing| *closing) => false,
        () = tokio::time::sleep(idle) => false,
    }
}

/// Where a head ends: behind the first empty line. A line may end with a line feed alone, which is for
/// others to refuse.
fn end(ahead: &[u8], from: usize) -> Option<usize> {
    let behind = ahead.get(from..)?;
    let feeds = behind.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    feeds.map(|(at, _)| from + at + 1).find_map(|next| match ahead.get(next..)? {
        [b'\n', ..] => Some(next + 1),
        [b'\r', b'\n', ..] => Some(next + 2),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
    use tokio::sync::watch;

    use super::*;

    const IDLE: Duration = Duration::from_secs(30);

    struct Client {
        stream: DuplexStream,
        incoming: Incoming,
        closing: watch::Sender<bool>,
    }

    impl Client {
        fn new() -> Self {
            let (stream, ours) = duplex(1 << 20);
            Self { stream, incoming: Incoming::new(Box::new(ours)), closing: watch::Sender::new(false) }
        }

        async fn sends(&mut self, bytes: &[u8]) {
            self.stream.write_all(bytes).await.expect("it is sent");
        }

        async fn head(&mut self) -> Result<Option<String>, Refused> {
            let came = read(&mut self.incoming, IDLE, true, &self.closing.subscribe()).await?;
            Ok(came.map(|came| match came {
                Came::Head(head) => String::from_utf8_lossy(&head).into_owned(),
                Came::Preface => "preface".to_owned(),
            }))
        }
    }

    #[tokio::test]
    async fn a_head_ends_with_its_empty_line_and_what_follows_is_kept() {
        for head in ["GET / HTTP/1.1\r\nA: b\r\n\r\n", "GET / HTTP/1.1\n\n", "P\nA: b\n\r\n", "PRI * HTTP/2.0\r\n\r\n"]
        {
            let mut client = Client::new();
            client.sends(format!("\r\n\r\n{head}more and more of it\r\n\r\n").as_bytes()).await;
            assert_eq!(client.head().await, Ok(Some(head.to_owned())));
            assert_eq!(client.incoming.ahead(), b"more and more of it\r\n\r\n");
        }
    }

    #[tokio::test]
    async fn a_head_is_found_however_its_bytes_come() {
        let head = b"\r\nGET / HTTP/1.1\r\nA: \r\n\r\n";
        for first in 1..head.len() {
            let mut client = Client::new();
            client.sends(&head[..first]).await;
            let Client { stream, incoming, closing } = &mut client;
            let shutdown = closing.subscribe();
            let rest = async {
                tokio::task::yield_now().await;
                stream.write_all(&head[first..]).await
            };
            let (came, sent) = tokio::join!(read(incoming, IDLE, true, &shutdown), rest);
            sent.expect("it is sent");
            assert!(matches!(&came, Ok(Some(Came::Head(found))) if found == &head[2..]), "{first}: {came:?}");
        }
    }

    #[tokio::test]
    async fn the_preface_of_http2_is_told_apart_and_left_unread() {
        let mut client = Client::new();
        client.sends(PREFACE).await;
        assert_eq!(client.head().await, Ok(Some("preface".to_owned())));
        assert_eq!(client.incoming.ahead(), PREFACE);
    }

    #[tokio::test]
    async fn too_large_a_head_is_refused_whether_it_ends_or_not() {
        for end in ["", "\r\n\r\n"] {
            let mut client = Client::new();
            client.sends(format!("GET / HTTP/1.1\r\nA: {}{end}", "a".repeat(MOST)).as_bytes()).await;
            assert_eq!(client.head().await, Err(Refused::Large));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_has_so_much_time_as_a_whole() {
        let mut client = Client::new();
        let Client { stream, incoming, closing } = &mut client;
        let shutdown = closing.subscribe();
        let began = Instant::now();
        let drip = async {
            loop {
                stream.write_all(b"G").await.expect("it is sent");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        tokio::select! {
            () = drip => unreachable!("it has no end"),
            came = read(incoming, IDLE, true, &shutdown) => assert!(matches!(came, Err(Refused::Late)), "{came:?}"),
        }
        assert!(began.elapsed() < IN_TIME + Duration::from_secs(1), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_said_to_who_says_nothing() {
        let mut client = Client::new();
        let began = Instant::now();
        assert_eq!(client.head().await, Ok(None));
        assert!(began.elapsed() >= IDLE);

        let mut client = Client::new();
        client.closing.send_replace(true);
        assert_eq!(client.head().await, Ok(None));

        let mut client = Client::new();
        client.sends(b"GET / HTTP/1.1\r\n").await;
        client.stream.shutdown().await.expect("it is closed");
        assert_eq!(client.head().await, Ok(None));
    }
}
