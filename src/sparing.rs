//! Log lines that are written sparingly, however often there is something to say.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Allows so many lines in a period, and counts those that were not written.
#[derive(Debug)]
pub struct Sparing {
    lines: u32,
    period: Duration,
    window: Mutex<Option<Window>>,
}

#[derive(Debug)]
struct Window {
    began: Instant,
    lines: u32,
    unsaid: u32,
}

impl Sparing {
    /// At most `lines` in a `period`.
    pub const fn new(lines: u32, period: Duration) -> Self {
        Self { lines, period, window: Mutex::new(None) }
    }

    /// Whether a line may be written, and how many were not since the last one.
    pub fn may_say(&self, now: Instant) -> Option<u32> {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let window = window.get_or_insert(Window { began: now, lines: 0, unsaid: 0 });
        if now.duration_since(window.began) >= self.period {
            (window.began, window.lines) = (now, 0);
        }
        if window.lines >= self.lines {
            window.unsaid += 1;
            return None;
        }
        window.lines += 1;
        Some(std::mem::take(&mut window.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_lines_are_written_in_a_period_and_the_rest_are_counted() {
        const PERIOD: Duration = Duration::from_secs(60);
        let sparing = Sparing::new(20, PERIOD);
        let start = Instant::now();
        for _ in 0..20 {
            assert_eq!(sparing.may_say(start), Some(0));
        }
        assert_eq!(sparing.may_say(start), None);
        assert_eq!(sparing.may_say(start + PERIOD / 2), None);
        assert_eq!(sparing.may_say(start + PERIOD), Some(2));
        assert_eq!(sparing.may_say(start + PERIOD), Some(0));
    }
}
