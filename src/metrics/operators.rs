//! What is counted of operators who test behind what keeps others out.

use prometheus::IntCounterVec;

use super::register::Register;

/// Passes, and the requests that they let in.
#[derive(Debug, Clone)]
pub struct Operators {
    passes: IntCounterVec,
    requests: IntCounterVec,
}

impl Operators {
    pub(super) fn new(register: &mut Register) -> Result<Self, prometheus::Error> {
        Ok(Self {
            passes: register.counters(
                "schemagate_operator_passes_total",
                &["result"],
                "Operators' links that were followed (accepted), and passes that were not accepted: expired, forged, malformed.",
            )?,
            requests: register.counters(
                "schemagate_operator_requests_total",
                &["route"],
                "Requests of operators that anybody else's would have been kept from the backend.",
            )?,
        })
    }

    /// Counts a pass. `result` is one of a few fixed words.
    pub fn pass(&self, result: &str) {
        self.passes.with_label_values(&[result]).inc();
    }

    /// Counts a request that was let in.
    pub fn request(&self, route: &str) {
        self.requests.with_label_values(&[route]).inc();
    }
}
