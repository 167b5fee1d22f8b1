//! What is counted of the admin listener.

use prometheus::IntCounterVec;

use super::register::Register;

/// Requests of the admin listener that were refused.
#[derive(Debug, Clone)]
pub struct AdminMetrics {
    refusals: IntCounterVec,
}

impl AdminMetrics {
    pub(super) fn new(register: &mut Register) -> Result<Self, prometheus::Error> {
        let refusals = register.counters(
            "schemagate_admin_refusals_total",
            &["reason"],
            "Requests that the admin listener refused, by reason.",
        )?;
        Ok(Self { refusals })
    }

    /// Counts a refused request. `reason` is one of a few fixed words.
    pub fn refusal(&self, reason: &str) {
        self.refusals.with_label_values(&[reason]).inc();
    }
}
