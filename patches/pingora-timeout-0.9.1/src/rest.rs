//! Not part of pingora: the clock rests until the next timer is due.
//!
//! Published, the clock wakes every 10 ms for the life of the process and looks through all threads' timers: 100 times a second,
//! half a hundredth of a core of a process that does nothing. Here it sleeps until the earliest of them, and whoever registers an
//! earlier one wakes it.

use std::sync::atomic::{fence, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// The clock tells that it lives at least so often: well within `DELAYS_SEC`, by whole seconds.
const AT_MOST: Duration = Duration::from_millis(500);

/// What the clock and those who register timers tell each other. Moments are milliseconds since the manager's zero.
pub(crate) struct Rest {
    /// When the clock looks next by itself; 0: nobody has to wake it.
    until: AtomicU64,
    /// Somebody registered an earlier one since it began to look.
    woken: Mutex<bool>,
    bell: Condvar,
}

impl Default for Rest {
    fn default() -> Self {
        Rest {
            until: AtomicU64::new(0),
            woken: Mutex::new(false),
            bell: Condvar::new(),
        }
    }
}

impl Rest {
    /// By the clock, before it looks through the timers: one that it may miss wakes it.
    pub(crate) fn looks(&self) {
        *self.lock() = false;
        self.until.store(u64::MAX, Ordering::SeqCst);
        // Either whoever registers reads that, or the look sees the timer.
        fence(Ordering::SeqCst);
    }

    /// By the clock, after it: sleeps until `earliest`, if there is one, or until it is woken.
    pub(crate) fn sleep(&self, earliest: Option<u64>, now: impl Fn() -> Duration) {
        let earliest = earliest.unwrap_or(u64::MAX);
        self.until.store(earliest, Ordering::SeqCst);
        let time = Duration::from_millis(earliest)
            .saturating_sub(now())
            .min(AT_MOST);
        let woken = self.lock();
        let _ = self.bell.wait_timeout_while(woken, time, |woken| !*woken);
    }

    /// A timer that is due at `due` is registered.
    pub(crate) fn registered(&self, due: u64) {
        fence(Ordering::SeqCst);
        if due < self.until.load(Ordering::SeqCst) {
            *self.lock() = true;
            self.bell.notify_all();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, bool> {
        self.woken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
