//! Both ends of HTTP/2 without TLS, stream by stream: what libraries for requests do not let one see.

use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use h2::client::SendRequest;
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use http::Request;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// A backend that speaks HTTP/2 only, by prior knowledge.
pub(crate) struct Http2Backend {
    port: u16,
    serving: JoinHandle<()>,
}

impl Http2Backend {
    /// `answer` is called with each request; an error of its own is the stream's end.
    pub(crate) async fn start<F>(
        answer: impl Fn(Request<RecvStream>, SendResponse<Bytes>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), h2::Error>> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let answer = Arc::new(answer);
        let serving = tokio::spawn(async move {
            // Dropped with this task, and with it every connection.
            let mut talks = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let answer = Arc::clone(&answer);
                talks.spawn(async move {
                    // What many clients give up at once is no attack, however late this task gets to see it.
                    let mut connection =
                        h2::server::Builder::new().max_pending_accept_reset_streams(1000).handshake(stream).await?;
                    let mut streams = JoinSet::new();
                    while let Some(accepted) = connection.accept().await {
                        let (request, respond) = accepted?;
                        streams.spawn(answer(request, respond));
                    }
                    Ok::<_, h2::Error>(())
                });
            }
        });
        Self { port, serving }
    }

    /// `host:port`, as an upstream's `servers` have it.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Http2Backend {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A connection to a port of 127.0.0.1; it ends with what is returned and the streams of it.
pub(crate) async fn http2_connection(port: u16) -> SendRequest<Bytes> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the port is open");
    stream.set_nodelay(true).expect("a socket");
    // Room for streams beside one that reads nothing.
    let (sender, connection) = h2::client::Builder::new()
        .initial_connection_window_size(16 << 20)
        .handshake(stream)
        .await
        .expect("HTTP/2 is spoken");
    tokio::spawn(connection);
    sender
}

/// Sends a piece of a body as fast as the other side takes it.
pub(crate) async fn send(body: &mut SendStream<Bytes>, mut left: Bytes, ends: bool) -> Result<(), h2::Error> {
    if left.is_empty() {
        return body.send_data(left, ends);
    }
    while !left.is_empty() {
        body.reserve_capacity(left.len());
        let Some(granted) = poll_fn(|context| body.poll_capacity(context)).await else {
            return Err(h2::Reason::CANCEL.into());
        };
        let piece = left.split_to(granted?.min(left.len()));
        body.send_data(piece, ends && left.is_empty())?;
    }
    Ok(())
}

/// The next piece of a body; `None` at its end.
pub(crate) async fn receive(body: &mut RecvStream) -> Result<Option<Bytes>, h2::Error> {
    let Some(piece) = body.data().await.transpose()? else { return Ok(None) };
    body.flow_control().release_capacity(piece.len())?;
    Ok(Some(piece))
}
