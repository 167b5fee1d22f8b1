//! A client's connection that an answer is kept from, until its body tells what to do with it.

use std::fmt;
use std::mem;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;
use gate::Symptom;
use http::HeaderMap;
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::protocols::Digest;
use pingora::protocols::http::custom::CustomMessageWrite;
use pingora::protocols::http::custom::server::Session as CustomSession;
use pingora::protocols::http::{HttpTask, ServerSession};
use pingora::protocols::l4::socket::SocketAddr;
use pingora::proxy::Session;
use pingora::{Error, ErrorType, Result};
use tokio::sync::oneshot;
use tokio::time::sleep;

/// How long an answer is kept, where its body comes slowly.
const LIMIT: Duration = Duration::from_millis(250);

type Messages = Box<dyn Stream<Item = Result<Bytes>> + Unpin + Send + Sync + 'static>;

/// What becomes of an answer that was kept to its end, or to one of the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// It goes out, as it came.
    Pass,
    /// It is dropped, and something else is written in its place.
    Fail,
}

/// A client's connection from which an answer is kept.
///
/// pingora has no place where the header can wait for the body, but the connection that it writes
/// to can be exchanged for another one: this one, which gathers what is written. Everything else
/// reaches the real connection, which comes back when this is dropped.
struct HeldBack {
    real: ServerSession,
    /// What was written so far; `None` once it went out.
    kept: Option<Vec<HttpTask>>,
    bytes: usize,
    since: Instant,
    then: Then,
    back: Option<oneshot::Sender<ServerSession>>,
}

/// Brings the real connection back.
pub(super) struct Release(oneshot::Receiver<ServerSession>);

impl fmt::Debug for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Release")
    }
}

/// Keeps what is written to the client from now on, up to the end of the answer, for
/// [`Symptom::LONGEST_BODY`] bytes or 250 ms.
pub(super) fn hold_back(session: &mut Session, then: Then) -> Release {
    let (back, release) = oneshot::channel();
    let real = mem::replace(&mut *session.downstream_session, nobody());
    let held = HeldBack { real, kept: Some(Vec::new()), bytes: 0, since: Instant::now(), then, back: Some(back) };
    *session.downstream_session = ServerSession::new_custom(Box::new(held));
    Release(release)
}

impl Release {
    /// Brings the real connection back; what did not go out until now never will.
    pub(super) fn end(mut self, session: &mut Session) {
        *session.downstream_session = nobody();
        if let Ok(real) = self.0.try_recv() {
            *session.downstream_session = real;
        }
    }
}

impl Drop for HeldBack {
    fn drop(&mut self) {
        if let Some(back) = self.back.take() {
            // Nobody waits for it where the whole request was dropped.
            let _ = back.send(mem::replace(&mut self.real, nobody()));
        }
    }
}

/// Stands where a connection was taken from, for a moment.
fn nobody() -> ServerSession {
    ServerSession::new_custom(Box::new(()))
}

fn dropped<T>() -> Result<T> {
    Error::e_explain(ErrorType::HTTPStatus(500), "answered instead of it")
}

impl HeldBack {
    async fn keep(&mut self, tasks: Vec<HttpTask>) -> Result<bool> {
        let Some(kept) = &mut self.kept else { return self.real.response_duplex_vec(tasks).await };
        let mut ended = false;
        for task in tasks {
            match task {
                HttpTask::Failed(error) => return Err(error),
                HttpTask::Body(Some(part), end) => {
                    self.bytes += part.len();
                    ended |= end;
                    kept.push(HttpTask::Body(Some(part), end));
                }
                task => {
                    ended |= task.is_end();
                    kept.push(task);
                }
            }
        }
        if !ended && self.bytes < Symptom::LONGEST_BODY && self.since.elapsed() < LIMIT {
            return Ok(false);
        }
        match self.then {
            Then::Pass => self.real.response_duplex_vec(self.kept.take().unwrap_or_default()).await,
            Then::Fail => dropped(),
        }
    }
}

