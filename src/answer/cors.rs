//! What a browser must read before it shows a script from elsewhere what was said (the Fetch
//! standard, "CORS protocol").
//!
//! Every origin is allowed, for credentials too: without that a script could not tell "come back in
//! 30 seconds" from a broken network, and there is nothing in an answer made here that the public
//! may not know.

use http::{HeaderMap, HeaderValue, Method, header};

use super::headers::Headers;
use crate::wire::is_token;

/// What scripts may read of an answer beside the few headers that they always may.
static EXPOSED: HeaderValue =
    HeaderValue::from_static("Retry-After, X-Request-Id, Schemagate-Degraded, grpc-status, grpc-message");
static TRUE: HeaderValue = HeaderValue::from_static("true");
static AT_ONCE: HeaderValue = HeaderValue::from_static("0");

/// Longer values are no origin and no list of header names.
const LONGEST: usize = 4096;

/// The question before a request from elsewhere.
#[derive(Debug)]
pub(super) struct Preflight<'a> {
    method: &'a HeaderValue,
    headers: Option<&'a HeaderValue>,
}

impl<'a> Preflight<'a> {
    /// The question that a request asks, if it is one that can be answered.
    pub(super) fn asked(method: &Method, headers: &'a HeaderMap) -> Option<Self> {
        if method != Method::OPTIONS || origin(headers).is_none() {
            return None;
        }
        let wanted =
            headers.get(header::ACCESS_CONTROL_REQUEST_METHOD).filter(|wanted| is_short_token(wanted.as_bytes()))?;
        let names = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS).filter(|names| is_list_of_tokens(names));
        Some(Self { method: wanted, headers: names })
    }

    /// Says yes to what was asked, for this once: the next request must ask again, because the
    /// application may have another opinion.
    pub(super) fn allow(&self, out: &mut Headers) {
        out.add(header::ACCESS_CONTROL_ALLOW_METHODS, self.method.clone());
        if let Some(names) = self.headers {
            out.add(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
        }
        out.add(header::ACCESS_CONTROL_MAX_AGE, AT_ONCE.clone());
    }
}

/// Lets the script that asked read the answer, if one did.
pub(super) fn share(request: &HeaderMap, out: &mut Headers) {
    if let Some(origin) = origin(request) {
        out.add(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        out.add(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE.clone());
        out.add(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED.clone());
    }
}

/// The one `Origin` of a request: a single word of visible ASCII; `null` is one.
fn origin(headers: &HeaderMap) -> Option<&HeaderValue> {
    let mut all = headers.get_all(header::ORIGIN).iter();
    let (Some(origin), None) = (all.next(), all.next()) else { return None };
    let bytes = origin.as_bytes();
    let sound = !bytes.is_empty()
        && bytes.len() <= LONGEST
        && bytes.iter().all(|byte| byte.is_ascii_graphic() && *byte != b',');
    sound.then_some(origin)
}

fn is_list_of_tokens(value: &HeaderValue) -> bool {
    value.len() <= LONGEST && value.as_bytes().split(|byte| *byte == b',').all(|name| is_short_token(name.trim_ascii()))
}

fn is_short_token(text: &[u8]) -> bool {
    text.len() <= LONGEST && is_token(text)
}
