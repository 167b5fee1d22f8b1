//! Tenants; none of it by a tenant's name, of which there may be any number.

use std::time::Duration;

use gate::{Gate, Moment, Standing, Verdict};
use prometheus::{Histogram, IntCounter, IntGaugeVec};

use super::Metrics;
use super::register::Register;

/// What is counted of tenants.
#[derive(Debug, Clone)]
pub(super) struct Tenants {
    standing: IntGaugeVec,
    created: IntCounter,
    gone: IntCounter,
    ready_after: Histogram,
}

impl Tenants {
    pub(super) fn new(register: &mut Register) -> Result<Self, prometheus::Error> {
        Ok(Self {
            standing: register.gauges("schemagate_tenants", &["verdict"], "Tenants by how they stand.")?,
            created: register.counter("schemagate_tenants_created_total", "Tenants that came.")?,
            gone: register.counter("schemagate_tenants_gone_total", "Tenants that went.")?,
            ready_after: register.histogram(
                "schemagate_tenant_ready_duration_seconds",
                &[0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0],
                "From a tenant's appearance to its being ready.",
            )?,
        })
    }

    pub(super) fn stand(&self, gate: &Gate, now: Moment) {
        let (Some(tenancy), Some(tenants)) = (gate.rules().tenancy(), gate.snapshot().tenants()) else { return };
        let fresh = gate.snapshot().is_fresh(tenancy.database, now);
        let verdict = |standing: &Standing| if fresh { standing.verdict } else { Verdict::Unknown };
        let mut counts = [0; Verdict::ALL.len()];
        for (_, _, standing) in tenants.all() {
            let is = verdict(standing);
            if let Some((_, count)) = Verdict::ALL.iter().zip(&mut counts).find(|(known, _)| **known == is) {
                *count += 1;
            }
        }
        for (verdict, count) in Verdict::ALL.iter().zip(counts) {
            self.standing.with_label_values(&[verdict.as_str()]).set(count);
        }
    }
}

impl Metrics {
    /// Counts a tenant that came while schemagate looked on.
    pub fn tenant_created(&self) {
        self.tenants.created.inc();
    }

    /// Counts a tenant that is gone.
    pub fn tenant_gone(&self) {
        self.tenants.gone.inc();
    }

    /// Times a tenant that came, from its appearance to its being ready.
    pub fn tenant_ready_after(&self, took: Duration) {
        self.tenants.ready_after.observe(took.as_secs_f64());
    }
}
