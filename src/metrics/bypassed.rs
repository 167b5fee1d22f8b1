//! What is counted of bypasses.

use prometheus::{IntCounterVec, IntGauge};

use super::register::Register;

/// What is counted of bypasses. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Bypassed {
    requests: IntCounterVec,
    on: IntGauge,
}

impl Bypassed {
    pub(super) fn new(register: &mut Register) -> Result<Self, prometheus::Error> {
        Ok(Self {
            requests: register.counters(
                "schemagate_bypassed_requests_total",
                &["route", "reason"],
                "Requests that a bypass let pass, by route and why they would not have.",
            )?,
            on: register.gauge("schemagate_bypasses", "Bypasses that are on.")?,
        })
    }

    /// Counts a request that a bypass let pass.
    pub(super) fn request(&self, route: &str, reason: &str) {
        self.requests.with_label_values(&[route, reason]).inc();
    }

    /// Sets how many are on; they end by the clock alone.
    pub(super) fn stand(&self, on: usize) {
        self.on.set(i64::try_from(on).unwrap_or(i64::MAX));
    }
}
