//! The head of a request, however it came.
//!
//! What decides, answers and notes a request reads it here: over HTTP/2, and wherever pingora has it, of pingora's map;
//! over HTTP/1 of the head itself, so that nothing is copied that nobody asks for.

use either::Either;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version, header};
use pingora::http::RequestHeader;

use crate::wire::Parts;

/// The head of a request.
#[derive(Debug, Clone, Copy)]
pub struct RequestHead<'r> {
    /// Its method.
    pub method: &'r Method,
    /// Its target as it came.
    pub target: &'r [u8],
    /// The path of that.
    pub path: &'r str,
    /// The host that its target or `:authority` names.
    pub authority: Option<&'r str>,
    /// Its version.
    pub version: Version,
    /// Its fields.
    pub fields: Fields<'r>,
}

/// The fields of a request.
#[derive(Debug, Clone, Copy)]
pub enum Fields<'r> {
    /// As pingora has them.
    Map(&'r HeaderMap),
    /// As they came over HTTP/1.
    Parts(Parts<'r>),
}

impl<'r> From<&'r RequestHeader> for RequestHead<'r> {
    fn from(request: &'r RequestHeader) -> Self {
        Self {
            method: &request.method,
            target: request.raw_path(),
            path: request.uri.path(),
            authority: request.uri.authority().map(Authority::as_str),
            version: request.version,
            fields: Fields::Map(&request.headers),
        }
    }
}

impl<'r> Fields<'r> {
    /// No fields at all.
    pub const NONE: Self = Self::Parts(Parts::NONE);

    /// The first value of a name.
    pub fn get(self, name: &HeaderName) -> Option<&'r [u8]> {
        match self {
            Self::Map(map) => map.get(name).map(HeaderValue::as_bytes),
            Self::Parts(parts) => parts.values(name.as_str().as_bytes()).next(),
        }
    }

    /// The same, where it is text.
    pub fn text(self, name: &HeaderName) -> Option<&'r str> {
        self.get(name).and_then(text)
    }

    /// Whether there is one of this name.
    pub fn has(self, name: &HeaderName) -> bool {
        self.get(name).is_some()
    }

    /// Every value of a name, in the order of their coming.
    pub fn all<'n>(self, name: &'n HeaderName) -> impl Iterator<Item = &'r [u8]> + use<'r, 'n> {
        match self {
            Self::Map(map) => Either::Left(map.get_all(name).iter().map(HeaderValue::as_bytes)),
            Self::Parts(parts) => Either::Right(parts.values(name.as_str().as_bytes())),
        }
    }

    /// The same, of those that are text.
    pub fn texts<'n>(self, name: &'n HeaderName) -> impl Iterator<Item = &'r str> + use<'r, 'n> {
        self.all(name).filter_map(text)
    }

    /// What `Connection` declares to be its own (RFC 9110, section 7.6.1), in whatever letters.
    pub fn of_connection(self) -> impl Iterator<Item = &'r [u8]> {
        self.all(&header::CONNECTION).flat_map(|value| value.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii)
    }

    /// Every name, in whatever letters; one that came twice may stand here twice.
    pub fn names(self) -> impl Iterator<Item = &'r [u8]> {
        match self {
            Self::Map(map) => Either::Left(map.keys().map(|name| name.as_str().as_bytes())),
            Self::Parts(parts) => Either::Right(parts.fields().map(|(name, _)| name)),
        }
    }
}

/// A value as text: visible ASCII, blanks and tabs.
#[expect(clippy::needless_bitwise_bool, reason = "a loop without a branch is done sixteen bytes at a time")]
pub fn text(value: &[u8]) -> Option<&str> {
    let is_text = value.iter().fold(true, |text, byte| text & (matches!(byte, b' '..=b'~') | (*byte == b'\t')));
    if is_text { core::str::from_utf8(value).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::{Limits, Outline, inspect};

    fn header_name(letters: &str) -> HeaderName {
        letters.parse().expect("a name")
    }

    proptest! {
        #[test]
        fn a_field_is_the_same_whoever_has_it(
            fields in proptest::collection::vec(("[aA][bB]?|[xX]-[cC]", "[ -~\\t\u{e9}]{0,8}"), 0..6),
            asked in "a|ab|x-c|x-d",
        ) {
            let lines: Vec<_> = fields.iter().map(|(name, value)| format!("{name}:{value}\r\n")).collect();
            let head = format!("GET / HTTP/1.1\r\nHost: h\r\n{}\r\n", lines.concat());
            let mut outline = Outline::default();
            inspect(head.as_bytes(), &Limits::default(), &mut outline).expect("a head");
            let parts = Fields::Parts(Parts::new(head.as_bytes(), &outline));
            let mut map = HeaderMap::new();
            map.append("host", HeaderValue::from_static("h"));
            for (name, value) in &fields {
                map.append(header_name(name), HeaderValue::from_bytes(value.trim_ascii().as_bytes()).expect("a value"));
            }
            let (mapped, asked) = (Fields::Map(&map), header_name(&asked));
            prop_assert_eq!(parts.get(&asked), mapped.get(&asked));
            prop_assert_eq!(parts.text(&asked), mapped.text(&asked));
            prop_assert_eq!(parts.has(&asked), map.contains_key(&asked));
            prop_assert!(parts.all(&asked).eq(mapped.all(&asked)));
            let texts: Vec<_> = map.get_all(&asked).iter().filter_map(|value| value.to_str().ok()).collect();
            prop_assert!(parts.texts(&asked).eq(texts));
            let names = |fields: Fields<'_>| {
                let mut names: Vec<_> = fields.names().map(<[u8]>::to_ascii_lowercase).collect();
                names.sort();
                names.dedup();
                names
            };
            prop_assert_eq!(names(parts), names(mapped));
        }
    }

    #[test]
    fn nothing_has_no_fields() {
        assert_eq!((Fields::NONE.names().count(), Fields::NONE.get(&header_name("host"))), (0, None));
    }
}
