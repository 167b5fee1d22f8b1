//! What is counted of requests that wait for a verdict to turn.

use std::time::Duration;

use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

/// Requests that wait, and that waited.
#[derive(Debug, Clone)]
pub struct Holds {
    now: IntGaugeVec,
    ended: IntCounterVec,
    took: HistogramVec,
}

/// Counts one request as long as it lives.
#[derive(Debug)]
pub struct Held(IntGauge);

impl Holds {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let now =
            IntGaugeVec::new(Opts::new("held_requests", "Requests that wait for a verdict to turn."), &["route"])?;
        let ended = IntCounterVec::new(
            Opts::new("holds_total", "Requests that were to wait for a verdict to turn, by route and what came of it."),
            &["route", "result"],
        )?;
        let took = HistogramVec::new(
            HistogramOpts::new("hold_duration_seconds", "Time that a request waited for a verdict to turn.")
                .buckets(vec![0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0]),
            &["route"],
        )?;
        registry.register(Box::new(now.clone()))?;
        registry.register(Box::new(ended.clone()))?;
        registry.register(Box::new(took.clone()))?;
        Ok(Self { now, ended, took })
    }

    /// Counts a request that begins to wait, until what is returned is dropped.
    pub fn begin(&self, route: &str) -> Held {
        let gauge = self.now.with_label_values(&[route]);
        gauge.inc();
        Held(gauge)
    }

    /// Counts how waiting ended. `result` is one of a few fixed words.
    pub fn end(&self, route: &str, result: &str, took: Duration) {
        self.ended.with_label_values(&[route, result]).inc();
        self.took.with_label_values(&[route]).observe(took.as_secs_f64());
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.dec();
    }
}
