//! A count that several snapshots share.

use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

/// A count that several snapshots share: of what happened while something stood as it stands. It
/// takes no part in any decision.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<AtomicU64>);

impl Tally {
    /// Counts one more; how many there were before it.
    pub fn count(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    /// How many there were.
    pub fn so_far(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
