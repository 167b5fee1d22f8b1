//! Metrics that a request reaches without a lock.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;

/// Metrics that were looked up once, by the few values that their labels have here. Looking one up in
/// its vector takes a lock that all threads share; here it takes none.
pub(super) struct Remembered<K, M>(ArcSwap<Vec<(K, M)>>);

impl<K: Copy + PartialEq, M: Clone> Remembered<K, M> {
    /// Uses the metric of `key`; `look_up` finds it the first time.
    pub(super) fn with(&self, key: K, look_up: impl Fn() -> M, with: impl FnOnce(&M)) {
        let known = self.0.load();
        if let Some((_, metric)) = known.iter().find(|(known, _)| *known == key) {
            return with(metric);
        }
        let metric = look_up();
        self.0.rcu(|known| {
            let mut known = Vec::clone(known);
            // Another thread may have been faster.
            if !known.iter().any(|(known, _)| *known == key) {
                known.push((key, metric.clone()));
            }
            Arc::new(known)
        });
        with(&metric);
    }
}

impl<K, M> Default for Remembered<K, M> {
    fn default() -> Self {
        Self(ArcSwap::from_pointee(Vec::new()))
    }
}

impl<K: fmt::Debug, M> fmt::Debug for Remembered<K, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.load().iter().map(|(key, _)| key)).finish()
    }
}
