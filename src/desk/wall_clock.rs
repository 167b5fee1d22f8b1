//! Times on the wall as moments of the process.

use gate::Moment;
use jiff::Timestamp;

/// Clocks that are this far apart from what was measured have been set.
const DRIFT_MILLISECONDS: i64 = 500;

/// What the clock on the wall showed at the origin of [`Moment`]s. It is measured once and not each time, so that
/// an order keeps its moments; until somebody sets the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WallClock {
    /// Milliseconds since 1970.
    origin: i64,
}

impl WallClock {
    pub(super) fn new(wall: Timestamp, now: Moment) -> Self {
        Self { origin: wall.as_millisecond() - milliseconds(now) }
    }

    /// Measures anew; whether the clock on the wall was set since, or the machine slept.
    pub(super) fn measure(&mut self, wall: Timestamp, now: Moment) -> bool {
        let measured = Self::new(wall, now);
        let was_set = (measured.origin - self.origin).abs() >= DRIFT_MILLISECONDS;
        if was_set {
            *self = measured;
        }
        was_set
    }

    /// When that is; the origin for what was before.
    pub(super) fn moment(self, time: Timestamp) -> Moment {
        let milliseconds = time.as_millisecond().saturating_sub(self.origin);
        Moment::from_origin(std::time::Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0)))
    }
}

fn milliseconds(now: Moment) -> i64 {
    i64::try_from(now.since_origin().as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const fn at(milliseconds: u64) -> Moment {
        Moment::from_origin(Duration::from_millis(milliseconds))
    }

    fn wall(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).expect("a time")
    }

    #[test]
    fn a_time_keeps_its_moment_until_the_clock_is_set() {
        let mut clock = WallClock::new(wall(1_000_000), at(5_000));
        assert_eq!(clock.moment(wall(1_002_000)), at(7_000));
        assert_eq!(clock.moment(wall(900_000)), at(0), "before the process began");
        assert!(!clock.measure(wall(1_001_400), at(6_000)), "a little is no news");
        assert_eq!(clock.moment(wall(1_002_000)), at(7_000));
        assert!(clock.measure(wall(1_060_000), at(6_000)), "somebody set it a minute ahead");
        assert_eq!(clock.moment(wall(1_062_000)), at(8_000));
    }
}
