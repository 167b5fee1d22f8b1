//! The seconds that clients are told to wait.

use http::HeaderValue;

/// So many numbers of seconds are prepared at most, beside the least.
const PREPARED: u64 = 60;

/// The seconds that the clients of a refusal are told to wait.
#[derive(Debug)]
pub(super) struct RetryAfter {
    least: u64,
    /// The first of them as they are sent, from the least on.
    values: Box<[HeaderValue]>,
}

impl RetryAfter {
    pub(super) fn new(least: u64) -> Self {
        let most = least.saturating_add((least / 5).min(PREPARED));
        Self { least, values: (least..=most).map(HeaderValue::from).collect() }
    }

    /// For one client: up to a fifth more than configured, so that those who were refused together do not come back
    /// together.
    pub(super) fn seconds(&self) -> u64 {
        self.least.saturating_add(fastrand::u64(0..=self.least / 5))
    }

    /// A number of seconds as it is sent.
    pub(super) fn value(&self, seconds: u64) -> HeaderValue {
        let place = seconds.checked_sub(self.least).and_then(|more| usize::try_from(more).ok());
        place.and_then(|place| self.values.get(place)).cloned().unwrap_or_else(|| seconds.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_sent_as_it_is_whether_it_was_prepared_or_not() {
        for least in [0, 4, 30, 300, 3_600, u64::MAX] {
            let prepared = RetryAfter::new(least);
            let seconds = prepared.seconds();
            assert!(seconds >= least && seconds <= least.saturating_add(least / 5));
            for seconds in [0, 29, seconds, least, least.saturating_add(61)] {
                assert_eq!(prepared.value(seconds), seconds.to_string(), "{least}");
            }
        }
    }
}
