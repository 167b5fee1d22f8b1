//! What is counted of the admin listener.

use prometheus::{IntCounterVec, Opts, Registry};

/// Requests of the admin listener that were refused.
#[derive(Debug, Clone)]
pub struct AdminMetrics {
    refusals: IntCounterVec,
}

impl AdminMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let refusals = IntCounterVec::new(
            Opts::new("admin_refusals_total", "Requests that the admin listener refused, by reason."),
            &["reason"],
        )?;
        registry.register(Box::new(refusals.clone()))?;
        Ok(Self { refusals })
    }

    /// Counts a refused request. `reason` is one of a few fixed words.
    pub fn refusal(&self, reason: &str) {
        self.refusals.with_label_values(&[reason]).inc();
    }
}
