//! A client's connection, and which protocol it speaks.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pingora::apps::{HttpServerApp, ServerApp};
use pingora::protocols::Stream;
use pingora::protocols::http::ServerSession;
use pingora::proxy::HttpProxy;
use pingora::server::ShutdownWatch;

use super::gateway::Gateway;

/// Hands each connection to HTTP/1 or HTTP/2.
///
/// pingora waits for all 24 bytes of HTTP/2's preface before it looks at a connection without TLS:
/// `OPTIONS / HTTP/1.0`, which some load balancers ask for health, is shorter and would wait for ever.
pub(super) struct Connections {
    pub(super) proxy: Arc<HttpProxy<Gateway>>,
}

/// How the preface of HTTP/2 begins (RFC 9113, section 3.4); no method of HTTP/1 does.
const PREFACE: [u8; 3] = *b"PRI";

/// How long a new connection may stay silent.
const SILENCE: Duration = Duration::from_secs(60);

impl Connections {
    /// Whether pingora finds out by itself; `None` if the client went away or stayed silent.
    async fn is_for_pingora(stream: &mut Stream) -> Option<bool> {
        if stream.get_ssl_digest().is_some() {
            // ALPN has told.
            return Some(true);
        }
        let mut first = [0; PREFACE.len()];
        let peeked = tokio::time::timeout(SILENCE, stream.try_peek(&mut first)).await.ok()?.ok()?;
        Some(peeked && first == PREFACE)
    }

    async fn serve_http1(&self, stream: Stream, shutdown: &ShutdownWatch) {
        let mut session = ServerSession::new_http1(stream);
        session.set_pipelining_enabled(true);
        loop {
            let Some(reused) = self.proxy.process_new_http(session, shutdown).await else { return };
            let (stream, settings) = reused.consume();
            session = ServerSession::new_http1(stream);
            if let Some(settings) = settings {
                settings.apply_to_session(&mut session);
            }
        }
    }
}

#[async_trait]
impl ServerApp for Connections {
    async fn process_new(self: &Arc<Self>, mut stream: Stream, shutdown: &ShutdownWatch) -> Option<Stream> {
        if Self::is_for_pingora(&mut stream).await? {
            return self.proxy.process_new(stream, shutdown).await;
        }
        self.serve_http1(stream, shutdown).await;
        None
    }

    async fn cleanup(&self) {
        self.proxy.http_cleanup().await;
    }
}
