//! What load must come to: `p95<150ms`, `errors<0.1%`, `503=0`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::config::duration;

/// Something measured, compared with a bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    kind: Kind,
    comparison: Comparison,
    bound: f64,
    unit: Unit,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// The time within which this share of a hundred answers came.
    Percentile(f64),
    /// The mean time.
    Mean,
    /// The longest time.
    Longest,
    /// Requests that were not answered rightly.
    Errors,
    /// Answers with a status.
    Status(u16),
    /// Answers with a status of a hundred, such as 500 to 599.
    StatusClass(u16),
    /// Answers a second.
    Rate,
}

/// What something measured came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Measured {
    /// A length of time.
    Time(Duration),
    /// So many of so many.
    Count(u64, u64),
    /// So many a second.
    Rate(f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Less,
    AtMost,
    Equal,
    AtLeast,
    More,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// The bound is in seconds.
    Time,
    /// The bound is a part of a hundred.
    Percent,
    /// The bound is a number.
    Plain,
}

/// Longer ones first: `<` begins `<=`, too.
const COMPARISONS: [(&str, Comparison); 5] = [
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("<", Comparison::Less),
    (">", Comparison::More),
    ("=", Comparison::Equal),
];

/// Why a text is no expectation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpectationError {
    /// No comparison in it.
    #[error("`{0}` compares nothing; write it like \"p95<150ms\", \"errors<0.1%\" or \"503=0\"")]
    Comparison(String),
    /// It begins with something else than a measure.
    #[error(
        "`{0}` is not measured; what is: p50 to p100 (p99.9, too), mean, max, errors, a status (503), a class of them (5xx), rate"
    )]
    Kind(String),
    /// The bound is of no use.
    #[error("`{0}` is no bound for `{1}`, which takes {2}")]
    Bound(String, String, &'static str),
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "mean" => return Ok(Self::Mean),
            "max" => return Ok(Self::Longest),
            "errors" => return Ok(Self::Errors),
            "rate" => return Ok(Self::Rate),
            _ => {}
        }
        if let Some(percentile) = text.strip_prefix('p') {
            let percentile = percentile.parse().ok().filter(|part| (0.0..=100.0).contains(part));
            return percentile.map(Self::Percentile).ok_or(());
        }
        if let Some(class) = text.strip_suffix("xx") {
            let class = class.parse().ok().filter(|class| (1..=5).contains(class));
            return class.map(|class: u16| Self::StatusClass(class * 100)).ok_or(());
        }
        text.parse().ok().filter(|status| (100..600).contains(status)).map(Self::Status).ok_or(())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percentile(part) => write!(f, "p{part}"),
            Self::Mean => f.write_str("mean"),
            Self::Longest => f.write_str("max"),
            Self::Errors => f.write_str("errors"),
            Self::Status(status) => write!(f, "{status}"),
            Self::StatusClass(class) => write!(f, "{}xx", class / 100),
            Self::Rate => f.write_str("rate"),
        }
    }
}

impl FromStr for Expectation {
    type Err = ExpectationError;

