//! Good answers that are kept, and given once more.

use prometheus::{IntCounterVec, IntGauge};

use super::Metrics;
use super::register::Register;

/// What is counted of the action `stale`.
#[derive(Debug, Clone)]
pub(super) struct Stale {
    answers: IntCounterVec,
    kept: IntCounterVec,
    bytes: IntGauge,
    entries: IntGauge,
}

impl Stale {
    pub(super) fn new(register: &mut Register) -> Result<Self, prometheus::Error> {
        Ok(Self {
            answers: register.counters(
                "schemagate_stale_answers_total",
                &["route", "result"],
                "Requests that the last good answer was to be given to, by route and what came of it.",
            )?,
            kept: register.counters(
                "schemagate_stale_kept_total",
                &["route", "result"],
                "Answers of ready routes that may have to give them once more, by route and whether they are kept.",
            )?,
            bytes: register.gauge("schemagate_stale_stored_bytes", "Memory that kept answers take.")?,
            entries: register.gauge("schemagate_stale_stored_answers", "Answers that are kept.")?,
        })
    }
}

impl Metrics {
    /// Counts a request that the last good answer was to be given to. `result` is one of a few fixed words.
    pub fn stale_answer(&self, route: &str, result: &str) {
        self.stale.answers.with_label_values(&[route, result]).inc();
    }

    /// Counts a good answer that was to be kept. `result` is one of a few fixed words.
    pub fn stale_kept(&self, route: &str, result: &str) {
        self.stale.kept.with_label_values(&[route, result]).inc();
    }

    /// Sets what is kept.
    pub fn stale_store(&self, bytes: usize, answers: usize) {
        let number = |count| i64::try_from(count).unwrap_or(i64::MAX);
        self.stale.bytes.set(number(bytes));
        self.stale.entries.set(number(answers));
    }
}
