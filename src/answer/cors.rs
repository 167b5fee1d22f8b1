//! What a browser must read before it shows a script from elsewhere what was said (the Fetch
//! standard, "CORS protocol").
//!
//! Every origin is allowed, for credentials too: without that a script could not tell "come back in
//! 30 seconds" from a broken network, and there is nothing in an answer made here that the public
//! may not know.

use http::{HeaderValue, Method, header};

use super::headers::Headers;
use crate::head::Fields;
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
    method: &'a [u8],
    headers: Option<&'a [u8]>,
}

impl<'a> Preflight<'a> {
    /// The question that a request asks, if it is one that can be answered.
    pub(super) fn asked(method: &Method, fields: Fields<'a>) -> Option<Self> {
        if method != Method::OPTIONS || origin(fields).is_none() {
            return None;
        }
        let wanted = fields.get(&header::ACCESS_CONTROL_REQUEST_METHOD).filter(|wanted| is_short_token(wanted))?;
        let names = fields.get(&header::ACCESS_CONTROL_REQUEST_HEADERS).filter(|names| is_list_of_tokens(names));
        Some(Self { method: wanted, headers: names })
    }

    /// Says yes to what was asked, for this once: the next request must ask again, because the
    /// application may have another opinion.
    pub(super) fn allow(&self, out: &mut Headers) {
        out.add_heard(header::ACCESS_CONTROL_ALLOW_METHODS, self.method);
        if let Some(names) = self.headers {
            out.add_heard(header::ACCESS_CONTROL_ALLOW_HEADERS, names);
        }
        out.add(header::ACCESS_CONTROL_MAX_AGE, AT_ONCE.clone());
    }
}

/// Lets the script that asked read the answer, if one did.
pub(super) fn share(request: Fields<'_>, out: &mut Headers) {
    if let Some(origin) = origin(request) {
        out.add_heard(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        out.add(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE.clone());
        out.add(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED.clone());
    }
}

/// The one `Origin` of a request: a single word of visible ASCII; `null` is one.
fn origin(fields: Fields<'_>) -> Option<&[u8]> {
    let mut all = fields.all(&header::ORIGIN);
    let (Some(origin), None) = (all.next(), all.next()) else { return None };
    let sound = !origin.is_empty()
        && origin.len() <= LONGEST
        && origin.iter().all(|byte| byte.is_ascii_graphic() && *byte != b',');
    sound.then_some(origin)
}

fn is_list_of_tokens(value: &[u8]) -> bool {
    value.len() <= LONGEST && value.split(|byte| *byte == b',').all(|name| is_short_token(name.trim_ascii()))
}

fn is_short_token(text: &[u8]) -> bool {
    text.len() <= LONGEST && is_token(text)
}
