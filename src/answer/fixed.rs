//! A fixed answer that stands in for an upstream's.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::headers::Headers;
use crate::config::RespondSpec;

/// A fixed answer, ready to be sent.
#[derive(Debug)]
pub(super) struct Fixed {
    status: StatusCode,
    content_type: HeaderValue,
    headers: Vec<(HeaderName, HeaderValue)>,
    degraded: (HeaderName, HeaderValue),
    body: Bytes,
}

static DEGRADED: HeaderName = HeaderName::from_static("schemagate-degraded");

/// What a route's name may not hold plainly in a header; all that is not ASCII is encoded anyway.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// Headers that frame an answer on the wire: they follow from the body, not from the configuration.
const FRAMING: [HeaderName; 3] = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION];

impl Fixed {
    pub(super) fn new(spec: &RespondSpec) -> Self {
        Self {
            status: spec.status,
            content_type: spec.content_type.clone(),
            headers: spec.headers.iter().filter(|(name, _)| !FRAMING.contains(name)).cloned().collect(),
            degraded: degraded(&spec.route),
            body: spec.body.clone(),
        }
    }

    /// The status and the body; configured headers take the place of those that every answer has.
    pub(super) fn tell(&self, headers: &mut Headers) -> (StatusCode, Bytes) {
        headers.set(header::CONTENT_TYPE, self.content_type.clone());
        headers.set_all(&self.headers);
        let (name, value) = self.degraded.clone();
        headers.set(name, value);
        (self.status, self.body.clone())
    }
}

/// The header that marks an answer as not the upstream's of this moment: which route gave it.
pub fn degraded(route: &str) -> (HeaderName, HeaderValue) {
    (DEGRADED.clone(), in_header(route))
}

/// A name of the operator's, as a header can hold it.
pub fn in_header(name: &str) -> HeaderValue {
    let encoded = utf8_percent_encode(name, ENCODED).to_string();
    HeaderValue::try_from(encoded).unwrap_or_else(|_| HeaderValue::from_static(""))
}
