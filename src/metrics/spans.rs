//! What is counted of spans.

use prometheus::IntCounterVec;

use super::register::Register;

/// Spans on their way to a collector.
#[derive(Debug, Clone)]
pub struct SpanCounts(IntCounterVec);

impl SpanCounts {
    pub(super) fn new(register: &mut Register) -> Result<Self, prometheus::Error> {
        let spans = register.counters(
            "schemagate_spans_total",
            &["result"],
            "Spans for the collector: sent, failed (it did not take them), or dropped because too many waited.",
        )?;
        Ok(Self(spans))
    }

    /// Counts a span for which there was no room.
    pub fn dropped(&self) {
        self.0.with_label_values(&["dropped"]).inc();
    }

    /// Counts a batch.
    pub fn exported(&self, number: usize, arrived: bool) {
        let result = if arrived { "sent" } else { "failed" };
        self.0.with_label_values(&[result]).inc_by(u64::try_from(number).unwrap_or(0));
    }
}
