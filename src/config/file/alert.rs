//! Who is told of changes, as it is typed.

use std::time::Duration;

use crate::config::reader::table;
use crate::config::values::{Either, List, Word, Words};

/// Whose words messages are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum AlertFormatWord {
    Json,
    Slack,
    PagerDuty,
    Sentry,
}

impl Words for AlertFormatWord {
    const WORDS: &'static [(&'static str, Self)] =
        &[("json", Self::Json), ("slack", Self::Slack), ("pagerduty", Self::PagerDuty), ("sentry", Self::Sentry)];
}

table! {
    /// A webhook, and what it is told of.
    AlertTable {
        /// Its name in logs and metrics; its format and place if left out.
        name: String,
        /// The URL to post to; a DSN for "sentry". Needless for "pagerduty".
        webhook: String,
        /// A file that holds it.
        webhook_file: String,
        /// In whose words: "json", "slack", "pagerduty" or "sentry".
        format: Word<AlertFormatWord> = "json",
        /// PagerDuty's integration key.
        key: String,
        /// A file that holds it.
        key_file: String,
        /// Of what: the verdicts "broken", "contradicted", "migrating" and "unknown", a refused request of a tenant ("blocked"), a failing "probe", their end ("recovered"), or an action that is taken often.
        on: List<Either<String, OftenTable>> = ["broken", "contradicted", "probe", "recovered"],
        /// Of which requirements; of all if left out.
        requirements: List<String>,
        /// How long a verdict must have lasted before it is told.
        after: Duration = "0s",
    }
}

table! {
    /// An action that a route takes so often within so long.
    OftenTable {
        /// Which action.
        action: String = required,
        /// How often.
        count: u16 = required,
        /// Within how long.
        within: Duration = required,
    }
}
