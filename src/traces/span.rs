//! What is told of something that took time.

use std::borrow::Cow;
use std::time::{Duration, Instant, SystemTime};

use super::context::{SpanId, TraceContext};

/// Something that took time, and is over.
#[derive(Debug, Clone)]
pub struct Span {
    /// Which it is.
    pub context: TraceContext,
    /// Which it is a part of.
    pub parent: Option<SpanId>,
    /// Whether that one is another process's.
    pub parent_is_remote: bool,
    /// What kind of thing.
    pub kind: Kind,
    /// What it is called: one of few names, as the semantic conventions want it.
    pub name: Cow<'static, str>,
    /// When it began.
    pub began: SystemTime,
    /// When it ended.
    pub ended: SystemTime,
    /// What there is to say of it.
    pub attributes: Vec<(&'static str, Attribute)>,
    /// What went wrong, if something did.
    pub error: Option<Cow<'static, str>>,
}

/// What kind of thing took time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A request that came.
    Server,
    /// A request that was sent.
    Client,
    /// Something within.
    Internal,
}

/// What there is to say of a span.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    /// In words.
    Text(Cow<'static, str>),
    /// In a whole number.
    Number(i64),
    /// In a number.
    Real(f64),
    /// Yes or no.
    Flag(bool),
}

impl From<&'static str> for Attribute {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Attribute {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<u16> for Attribute {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

impl From<usize> for Attribute {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Attribute {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

/// In milliseconds.
impl From<Duration> for Attribute {
    fn from(time: Duration) -> Self {
        Self::Real(time.as_secs_f64() * 1000.0)
    }
}

/// What the clock on the wall showed at an instant, as far as it was not set since.
pub fn shown_at(instant: Instant) -> SystemTime {
    let now = SystemTime::now();
    now.checked_sub(instant.elapsed()).unwrap_or(now)
}
