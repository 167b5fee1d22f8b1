//! Word that something may have changed.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use crate::metrics::Metrics;

/// Word that something may have changed: makes the next look come at once, and is no evidence.
///
/// Rung any number of times before or during a look, it brings exactly one more look.
#[derive(Debug)]
pub(super) struct Hint {
    bell: Notify,
    /// When the first notification came that no look has answered yet.
    notified: Mutex<Option<Instant>>,
    counted: Option<(Metrics, String)>,
}

impl Hint {
    /// A hint of a database that is watched.
    pub(super) fn new(metrics: Metrics, database: &str) -> Self {
        Self { bell: Notify::new(), notified: Mutex::default(), counted: Some((metrics, database.to_owned())) }
    }

    /// For looks of a command, which counts nothing.
    pub(super) fn uncounted() -> Self {
        Self { bell: Notify::new(), notified: Mutex::default(), counted: None }
    }

    /// A notification arrived.
    pub(super) fn notified(&self) {
        if let Some((metrics, database)) = &self.counted {
            metrics.notification(database);
        }
        self.with_notified(|notified| _ = notified.get_or_insert_with(Instant::now));
        self.ring();
    }

    /// When the first notification came that no look has answered yet; the look that begins now does.
    pub(super) fn take_notified(&self) -> Option<Instant> {
        self.with_notified(Option::take)
    }

    /// The look that was to answer it failed.
    pub(super) fn give_back(&self, taken: Option<Instant>) {
        self.with_notified(|notified| *notified = taken.or(*notified));
    }

    fn with_notified<T>(&self, with: impl FnOnce(&mut Option<Instant>) -> T) -> T {
        with(&mut self.notified.lock().unwrap_or_else(PoisonError::into_inner))
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
