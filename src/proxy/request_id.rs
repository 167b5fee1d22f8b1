//! The id that a request bears in the client's hands, in the backend's log and in ours.

use http::{HeaderName, HeaderValue};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use crate::head::Fields;

/// The header that carries the id.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The same, in the letters that it is sent in.
pub(super) const NAME: &str = "X-Request-Id";

/// The longest id that is kept.
const LONGEST: usize = 128;

/// The id of one request.
#[derive(Debug, Clone, Default)]
pub(super) enum RequestId {
    /// None yet.
    #[default]
    None,
    /// One of our own.
    New([u8; Hyphenated::LENGTH]),
    /// As it came.
    Came(HeaderValue),
}

impl RequestId {
    /// The id that came, if a trusted peer sent one that is fit for a log line; else a new one.
    pub(super) fn of(fields: Fields<'_>, trusted: bool) -> Self {
        let came = if trusted { fields.get(&HEADER).filter(|id| is_sane(id)) } else { None };
        came.and_then(|id| HeaderValue::from_bytes(id).ok()).map_or_else(Self::new, Self::Came)
    }

    /// A new id; ids sort by time.
    fn new() -> Self {
        let mut text = [0; Hyphenated::LENGTH];
        Uuid::now_v7().hyphenated().encode_lower(&mut text);
        Self::New(text)
    }

    /// The id as text.
    pub(super) fn as_str(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).unwrap_or("-")
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::None => b"-",
            Self::New(text) => text,
            Self::Came(value) => value.as_bytes(),
        }
    }

    /// The id as it is sent.
    pub(super) fn value(&self) -> HeaderValue {
        match self {
            Self::Came(value) => value.clone(),
            _ => HeaderValue::from_str(self.as_str()).unwrap_or(HeaderValue::from_static("-")),
        }
    }
}

fn is_sane(id: &[u8]) -> bool {
    (1..=LONGEST).contains(&id.len()) && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn of(id: &str, trusted: bool) -> RequestId {
        let headers = HeaderMap::from_iter([(HEADER, HeaderValue::from_str(id).expect("a value"))]);
        RequestId::of(Fields::Map(&headers), trusted)
    }

    #[test]
    fn a_trusted_peers_id_is_kept() {
        assert_eq!(of("abc-DEF_1.2", true).as_str(), "abc-DEF_1.2");
    }

    #[test]
    fn anybody_elses_id_is_replaced_by_one_of_our_own() {
        let id = of("abc", false);
        assert_eq!(id.as_str().len(), 36);
        assert_eq!(id.as_str().as_bytes()[14], b'7');
    }

    #[test]
    fn an_id_that_could_forge_a_log_line_is_replaced() {
        for bad in ["", "a b", "a\"b", "a;b"] {
            assert_ne!(of(bad, true).as_str(), bad);
        }
        assert_eq!(of(&"a".repeat(129), true).as_str().len(), 36);
    }

    #[test]
    fn ids_sort_by_time() {
        let ids: Vec<RequestId> = (0..100).map(|_| RequestId::new()).collect();
        assert!(ids.windows(2).all(|pair| pair[0].as_str() < pair[1].as_str()));
    }
}
