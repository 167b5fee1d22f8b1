//! A request that goes straight to a server, on a connection that was kept, and its answer straight back.
//!
//! Whatever is not plain is pingora's: it gets the connection with what came on it, as if it had sent the request
//! itself. So nothing is weighed, repeated or refused here.

use std::time::Duration;

use bytes::{Buf, BytesMut};
use http::{HeaderName, HeaderValue, Method};
use pingora::protocols::Stream;
use pingora::proxy::UnderWay;
use pingora::upstreams::peer::PeerOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use super::Http1;
use super::at_once::AtOnce;
use super::incoming::Incoming;
use super::lines::Lines;
use super::plain_answer::{NotPlain, PlainAnswer};
use super::silence::Silence;
use super::written::end;
use crate::answer::UpstreamFailure;
use crate::head::RequestHead;
use crate::proxy::amendments::Amendments;
use crate::proxy::exchange::{Exchange, Sent};
use crate::proxy::hop_by_hop;
use crate::proxy::upstreams::Pool;
use crate::wire::{BodyEnd, Parts, WireRefusal, write_field};

/// Room for the head of nearly every request and answer; of a short answer, for the body as well.
const PIECE: usize = 4096;
/// So much of a long body is under way at once.
const LONG_PIECE: usize = 64 * 1024;

/// What follows the line of the last chunk where there are no trailers.
const END_OF_CHUNKS: &[u8] = b"\r\n";

/// A client and the server that answers it.
struct Way<'w> {
    incoming: &'w mut Incoming,
    server: &'w mut Stream,
    silence: &'w mut Silence,
    /// How long the server may take nothing of a request.
    write_timeout: Option<Duration>,
    /// How long it may say nothing.
    read_timeout: Option<Duration>,
    /// Until when all must have come.
    until: Option<Instant>,
}

/// An answer whose head is there.
struct Begun {
    answer: PlainAnswer,
    body: BodyEnd,
    /// What came of the body with it: so many bytes before any trailer, and so many in all.
    read: (usize, usize),
}

/// Why nothing more comes of an answer.
enum Stopped {
    /// The client left, or takes it too slowly.
    Client(String),
    /// The server says nothing for too long.
    Silent,
    /// The server closed or broke its connection.
    Torn(String),
}

/// Why there is no plain answer.
enum Unanswered {
    /// The client left.
    Left(String),
    /// Nobody knows how much of the request was sent.
    Unsent,
    /// The rest is for others to read, if it is not too late.
    UnderWay { was_silent: bool },
}

