//! What is counted of clients' connections.

use prometheus::{IntCounterVec, IntGauge};

use super::register::Register;

/// Clients' connections.
#[derive(Debug, Clone)]
pub struct Connections {
    /// How many there are.
    pub open: IntGauge,
    refused: IntCounterVec,
    ended: IntCounterVec,
}

impl Connections {
    pub(super) fn new(register: &mut Register) -> Result<Self, prometheus::Error> {
        Ok(Self {
            open: register.gauge("schemagate_connections", "Connections of clients that are open.")?,
            refused: register.counters(
                "schemagate_connections_refused_total",
                &["limit"],
                "Connections of clients that were closed at once because there were too many, by the limit that counted.",
            )?,
            ended: register.counters(
                "schemagate_connections_ended_total",
                &["limit"],
                "Connections of clients over HTTP/2 that were closed because of what came over them, by the limit that was passed.",
            )?,
        })
    }

    /// Counts a connection that was closed at once. `limit` is a key of `[limits]`.
    pub fn refused(&self, limit: &str) {
        self.refused.with_label_values(&[limit]).inc();
    }

    /// Counts a connection that was closed for what came over it. `limit` is a key of `[limits]`.
    pub fn ended(&self, limit: &str) {
        self.ended.with_label_values(&[limit]).inc();
    }
}
