//! Alerts and probes.

use prometheus::IntCounterVec;

use super::Metrics;
use super::register::Register;

/// What is counted of alerts and probes.
#[derive(Debug, Clone)]
pub(super) struct Alerts {
    sent: IntCounterVec,
    probes: IntCounterVec,
}

impl Alerts {
    pub(super) fn new(register: &mut Register) -> Result<Self, prometheus::Error> {
        Ok(Self {
            sent: register.counters(
                "schemagate_alerts_total",
                &["webhook", "result"],
                "Attempts to deliver an alert, by webhook and what came of them: delivered, failed (it is tried again), \
                 refused (it is given up) or dropped (too many waited for a receiver that is away).",
            )?,
            probes: register.counters(
                "schemagate_probes_total",
                &["probe", "result"],
                "Probes, by name and whether the answer was the expected one: right or wrong.",
            )?,
        })
    }
}

impl Metrics {
    /// Counts an attempt to deliver an alert. `result` is one of a few fixed words.
    pub fn alert(&self, webhook: &str, result: &str) {
        self.alerts.sent.with_label_values(&[webhook, result]).inc();
    }

    /// Counts a probe. `result` is one of a few fixed words.
    pub fn probe(&self, probe: &str, result: &str) {
        self.alerts.probes.with_label_values(&[probe, result]).inc();
    }
}
