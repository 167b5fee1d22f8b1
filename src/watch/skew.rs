//! Clocks that differ: windows open by the database's, and people read their own.

use std::time::Duration;

use gate::WindowsRead;
use jiff::Timestamp;
use tracing::{info, warn};

/// What is said of nobody.
pub(super) const SMALL: Duration = Duration::from_secs(1);

/// Notices that the clock of a database and that of this machine differ.
#[derive(Debug, Default)]
pub(super) struct Skew {
    told: bool,
}

impl Skew {
    /// Compares the clocks, where the database told its own within a look that lasted from `began` to `ended`:
    /// once when they begin to differ, and once when they agree again.
    pub(super) fn compare(&mut self, database: &str, read: Option<&WindowsRead>, began: Timestamp, ended: Timestamp) {
        let Some(WindowsRead::Rows { clock, .. }) = read else { return };
        let skew = skew(*clock, began, ended);
        if (skew > SMALL) == self.told {
            return;
        }
        self.told = skew > SMALL;
        let seconds = skew.as_secs_f64();
        if self.told {
            warn!(
                target: "schemagate::window",
                database,
                skew_seconds = seconds,
                "the clocks of database {database} and of this machine differ by {seconds:.1} s: maintenance windows in \
                 its table open and end by the database's clock. Set the one that is wrong (NTP)",
            );
        } else {
            info!(target: "schemagate::window", database, "the clocks of database {database} and of this machine agree again");
        }
    }
}

/// How far `clock`, in microseconds since 1970, lies outside of the time from `began` to `ended`.
pub(super) fn skew(clock: i64, began: Timestamp, ended: Timestamp) -> Duration {
    let before = began.as_microsecond().saturating_sub(clock);
    let after = clock.saturating_sub(ended.as_microsecond());
    Duration::from_micros(u64::try_from(before.max(after)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_right_that_shows_a_time_within_the_look() {
        let at = |second| Timestamp::from_second(second).expect("a time");
        let table = [(100, 0), (103, 0), (105, 0), (98, 2), (115, 10)];
        for (shown, seconds) in table {
            assert_eq!(skew(shown * 1_000_000, at(100), at(105)), Duration::from_secs(seconds), "{shown}");
        }
        assert!(skew(i64::MIN, at(0), at(1)) > SMALL);
    }
}
