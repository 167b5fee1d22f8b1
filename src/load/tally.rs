//! What came of requests, counted.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::{CreationError, Histogram};
use http::StatusCode;
use serde::Serialize;

/// What came of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answered {
    /// Which request of the scenario.
    pub(super) request: usize,
    /// When it was due, from the beginning.
    pub(super) at: Duration,
    /// How late it was handed over, by the generator's own fault.
    pub(super) late: Duration,
    /// From when it was due to the end of its answer, or until it was clear that there is none.
    pub(super) took: Duration,
    pub(super) came: Result<Got, Failure>,
}

/// An answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Got {
    pub(super) status: StatusCode,
    /// Whether it is what the scenario expects.
    pub(super) right: bool,
    /// Whether schemagate made it itself.
    pub(super) own: bool,
    pub(super) bytes: u64,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// No connection was to be had.
    Connect,
    /// The time was over.
    Timeout,
    /// The connection ended before the answer did.
    BrokenOff,
}

/// Counts of a kind of request, or of all.
#[derive(Debug, Clone)]
pub(super) struct Counts {
    pub(super) times: Times,
    pub(super) statuses: BTreeMap<u16, u64>,
    pub(super) failures: BTreeMap<Failure, u64>,
    /// Answers that were not what the scenario expects, and those that did not come.
    pub(super) errors: u64,
    /// Answers that schemagate made itself.
    pub(super) own: u64,
    pub(super) bytes: u64,
}

/// Lengths of time, in microseconds, three digits of each.
#[derive(Debug, Clone)]
pub struct Times(Histogram<u64>);

/// Everything that is counted.
#[derive(Debug, Clone)]
pub struct Tally {
    /// Of all requests.
    pub(super) all: Counts,
    /// Of each kind.
    pub(super) requests: Vec<Counts>,
    /// Of each second, by when requests were due.
    pub(super) seconds: Vec<Counts>,
    pub(super) late: Times,
    none: Counts,
}

impl Times {
    fn new() -> Result<Self, CreationError> {
        Histogram::new(3).map(Self)
    }

    fn add(&mut self, time: Duration) {
        // It grows as it must; what is too long for any is the longest.
        let time = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        if self.0.record(time).is_err() {
            self.0.saturating_record(time);
        }
    }

    /// The time within which so many of a hundred came.
    pub(super) fn percentile(&self, part: f64) -> Duration {
        Duration::from_micros(self.0.value_at_percentile(part))
    }

    pub(super) fn mean(&self) -> Duration {
        Duration::from_secs_f64(self.0.mean() / 1e6)
    }

    pub(super) fn max(&self) -> Duration {
        Duration::from_micros(self.0.max())
    }
}

impl Counts {
    fn new() -> Result<Self, CreationError> {
        let (statuses, failures) = (BTreeMap::new(), BTreeMap::new());
        Ok(Self { times: Times::new()?, statuses, failures, errors: 0, own: 0, bytes: 0 })
    }

    fn add(&mut self, answered: &Answered) {
        self.times.add(answered.took);
        match answered.came {
            Ok(got) => {
                *self.statuses.entry(got.status.as_u16()).or_default() += 1;
                self.errors += u64::from(!got.right);
                self.own += u64::from(got.own);
                self.bytes += got.bytes;
            }
            Err(failure) => {
                *self.failures.entry(failure).or_default() += 1;
                self.errors += 1;
            }
        }
    }

    /// How many requests these are.
    pub(super) fn len(&self) -> u64 {
        self.times.0.len()
    }

    /// How many answers had a status of a range.
    pub(super) fn with_status(&self, statuses: impl std::ops::RangeBounds<u16>) -> u64 {
        self.statuses.range(statuses).map(|(_, count)| count).sum()
    }
}

impl Tally {
    pub(super) fn new(requests: usize) -> Result<Self, CreationError> {
        let none = Counts::new()?;
        let requests = vec![none.clone(); requests];
        Ok(Self { all: none.clone(), requests, seconds: Vec::new(), late: Times::new()?, none })
    }

    /// How it goes, in a line.
    pub fn line(&self, under_way: usize) -> String {
        let Counts { times, errors, .. } = &self.all;
        format!(
            "{} s: {} answers, {errors} errors, p50 {:.1?}, p99 {:.1?}, {under_way} under way",
            self.seconds.len(),
            self.all.len(),
            times.percentile(50.0),
            times.percentile(99.0),
        )
    }

    pub(super) fn add(&mut self, answered: &Answered) {
        self.all.add(answered);
        self.late.add(answered.late);
        if let Some(counts) = self.requests.get_mut(answered.request) {
            counts.add(answered);
        }
        let second = usize::try_from(answered.at.as_secs()).unwrap_or(usize::MAX);
        while self.seconds.len() <= second {
            self.seconds.push(self.none.clone());
        }
        if let Some(counts) = self.seconds.get_mut(second) {
            counts.add(answered);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_times_are_told_apart() {
        let mut times = Times::new().expect("a histogram");
        for time in [Duration::from_micros(250), Duration::from_millis(3), Duration::from_secs(90)] {
            times.add(time);
        }
        for (part, expected) in [(30.0, 0.00025), (60.0, 0.003), (100.0, 90.0)] {
            let told = times.percentile(part).as_secs_f64();
            assert!((told / expected - 1.0).abs() < 0.002, "{part}: {told}");
        }
    }
}
