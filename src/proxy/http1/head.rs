//! The head of a request, whole, before anything else is made of the request.

use bytes::BytesMut;
use tokio::time::{Instant, timeout_at};

use super::incoming::Incoming;
use super::refused::Refused;
use super::silence::Silence;
use crate::config::ClientLimits;
use crate::wire::{self, Head, HeadEnd, Outline};

/// How HTTP/2 begins (RFC 9113, section 3.4); no method of HTTP/1 does.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a client sent.
#[derive(Debug)]
pub(super) enum Came {
    /// A head, up to the empty line at its end, and what was made of it.
    Head(BytesMut, Head),
    /// The preface of HTTP/2, still unread.
    Preface,
}

/// Reads the next head, and into `outline` where it has its parts. `None` where the client leaves before its end or is
/// silent for too long, or where nothing has come when the process ends.
pub(super) async fn read(
    incoming: &mut Incoming,
    limits: &ClientLimits,
    http2: bool,
    silence: &mut Silence,
    outline: &mut Outline,
) -> Result<Option<Came>, Refused> {
    if incoming.ahead().is_empty() && !silence.is_broken(incoming, limits.idle).await {
        return Ok(None);
    }
    let sizes = sizes(limits);
    // Most heads are there at once, whole and alone. Of any other one it is found first where it ends.
    if incoming.ahead().ends_with(b"\r\n\r\n")
        && let Ok(what) = wire::inspect(incoming.ahead(), &sizes, outline)
        && what.length == incoming.ahead().len()
    {
        return Ok(Some(Came::Head(incoming.take_ahead(what.length), what)));
    }
    let mut until = None;
    let mut end = HeadEnd::default();
    loop {
        let ahead = incoming.ahead();
        let maybe_http2 = http2 && PREFACE.starts_with(ahead.get(..PREFACE.len()).unwrap_or(ahead));
        if maybe_http2 && ahead.len() >= PREFACE.len() {
            return Ok(Some(Came::Preface));
        }
        if !maybe_http2 && let Some(end) = end.find(ahead, &sizes)? {
            let head = incoming.take_ahead(end);
            let what = wire::inspect(&head, &sizes, outline)?;
            return Ok(Some(Came::Head(head, what)));
        }
        let until = *until.get_or_insert_with(|| Instant::now() + limits.header_time);
        match timeout_at(until, incoming.read_ahead()).await {
            Ok(Ok(1..)) => {}
            Ok(Ok(0) | Err(_)) => return Ok(None),
            Err(_) => return Err(Refused::Late),
        }
    }
}

