//! `traceparent`: W3C Trace Context, <https://www.w3.org/TR/trace-context/>, section 3.2.

use std::fmt;
use std::num::NonZero;

use http::HeaderName;

use crate::head::Fields;

/// The header.
pub static PARENT: HeaderName = HeaderName::from_static("traceparent");

/// Bytes of a header of version 00; later versions are at least as long.
const LENGTH: usize = 55;

/// The flag of those that are recorded.
const SAMPLED: u8 = 1;

/// Which trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId(NonZero<u128>);

/// Which span of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId(NonZero<u64>);

/// A place in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace.
    pub trace: TraceId,
    /// The span that whoever gets this is called by.
    pub span: SpanId,
    /// Whether it is recorded.
    pub sampled: bool,
}

impl TraceId {
    /// One that nobody else has.
    pub fn new() -> Self {
        Self(std::iter::repeat_with(|| fastrand::u128(..)).find_map(NonZero::new).unwrap_or(NonZero::<u128>::MIN))
    }

    /// As 32 hexadecimal digits, in small letters or capitals, which Google's header has.
    pub fn parse(text: &str) -> Option<Self> {
        let is_id = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u128::from_str_radix(text, 16).ok().filter(|_| is_id)?;
        NonZero::new(number).map(Self)
    }

    /// The number.
    pub const fn get(self) -> u128 {
        self.0.get()
    }
}

impl SpanId {
    /// A new one.
    pub fn new() -> Self {
        Self(std::iter::repeat_with(|| fastrand::u64(..)).find_map(NonZero::new).unwrap_or(NonZero::<u64>::MIN))
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl Default for TraceId {
    fn default() -> Self {
        Self::new()
    }
}

impl Default for SpanId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl TraceContext {
    /// What a request says; `None` where it says nothing, twice, or what is not valid.
    pub fn of(fields: Fields<'_>) -> Option<Self> {
        let mut values = fields.all(&PARENT);
        let only = values.next().filter(|_| values.next().is_none())?;
        Self::parse(only)
    }

    /// What a header says: of a version to come the part that stays.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut parts = text.get(..LENGTH)?.split(|byte| *byte == b'-');
        let version = hex(parts.next()?, 2)?;
        let trace = hex(parts.next()?, 32)?;
        let span = hex(parts.next()?, 16)?;
        let flags = hex(parts.next()?, 2)?;
        let rest = text.get(LENGTH..).unwrap_or_default();
        let ends_well = match version {
            0 => rest.is_empty(),
            // Two digits that the recommendation keeps free.
            0xff => false,
            _ => rest.is_empty() || rest.starts_with(b"-"),
        };
        if parts.next().is_some() || !ends_well {
            return None;
        }
        Some(Self {
            trace: TraceId(NonZero::new(trace)?),
            span: SpanId(NonZero::new(u64::try_from(span).ok()?)?),
            sampled: u8::try_from(flags).ok()? & SAMPLED != 0,
        })
    }

    /// What the header says of it.
    pub fn header(&self) -> String {
        format!("00-{}-{}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }
}

/// So many hexadecimal digits in small letters, which is all that the recommendation allows.
fn hex(text: &[u8], digits: usize) -> Option<u128> {
    let is_hex = text.len() == digits && text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    std::str::from_utf8(text).ok().filter(|_| is_hex).and_then(|text| u128::from_str_radix(text, 16).ok())
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    #[test]
    fn a_context_is_read_and_written_as_the_recommendation_has_it() {
        for (flags, sampled, written) in
            [("01", true, "01"), ("00", false, "00"), ("03", true, "01"), ("fe", false, "00")]
        {
            let context =
                TraceContext::parse(format!("00-{TRACE}-b7ad6b7169203331-{flags}").as_bytes()).expect("valid");
            assert_eq!((context.trace.to_string().as_str(), context.sampled), (TRACE, sampled));
            assert_eq!(context.header(), format!("00-{TRACE}-b7ad6b7169203331-{written}"));
        }
    }

    #[test]
    fn a_version_to_come_is_read_as_far_as_it_stays() {
        for (text, is_read) in [
            (format!("01-{TRACE}-b7ad6b7169203331-01"), true),
            (format!("cc-{TRACE}-b7ad6b7169203331-01-what-the-future-will-be-like"), true),
            (format!("cc-{TRACE}-b7ad6b7169203331-01.what-the-future"), false),
            (format!("ff-{TRACE}-b7ad6b7169203331-01"), false),
        ] {
            assert_eq!(TraceContext::parse(text.as_bytes()).is_some(), is_read, "{text}");
        }
    }

    #[test]
    fn what_is_not_valid_is_none() {
        for text in [
            String::new(),
            "00".to_owned(),
            format!("00-{}-b7ad6b7169203331-01", "0".repeat(32)),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{}-b7ad6b7169203331-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-b7ad6b7169203331-01-more"),
            format!("00-{TRACE}-b7ad6b7169203331-0"),
            format!("00-{TRACE}-b7ad6b7169203331-0g"),
            format!("0-{TRACE}-b7ad6b7169203331-011"),
            format!(" 00-{TRACE}-b7ad6b7169203331-01"),
            format!("00-{}+-b7ad6b7169203331-01", &TRACE[..31]),
        ] {
            assert_eq!(TraceContext::parse(text.as_bytes()), None, "{text}");
        }
        let twice = [(); 2].map(|()| {
            (PARENT.clone(), HeaderValue::try_from(format!("00-{TRACE}-b7ad6b7169203331-01")).expect("a value"))
        });
        let mut headers = HeaderMap::new();
        for (name, value) in twice {
            headers.append(name, value);
        }
        assert_eq!(TraceContext::of(Fields::Map(&headers)), None);
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_is_read_without_a_panic_and_means_what_it_is_written_as(bytes: Vec<u8>) {
            if let Some(context) = TraceContext::parse(&bytes) {
                proptest::prop_assert_eq!(TraceContext::parse(context.header().as_bytes()), Some(context));
            }
        }
    }
}
