//! A backend that says back what it is sent, over HTTP/2.

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{Request, Response};

use super::http2_backend::{Http2Backend, receive, send};

/// Says back each request's body, and its version, method and path in headers.
pub(crate) struct EchoHttp2(Http2Backend);

impl EchoHttp2 {
    pub(crate) async fn start() -> Self {
        Self(Http2Backend::start(mirror).await)
    }

    /// `host:port`, as an upstream's `servers` have it.
    pub(crate) fn address(&self) -> String {
        self.0.address()
    }
}

async fn mirror(request: Request<RecvStream>, mut respond: SendResponse<Bytes>) -> Result<(), h2::Error> {
    let (head, mut body) = request.into_parts();
    let mut seen = Vec::new();
    while let Some(piece) = receive(&mut body).await? {
        seen.extend_from_slice(&piece);
    }
    let status = head.uri.path().strip_prefix("/status/").and_then(|status| status.parse().ok()).unwrap_or(200_u16);
    let response = Response::builder()
        .status(status)
        .header("x-version", format!("{:?}", head.version))
        .header("x-request-line", format!("{} {}", head.method, head.uri.path()))
        .header("content-length", seen.len())
        .body(())
        .expect("a valid head");
    let mut sending = respond.send_response(response, seen.is_empty())?;
    if seen.is_empty() { Ok(()) } else { send(&mut sending, seen.into(), true).await }
}
