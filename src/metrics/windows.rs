//! What is counted of maintenance windows.

use std::collections::BTreeMap;

use super::register::Register;
use super::shown::Shown;
use gate::{Gate, Moment};

/// What is counted of maintenance windows. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Windows {
    open: Shown<2>,
}

impl Windows {
    pub(super) fn new(register: &mut Register) -> Result<Self, prometheus::Error> {
        Ok(Self {
            open: Shown::new(register.fractions(
                "schemagate_windows",
                &["source", "blocks"],
                "Maintenance windows that are open, by who says so and what they keep out.",
            )?),
        })
    }

    /// Shows how many are open; they open and end by the clock alone.
    pub(super) fn stand(&self, gate: &Gate, now: Moment) {
        let mut counts = BTreeMap::new();
        for (_, window) in gate.open_windows(now) {
            *counts.entry([window.source.as_str(), window.blocks.as_str()]).or_insert(0.0) += 1.0;
        }
        self.open.show(counts);
    }
}
