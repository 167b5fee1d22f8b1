//! A receiver of webhooks.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::wait::eventually;

/// Keeps what it was sent.
pub(crate) struct Receiver {
    port: u16,
    shared: Arc<Mutex<Shared>>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    received: Vec<(HeaderMap, String)>,
    /// What the next messages are answered with; then 200.
    answers: VecDeque<u16>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        Self::start_at(0).await
    }

    /// Starts at a port that the test chose.
    pub(crate) async fn start_at(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let shared = Arc::new(Mutex::new(Shared::default()));
        let kept = Arc::clone(&shared);
        let take = post(move |headers: HeaderMap, body: Bytes| async move {
            let mut shared = kept.lock().unwrap_or_else(PoisonError::into_inner);
            shared.received.push((headers, String::from_utf8_lossy(&body).into_owned()));
            StatusCode::from_u16(shared.answers.pop_front().unwrap_or(200)).expect("a status")
        });
        let app = Router::new().route("/{*path}", take);
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.expect("it serves") });
        Self { port, shared, serving }
    }

    /// Answers the next messages with these statuses.
    pub(crate) fn answers(&self, statuses: &[u16]) {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).answers.extend(statuses);
    }

    /// `host:port`.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Everything that was sent so far.
    pub(crate) fn received(&self) -> Vec<(HeaderMap, String)> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).received.clone()
    }

    /// Waits for the message at a place, and reads it as JSON.
    pub(crate) async fn message(&self, place: usize) -> Value {
        let what = format!("webhook message {place}");
        let limit = std::time::Duration::from_secs(20);
        let (_, body) = eventually(&what, limit, async || self.received().get(place).cloned()).await;
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error} in {body}"))
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
