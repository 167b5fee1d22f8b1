//! Whether an answer may be kept, and for how long: RFC 9111, sections 3 and 4.2.4, read strictly.
//!
//! The backend's word goes before the operator's. It is read as it was meant, too: `no-store`
//! anywhere in a field forbids, even where the field is not well-formed.

use std::time::Duration;

use http::{HeaderMap, HeaderName, StatusCode, header};
use pingora::cache::cache_control::CacheControl;
use pingora::http::ResponseHeader;

use super::inputs::Role;
use super::unfit::Unfit;
use crate::config::StaleKey;

/// How old an answer was when it came, and may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lifetime {
    /// How long ago it was generated, as `Age` said when it came.
    pub(super) age: Duration,
    /// The age up to which it is fresh, where the backend says so.
    pub(super) fresh: Option<Duration>,
    /// The age beyond which it must not be given, where the backend says so.
    pub(super) limit: Option<Duration>,
}

/// Statuses that are good for another time (RFC 9110, section 15.1): 404, 410 and the like can be
/// cached too, but are no good answers.
const GOOD: [StatusCode; 5] = [
    StatusCode::OK,
    StatusCode::NON_AUTHORITATIVE_INFORMATION,
    StatusCode::NO_CONTENT,
    StatusCode::MOVED_PERMANENTLY,
    StatusCode::PERMANENT_REDIRECT,
];

/// What forbids to keep an answer, wherever it stands. `no-cache` and `private` may name headers
/// that alone they are about; they are not read so closely.
const FORBIDDING: [(&str, Unfit); 3] =
    [("no-store", Unfit::NoStore), ("private", Unfit::Private), ("no-cache", Unfit::NoCache)];

/// Where a cache is spoken to (RFC 9111, section 5.2 and 5.4; RFC 9213; Edge Architecture).
pub(super) fn speaks_to_caches(name: &HeaderName) -> bool {
    matches!(*name, header::CACHE_CONTROL | header::PRAGMA | header::EXPIRES)
        || matches!(name.as_str(), "surrogate-control" | "x-accel-expires")
        || name.as_str().ends_with("cdn-cache-control")
}

const SET_COOKIES: [&str; 2] = ["set-cookie", "set-cookie2"];

impl Lifetime {
    /// Reads an answer's header.
    pub(super) fn of(answer: &ResponseHeader, key: &StaleKey) -> Result<Self, Unfit> {
        if !GOOD.contains(&answer.status) {
            return Err(Unfit::Status);
        }
        if SET_COOKIES.iter().any(|name| answer.headers.contains_key(*name)) {
            return Err(Unfit::SetCookie);
        }
        if answer.headers.contains_key(header::CONTENT_RANGE) {
            return Err(Unfit::Range);
        }
        Self::of_validated(&answer.headers, key)
    }

    /// Reads a header that may be that of a 304.
    pub(super) fn of_validated(headers: &HeaderMap, key: &StaleKey) -> Result<Self, Unfit> {
        forbidden(headers)?;
        if !varies_within(headers, key) {
            return Err(Unfit::Vary);
        }
        let age = headers.get(header::AGE).map(|age| seconds(age.as_bytes()));
        let (fresh, limit) = limits(headers);
        if limit == Some(Duration::ZERO) {
            return Err(Unfit::Revalidate);
        }
        Ok(Self { age: age.unwrap_or_default(), fresh, limit })
    }
}

fn forbidden(headers: &HeaderMap) -> Result<(), Unfit> {
    for (_, value) in headers.iter().filter(|(name, _)| speaks_to_caches(name)) {
        let value = value.as_bytes().to_ascii_lowercase();
        let says = |word: &str| value.windows(word.len()).any(|part| part == word.as_bytes());
        if let Some((_, why)) = FORBIDDING.iter().find(|(word, _)| says(word)) {
            return Err(*why);
        }
    }
    Ok(())
}

/// Whether an answer varies by nothing but what is in the key.
fn varies_within(headers: &HeaderMap, key: &StaleKey) -> bool {
    let names = headers.get_all(header::VARY).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    names
        .map(<[u8]>::trim_ascii)
        .filter(|name| !name.is_empty())
        .all(|name| name != b"*" && HeaderName::from_bytes(name).is_ok_and(|name| Role::of(&name, key).tells_apart()))
}

/// The age up to which an answer is fresh, and that beyond which it must not be given: stale answers
/// are forbidden by `must-revalidate` and `proxy-revalidate`, and by `s-maxage` unless
/// `stale-if-error` (RFC 5861) says how stale they may be.
fn limits(headers: &HeaderMap) -> (Option<Duration>, Option<Duration>) {
    let Some(control) = CacheControl::from_headers_named(header::CACHE_CONTROL.as_str(), headers) else {
        return (None, None);
    };
    let given = |read: pingora::Result<Option<u32>>| read.unwrap_or(Some(0)).map(|s| Duration::from_secs(s.into()));
    let (shared, own) = (given(control.s_maxage()), given(control.max_age()));
    let fresh = shared.or(own);
    let lifetime = fresh.unwrap_or_default();
    let limit = if control.must_revalidate() || control.proxy_revalidate() {
        Some(lifetime)
    } else if let Some(stale) = given(control.stale_if_error()) {
        Some(lifetime.saturating_add(stale))
    } else {
        shared
    };
    (fresh, limit)
}

/// Delta-seconds (RFC 9111, section 1.2.2); what is no number is as old as can be.
fn seconds(text: &[u8]) -> Duration {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.trim().parse::<u32>().ok());
    Duration::from_secs(number.unwrap_or(u32::MAX).into())
}
