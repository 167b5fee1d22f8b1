//! Who is told of changes.

use std::time::Duration;

use gate::{ActionKind, Verdict};

use super::Secret;

/// One webhook and what it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Its name in logs and metrics.
    pub name: String,
    /// Where messages are posted.
    pub url: Secret,
    /// In whose words.
    pub format: AlertFormat,
    /// What it is told of.
    pub on: Vec<AlertTrigger>,
    /// Only these requirements; all if empty.
    pub requirements: Vec<String>,
    /// How long a verdict must have lasted.
    pub after: Duration,
}

/// What a webhook is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertTrigger {
    /// A requirement gets this verdict.
    Verdict(Verdict),
    /// A request of a tenant is refused for what the tenant lacks.
    Blocked,
    /// A probe gets another answer than it should.
    Probe,
    /// What was told is over.
    Recovery,
    /// A route takes this action so often within so long.
    Action {
        /// Which action.
        action: ActionKind,
        /// How often.
        count: u64,
        /// Within how long.
        within: Duration,
    },
}

/// Whose words messages are in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertFormat {
    /// schemagate's own.
    Json,
    /// Slack's incoming webhooks, and of those who take the same.
    Slack,
    /// `PagerDuty`'s Events API v2.
    PagerDuty {
        /// The integration key.
        key: Secret,
    },
    /// Sentry's envelopes.
    Sentry(SentryDsn),
}

/// What a Sentry DSN says beside where to post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentryDsn {
    /// The public key.
    pub key: Secret,
    /// The DSN without its key.
    pub rest: String,
}

impl SentryDsn {
    /// Where to post and as whom: `https://KEY@host/path/PROJECT`.
    pub(super) fn parse(dsn: &str) -> Option<(String, Self)> {
        let (scheme, rest) = dsn.split_once("://")?;
        let (key, place) = rest.split_once('@')?;
        let key = key.split(':').next().filter(|key| !key.is_empty())?;
        let (before, project) = place.rsplit_once('/')?;
        let is_project = !project.is_empty() && project.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if before.is_empty() || !is_project || !matches!(scheme, "http" | "https") {
            return None;
        }
        let (host, path) =
            before.split_once('/').map_or((before, String::new()), |(host, path)| (host, format!("/{path}")));
        let url = format!("{scheme}://{host}{path}/api/{project}/envelope/");
        Some((url, Self { key: Secret::new(key), rest: format!("{scheme}://{place}") }))
    }

    /// The DSN as an envelope names it: its key is public in the sense that applications ship it.
    pub fn public(&self) -> String {
        self.rest.replacen("://", &format!("://{}@", self.key.expose()), 1)
    }
}

impl Alert {
    /// Whether the end of what was told is told, too. An incident is a state, not a message: it is always ended.
    pub fn tells_recovery(&self) -> bool {
        matches!(self.format, AlertFormat::PagerDuty { .. }) || self.on.contains(&AlertTrigger::Recovery)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dsn_says_where_to_post_and_as_whom() {
        let (url, dsn) = SentryDsn::parse("https://abc@o1.ingest.sentry.io/42").expect("a DSN");
        assert_eq!(url, "https://o1.ingest.sentry.io/api/42/envelope/");
        assert_eq!(dsn.public(), "https://abc@o1.ingest.sentry.io/42");
        let (url, _) = SentryDsn::parse("http://abc:old@127.0.0.1:9000/glitch/7").expect("a DSN");
        assert_eq!(url, "http://127.0.0.1:9000/glitch/api/7/envelope/");
    }

    #[test]
    fn what_lacks_a_key_a_host_or_a_project_is_no_dsn() {
        for text in ["https://o1.sentry.io/42", "https://abc@/42", "https://abc@host/", "ftp://abc@host/4", "abc"] {
            assert!(SentryDsn::parse(text).is_none(), "{text}");
        }
    }
}
