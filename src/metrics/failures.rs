//! Upstreams' failures, and what was made of them.

use prometheus::{IntCounter, IntCounterVec};

use super::Metrics;
use super::register::Register;

/// What is counted of upstreams' failures.
#[derive(Debug, Clone)]
pub(super) struct Failures {
    unanswered: IntCounterVec,
    rechecks: IntCounterVec,
    symptoms: IntCounterVec,
    dropped_symptoms: IntCounter,
    unreadable: IntCounter,
    replays: IntCounterVec,
    unexplained: IntCounterVec,
}

impl Failures {
    pub(super) fn new(register: &mut Register) -> Result<Self, prometheus::Error> {
        Ok(Self {
            unanswered: register.counters(
                "schemagate_upstream_failures_total",
                &["upstream", "error"],
                "Requests that no server answered.",
            )?,
            rechecks: register.counters(
                "schemagate_rechecks_total",
                &["route", "result"],
                "Upstream failures that were held back for a look at the catalog, by route and what came of it.",
            )?,
            symptoms: register.counters(
                "schemagate_symptoms_total",
                &["code", "covered"],
                "Bodies of failures that speak of the schema, by code and whether a requirement of the route covers it.",
            )?,
            dropped_symptoms: register.counter(
                "schemagate_symptoms_dropped_total",
                "Symptoms not kept for `suggest`, because there were too many different ones.",
            )?,
            unreadable: register.counter(
                "schemagate_unreadable_failures_total",
                "Bodies of failures not read for symptoms, because of their content coding.",
            )?,
            replays: register.counters(
                "schemagate_replays_total",
                &["route", "result"],
                "Reads sent again because the schema changed under them.",
            )?,
            unexplained: register.counters(
                "schemagate_unexplained_failures_total",
                &["route"],
                "Failures passed on that speak of the schema, or during which it changed, while every need was met.",
            )?,
        })
    }
}

impl Metrics {
    /// Counts a request that no server of an upstream answered. `error` is a word of RFC 9209.
    pub fn upstream_failure(&self, upstream: &str, error: &str) {
        self.failures.unanswered.with_label_values(&[upstream, error]).inc();
    }

    /// Counts an upstream's failure that was held back for a look at the catalog, or would have been.
    /// `result` is one of a few fixed words.
    pub fn recheck(&self, route: &str, result: &str) {
        self.failures.rechecks.with_label_values(&[route, result]).inc();
    }

    /// Counts a failure's body that speaks of the schema. Both are of a few fixed words.
    pub fn symptom(&self, code: &str, covered: &str) {
        self.failures.symptoms.with_label_values(&[code, covered]).inc();
    }

    /// Counts a symptom that is not kept: there are too many different ones.
    pub fn dropped_symptom(&self) {
        self.failures.dropped_symptoms.inc();
    }

    /// Counts a failure's body that is encoded in a way that is not read.
    pub fn unreadable_failure(&self) {
        self.failures.unreadable.inc();
    }

    /// Counts a read that was sent again because the schema changed under it. `result` is one of a
    /// few fixed words.
    pub fn replay(&self, route: &str, result: &str) {
        self.failures.replays.with_label_values(&[route, result]).inc();
    }

    /// Counts a failure that was passed on although it speaks of the schema.
    pub fn unexplained_failure(&self, route: &str) {
        self.failures.unexplained.with_label_values(&[route]).inc();
    }
}
