//! What was changed: a write that succeeds makes every answer kept for the same path a thing of the
//! past (RFC 9111, section 4.4).

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU32, Ordering};

use gate::Host;

/// A host and a path, whatever the query: one of a fixed number of places. Two paths that share one
/// are changed together, which costs an answer now and then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::proxy) struct Place(usize);

/// How often a place had been changed when a request began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::proxy) struct Epoch {
    pub(super) place: Place,
    changes: u32,
}

/// How often each place was changed: 256 KiB.
#[derive(Debug)]
pub(super) struct Changes {
    counts: Box<[AtomicU32]>,
    /// Nobody from outside can tell which paths meet.
    hasher: RandomState,
}

const PLACES: usize = 1 << 16;

impl Changes {
    pub(super) fn none() -> Self {
        Self { counts: (0..PLACES).map(|_| AtomicU32::new(0)).collect(), hasher: RandomState::new() }
    }

    pub(super) fn place(&self, host: &Host, target: &[u8]) -> Place {
        let path = target.split(|byte| *byte == b'?').next().unwrap_or(target);
        #[expect(clippy::cast_possible_truncation, reason = "any part of a hash is as good as another")]
        Place(self.hasher.hash_one((host.as_str(), path)) as usize % PLACES)
    }

    pub(super) fn epoch(&self, place: Place) -> Epoch {
        Epoch { place, changes: self.count(place).map_or(0, |count| count.load(Ordering::Acquire)) }
    }

    /// Whether nothing was changed since.
    pub(super) fn is_current(&self, epoch: Epoch) -> bool {
        self.epoch(epoch.place) == epoch
    }

    pub(super) fn note(&self, place: Place) {
        if let Some(count) = self.count(place) {
            count.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn count(&self, place: Place) -> Option<&AtomicU32> {
        self.counts.get(place.0)
    }
}
