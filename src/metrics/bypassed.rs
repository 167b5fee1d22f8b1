//! What is counted of bypasses.

use prometheus::{IntCounterVec, IntGauge, Opts, Registry};

/// What is counted of bypasses. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bypassed {
    requests: IntCounterVec,
    on: IntGauge,
}

impl Bypassed {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let help = "Requests that a bypass let pass, by route and why they would not have.";
        let requests = IntCounterVec::new(Opts::new("bypassed_requests_total", help), &["route", "reason"])?;
        registry.register(Box::new(requests.clone()))?;
        let on = IntGauge::new("bypasses", "Bypasses that are on.")?;
        registry.register(Box::new(on.clone()))?;
        Ok(Self { requests, on })
    }

    /// Counts a request that a bypass let pass.
    pub(super) fn request(&self, route: &str, reason: &str) {
        self.requests.with_label_values(&[route, reason]).inc();
    }

    /// Sets how many are on. Called when it is asked for, since they end by the clock alone.
    pub fn stand(&self, on: usize) {
        self.on.set(i64::try_from(on).unwrap_or(i64::MAX));
    }
}
