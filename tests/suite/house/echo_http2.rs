//! A backend that speaks HTTP/2 only, by prior knowledge.

use bytes::Bytes;
use http::Response;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Says back each request's body, and its version, method and path in headers.
pub(crate) struct EchoHttp2 {
    port: u16,
    serving: JoinHandle<()>,
}

impl EchoHttp2 {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let serving = tokio::spawn(async move {
            let mut talks = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                talks.spawn(talk(stream));
            }
        });
        Self { port, serving }
    }

    /// `host:port`, as an upstream's `servers` have it.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for EchoHttp2 {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn talk(stream: TcpStream) -> Result<(), h2::Error> {
    let mut connection = h2::server::handshake(stream).await?;
    while let Some(accepted) = connection.accept().await {
        let (request, respond) = accepted?;
        tokio::spawn(mirror(request, respond));
    }
    Ok(())
}

async fn mirror(
    request: http::Request<h2::RecvStream>,
    mut respond: h2::server::SendResponse<Bytes>,
) -> Result<(), h2::Error> {
    let (head, mut body) = request.into_parts();
    let mut seen = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
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
    let mut left = Bytes::from(seen);
    while !left.is_empty() {
        sending.reserve_capacity(left.len());
        let Some(granted) = std::future::poll_fn(|context| sending.poll_capacity(context)).await else { break };
        let piece = left.split_to(granted?.min(left.len()));
        sending.send_data(piece, left.is_empty())?;
    }
    Ok(())
}