    fn from_str(text: &str) -> Result<Self, ExpectationError> {
        let found = COMPARISONS.iter().find_map(|(sign, comparison)| Some((text.split_once(sign)?, *comparison)));
        let Some(((kind, bound), comparison)) = found else {
            return Err(ExpectationError::Comparison(text.to_owned()));
        };
        let (kind_text, bound) = (kind.trim(), bound.trim());
        let kind: Kind = kind_text.parse().map_err(|()| ExpectationError::Kind(kind_text.to_owned()))?;
        let number = |text: &str| text.trim().parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0);
        let (read, takes) = match kind {
            Kind::Percentile(_) | Kind::Mean | Kind::Longest => {
                (duration::parse(bound).ok().map(|time| (time.as_secs_f64(), Unit::Time)), "a time such as 150ms")
            }
            Kind::Errors | Kind::Status(_) | Kind::StatusClass(_) => {
                let percent = bound.strip_suffix('%').and_then(number).map(|part| (part, Unit::Percent));
                (percent.or_else(|| number(bound).map(|count| (count, Unit::Plain))), "a number or a share such as 1%")
            }
            Kind::Rate => (number(bound).map(|rate| (rate, Unit::Plain)), "a number a second"),
        };
        let Some((bound, unit)) = read else {
            return Err(ExpectationError::Bound(bound.to_owned(), kind_text.to_owned(), takes));
        };
        Ok(Self { kind, comparison, bound, unit })
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign =
            COMPARISONS.iter().find(|(_, comparison)| *comparison == self.comparison).map_or("", |(sign, _)| sign);
        write!(f, "{} {sign} ", self.kind)?;
        match self.unit {
            Unit::Time => f.write_str(&duration::show(Duration::from_secs_f64(self.bound))),
            Unit::Percent => write!(f, "{}%", self.bound),
            Unit::Plain => write!(f, "{}", self.bound),
        }
    }
}

impl Expectation {
    /// What has to be measured for it.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether what was measured is as expected.
    pub fn is_met(&self, measured: Measured) -> bool {
        let value = self.value(measured);
        match self.comparison {
            Comparison::Less => value < self.bound,
            Comparison::AtMost => value <= self.bound,
            Comparison::Equal => (value - self.bound).abs() < f64::EPSILON,
            Comparison::AtLeast => value >= self.bound,
            Comparison::More => value > self.bound,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^52")]
    fn value(&self, measured: Measured) -> f64 {
        match measured {
            Measured::Time(time) => time.as_secs_f64(),
            Measured::Count(part, whole) if self.unit == Unit::Percent => part as f64 * 100.0 / whole.max(1) as f64,
            Measured::Count(part, _) => part as f64,
            Measured::Rate(rate) => rate,
        }
    }
}

impl fmt::Display for Measured {
    #[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^52")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => write!(f, "{time:.1?}"),
            Self::Count(part, whole) => {
                write!(f, "{part} of {whole} ({:.2}%)", *part as f64 * 100.0 / (*whole).max(1) as f64)
            }
            Self::Rate(rate) => write!(f, "{rate:.1}/s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(text: &str, measured: Measured) -> bool {
        text.parse::<Expectation>().expect(text).is_met(measured)
    }

    #[test]
    fn times_counts_and_shares_are_compared() {
        let time = Measured::Time(Duration::from_millis(150));
        assert!(met("p95<=150ms", time));
        assert!(!met("p95<150ms", time));
        assert!(met("p99.9 < 1s", time));
        assert!(met("max>100ms", time));
        assert!(met("503=0", Measured::Count(0, 100)));
        assert!(!met("5xx = 0", Measured::Count(1, 100)));
        assert!(met("errors<=1%", Measured::Count(1, 100)));
        assert!(!met("errors<1", Measured::Count(1, 100)));
        assert!(met("rate>=99.5", Measured::Rate(99.9)));
    }

    #[test]
    fn one_is_shown_as_it_is_read() {
        for text in ["p95 < 150ms", "p99.9 <= 1s", "errors < 0.1%", "503 = 0", "5xx = 0", "rate >= 100"] {
            assert_eq!(text.parse::<Expectation>().map(|read| read.to_string()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_is_none_says_why() {
        for (text, why) in [
            ("p95", "compares nothing"),
            ("p101<1s", "`p101` is not measured"),
            ("speed<1s", "`speed` is not measured"),
            ("99<1", "`99` is not measured"),
            ("p95<150", "`150` is no bound for `p95`, which takes a time"),
            ("errors<1s", "`1s` is no bound for `errors`, which takes a number or a share"),
            ("rate>NaN", "`NaN` is no bound for `rate`"),
        ] {
            let error = text.parse::<Expectation>().expect_err(text).to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
