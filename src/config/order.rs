//! What operators order beside the configuration, by the clock on the wall: bypasses, maintenance
//! windows and holds.

use std::fmt;

use gate::{Blocks, BypassScope, OrderSource, Skips};
use jiff::{Timestamp, Zoned};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An order, and what there is to say of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Order<T> {
    /// By which it is ended.
    pub id: String,
    /// Where it was given.
    #[serde(with = "word")]
    #[schemars(schema_with = "word::schema::<OrderSource>")]
    pub source: OrderSource,
    /// Who gave it.
    pub by: String,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was given.
    pub created: Timestamp,
    /// When it ends by itself; `None`: not before it is ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// What is ordered.
    #[serde(flatten)]
    pub terms: T,
}

/// What a bypass lets pass; an empty list means all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BypassTerms {
    /// What of the judgement is passed over.
    #[serde(with = "word")]
    #[schemars(schema_with = "word::schema::<Skips>")]
    pub skips: Skips,
    /// Names of routes.
    #[serde(default)]
    pub routes: Vec<String>,
    /// Names of requirements.
    #[serde(default)]
    pub requirements: Vec<String>,
    /// Tenants, by schema or word.
    #[serde(default)]
    pub tenants: Vec<String>,
}

/// What a maintenance window keeps out; an empty list narrows nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WindowTerms {
    /// When it opens.
    pub from: Timestamp,
    /// What it keeps out.
    #[serde(with = "word")]
    #[schemars(schema_with = "word::schema::<Blocks>")]
    pub blocks: Blocks,
    /// Names of routes.
    #[serde(default)]
    pub routes: Vec<String>,
    /// Hosts, as routes have them.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Tenants, by schema or word.
    #[serde(default)]
    pub tenants: Vec<String>,
    /// An organisation, as requests name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// What people are told; `None`: a sentence in their language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Whether it is lifted as soon as everything was seen ready after its opening.
    #[serde(default)]
    pub until_ready: bool,
    /// Requirements that this waits for; none: all.
    #[serde(default)]
    pub requirements: Vec<String>,
}

/// Whose requests wait although the schema is right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HoldTerms {
    /// Names of routes; none: all.
    #[serde(default)]
    pub routes: Vec<String>,
}

/// Every order of one source.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderBook {
    /// Bypasses.
    #[serde(default)]
    pub bypasses: Vec<Order<BypassTerms>>,
    /// Maintenance windows.
    #[serde(default)]
    pub windows: Vec<Order<WindowTerms>>,
    /// Holds.
    #[serde(default)]
    pub holds: Vec<Order<HoldTerms>>,
}

impl<T> Order<T> {
    /// Whether it is over at `now`.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

impl BypassTerms {
    /// Which requests it covers.
    pub fn scope(&self) -> BypassScope {
        BypassScope {
            routes: boxed(&self.routes),
            requirements: boxed(&self.requirements),
            tenants: boxed(&self.tenants),
        }
    }
}

impl fmt::Display for BypassTerms {
    /// For people: `needs of route orders`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.skips.as_str(), self.scope())
    }
}

impl fmt::Display for WindowTerms {
    /// For people: `writes; route orders; until ready`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.blocks.as_str())?;
        let kinds = [
            ("route", &self.routes[..]),
            ("host", &self.hosts),
            ("tenant", &self.tenants),
            ("organisation", self.organisation.as_slice()),
        ];
        for (kind, names) in kinds.into_iter().filter(|(_, names)| !names.is_empty()) {
            write!(f, "; {kind} {}", names.join(", "))?;
        }
        match (self.until_ready, self.requirements.as_slice()) {
            (false, _) => Ok(()),
            (true, []) => f.write_str("; until everything is ready"),
            (true, names) => write!(f, "; until {} is ready", names.join(", ")),
        }
    }
}

impl fmt::Display for HoldTerms {
    /// For people: the routes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.routes.is_empty() { f.write_str("every route") } else { write!(f, "route {}", self.routes.join(", ")) }
    }
}

/// Why a text is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not a time that says its zone{0}; write it like \"2026-11-22T02:00[Europe/Paris]\", \"2026-11-22T02:00+01:00\" \
     or \"2026-11-22T01:00Z\""
)]
pub(crate) struct TimeError(String);

/// A time that says where it is meant: with a zone's name (RFC 9557), an offset, or `Z` (RFC 3339).
pub(crate) fn parse_time(text: &str) -> Result<Timestamp, TimeError> {
    let zoned = text.parse::<Zoned>().map(|zoned| zoned.timestamp());
    zoned.or_else(|error| {
        let of_zone = if text.contains('[') { format!(" ({error})") } else { String::new() };
        text.parse::<Timestamp>().map_err(|_| TimeError(of_zone))
    })
}

/// Names as `gate` has them.
pub(crate) fn boxed(names: &[String]) -> Box<[Box<str>]> {
    names.iter().map(|name| name.as_str().into()).collect()
}

/// One of a few words.
pub(crate) trait OneOf: Copy + 'static {
    /// All there are.
    const ALL: &'static [Self];

    /// The word for it.
    fn word(self) -> &'static str;
}

impl OneOf for Skips {
    const ALL: &'static [Self] = &Self::ALL;

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl OneOf for Blocks {
    const ALL: &'static [Self] = &[Self::Writes, Self::Everything];

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl OneOf for OrderSource {
    const ALL: &'static [Self] = &[Self::Env, Self::Operator, Self::ControlFile];

    fn word(self) -> &'static str {
        self.as_str()
    }
}

/// What `gate` has as a type and JSON as a word.
pub(crate) mod word {
    use schemars::{Schema, SchemaGenerator, json_schema};
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    use super::OneOf;

    pub(crate) fn serialize<T: OneOf, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(value.word())
    }

    pub(crate) fn schema<T: OneOf>(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<&str> = T::ALL.iter().map(|value| value.word()).collect();
        json_schema!({ "type": "string", "enum": words })
    }

    pub(crate) fn deserialize<'de, T: OneOf, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        let text = String::deserialize(deserializer)?;
        let known = || T::ALL.iter().map(|value| value.word());
        T::ALL.iter().find(|value| value.word() == text).copied().ok_or_else(|| {
            let known = known().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
            D::Error::custom(format!("unknown word `{text}`, expected one of {known}"))
        })
    }
}
