//! Not part of pingora: how long a request's body is waited for.

use bytes::Bytes;
use pingora_core::protocols::http::ServerSession as HttpSession;
use pingora_error::{Error, ErrorType::ReadTimedout, Result};
use std::time::Duration;
use tokio::time::timeout;

/// [`HttpSession::read_body_or_idle`], for at most so long where there is a body to read.
pub(crate) async fn read_body_or_idle(
    session: &mut HttpSession,
    idle: bool,
    limit: Option<Duration>,
) -> Result<Option<Bytes>> {
    let Some(limit) = limit.filter(|_| !idle) else {
        return session.read_body_or_idle(idle).await;
    };
    match timeout(limit, session.read_body_or_idle(idle)).await {
        Ok(read) => read,
        Err(_) => Error::e_explain(ReadTimedout, format!("reading body, timeout: {limit:?}")),
    }
}
