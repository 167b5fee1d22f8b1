//! Lengths of time as people write them.

use std::time::Duration;

use jiff::SignedDuration;

/// No time in a configuration is longer: what is, was mistyped.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// Why a text is not a length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// No unit, or no number.
    #[error("is not a length of time; write it like \"250ms\", \"1s\", \"10m\" or \"2h\"")]
    Malformed,
    /// Below zero.
    #[error("is negative")]
    Negative,
    /// Out of any reason.
    #[error("is longer than a year")]
    TooLong,
}

/// Reads `250ms`, `1s`, `1m 30s`, `2h` and the like (jiff's friendly format, and ISO 8601).
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let signed: SignedDuration = text.trim().parse().map_err(|_| DurationError::Malformed)?;
    if signed.is_negative() {
        return Err(DurationError::Negative);
    }
    let duration = signed.unsigned_abs();
    if duration > LONGEST { Err(DurationError::TooLong) } else { Ok(duration) }
}

/// A length of time as [`parse`] reads it.
pub fn show(duration: Duration) -> String {
    match SignedDuration::try_from(duration) {
        Ok(duration) => format!("{duration:#}"),
        Err(_) => format!("{}s", duration.as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_as_people_write_them() {
        for (text, milliseconds) in
            [("250ms", 250), ("1s", 1000), ("10m", 600_000), ("2h", 7_200_000), ("1m 30s", 90_000), ("0s", 0)]
        {
            assert_eq!(parse(text), Ok(Duration::from_millis(milliseconds)), "{text}");
            assert_eq!(parse(&show(Duration::from_millis(milliseconds))), Ok(Duration::from_millis(milliseconds)));
        }
    }

    #[test]
    fn what_is_not_one_says_why() {
        for text in ["", "5", "s", "1 parsec", "soon"] {
            assert_eq!(parse(text), Err(DurationError::Malformed), "{text}");
        }
        assert_eq!(parse("-1s"), Err(DurationError::Negative));
        assert_eq!(parse("1s ago"), Err(DurationError::Negative));
        assert_eq!(parse("999999h"), Err(DurationError::TooLong));
    }
}
