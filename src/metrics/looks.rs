//! Looks at databases, and what brings them.

use std::time::Duration;

use prometheus::{HistogramVec, IntCounterVec, IntGauge};

use super::Metrics;
use super::register::Register;
use super::shown::Shown;

/// What is counted of looks at databases.
#[derive(Debug, Clone)]
pub(super) struct Looks {
    took: HistogramVec,
    failed: IntCounterVec,
    notifications: IntCounterVec,
    detected: HistogramVec,
    pub(super) generation: IntGauge,
    pub(super) age: Shown<1>,
}

impl Looks {
    pub(super) fn new(register: &mut Register) -> Result<Self, prometheus::Error> {
        Ok(Self {
            took: register.histograms(
                "schemagate_look_duration_seconds",
                &["database"],
                &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5],
                "Time of one look at a database.",
            )?,
            failed: register.counters(
                "schemagate_look_failures_total",
                &["database", "error"],
                "Looks at a database that failed.",
            )?,
            notifications: register.counters(
                "schemagate_notifications_total",
                &["database"],
                "Notifications from a database.",
            )?,
            detected: register.histograms(
                "schemagate_detection_delay_seconds",
                &["database"],
                &[0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0],
                "From the notification of a change to the moment that requests are decided by it; of a database that \
                 sends none there is nothing to measure from.",
            )?,
            generation: register.gauge("schemagate_snapshot_generation", "Counts looks that changed what is known.")?,
            age: Shown::new(register.fractions(
                "schemagate_snapshot_age_seconds",
                &["database"],
                "Since the last look at a database that succeeded began; since the start where none did.",
            )?),
        })
    }
}

impl Metrics {
    /// Times a look at a database that succeeded.
    pub fn look(&self, database: &str, took: Duration) {
        self.looks.took.with_label_values(&[database]).observe(took.as_secs_f64());
    }

    /// Counts a look at a database that failed. `error` is one of a few fixed words.
    pub fn look_failure(&self, database: &str, error: &str) {
        self.looks.failed.with_label_values(&[database, error]).inc();
    }

    /// Counts a notification from a database.
    pub fn notification(&self, database: &str) {
        self.looks.notifications.with_label_values(&[database]).inc();
    }

    /// Times a change that a database notified of, from there to its being in force.
    pub fn detection(&self, database: &str, delay: Duration) {
        self.looks.detected.with_label_values(&[database]).observe(delay.as_secs_f64());
    }
}
