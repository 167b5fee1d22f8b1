//! Whether requests are being refused.

use std::sync::atomic::{AtomicU64, Ordering};

use gate::Moment;

/// Whether requests are being refused: within the present second or the one before it.
#[derive(Debug, Default)]
pub(super) struct Refusing {
    /// The second after the one of the last refusal; 0 before the first.
    since: AtomicU64,
}

impl Refusing {
    /// One is refused at `now`.
    pub(super) fn note(&self, now: Moment) {
        let second = now.since_origin().as_secs() + 1;
        // Written once a second: all threads read it.
        if self.since.load(Ordering::Relaxed) != second {
            self.since.store(second, Ordering::Relaxed);
        }
    }

    pub(super) fn is_so(&self, now: Moment) -> bool {
        let since = self.since.load(Ordering::Relaxed);
        since != 0 && now.since_origin().as_secs() <= since
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn it_is_so_for_a_second_or_two_after_each() {
        let refusing = Refusing::default();
        let at = |milliseconds| Moment::from_origin(Duration::from_millis(milliseconds));
        assert!(!refusing.is_so(at(0)));
        refusing.note(at(1_500));
        assert!(refusing.is_so(at(1_500)) && refusing.is_so(at(2_999)));
        assert!(!refusing.is_so(at(3_000)));
        refusing.note(at(9_999));
        assert!(refusing.is_so(at(10_500)));
    }
}
