//! Series of what a reload took away.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus::core::{Collector, MetricVec, MetricVecBuilder};

use super::Metrics;

/// What a label says: its name, and a value that the configuration gives it.
pub type Named = (&'static str, String);

/// Metrics with labels, whatever their kind.
pub(super) trait Labelled: Send + Sync {
    /// Removes the series whose labels `is_gone` says so of. `labels` are their names, in order.
    fn remove(&self, labels: &[&str], is_gone: &dyn Fn(&str, &str) -> bool);
}

impl<B: MetricVecBuilder> Labelled for MetricVec<B>
where
    MetricVec<B>: Collector,
{
    fn remove(&self, labels: &[&str], is_gone: &dyn Fn(&str, &str) -> bool) {
        for family in self.collect() {
            for metric in family.get_metric() {
                let told = metric.get_label();
                let value = |name: &&str| told.iter().find(|pair| pair.name() == *name).map_or("", |pair| pair.value());
                if told.iter().any(|pair| is_gone(pair.name(), pair.value())) {
                    let values: Vec<&str> = labels.iter().map(value).collect();
                    // Another one may have removed it.
                    let _ = self.remove_label_values(&values);
                }
            }
        }
    }
}

/// A metric with the names of its labels, in order.
pub(super) type WithLabels = (&'static [&'static str], Box<dyn Labelled>);

/// Every metric with labels, and what their labels ever said.
#[derive(Clone)]
pub(super) struct Gone {
    labelled: Arc<[WithLabels]>,
    known: Arc<Mutex<BTreeSet<Named>>>,
}

impl Gone {
    pub(super) fn of(labelled: Vec<WithLabels>) -> Self {
        Self { labelled: labelled.into(), known: Arc::default() }
    }
}

impl fmt::Debug for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gone").finish_non_exhaustive()
    }
}

impl Metrics {
    /// Says what the labels say that a configuration gives values to. Series of what earlier ones had and this one
    /// has not are removed; a counter that comes back begins anew.
    pub fn name(&self, now: BTreeSet<Named>) {
        let mut known = self.gone.known.lock().unwrap_or_else(PoisonError::into_inner);
        let gone: BTreeSet<(&str, &str)> =
            known.difference(&now).map(|(label, value)| (*label, value.as_str())).collect();
        if !gone.is_empty() {
            for (labels, metrics) in &*self.gone.labelled {
                metrics.remove(labels, &|label, value| gone.contains(&(label, value)));
            }
        }
        // Requests that are under way may still count what is gone: it is looked for once more the next time.
        known.extend(now);
    }
}
