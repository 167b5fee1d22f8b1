//! How much of anything the admin listener takes, so that no flood of it is felt elsewhere.

use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use super::problem::Problem;

/// Connections at once; a further one takes the place of the oldest, so that probes always come in.
pub(super) const CONNECTIONS: usize = 256;

/// Bytes of a request's header.
pub(super) const HEADER: usize = 16 * 1024;

/// Lines of a request's header.
pub(super) const HEADERS: usize = 64;

/// From one request of a connection to the end of the next one's header.
pub(super) const HEADER_TIME: Duration = Duration::from_secs(30);

/// Event streams at once.
pub(super) const STREAMS: usize = 32;

/// Bytes of a request's body.
const BODY: usize = 64 * 1024;

/// Until an answer begins, the request's body included.
const ANSWER_TIME: Duration = Duration::from_secs(10);

pub(super) fn body() -> DefaultBodyLimit {
    DefaultBodyLimit::max(BODY)
}

pub(super) async fn in_time(request: Request, next: Next) -> Response {
    timeout(ANSWER_TIME, next.run(request)).await.unwrap_or_else(|_| {
        let detail = "it took more than 10s, the sending of the body included; nothing more is done";
        Problem::new(StatusCode::REQUEST_TIMEOUT, "time", detail).into_response()
    })
}
