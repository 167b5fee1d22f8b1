//! A connection over HTTP/2, and what a client may do with it.

mod frames;
mod watched;

use std::sync::Arc;

use async_trait::async_trait;
use pingora::apps::{HttpServerApp, HttpServerOptions, ReusedHttpStream, ServerApp};
use pingora::protocols::Stream;
use pingora::protocols::http::ServerSession;
use pingora::protocols::http::v2::server::{H2Options, default_h2_options};
use pingora::proxy::HttpProxy;
use pingora::server::ShutdownWatch;

use super::client::Client;
use super::crowd::Crowd;
use super::gateway::Phases;
use crate::config::ClientLimits;
use watched::Watched;

/// What of an answer waits within h2 for its turn on the connection; the rest waits where it comes from.
const UNSENT: usize = 64 * 1024;

/// Serves one connection over HTTP/2, within the limits in force when it began.
pub(super) struct Http2 {
    proxy: Arc<HttpProxy<Phases>>,
    limits: ClientLimits,
    options: HttpServerOptions,
}

impl Http2 {
    pub(super) fn new(proxy: &Arc<HttpProxy<Phases>>, limits: ClientLimits) -> Arc<Self> {
        let mut options = HttpServerOptions::default();
        // Who does not speak it by TLS has sent its preface.
        options.h2c = true;
        options.h2_idle_timeout = Some(limits.http2_idle);
        Arc::new(Self { proxy: Arc::clone(proxy), limits, options })
    }

    /// Serves it to its end.
    pub(super) async fn serve(
        self: Arc<Self>,
        stream: Stream,
        client: Client,
        crowd: &Arc<Crowd>,
        shutdown: &ShutdownWatch,
    ) {
        let watched = Watched::new(stream, self.limits, client, Arc::clone(crowd));
        self.process_new(Box::new(watched), shutdown).await;
    }
}

#[async_trait]
impl HttpServerApp for Http2 {
    async fn process_new_http(
        self: &Arc<Self>,
        session: ServerSession,
        shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        self.proxy.process_new_http(session, shutdown).await
    }

    fn h2_options(&self) -> Option<H2Options> {
        let mut options = default_h2_options();
        options
            .max_concurrent_streams(self.limits.http2_streams.get())
            .max_header_list_size(u32::try_from(self.limits.header_bytes).unwrap_or(u32::MAX))
            // A page that is left takes all of its requests back at once; how often that goes on is counted here.
            .max_pending_accept_reset_streams(usize::try_from(self.limits.http2_streams.get()).unwrap_or(usize::MAX))
            .max_send_buffer_size(UNSENT)
            .initial_window_size(self.limits.http2_window)
            .initial_connection_window_size(self.limits.http2_connection_window);
        Some(options)
    }

    fn server_options(&self) -> Option<&HttpServerOptions> {
        Some(&self.options)
    }
}