/// The whole may be larger or smaller than usual; its parts are not larger than the whole.
fn sizes(limits: &ClientLimits) -> wire::Limits {
    let (usual, head) = (wire::Limits::default(), limits.header_bytes);
    wire::Limits { head, target: usual.target.min(head), field: usual.field.min(head), ..usual }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
    use tokio::sync::watch;

    use super::*;
    use crate::wire::WireRefusal;

    const LIMITS: ClientLimits = ClientLimits {
        header_time: Duration::from_secs(20),
        header_bytes: 64 * 1024,
        idle: Duration::from_secs(30),
        ..ClientLimits::NONE
    };

    struct Client {
        stream: DuplexStream,
        incoming: Incoming,
        closing: watch::Sender<bool>,
        silence: Silence,
    }

    impl Client {
        fn new() -> Self {
            let (stream, ours) = duplex(1 << 20);
            let closing = watch::Sender::new(false);
            let silence = Silence::new(LIMITS.idle, &closing.subscribe());
            Self { stream, incoming: Incoming::new(Box::new(ours), LIMITS.send), closing, silence }
        }

        async fn sends(&mut self, bytes: &[u8]) {
            self.stream.write_all(bytes).await.expect("it is sent");
        }

        async fn head(&mut self) -> Result<Option<String>, Refused> {
            let came = read(&mut self.incoming, &LIMITS, true, &mut self.silence, &mut Outline::default()).await?;
            Ok(came.map(|came| match came {
                Came::Head(head, _) => String::from_utf8_lossy(&head).into_owned(),
                Came::Preface => "preface".to_owned(),
            }))
        }
    }

    #[tokio::test]
    async fn a_head_ends_with_its_empty_line_and_what_follows_is_kept() {
        for head in ["GET / HTTP/1.1\r\nHost: b\r\n\r\n", "\r\nPRI / HTTP/1.0\r\n\r\n"] {
            let mut client = Client::new();
            client.sends(format!("{head}more and more of it\r\n\r\n").as_bytes()).await;
            assert_eq!(client.head().await, Ok(Some(head.to_owned())));
            assert_eq!(client.incoming.ahead(), b"more and more of it\r\n\r\n");
        }
    }

    #[tokio::test]
    async fn a_head_is_found_however_its_bytes_come() {
        let head = b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
        for first in 1..head.len() {
            let mut client = Client::new();
            client.sends(&head[..first]).await;
            let (Client { stream, incoming, silence, .. }, mut outline) = (&mut client, Outline::default());
            let rest = async {
                tokio::task::yield_now().await;
                stream.write_all(&head[first..]).await
            };
            let (came, sent) = tokio::join!(read(incoming, &LIMITS, true, silence, &mut outline), rest);
            sent.expect("it is sent");
            assert!(matches!(&came, Ok(Some(Came::Head(found, _))) if found == &head[..]), "{first}: {came:?}");
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
            client.sends(format!("GET / HTTP/1.1\r\nA: {}{end}", "a".repeat(64 * 1024)).as_bytes()).await;
            assert_eq!(client.head().await, Err(WireRefusal::HeadTooLarge.into()));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_has_so_much_time_as_a_whole() {
        let mut client = Client::new();
        let (Client { stream, incoming, silence, .. }, mut outline) = (&mut client, Outline::default());
        let began = Instant::now();
        let drip = async {
            loop {
                stream.write_all(b"G").await.expect("it is sent");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        tokio::select! {
            () = drip => unreachable!("it has no end"),
            came = read(incoming, &LIMITS, true, silence, &mut outline) => assert!(matches!(came, Err(Refused::Late)), "{came:?}"),
        }
        assert!(began.elapsed() < LIMITS.header_time + Duration::from_secs(1), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_later_silence_is_as_long_as_the_first_and_ends_like_it() {
        const ONE: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        for leaves in [false, true] {
            let mut client = Client::new();
            for _ in 0..3 {
                // Each time the timer was set before, for an earlier moment.
                client.silence.since = Instant::now();
                let Client { stream, incoming, silence, .. } = &mut client;
                let late = async {
                    tokio::time::sleep(LIMITS.idle / 2).await;
                    stream.write_all(ONE).await
                };
                let mut outline = Outline::default();
                let (came, sent) = tokio::join!(read(incoming, &LIMITS, true, silence, &mut outline), late);
                sent.expect("it is sent");
                assert!(matches!(&came, Ok(Some(Came::Head(found, _))) if found == ONE), "{came:?}");
            }
            let began = Instant::now();
            client.silence.since = began;
            let closing = client.closing.clone();
            let leave = async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                closing.send_replace(leaves);
            };
            let (came, ()) = tokio::join!(client.head(), leave);
            assert_eq!(came, Ok(None));
            let last = if leaves { Duration::from_secs(1) } else { LIMITS.idle };
            let took = began.elapsed();
            assert!(took >= last && took < last + Duration::from_millis(100), "{took:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_said_to_who_says_nothing() {
        let mut client = Client::new();
        let began = Instant::now();
        assert_eq!(client.head().await, Ok(None));
        assert!(began.elapsed() >= LIMITS.idle);

        let mut client = Client::new();
        client.closing.send_replace(true);
        assert_eq!(client.head().await, Ok(None));

        let mut client = Client::new();
        client.sends(b"GET / HTTP/1.1\r\n").await;
        client.stream.shutdown().await.expect("it is closed");
        assert_eq!(client.head().await, Ok(None));
    }
}
