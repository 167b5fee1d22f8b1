//! Writing an answer of our own, whatever the client is still sending.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Response, header};
use pingora::http::ResponseHeader;
use pingora::protocols::http::ServerSession;
use pingora::proxy::Session;

use super::request_id::{self, RequestId};
use crate::answer::Answer;

/// A body that is no longer than this is read to its end after the answer, so that the connection
/// can be used again.
const SMALL: u64 = 64 * 1024;

/// How long a client may still send what nobody reads, and how much. Closing on it at once would
/// reset the connection, and the reset would overtake the answer.
pub(super) const LINGER: Duration = Duration::from_secs(5);
pub(super) const LINGER_BYTES: usize = 16 * 1024 * 1024;

/// What becomes of a connection after the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    /// It can be used again.
    Keep,
    /// The rest of the request is read, then it can be used again.
    Drain,
    /// The rest of the request is read for a while, then it is closed: of HTTP/2, the stream alone.
    Linger,
}

/// Writes `answer`. With `close` the connection is not used again.
pub(super) async fn write(session: &mut Session, answer: Answer, id: &RequestId, close: bool) -> pingora::Result<()> {
    let after = after(session.as_downstream_mut(), close);
    match after {
        After::Keep if !close => {}
        After::Drain => {
            session.set_close_on_response_before_downstream_finish(false);
            session.set_total_drain_timeout(Some(LINGER));
        }
        After::Keep | After::Linger => session.set_keepalive(None),
    }
    let end = answer.body.is_empty();
    let head = Box::new(head(&answer, id));
    match session.as_downstream_mut() {
        // pingora's own way leaves the end to a frame of its own; a gRPC client reads its status
        // from a header that ends the stream, and from no other.
        ServerSession::H2(stream) => stream.write_response_header(head, end)?,
        connection => connection.write_response_header(head).await?,
    }
    if !end {
        session.write_response_body(Some(answer.body), true).await?;
    }
    if after == After::Linger {
        session.finish_body().await?;
        linger(session.as_downstream_mut()).await;
    }
    Ok(())
}

/// Whether anything was sent that cannot be taken back. An interim answer can be followed by any other.
pub(super) fn is_begun(session: &Session) -> bool {
    session.response_written().is_some_and(|written| !written.status.is_informational() || written.status == 101)
}

fn after(session: &mut ServerSession, close: bool) -> After {
    if session.is_body_done() {
        return After::Keep;
    }
    let request = session.req_header();
    // Who waits for a 100 may send the body or not: no telling where the next request begins.
    let waits = request.headers.contains_key(header::EXPECT);
    let length = request.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    match length {
        Some(length) if length <= SMALL && !waits && !close && !session.is_http2() => After::Drain,
        _ => After::Linger,
    }
}

fn head(answer: &Answer, id: &RequestId) -> ResponseHeader {
    let (mut head, ()) = Response::new(()).into_parts();
    head.status = answer.status;
    // With room for what pingora adds.
    head.headers.reserve(answer.headers.iter().count() + 6);
    for (name, value) in answer.headers.iter() {
        head.headers.append(name, value.clone());
    }
    if let Some(length) = answer.length {
        head.headers.insert(header::CONTENT_LENGTH, length.into());
    }
    head.headers.insert(request_id::HEADER, id.value());
    head.into()
}

async fn linger(session: &mut ServerSession) {
    if !session.is_http2() {
        // The client need not wait: this was the last answer.
        session.shutdown().await;
    }
    let until = Instant::now() + LINGER;
    let mut bytes = 0;
    while bytes < LINGER_BYTES {
        let left = until.saturating_duration_since(Instant::now());
        match tokio::time::timeout(left, session.read_request_body()).await {
            Ok(Ok(Some(part))) => bytes += Bytes::len(&part),
            Ok(Ok(None) | Err(_)) | Err(_) => return,
        }
    }
}
