//! Lengths of time as arguments.

use std::time::Duration;

use crate::config::parse_duration;

/// Reads one; the error goes on from the argument's name, as clap tells it.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| format!("it {error}"))
}
