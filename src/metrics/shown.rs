//! Gauges of what comes and goes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus::GaugeVec;

/// Gauges that each showing tells all there is of: what is no longer told goes, so that a server or a
/// requirement that is gone does not stand for ever as it last did.
#[derive(Debug, Clone)]
pub(super) struct Shown<const LABELS: usize> {
    gauges: GaugeVec,
    shown: Arc<Mutex<BTreeSet<[String; LABELS]>>>,
}

impl<const LABELS: usize> Shown<LABELS> {
    pub(super) fn new(gauges: GaugeVec) -> Self {
        Self { gauges, shown: Arc::default() }
    }

    /// Shows these and no others. The values of labels come in the order of their names.
    pub(super) fn show<'v>(&self, all: impl IntoIterator<Item = ([&'v str; LABELS], f64)>) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let mut now = BTreeSet::new();
        for (labels, value) in all {
            self.gauges.with_label_values(&labels).set(value);
            now.insert(labels.map(str::to_owned));
        }
        for gone in shown.difference(&now) {
            // It is there: it was shown.
            let _ = self.gauges.remove_label_values(&gone.each_ref().map(String::as_str));
        }
        *shown = now;
    }
}
