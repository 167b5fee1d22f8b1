//! Log lines that nobody will read.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus::{IntCounter, IntCounterVec};

use super::Metrics;
use super::register::Register;

/// What is counted of log lines.
#[derive(Clone)]
pub(super) struct Logs {
    dropped: IntCounterVec,
    failures: IntCounterVec,
    queues: Arc<Mutex<Vec<Queue>>>,
}

/// Where lines wait, and who counts how many of them were dropped so far.
struct Queue {
    to: &'static str,
    dropped: Box<dyn Fn() -> usize + Send>,
}

impl Logs {
    pub(super) fn new(register: &mut Register) -> Result<Self, prometheus::Error> {
        Ok(Self {
            dropped: register.counters(
                "schemagate_log_lines_dropped_total",
                &["to"],
                "Log lines dropped because too many waited to be written, by where they were to go: stderr, stdout or file.",
            )?,
            failures: register.counters(
                "schemagate_log_write_failures_total",
                &["to"],
                "Attempts to write a log line that failed.",
            )?,
            queues: Arc::default(),
        })
    }

    pub(super) fn stand(&self) {
        for queue in self.queues.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let counter = self.dropped.with_label_values(&[queue.to]);
            let sum = u64::try_from((queue.dropped)()).unwrap_or(u64::MAX);
            counter.inc_by(sum.saturating_sub(counter.get()));
        }
    }
}

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logs").finish_non_exhaustive()
    }
}

impl Metrics {
    /// Whom to ask how many lines on their way `to` were dropped so far.
    pub fn count_dropped_lines(&self, to: &'static str, dropped: impl Fn() -> usize + Send + 'static) {
        let mut queues = self.logs.queues.lock().unwrap_or_else(PoisonError::into_inner);
        queues.push(Queue { to, dropped: Box::new(dropped) });
    }

    /// Counts lines that could not be written.
    pub fn log_failures(&self, to: &'static str) -> IntCounter {
        self.logs.failures.with_label_values(&[to])
    }
}
