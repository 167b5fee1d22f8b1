//! Since when a database cannot be looked at, and when to say so.

use std::time::{Duration, Instant};

use super::LookError;

/// How often an outage that goes on is said again.
const REMIND_EVERY: Duration = Duration::from_secs(60);

/// Since when a database cannot be looked at, and when to say so: once at its begin, once when its
/// cause changes, and every minute while it lasts.
#[derive(Debug, Default)]
pub(super) struct Outage {
    current: Option<Current>,
}

#[derive(Debug)]
struct Current {
    since: Instant,
    word: &'static str,
    said: Instant,
}

/// What is worth a log line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    /// It began.
    Began,
    /// It has another cause than before.
    Changed,
    /// It still lasts, since so long.
    Lasts(Duration),
}

impl Outage {
    /// A look failed at `now`.
    pub(super) fn failed(&mut self, error: &LookError, now: Instant) -> Option<News> {
        let Some(current) = &mut self.current else {
            self.current = Some(Current { since: now, word: error.word, said: now });
            return Some(News::Began);
        };
        let news = if current.word != error.word {
            News::Changed
        } else if now.duration_since(current.said) >= REMIND_EVERY {
            News::Lasts(now.duration_since(current.since))
        } else {
            return None;
        };
        current.word = error.word;
        current.said = now;
        Some(news)
    }

    /// A look succeeded at `now`; how long the outage was that this ends.
    pub(super) fn ended(&mut self, now: Instant) -> Option<Duration> {
        self.current.take().map(|current| now.duration_since(current.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_said_once_then_on_another_cause_then_every_minute() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let refused = LookError::new("refused", "refused");
        let starting = LookError::new("starting", "starting up");
        let mut outage = Outage::default();
        assert_eq!(outage.failed(&refused, at(0)), Some(News::Began));
        assert_eq!(outage.failed(&refused, at(1)), None);
        assert_eq!(outage.failed(&starting, at(2)), Some(News::Changed));
        assert_eq!(outage.failed(&starting, at(61)), None);
        assert_eq!(outage.failed(&starting, at(62)), Some(News::Lasts(Duration::from_secs(62))));
        assert_eq!(outage.ended(at(70)), Some(Duration::from_secs(70)));
        assert_eq!(outage.ended(at(71)), None);
    }
}