impl Http1<'_> {
    /// Sends a request to a server, and passes on what it answers.
    pub(super) async fn send_straight(
        self,
        incoming: &mut Incoming,
        lines: Lines<'_>,
        mut exchange: Box<Exchange>,
        silence: &mut Silence,
    ) -> AtOnce {
        let total = exchange.pool().and_then(Pool::total_timeout);
        // Where there is no server to go to, or no time, pingora's phases say what there is to be said.
        let Ok(left) = exchange.attempts.left(total) else { return AtOnce::Rest(Some(exchange)) };
        let Ok(choice) = exchange.choose_server() else { return AtOnce::Rest(Some(exchange)) };
        let Some(mut server) = self.proxy.kept().take(choice.peer()) else {
            exchange.attempts.chosen = Some(choice);
            return AtOnce::Rest(Some(exchange));
        };
        let PeerOptions { write_timeout, read_timeout, .. } = choice.peer().options;
        let until = left.map(|left| Instant::now() + left);
        let mut way = Way { incoming, server: &mut server, silence, write_timeout, read_timeout, until };
        let instead: Vec<_> = exchange.told_with_answers().collect();
        let mut wire = as_sent(lines.parts, &lines.head(), &exchange);
        let mut came = BytesMut::with_capacity(PIECE);
        let Begun { answer, body, read } =
            match way.ask(&mut wire, &mut came, *lines.head().method == Method::HEAD, &instead).await {
                Ok(begun) => begun,
                Err(Unanswered::Left(why)) => {
                    exchange.error = Some(why);
                    exchange.trace.attempt_is_over(Some("connection_terminated"));
                    self.gateway.note_end(&lines.head(), 0, 0, &mut exchange);
                    return AtOnce::Over(None);
                }
                Err(unanswered) => {
                    if let Unanswered::UnderWay { was_silent } = unanswered {
                        let under_way = UnderWay::new(server, came);
                        exchange.attempts.sent = Some(Box::new(Sent { under_way, was_silent }));
                    }
                    exchange.attempts.chosen = Some(choice);
                    return AtOnce::Rest(Some(exchange));
                }
            };
        exchange.trace.answered(answer.status);
        let now = Instant::now().into_std();
        exchange.header_after = Some(now.saturating_duration_since(exchange.began));
        let keeps = !self.is_ending();
        for (name, value) in &instead {
            write_field(&mut wire, name.as_str(), value.as_bytes());
        }
        end(&mut wire, (!answer.names_request).then_some(&exchange.id), now, keeps);
        came.advance(answer.head);
        let (bytes, passed) = way.pass_back(&mut wire, came, body, read).await;
        match passed {
            Ok(nothing_beyond) if nothing_beyond && answer.keeps => self.proxy.kept().put(server, choice.peer()),
            Ok(_) => {}
            Err(stopped) => self.note_stopped(stopped, &mut exchange),
        }
        let goes_on = exchange.error.is_none() && keeps;
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        self.gateway.note_end(&lines.head(), answer.status.as_u16(), bytes, &mut exchange);
        if exchange.error.is_none() && !keeps {
            let _ = incoming.shutdown().await;
        }
        AtOnce::Over(goes_on.then(|| Instant::now().into_std()))
    }

    /// Notes why an answer did not come to its end.
    fn note_stopped(self, stopped: Stopped, exchange: &mut Exchange) {
        let (error, failure) = match stopped {
            Stopped::Client(why) => (why, None),
            Stopped::Silent => {
                ("the server did not go on with its answer in time".to_owned(), Some(UpstreamFailure::ResponseTimeout))
            }
            Stopped::Torn(why) => (why, Some(UpstreamFailure::Broken)),
        };
        exchange.error = Some(error);
        exchange.trace.attempt_is_over(Some("connection_terminated"));
        if let Some(failure) = failure {
            self.gateway.note_failure(failure, exchange);
        }
    }
}

impl Way<'_> {
    /// Sends what is in `wire`, and reads into `came` until the head of the answer is there. Then `wire` has what of it
    /// the client is sent.
    async fn ask(
        &mut self,
        wire: &mut Vec<u8>,
        came: &mut BytesMut,
        to_head: bool,
        instead: &[(HeaderName, HeaderValue)],
    ) -> Result<Begun, Unanswered> {
        const NOT_PLAIN: Unanswered = Unanswered::UnderWay { was_silent: false };
        self.write(wire).await.map_err(|stopped| stopped.before_an_answer(Unanswered::Unsent))?;
        loop {
            self.read(came).await.map_err(|stopped| stopped.before_an_answer(NOT_PLAIN))?;
            wire.clear();
            if let Some(answer) = PlainAnswer::read(came, to_head, instead, wire).map_err(|NotPlain| NOT_PLAIN)? {
                // What is no body at all is noticed before anything of it goes out.
                let mut body = BodyEnd::of_answer(answer.body);
                let read = body.read_to_trailers(came.get(answer.head..).unwrap_or_default()).map_err(|_| NOT_PLAIN)?;
                return Ok(Begun { answer, body, read });
            }
        }
    }

    /// Sends a client the head in `wire`, and the body that begins with what `came` of it: how many bytes it carried,
    /// and whether nothing came beyond it.
    async fn pass_back(
        &mut self,
        wire: &mut Vec<u8>,
        mut came: BytesMut,
        mut body: BodyEnd,
        (mut passed_on, mut used): (usize, usize),
    ) -> (u64, Result<bool, Stopped>) {
        let mut sent = 0;
        loop {
            let is_reached = body.is_reached();
            // Trailers end here, as they do with pingora; what ends them is the last of a body in chunks.
            let last = if is_reached && body.left().is_none() { END_OF_CHUNKS } else { b"" };
            let piece = came.get(..passed_on).unwrap_or_default();
            if let Err(error) = send(self.incoming, wire, piece, last).await {
                return (sent, Err(Stopped::of_client(&error)));
            }
            sent = body.carried();
            if is_reached {
                return (sent, Ok(used == came.len()));
            }
            let was_full = came.len() == came.capacity();
            came.clear();
            came.reserve(match body.left() {
                Some(left) => usize::try_from(left).unwrap_or(LONG_PIECE).min(LONG_PIECE),
                None if was_full => LONG_PIECE,
                None => PIECE,
            });
            if let Err(stopped) = self.read(&mut came).await {
                return (sent, Err(stopped));
            }
            (passed_on, used) = match body.read_to_trailers(&came) {
                Ok(read) => read,
                Err(refusal) => return (sent, Err(Stopped::nonsense(refusal))),
            };
        }
    }

    /// Sends the server a request, while its client is there.
    async fn write(&mut self, wire: &[u8]) -> Result<(), Stopped> {
        let limit = self.limit(self.write_timeout);
        let Self { incoming, server, silence, .. } = self;
        let writing = async {
            server.write_all(wire).await?;
            server.flush().await
        };
        let writing = async {
            tokio::select! {
                biased;
                written = writing => written.map_err(|error| Stopped::Torn(error.to_string())),
                () = incoming.left() => Err(Stopped::left()),
            }
        };
        silence.within(limit, writing).await.unwrap_or(Err(Stopped::Silent))
    }

    /// Reads on what the server answers, while its client is there.
    async fn read(&mut self, into: &mut BytesMut) -> Result<(), Stopped> {
        if self.until.is_some_and(|until| until <= Instant::now()) {
            return Err(Stopped::Silent);
        }
        let limit = self.limit(self.read_timeout);
        let Self { incoming, server, silence, .. } = self;
        let reading = async {
            tokio::select! {
                biased;
                read = server.read_buf(into) => match read {
                    Ok(1..) => Ok(()),
                    Ok(0) => Err(Stopped::Torn("the server closed its connection before its answer was whole".to_owned())),
                    Err(error) => Err(Stopped::Torn(format!("the server's connection broke: {error}"))),
                },
                () = incoming.left() => Err(Stopped::left()),
            }
        };
        silence.within(limit, reading).await.unwrap_or(Err(Stopped::Silent))
    }

    /// Until when the server is waited for now.
    fn limit(&self, timeout: Option<Duration>) -> Option<Instant> {
        let silent = timeout.map(|timeout| Instant::now() + timeout);
        silent.into_iter().chain(self.until).min()
    }
}

