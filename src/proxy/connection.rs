//! A client's connection, and which protocol it speaks.

use std::sync::Arc;

use async_trait::async_trait;
use pingora::apps::{HttpServerApp, ServerApp};
use pingora::protocols::{ALPN, Stream};
use pingora::proxy::HttpProxy;
use pingora::server::ShutdownWatch;

use super::client::Client;
use super::crowd::{Crowd, Guest};
use super::drain::InFlight;
use super::gateway::{Gateway, Phases};
use super::http1::Http1;
use super::http2::Http2;

/// Hands each connection to HTTP/1 or HTTP/2.
#[derive(Clone)]
pub(super) struct Connections {
    pub(super) proxy: Arc<HttpProxy<Phases>>,
    pub(super) gateway: Arc<Gateway>,
    pub(super) crowd: Arc<Crowd>,
    /// Turns true when no more connections are accepted.
    pub(super) closing: ShutdownWatch,
    /// Turns true when connections without a request are to end.
    pub(super) leaving: ShutdownWatch,
    /// Counts them.
    pub(super) open: InFlight,
}

impl Connections {
    /// Serves a connection of which it is not known yet that it speaks HTTP/2.
    async fn serve(self, stream: Stream, shutdown: ShutdownWatch, _guest: Option<Guest>) {
        // Over TLS, ALPN has told; without, the first bytes do.
        let plain = stream.get_ssl_digest().is_none();
        let Self { proxy, gateway, closing, leaving, .. } = &self;
        let http1 = Http1 { proxy, gateway, shutdown: &shutdown, closing, leaving };
        if let Some(http2) = http1.serve(stream, plain).await {
            Box::pin(self.serve_http2(http2, &shutdown)).await;
        }
    }

    async fn serve_http2(&self, stream: Stream, shutdown: &ShutdownWatch) {
        let (client, limits) = {
            let config = &self.gateway.pin().edition.config;
            (Client::behind(&*stream, &config.listen.trusted_proxies), config.limits)
        };
        Http2::new(&self.proxy, limits).serve(stream, client, &self.crowd, shutdown).await;
    }
}

#[async_trait]
impl ServerApp for Connections {
    async fn process_new(self: &Arc<Self>, stream: Stream, shutdown: &ShutdownWatch) -> Option<Stream> {
        let is_plain = stream.get_ssl_digest().is_none();
        // With TLS both were done before the handshake.
        let (stream, guest) = if is_plain {
            let stream = self.gateway.introduced(stream).await?;
            let guest = self.crowd.let_in(&*stream, &self.gateway.pin().edition.config)?;
            (stream, Some(guest))
        } else {
            (stream, None)
        };
        if matches!(stream.selected_alpn_proto(), Some(ALPN::H2)) {
            let _open = self.open.clone();
            self.serve_http2(stream, shutdown).await;
            return None;
        }
        // A task of its own, on the same thread: pingora's has room for a handshake as long as it lives,
        // which is six times what a connection needs that waits.
        tokio::spawn(Self::clone(self).serve(stream, shutdown.clone(), guest));
        None
    }

    async fn cleanup(&self) {
        self.proxy.http_cleanup().await;
    }
}
