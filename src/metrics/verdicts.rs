//! Verdicts, as they stand and as they change.

use std::collections::BTreeMap;

use gate::{Gate, Moment, Verdict};
use prometheus::IntCounterVec;

use super::Metrics;
use super::register::Register;
use super::shown::Shown;

/// What is counted of verdicts.
#[derive(Debug, Clone)]
pub(super) struct Verdicts {
    standing: Shown<2>,
    changes: IntCounterVec,
}

impl Verdicts {
    pub(super) fn new(register: &mut Register) -> Result<Self, prometheus::Error> {
        Ok(Self {
            standing: Shown::new(register.fractions(
                "schemagate_verdict",
                &["requirement", "verdict"],
                "1 for the verdict that a requirement has, 0 for the others; of one in several databases the worst counts.",
            )?),
            changes: register.counters(
                "schemagate_verdict_changes_total",
                &["requirement", "verdict"],
                "Changes of a verdict, by what it became.",
            )?,
        })
    }

    pub(super) fn stand(&self, gate: &Gate, now: Moment) {
        let mut worst: BTreeMap<&str, Verdict> = BTreeMap::new();
        for (id, requirement) in gate.rules().declared() {
            let verdict = gate.snapshot().verdict(id, now);
            let known = worst.entry(&requirement.name).or_insert(verdict);
            *known = verdict.max(*known);
        }
        self.standing.show(worst.iter().flat_map(|(requirement, is)| {
            Verdict::ALL.map(|verdict| ([*requirement, verdict.as_str()], f64::from(u8::from(verdict == *is))))
        }));
    }
}

impl Metrics {
    /// Counts a change of a verdict.
    pub fn flip(&self, requirement: &str, to: Verdict) {
        self.verdicts.changes.with_label_values(&[requirement, to.as_str()]).inc();
    }
}
