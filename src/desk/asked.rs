//! What an operator asks for: the bodies of the control API, which the commands send.

use std::time::Duration;

use gate::{Blocks, Skips};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DeskError;
use crate::config::order::{parse_time, word};
use crate::config::{parse_duration, show_duration};

/// An order may lie so far ahead, and last so long.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// A bypass that is asked for.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBypass {
    /// What is passed over.
    #[serde(with = "word", default = "needs")]
    #[schemars(schema_with = "word::schema::<Skips>")]
    pub skips: Skips,
    /// Routes; none: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<String>,
    /// Requirements; none: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requirements: Vec<String>,
    /// Tenants; none: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tenants: Vec<String>,
    /// Who, why and for how long.
    #[serde(flatten)]
    pub note: Note,
}

/// A maintenance window that is asked for.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWindow {
    /// When it opens; at once if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What it keeps out.
    #[serde(with = "word", default)]
    #[schemars(schema_with = "word::schema::<Blocks>")]
    pub blocks: Blocks,
    /// Routes; none: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<String>,
    /// Hosts; none: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Tenants; none: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tenants: Vec<String>,
    /// An organisation, as requests name it; none: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// What people are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Whether it is lifted as soon as everything is seen ready.
    #[serde(default)]
    pub until_ready: bool,
    /// Requirements that this waits for; none: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requirements: Vec<String>,
    /// Who, why and for how long.
    #[serde(flatten)]
    pub note: Note,
}

/// A hold that is asked for.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHold {
    /// Routes; none: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<String>,
    /// Who, why and for how long.
    #[serde(flatten)]
    pub note: Note,
}

/// Who asks, why, and for how long.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    /// Why, for those who read it in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who, beside the name of the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// How long it lasts, such as `30m`, or `never` for no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<String>,
    /// When it ends, such as `2026-11-22T04:00[Europe/Paris]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

const fn needs() -> Skips {
    Skips::Needs
}

impl Note {
    /// When an order ends that begins at `from`; `usual` is how long it lasts of which nothing is said.
    pub(super) fn end(
        &self,
        from: Timestamp,
        now: Timestamp,
        usual: Option<Duration>,
    ) -> Result<Option<Timestamp>, DeskError> {
        let end = match (&self.lasts, &self.until) {
            (Some(_), Some(_)) => {
                return Err(DeskError::invalid("`lasts` and `until` are both given; keep one of them"));
            }
            (Some(never), None) if never == "never" => None,
            (Some(lasts), None) => {
                let lasts = parse_duration(lasts)
                    .map_err(|error| DeskError::invalid(format!("`lasts`: `{lasts}` {error}, or \"never\"")))?;
                Some(after(from, lasts)?)
            }
            (None, Some(until)) => Some(time("until", until)?),
            (None, None) => usual.map(|usual| after(from, usual)).transpose()?,
        };
        let latest = after(now, LONGEST)?;
        if let Some(far) = [Some(from), end].into_iter().flatten().find(|time| *time > latest) {
            let longest = show_duration(LONGEST);
            return Err(DeskError::invalid(format!("{far} is more than {longest} from now")));
        }
        match end {
            Some(end) if end <= from => {
                Err(DeskError::invalid(format!("it would end at {end}, before it begins at {from}")))
            }
            Some(end) if end <= now => Err(DeskError::invalid(format!("it would have ended at {end}; it is {now:.0}"))),
            end => Ok(end),
        }
    }
}

fn after(from: Timestamp, lasts: Duration) -> Result<Timestamp, DeskError> {
    from.checked_add(lasts).map_err(|error| DeskError::invalid(format!("it lasts too long: {error}")))
}

pub(super) fn time(name: &str, text: &str) -> Result<Timestamp, DeskError> {
    parse_time(text).map_err(|error| DeskError::invalid(format!("`{name}`: `{text}` {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn note(lasts: Option<&str>, until: Option<&str>) -> Note {
        Note { lasts: lasts.map(str::to_owned), until: until.map(str::to_owned), ..Note::default() }
    }

    #[test]
    fn times_say_their_zone() {
        let expected = at("2026-11-22T01:00:00Z");
        for text in ["2026-11-22T02:00[Europe/Paris]", "2026-11-22T02:00:00+01:00", "2026-11-22T01:00Z"] {
            assert_eq!(time("from", text).expect(text), expected, "{text}");
        }
        for text in ["2026-11-22T02:00", "tomorrow", "02:00", "", "2026-11-22T02:00[Europe/Pari]"] {
            let error = time("from", text).expect_err(text).to_string();
            assert!(error.contains("`from`") && error.contains("[Europe/Paris]"), "{error}");
        }
    }

    #[test]
    fn an_order_ends_after_a_time_at_a_time_as_usual_or_never() {
        let now = at("2026-11-22T01:00:00Z");
        let end = |lasts, until, usual| note(lasts, until).end(now, now, usual).map_err(|error| error.to_string());
        let half_an_hour = Some(Duration::from_secs(1800));
        assert_eq!(end(None, None, half_an_hour), Ok(Some(at("2026-11-22T01:30:00Z"))));
        assert_eq!(end(None, None, None), Ok(None));
        assert_eq!(end(Some("never"), None, half_an_hour), Ok(None));
        assert_eq!(end(Some("2h"), None, half_an_hour), Ok(Some(at("2026-11-22T03:00:00Z"))));
        assert_eq!(end(None, Some("2026-11-22T03:00[Europe/Paris]"), None), Ok(Some(at("2026-11-22T02:00:00Z"))));
        for (lasts, until, says) in [
            (Some("2h"), Some("2026-11-22T03:00Z"), "both given"),
            (Some("soon"), None, "`lasts`: `soon`"),
            (Some("0s"), None, "before it begins"),
            (None, Some("2026-11-22T00:59:00Z"), "before it begins"),
            (None, Some("2096-11-22T00:59:00Z"), "more than"),
        ] {
            let error = end(lasts, until, None).expect_err(says);
            assert!(error.contains(says), "{error}");
        }
    }
}
