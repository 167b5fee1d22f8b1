//! Looks that a request asks for after an upstream failed it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gate::Moment;
use tokio::sync::watch;

/// So many looks in a row that changed nothing are free; then the failures are not the schema's.
const FREE: u32 = 20;
/// From then on there is one look in so long.
const PAUSE: Duration = Duration::from_secs(1);

/// What came of asking for a look; the less was learnt, the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LookAgain {
    /// The database was looked at, and the gate has what was found.
    Looked,
    /// A look failed.
    Failed,
    /// No look ended in time.
    TooSlow,
    /// There were too many of late that changed nothing.
    Skipped,
}

/// Where requests ask for a look at one database, and its watcher says what came of it.
#[derive(Debug)]
pub(super) struct SecondLook {
    /// The last failure after which a look is to begin; the origin before the first.
    asked: watch::Sender<Moment>,
    /// When the last look began that the live value has what was found of.
    looked: watch::Sender<Option<Moment>>,
    /// When the last look began that failed.
    failed: watch::Sender<Option<Moment>>,
    budget: Mutex<Budget>,
}

/// Keeps a storm of failures that have nothing to do with the schema away from the database.
#[derive(Debug, Default)]
struct Budget {
    /// Looks in a row that changed nothing.
    fruitless: u32,
    /// What the snapshot's generation was meanwhile.
    generation: u64,
    /// When the last one was counted.
    counted: Moment,
}

impl SecondLook {
    pub(super) fn new() -> Self {
        Self {
            asked: watch::Sender::new(Moment::default()),
            looked: watch::Sender::new(None),
            failed: watch::Sender::new(None),
            budget: Mutex::default(),
        }
    }

    /// Asks for a look that begins after `failure`, unless too many were in vain.
    pub(super) fn ask(&self, failure: Moment, now: Moment, generation: u64) -> bool {
        let allowed = self.with_budget(|budget| budget.allows(now, generation));
        if allowed {
            self.asked.send_if_modified(|asked| {
                let later = failure > *asked;
                *asked = failure.max(*asked);
                later
            });
        }
        allowed
    }

    /// Counts a look that is made because it was asked for.
    pub(super) fn count(&self, now: Moment) {
        self.with_budget(|budget| budget.count(now));
    }

    /// Counts a look that did not end in time for a request that failed at `failure`.
    pub(super) fn count_slow(&self, failure: Moment, now: Moment) {
        self.with_budget(|budget| budget.count_slow(failure, now));
    }

    /// Waits until a look is asked for that begins after `began`.
    pub(super) async fn asked_after(&self, began: Moment) {
        let mut asked = self.asked.subscribe();
        // There is no error while `self` holds the sender.
        let _ = asked.wait_for(|asked| *asked > began).await;
    }

    /// Notes when the last look began that the live value has what was found of.
    pub(super) fn note_looked(&self, began: Option<Moment>) {
        self.looked.send_if_modified(|known| {
            let later = began > *known;
            *known = began.max(*known);
            later
        });
    }

    /// Waits until a look that began at `failure` or later is live.
    pub(super) async fn looked_after(&self, failure: Moment) {
        let mut looked = self.looked.subscribe();
        // There is no error while `self` holds the sender.
        let _ = looked.wait_for(|began| *began >= Some(failure)).await;
    }

    /// Notes that the look failed that began at `began`.
    pub(super) fn note_failed(&self, began: Moment) {
        self.failed.send_replace(Some(began));
    }

    /// Waits for a look that begins after `failure` and fails.
    pub(super) async fn failed_after(&self, failure: Moment) {
        let mut failed = self.failed.subscribe();
        let _ = failed.wait_for(|began| *began >= Some(failure)).await;
    }

    fn with_budget<T>(&self, change: impl FnOnce(&mut Budget) -> T) -> T {
        change(&mut self.budget.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Budget {
    fn allows(&mut self, now: Moment, generation: u64) -> bool {
        if self.generation != generation {
            (self.generation, self.fruitless) = (generation, 0);
        }
        if self.fruitless < FREE {
            return true;
        }
        let due = now.since(self.counted) >= PAUSE;
        if due {
            self.counted = now;
        }
        due
    }

    fn count(&mut self, now: Moment) {
        self.counted = now;
        self.fruitless = self.fruitless.saturating_add(1);
    }

    /// All that wait for one look in vain are one: those that failed before the first gave up.
    fn count_slow(&mut self, failure: Moment, now: Moment) {
        if failure > self.counted {
            self.count(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Moment {
        Moment::from_origin(Duration::from_millis(milliseconds))
    }

    /// Uses up all that is free, one look every ten milliseconds.
    fn spent() -> Budget {
        let mut budget = Budget::default();
        for now in 1..=u64::from(FREE) {
            assert!(budget.allows(at(now * 10), 0));
            budget.count(at(now * 10));
        }
        budget
    }

    #[test]
    fn after_twenty_looks_in_vain_there_is_one_a_second() {
        let mut budget = spent();
        assert!(!budget.allows(at(210), 0));
        assert!(!budget.allows(at(1_199), 0));
        assert!(budget.allows(at(1_200), 0));
        assert!(!budget.allows(at(1_201), 0));
        assert!(budget.allows(at(2_200), 0));
    }

    #[test]
    fn a_look_that_changed_something_makes_the_next_ones_free() {
        let mut budget = spent();
        assert!(!budget.allows(at(210), 0));
        assert!(budget.allows(at(211), 1));
    }

    #[test]
    fn those_who_wait_in_vain_for_one_look_count_it_once() {
        let mut budget = Budget::default();
        for failure in 1..=50 {
            budget.count_slow(at(failure), at(250 + failure));
        }
        assert_eq!(budget.fruitless, 1);
    }

    #[tokio::test]
    async fn a_look_is_asked_for_once_by_all_that_failed_before_it() {
        let looks = SecondLook::new();
        assert!(looks.ask(at(5), at(5), 0));
        assert!(looks.ask(at(3), at(5), 0));
        looks.asked_after(at(4)).await;
        let later = tokio::time::timeout(Duration::from_millis(20), looks.asked_after(at(6))).await;
        assert!(later.is_err(), "asked for although the look began after every failure");
    }
}