impl Stopped {
    /// What that means before any answer; `torn`: where the connection broke.
    fn before_an_answer(self, torn: Unanswered) -> Unanswered {
        match self {
            Self::Client(why) => Unanswered::Left(why),
            Self::Silent => Unanswered::UnderWay { was_silent: true },
            Self::Torn(_) => torn,
        }
    }

    fn nonsense(refusal: WireRefusal) -> Self {
        Self::Torn(format!("the body of the server's answer makes no sense: {refusal}"))
    }

    fn left() -> Self {
        Self::Client("the client left".to_owned())
    }

    fn of_client(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::TimedOut => Self::Client(error.to_string()),
            _ => Self::left(),
        }
    }
}

/// Sends the head that is in `wire`, if it was not sent before, a piece of a body and what is `last` of it: what is short
/// together.
async fn send(incoming: &mut Incoming, wire: &mut Vec<u8>, piece: &[u8], last: &[u8]) -> std::io::Result<()> {
    if piece.len() <= PIECE {
        wire.extend_from_slice(piece);
        wire.extend_from_slice(last);
        incoming.write_all(wire).await?;
    } else {
        incoming.write_all(wire).await?;
        incoming.write_all(piece).await?;
        incoming.write_all(last).await?;
    }
    wire.clear();
    incoming.flush().await
}

/// A request as a server gets it: its fields as they came but for those of the client's connection, and our own.
fn as_sent(parts: Parts<'_>, request: &RequestHead<'_>, exchange: &Exchange) -> Vec<u8> {
    let amendments = Amendments::of(request, exchange);
    let target = exchange.target.as_deref().unwrap_or(parts.target());
    let mut wire = Vec::with_capacity(PIECE);
    for part in [parts.method(), b" ", target, b" HTTP/1.1\r\n"] {
        wire.extend_from_slice(part);
    }
    let goes_on = |name: &[u8]| !hop_by_hop::is_of_connection(name) && !amendments.replace(name);
    for (name, value) in parts.fields().filter(|(name, _)| goes_on(name)) {
        write_field(&mut wire, name, value);
    }
    for (name, value) in amendments.told() {
        write_field(&mut wire, name, value.as_bytes());
    }
    wire.extend_from_slice(b"\r\n");
    wire
}
