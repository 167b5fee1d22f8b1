//! Which parts of a request an answer may depend on, header by header.
//!
//! Whatever is not known to be harmless is in the key: a header that nobody here has heard of may
//! choose the tenant, the user or the page.

use http::{HeaderName, header};

use crate::config::StaleKey;

/// What a header of a request means for the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Its value is in the key.
    Keyed,
    /// It says who asks: a request that bears it has no key.
    Credential,
    /// It is not in the key, as long as its value is harmless.
    LeftOut(Spelling),
}

/// What the value of a header that is left out may hold. A backend that writes such a value into
/// its page must not be made to write markup there, and for others to read: with anything else in
/// it, the value is in the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// Whatever: the operator has said so.
    Any,
    /// What stands in text, addresses and identifiers.
    Plain,
    /// Quotes too: lists of tags and brands.
    Quoted,
}

/// Who asks.
const CREDENTIALS: [HeaderName; 3] = [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION];

/// Headers that differ from request to request and on which no answer depends, unless it says so
/// in `Vary` (and then it is not kept). A star stands for any ending.
#[rustfmt::skip] // A table in rows.
pub(super) const LEFT_OUT: [(&str, Spelling); 46] = [
    // The connection's own business, and what is answered here.
    ("connection", Spelling::Plain), ("keep-alive", Spelling::Plain), ("proxy-connection", Spelling::Plain),
    ("te", Spelling::Plain), ("content-length", Spelling::Plain), ("via", Spelling::Plain), ("cdn-loop", Spelling::Plain),
    ("if-none-match", Spelling::Quoted), ("if-modified-since", Spelling::Plain),
    ("range", Spelling::Plain), ("if-range", Spelling::Quoted),
    ("cache-control", Spelling::Plain), ("pragma", Spelling::Plain),
    // What browsers say of themselves.
    ("user-agent", Spelling::Plain), ("referer", Spelling::Plain), ("sec-ch-ua*", Spelling::Quoted),
    ("sec-fetch-*", Spelling::Plain), ("sec-gpc", Spelling::Plain), ("dnt", Spelling::Plain),
    ("priority", Spelling::Plain), ("upgrade-insecure-requests", Spelling::Plain),
    // The way of a request, for those who trace it.
    ("x-request-id", Spelling::Plain), ("x-correlation-id", Spelling::Plain), ("x-request-start", Spelling::Plain),
    ("x-queue-start", Spelling::Plain), ("traceparent", Spelling::Plain), ("tracestate", Spelling::Plain),
    ("b3", Spelling::Plain), ("x-b3-*", Spelling::Plain), ("uber-trace-id", Spelling::Plain),
    ("sentry-trace", Spelling::Plain), ("x-datadog-*", Spelling::Plain), ("x-amzn-trace-id", Spelling::Plain),
    ("x-cloud-trace-context", Spelling::Plain), ("elastic-apm-traceparent", Spelling::Plain), ("cf-ray", Spelling::Plain),
    // The client's address, as proxies on the way tell it.
    ("x-forwarded-for", Spelling::Plain), ("x-real-ip", Spelling::Plain), ("x-client-ip", Spelling::Plain),
    ("x-cluster-client-ip", Spelling::Plain), ("x-envoy-external-address", Spelling::Plain),
    ("true-client-ip", Spelling::Plain), ("cf-connecting-ip", Spelling::Plain), ("fastly-client-ip", Spelling::Plain),
    ("fly-client-ip", Spelling::Plain), ("x-azure-clientip", Spelling::Plain),
];

impl Role {
    /// What a header means under a key that names some and leaves some out.
    pub(super) fn of(name: &HeaderName, key: &StaleKey) -> Self {
        if key.names.contains(name) {
            return Self::Keyed;
        }
        if CREDENTIALS.contains(name) {
            return Self::Credential;
        }
        if key.ignores.contains(name) {
            return Self::LeftOut(Spelling::Any);
        }
        let known = LEFT_OUT.iter().find(|(known, _)| match known.strip_suffix('*') {
            Some(beginning) => name.as_str().starts_with(beginning),
            None => name == known,
        });
        known.map_or(Self::Keyed, |(_, spelling)| Self::LeftOut(*spelling))
    }

    /// Whether this value belongs into the key.
    pub(super) fn takes(self, value: &[u8]) -> bool {
        match self {
            Self::Keyed | Self::Credential => true,
            Self::LeftOut(spelling) => !value.iter().all(|byte| spelling.allows(*byte)),
        }
    }

    /// Whether two requests that differ in this header alone have different keys, if they have any:
    /// only then may an answer vary by it.
    pub(super) const fn tells_apart(self) -> bool {
        matches!(self, Self::Keyed | Self::Credential)
    }
}

impl Spelling {
    const fn allows(self, byte: u8) -> bool {
        match self {
            Self::Any => true,
            Self::Plain => byte.is_ascii_alphanumeric() || is_plain_mark(byte),
            Self::Quoted => byte.is_ascii_alphanumeric() || is_plain_mark(byte) || byte == b'"',
        }
    }
}

/// Nothing that begins or ends markup, text in quotes, or an escape.
const fn is_plain_mark(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b':'
            | b'/'
            | b'?'
            | b'#'
            | b'['
            | b']'
            | b'@'
            | b'!'
            | b'&'
            | b'('
            | b')'
            | b'*'
            | b'+'
            | b','
            | b';'
            | b'='
    )
}
