//! Word that something may have changed.

use tokio::sync::Notify;

use crate::metrics::Metrics;

/// Word that something may have changed: makes the next look come at once, and is no evidence.
///
/// Rung any number of times before or during a look, it brings exactly one more look.
#[derive(Debug)]
pub(super) struct Hint {
    bell: Notify,
    counted: Option<(Metrics, String)>,
}

impl Hint {
    /// A hint of a database that is watched.
    pub(super) fn new(metrics: Metrics, database: &str) -> Self {
        Self { bell: Notify::new(), counted: Some((metrics, database.to_owned())) }
    }

    /// For looks of a command, which counts nothing.
    pub(super) fn uncounted() -> Self {
        Self { bell: Notify::new(), counted: None }
    }

    /// A notification arrived.
    pub(super) fn notified(&self) {
        if let Some((metrics, database)) = &self.counted {
            metrics.notification(database);
        }
        self.ring();
    }

    /// Something else asks for a look.
    pub(super) fn ring(&self) {
        self.bell.notify_one();
    }

    /// Waits until it was rung since the last time that this returned.
    pub(super) async fn heard(&self) {
        self.bell.notified().await;
    }
}
