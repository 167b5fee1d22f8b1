//! Where good answers are kept: in memory, within a bound that is never passed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gate::{Host, Moment};
use lru::LruCache;

use super::kept::Kept;
use super::key::Key;
use super::place::{Changes, Epoch, Place};
use super::unfit::Unfit;
use crate::config::StaleStore;
use crate::metrics::Metrics;

/// Good answers, the least recently used of which make room for new ones.
#[derive(Debug)]
pub(in crate::proxy) struct Store {
    stock: Mutex<Stock>,
    changes: Changes,
    /// Bytes of answers that are just being read.
    reading: Arc<AtomicUsize>,
    limits: Limits,
    pub(super) metrics: Metrics,
}

#[derive(Debug)]
struct Stock {
    answers: LruCache<Key, Arc<Kept>>,
    bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limits {
    /// Of all that is kept.
    kept: usize,
    /// Of all that is being read.
    reading: usize,
    /// Of one answer's body.
    answer: usize,
    /// No answer is kept for longer: the longest that any route gives one.
    age: Duration,
}

/// A quarter of the memory is for answers that are just being read, the rest for those that are kept.
const READING: usize = 4;

impl Limits {
    const fn of(config: &StaleStore, longest: Duration) -> Self {
        let reading = config.max_bytes / READING;
        Self { kept: config.max_bytes - reading, reading, answer: config.max_answer_bytes, age: longest }
    }
}

impl Store {
    /// An empty store. `longest`: the greatest age at which any route gives an answer.
    pub(in crate::proxy) fn new(config: &StaleStore, longest: Duration, metrics: Metrics) -> Self {
        metrics.stale_store(0, 0);
        Self {
            stock: Mutex::new(Stock { answers: LruCache::unbounded(), bytes: 0 }),
            changes: Changes::none(),
            reading: Arc::default(),
            limits: Limits::of(config, longest),
            metrics,
        }
    }

    /// Whether it has the bounds that a new one would have.
    pub(super) fn is_for(&self, config: &StaleStore, longest: Duration) -> bool {
        self.limits == Limits::of(config, longest)
    }

    /// The answer kept for `key`, if it may be given at `now` where the operator lets it be `up_to` old.
    pub(in crate::proxy) fn get(&self, key: &Key, now: Moment, up_to: Duration) -> Result<Arc<Kept>, Unfit> {
        let mut stock = self.stock();
        let kept = stock.answers.get(key).map(Arc::clone).ok_or(Unfit::Absent)?;
        if !self.changes.is_current(kept.epoch) {
            stock.take(key);
            return Err(Unfit::Overtaken);
        }
        if kept.is_good(now, up_to) { Ok(kept) } else { Err(Unfit::TooOld) }
    }

    /// Keeps an answer, unless one to a later request is kept already or the place was changed since it began.
    pub(super) fn put(&self, key: Key, kept: Kept) -> Result<(), Unfit> {
        let weight = kept.weight();
        if weight > self.limits.kept {
            self.remove(&key);
            return Err(Unfit::TooLarge);
        }
        let kept = Arc::new(kept);
        let mut stock = self.stock();
        if !self.changes.is_current(kept.epoch)
            || stock.answers.peek(&key).is_some_and(|known| known.began > kept.began)
        {
            return Err(Unfit::Overtaken);
        }
        let mut gone = Vec::from_iter(stock.take(&key));
        while stock.bytes + weight > self.limits.kept {
            let Some(oldest) = stock.take_oldest() else { break };
            gone.push(oldest);
        }
        stock.bytes += weight;
        stock.answers.put(key, kept);
        self.tell(stock);
        // What made room is freed here, where nobody waits for it.
        drop(gone);
        Ok(())
    }

    /// The answer kept for `key`, whatever its age.
    pub(super) fn peek(&self, key: &Key) -> Option<Arc<Kept>> {
        self.stock().answers.peek(key).map(Arc::clone)
    }

    /// Forgets the answer kept for `key`.
    pub(super) fn remove(&self, key: &Key) {
        let mut stock = self.stock();
        let gone = stock.take(key);
        self.tell(stock);
        drop(gone);
    }

    /// Forgets what is too old to be given by any route.
    pub(in crate::proxy) fn sweep(&self, now: Moment) {
        let mut stock = self.stock();
        let Stock { answers, bytes } = &mut *stock;
        answers.retain(|_, kept| {
            let good = kept.is_good(now, self.limits.age);
            if !good {
                *bytes = bytes.saturating_sub(kept.weight());
            }
            good
        });
        self.tell(stock);
    }

    /// How often anything may be swept: what is too old is gone soon after.
    pub(in crate::proxy) fn sweep_every(&self) -> Duration {
        (self.limits.age / 10).clamp(Duration::from_secs(1), Duration::from_secs(60))
    }

    /// Notes that a write to this path succeeded: what was kept of it, under whatever key, is a thing of
    /// the past, and so is what is being read.
    pub(in crate::proxy) fn note_change(&self, host: &Host, target: &[u8]) {
        self.changes.note(self.changes.place(host, target));
    }

    /// The present state of a path, for an answer that is about to be asked for.
    pub(super) fn epoch(&self, host: &Host, target: &[u8]) -> Epoch {
        let place: Place = self.changes.place(host, target);
        self.changes.epoch(place)
    }

    /// Room for an answer that is being read.
    pub(super) fn room(&self) -> Room {
        Room { bytes: 0, all: Arc::clone(&self.reading), limit: self.limits.reading }
    }

    /// The largest body that is kept.
    pub(super) const fn largest(&self) -> usize {
        self.limits.answer
    }

    fn stock(&self) -> MutexGuard<'_, Stock> {
        // No invariant is broken half-way: a panic in here is one of the allocator.
        self.stock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the gauges while the lock is held, so that they never show a state that was not.
    fn tell(&self, stock: MutexGuard<'_, Stock>) {
        self.metrics.stale_store(stock.bytes, stock.answers.len());
        drop(stock);
    }
}

impl Stock {
    fn take(&mut self, key: &Key) -> Option<Arc<Kept>> {
        let gone = self.answers.pop(key)?;
        self.bytes = self.bytes.saturating_sub(gone.weight());
        Some(gone)
    }

    fn take_oldest(&mut self) -> Option<Arc<Kept>> {
        let (_, gone) = self.answers.pop_lru()?;
        self.bytes = self.bytes.saturating_sub(gone.weight());
        Some(gone)
    }
}

/// Memory that was reserved for an answer that is being read, and is given back with this.
#[derive(Debug)]
pub(super) struct Room {
    bytes: usize,
    all: Arc<AtomicUsize>,
    limit: usize,
}

impl Room {
    /// Reserves room for `bytes` in all; `false` if there is not so much.
    pub(super) fn grow_to(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let within = |all: usize| all.checked_add(more).filter(|all| *all <= self.limit);
        let grown = self.all.fetch_update(Ordering::Relaxed, Ordering::Relaxed, within).is_ok();
        if grown {
            self.bytes += more;
        }
        grown
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
