//! A fixed answer that stands in for an upstream's.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::Answer;
use super::headers::{CommonHeaders, Headers};
use crate::config::RespondSpec;

/// A fixed answer, ready to be sent.
#[derive(Debug)]
pub(super) struct Fixed {
    status: StatusCode,
    headers: Arc<CommonHeaders>,
    body: Bytes,
}

static DEGRADED: HeaderName = HeaderName::from_static("schemagate-degraded");

/// What a route's name may not hold plainly in a header; all that is not ASCII is encoded anyway.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// Headers that are said where an answer is written: they follow from the body, the connection and the request.
const SAID_ELSEWHERE: [HeaderName; 5] = [
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::DATE,
    HeaderName::from_static("x-request-id"),
];

impl Fixed {
    /// Configured headers take the place of those that every answer has.
    pub(super) fn new(spec: &RespondSpec) -> Self {
        let degraded = degraded(&spec.route);
        let configured = |name: &HeaderName| spec.headers.iter().any(|(known, _)| known == name);
        let of_its_own = spec.headers.iter().filter(|(name, _)| !SAID_ELSEWHERE.contains(name) && *name != degraded.0);
        let mut headers: Vec<_> = of_its_own.cloned().collect();
        if !configured(&header::CONTENT_TYPE) {
            headers.push((header::CONTENT_TYPE, spec.content_type.clone()));
        }
        headers.push(degraded);
        Self { status: spec.status, headers: CommonHeaders::with(&headers), body: spec.body.clone() }
    }

    pub(super) fn answer(&self, method: &Method) -> Answer {
        Answer::new(self.status, Headers::of(&self.headers), self.body.clone(), method)
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