/// Methods that are the real connection's own.
macro_rules! real {
    ($(fn $name:ident(&self $(, $argument:ident: $type:ty)*) $(-> $result:ty)?;)*) => {
        $(fn $name(&self $(, $argument: $type)*) $(-> $result)? { self.real.$name($($argument),*) })*
    };
    ($(fn $name:ident(&mut self $(, $argument:ident: $type:ty)*) $(-> $result:ty)?;)*) => {
        $(fn $name(&mut self $(, $argument: $type)*) $(-> $result)? { self.real.$name($($argument),*) })*
    };
}

#[async_trait]
impl CustomSession for HeldBack {
    async fn response_duplex_vec(&mut self, tasks: Vec<HttpTask>) -> Result<bool> {
        self.keep(tasks).await
    }

    async fn read_body_or_idle(&mut self, no_body_expected: bool) -> Result<Option<Bytes>> {
        if self.then == Then::Pass {
            return self.real.read_body_or_idle(no_body_expected).await;
        }
        // What takes its place does not wait for a body that does not come.
        tokio::select! {
            read = self.real.read_body_or_idle(no_body_expected) => read,
            () = sleep(LIMIT.saturating_sub(self.since.elapsed())) => dropped(),
        }
    }

    async fn finish(&mut self) -> Result<()> {
        self.real.finish_body().await
    }

    async fn read_body_bytes(&mut self) -> Result<Option<Bytes>> {
        self.real.read_request_body().await
    }

    async fn drain_request_body(&mut self) -> Result<()> {
        self.real.drain_request_body().await
    }

    async fn write_response_header(&mut self, answer: Box<ResponseHeader>, _end: bool) -> Result<()> {
        self.real.write_response_header(answer).await
    }

    async fn write_response_header_ref(&mut self, answer: &ResponseHeader, _end: bool) -> Result<()> {
        self.real.write_response_header_ref(answer).await
    }

    async fn write_body(&mut self, data: Bytes, end: bool) -> Result<()> {
        self.real.write_response_body(data, end).await
    }

    async fn write_trailers(&mut self, trailers: HeaderMap) -> Result<()> {
        self.real.write_response_trailers(trailers).await
    }

    async fn shutdown(&mut self, _code: u32, _context: &str) {
        self.real.shutdown().await;
    }

    async fn finish_custom(&mut self) -> Result<()> {
        Ok(())
    }

    real! {
        fn req_header(&self) -> &RequestHeader;
        fn get_read_timeout(&self) -> Option<Duration>;
        fn get_write_timeout(&self) -> Option<Duration>;
        fn get_total_drain_timeout(&self) -> Option<Duration>;
        fn request_summary(&self) -> String;
        fn response_written(&self) -> Option<&ResponseHeader>;
        fn body_bytes_sent(&self) -> usize;
        fn body_bytes_read(&self) -> usize;
        fn digest(&self) -> Option<&Digest>;
        fn client_addr(&self) -> Option<&SocketAddr>;
        fn server_addr(&self) -> Option<&SocketAddr>;
        fn retry_buffer_truncated(&self) -> bool;
        fn get_retry_buffer(&self) -> Option<Bytes>;
        fn is_upgrade_req(&self) -> bool;
        fn was_upgraded(&self) -> bool;
    }

    real! {
        fn req_header_mut(&mut self) -> &mut RequestHeader;
        fn set_read_timeout(&mut self, timeout: Option<Duration>);
        fn set_write_timeout(&mut self, timeout: Option<Duration>);
        fn set_total_drain_timeout(&mut self, timeout: Option<Duration>);
        fn is_body_done(&mut self) -> bool;
        fn is_body_empty(&mut self) -> bool;
        fn digest_mut(&mut self) -> Option<&mut Digest>;
        fn enable_retry_buffering(&mut self);
    }

    fn pseudo_raw_h1_request_header(&self) -> Bytes {
        self.real.to_h1_raw()
    }

    // Messages beside the body are what custom protocols have, and no client here speaks one.

    fn take_custom_message_reader(&mut self) -> Option<Messages> {
        None
    }

    fn restore_custom_message_reader(&mut self, _reader: Messages) -> Result<()> {
        Ok(())
    }

    fn take_custom_message_writer(&mut self) -> Option<Box<dyn CustomMessageWrite>> {
        None
    }

    fn restore_custom_message_writer(&mut self, _writer: Box<dyn CustomMessageWrite>) -> Result<()> {
        Ok(())
    }
}
