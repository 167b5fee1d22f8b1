//! What load came to.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::tally::{Counts, Failure, Tally, Times};
use crate::config::{Expectation, Kind, Measured, Scenario};

/// The percentiles that are told.
pub(super) const PERCENTILES: [f64; 6] = [50.0, 90.0, 95.0, 99.0, 99.9, 100.0];

/// Later than this by its own fault, the generator is what is measured.
const LATE: Duration = Duration::from_millis(5);

/// What load came to.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// The server.
    pub target: String,
    /// Requests a second that were sent.
    pub rate: u16,
    /// For how long requests were counted.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub lasted: Duration,
    /// Answers a second that were right.
    pub right_per_second: f64,
    /// All requests together.
    #[serde(flatten)]
    pub all: Summary,
    /// Each kind of request.
    pub requests: Vec<Summary>,
    /// How late requests were sent by the generator's own fault.
    pub generator_late: Percentiles,
    /// What was expected.
    pub expectations: Vec<Judged>,
    /// Whether it was ended before its time.
    pub interrupted: bool,
}

/// What came of a kind of request.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// Its name.
    pub name: String,
    /// How many were sent and have an outcome.
    pub sent: u64,
    /// How many were not answered as the scenario expects.
    pub errors: u64,
    /// How many schemagate answered itself: refused or degraded.
    pub by_schemagate: u64,
    /// How many answers had each status.
    pub statuses: BTreeMap<u16, u64>,
    /// How many had no answer, and why.
    pub failures: BTreeMap<Failure, u64>,
    /// Bytes of bodies.
    pub bytes: u64,
    /// From when each was due to its end.
    pub took: Percentiles,
}

/// Lengths of time, the median and onwards.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Percentiles {
    #[serde(rename = "mean_seconds", serialize_with = "seconds")]
    pub mean: Duration,
    #[serde(rename = "p50_seconds", serialize_with = "seconds")]
    pub p50: Duration,
    #[serde(rename = "p90_seconds", serialize_with = "seconds")]
    pub p90: Duration,
    #[serde(rename = "p95_seconds", serialize_with = "seconds")]
    pub p95: Duration,
    #[serde(rename = "p99_seconds", serialize_with = "seconds")]
    pub p99: Duration,
    #[serde(rename = "p999_seconds", serialize_with = "seconds")]
    pub p999: Duration,
    #[serde(rename = "max_seconds", serialize_with = "seconds")]
    pub max: Duration,
}

/// An expectation, and what was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Judged {
    /// What was expected.
    pub expected: String,
    /// What came.
    pub measured: String,
    /// Whether that is as expected.
    pub met: bool,
}

fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

impl From<&Times> for Percentiles {
    fn from(times: &Times) -> Self {
        let [p50, p90, p95, p99, p999, max] = PERCENTILES.map(|part| times.percentile(part));
        Self { mean: times.mean(), p50, p90, p95, p99, p999, max }
    }
}

impl Summary {
    fn of(name: &str, counts: &Counts) -> Self {
        Self {
            name: name.to_owned(),
            sent: counts.len(),
            errors: counts.errors,
            by_schemagate: counts.own,
            statuses: counts.statuses.clone(),
            failures: counts.failures.clone(),
            bytes: counts.bytes,
            took: Percentiles::from(&counts.times),
        }
    }
}

impl Outcome {
    /// What `tally` says of `scenario` at `target`.
    pub fn new(scenario: &Scenario, target: &str, tally: &Tally, interrupted: bool) -> Self {
        let lasted = if interrupted { Duration::from_secs(tally.seconds.len() as u64) } else { scenario.lasts };
        let right_per_second = rate(tally.all.len() - tally.all.errors, lasted);
        let expectations = scenario.expect.iter().map(|expected| judge(expected, &tally.all, right_per_second));
        Self {
            target: target.to_owned(),
            rate: scenario.rate,
            lasted,
            right_per_second,
            all: Summary::of("all", &tally.all),
            requests: scenario
                .requests
                .iter()
                .zip(&tally.requests)
                .map(|(asked, counts)| Summary::of(&asked.name, counts))
                .collect(),
            generator_late: Percentiles::from(&tally.late),
            expectations: expectations.collect(),
            interrupted,
        }
    }

    /// Whether everything is as expected.
    pub fn is_as_expected(&self) -> bool {
        self.expectations.iter().all(|judged| judged.met)
    }

    /// Whether the generator was so late that it measured itself.
    pub fn is_late(&self) -> bool {
        self.generator_late.p99 > LATE
    }
}

fn judge(expected: &Expectation, all: &Counts, right_per_second: f64) -> Judged {
    let measured = match expected.kind() {
        Kind::Percentile(part) => Measured::Time(all.times.percentile(part)),
        Kind::Mean => Measured::Time(all.times.mean()),
        Kind::Longest => Measured::Time(all.times.max()),
        Kind::Errors => Measured::Count(all.errors, all.len()),
        Kind::Status(status) => Measured::Count(all.with_status(status..=status), all.len()),
        Kind::StatusClass(class) => Measured::Count(all.with_status(class..class + 100), all.len()),
        Kind::Rate => Measured::Rate(right_per_second),
    };
    Judged { expected: expected.to_string(), measured: measured.to_string(), met: expected.is_met(measured) }
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^52")]
fn rate(count: u64, over: Duration) -> f64 {
    count as f64 / over.as_secs_f64().max(f64::MIN_POSITIVE)
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, rate, lasted, all, .. } = self;
        let cut = if self.interrupted { ", ended early" } else { "" };
        writeln!(f, "{target}: {rate} requests a second for {lasted:?}{cut}")?;
        let width = self.requests.iter().map(|summary| summary.name.chars().count()).max().unwrap_or(0).max(8);
        writeln!(
            f,
            "{:width$} {:>9} {:>8} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}",
            "", "sent", "errors", "mean", "p50", "p90", "p99", "p99.9", "max"
        )?;
        let kinds = if self.requests.len() > 1 { self.requests.as_slice() } else { &[] };
        for Summary { name, sent, errors, took, .. } in kinds.iter().chain([all]) {
            let Percentiles { mean, p50, p90, p99, p999, max, .. } = took;
            write!(f, "{name:width$} {sent:>9} {errors:>8}")?;
            for time in [mean, p50, p90, p99, p999, max] {
                write!(f, " {:>10}", format!("{time:.1?}"))?;
            }
            writeln!(f)?;
        }
        let statuses = all.statuses.iter().map(|(status, count)| format!("{status}: {count}"));
        let failures = all.failures.iter().map(|(failure, count)| format!("{failure}: {count}"));
        writeln!(f, "answers  {}", statuses.chain(failures).collect::<Vec<_>>().join(", "))?;
        writeln!(
            f,
            "         {:.1} right ones a second, {} by schemagate itself",
            self.right_per_second, all.by_schemagate
        )?;
        if self.is_late() {
            writeln!(
                f,
                "warning: this program was late by {:.1?} at one request of a hundred, which is in the figures: ask for \
                 less, or from a machine with more to spare",
                self.generator_late.p99
            )?;
        }
        for Judged { expected, measured, met } in &self.expectations {
            writeln!(f, "{}  {expected}  ({measured})", if *met { "met    " } else { "NOT MET" })?;
        }
        Ok(())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "no connection",
            Self::Timeout => "no answer in time",
            Self::BrokenOff => "broken off",
        })
    }
}
