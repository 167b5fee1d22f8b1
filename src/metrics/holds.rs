//! What is counted of requests that wait for a verdict to turn.

use std::collections::BTreeMap;
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::proto::{Metric, MetricFamily};
use prometheus::{HistogramVec, IntCounterVec, IntGauge, IntGaugeVec};

use super::register::Register;

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
    pub(super) fn new(register: &mut Register) -> Result<Self, prometheus::Error> {
        Ok(Self {
            now: register.gauges(
                "schemagate_held_requests",
                &["route"],
                "Requests that wait for a verdict to turn.",
            )?,
            ended: register.counters(
                "schemagate_holds_total",
                &["route", "result"],
                "Requests that were to wait for a verdict to turn, by route and what came of it.",
            )?,
            took: register.histograms(
                "schemagate_hold_duration_seconds",
                &["route"],
                &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0],
                "Time that a request waited for a verdict to turn.",
            )?,
        })
    }

    /// Counts a request that begins to wait, until what is returned is dropped.
    pub fn begin(&self, route: &str) -> Held {
        let gauge = self.now.with_label_values(&[route]);
        gauge.inc();
        Held(gauge)
    }

    /// How many requests wait now, by route; routes of which none has waited are left out.
    pub fn waiting(&self) -> BTreeMap<String, u64> {
        let families = self.now.collect();
        let series = families.iter().flat_map(MetricFamily::get_metric);
        let one = |metric: &Metric| {
            let route = metric.get_label().first()?.value().to_owned();
            // A gauge of whole numbers far below 2^53.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
            let count = metric.get_gauge().get_value() as u64;
            Some((route, count))
        };
        series.filter_map(one).collect()
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
