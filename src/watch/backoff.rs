//! How long to wait before the next attempt.

use std::time::Duration;

/// The first wait, at most.
const FIRST: Duration = Duration::from_millis(100);
/// The longest wait: a database that is back is noticed within it.
const LONGEST: Duration = Duration::from_secs(5);

/// Doubling waits with jitter, so that many proxies do not return to a database in step.
#[derive(Debug)]
pub(super) struct Backoff {
    ceiling: Duration,
}

impl Backoff {
    pub(super) const fn new() -> Self {
        Self { ceiling: FIRST }
    }

    /// The next wait: between half and the whole of a ceiling that doubles each time.
    pub(super) fn next(&mut self) -> Duration {
        self.next_with(fastrand::f64())
    }

    /// The next wait for a `jitter` from 0 to 1.
    fn next_with(&mut self, jitter: f64) -> Duration {
        let wait = self.ceiling.mul_f64(0.5 + jitter / 2.0);
        self.ceiling = (self.ceiling * 2).min(LONGEST);
        wait
    }

    /// Starts anew.
    pub(super) fn reset(&mut self) {
        *self = Self::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_start_anew_after_success() {
        let mut backoff = Backoff::new();
        let waits: Vec<u128> = (0..8).map(|_| backoff.next_with(1.0).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        backoff.reset();
        assert_eq!(backoff.next_with(0.0), Duration::from_millis(50));
    }
}
