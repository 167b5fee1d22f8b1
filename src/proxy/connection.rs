//! A client's connection, and which protocol it speaks.

use std::sync::Arc;

use async_trait::async_trait;
use pingora::apps::{HttpServerApp, ServerApp};
use pingora::protocols::{ALPN, Stream};
use pingora::proxy::HttpProxy;
use pingora::server::ShutdownWatch;

use super::gateway::{Gateway, Phases};
use super::http1::Http1;

/// Hands each connection to HTTP/1 or HTTP/2.
pub(super) struct Connections {
    pub(super) proxy: Arc<HttpProxy<Phases>>,
    pub(super) gateway: Arc<Gateway>,
}

#[async_trait]
impl ServerApp for Connections {
    async fn process_new(self: &Arc<Self>, stream: Stream, shutdown: &ShutdownWatch) -> Option<Stream> {
        let plain = stream.get_ssl_digest().is_none();
        let http2 = if matches!(stream.selected_alpn_proto(), Some(ALPN::H2)) {
            stream
        } else {
            // Over TLS, ALPN has told; without, the first bytes do.
            Http1 { proxy: &self.proxy, gateway: &self.gateway, shutdown }.serve(stream, plain).await?
        };
        self.proxy.process_new(http2, shutdown).await
    }

    async fn cleanup(&self) {
        self.proxy.http_cleanup().await;
    }
}
