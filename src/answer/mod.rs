//! Everything that schemagate says to a client itself.
//!
//! All that can be said is put into words, languages and formats when the configuration is loaded
//! ([`Answers::render`]). For a request there is only a choice to be made ([`Answers::answer`]).
//!
//! - what: `letter`, on an `occasion`; or a `fixed` answer that the operator wrote
//! - in a language: `words`; chosen by `language`
//! - in a format: `page`, `problem`, `plain`, `grpc`; chosen by `accept`
//! - all of them rendered: `refusal`; one of them with its request's id: `body`
//! - what goes with it: `headers`, `proxy_status`, `retry_after`, `cors`

mod accept;
mod answers;
mod body;
mod brand;
mod color;
mod cors;
mod fixed;
mod for_operators;
mod grpc;
mod headers;
mod language;
mod letter;
mod occasion;
mod page;
mod plain;
mod problem;
mod proxy_status;
mod reference;
mod refusal;
mod retry_after;
mod weighted;
mod words;

use std::time::Duration;

use bytes::Bytes;
use gate::{AnswerId, PathError};
use http::{Method, StatusCode};

use crate::head::Fields;

pub use answers::Answers;
pub use fixed::{degraded, in_header};
pub use for_operators::for_operators;
pub use headers::Headers;

use crate::wire::WireRefusal;

/// What is to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saying<'a> {
    /// What the configuration prepared for a route.
    Route(AnswerId),
    /// 503: the route has an answer that cannot be given where it is asked for.
    Updating,
    /// 503: a maintenance window is open.
    Maintenance {
        /// What it says itself.
        message: Option<&'a str>,
        /// How long it lasts from now on; `None`: nobody knows.
        lasts: Option<Duration>,
    },
    /// 404: no route serves the request.
    NoRoute,
    /// 400: the request's path is ambiguous or malformed.
    BadPath(PathError),
    /// 400: the request is malformed elsewhere; the words are sent to the client.
    BadRequest(&'static str),
    /// 400, 413, 414, 417 or 431: others might read the request differently, or it is too large.
    Wire(WireRefusal),
    /// 408: the request's header did not arrive in time.
    LateHeader,
    /// 502 or 504: no server of the upstream answered.
    Upstream(UpstreamFailure),
}

/// Why no server of an upstream answered, in the words of RFC 9209.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpstreamFailure {
    /// 502 `connection_refused`
    Refused,
    /// 504 `connection_timeout`
    ConnectTimeout,
    /// 502 `dns_error`
    Dns,
    /// 502 `tls_protocol_error`
    Tls,
    /// 504 `http_response_timeout`
    ResponseTimeout,
    /// 502 `http_response_incomplete`
    Broken,
    /// 502 `destination_unavailable`: every server failed its health check.
    Unavailable,
}

/// What an answer depends on: the request, as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub struct Client<'a> {
    /// The request's method.
    pub method: &'a Method,
    /// The request's fields.
    pub fields: Fields<'a>,
    /// The request's path.
    pub path: &'a str,
    /// The id that stands in the log too.
    pub request_id: &'a [u8],
}

/// Fields without one of which it does not matter what any other says.
const HEARD: [&str; 5] = ["accept", "accept-language", "origin", "content-type", "sec-fetch-mode"];

fn is_heard(name: &[u8]) -> bool {
    HEARD.iter().any(|heard| name.eq_ignore_ascii_case(heard.as_bytes()))
}

impl Client<'_> {
    /// The same as far as it is heard: to look for what did not come takes longer than to see that nothing did.
    fn heard(self) -> Self {
        let is_heard = self.fields.names().any(is_heard);
        Self { fields: if is_heard { self.fields } else { Fields::NONE }, ..self }
    }
}

/// An answer, ready to be written. Where [`Self::body`] is empty, the header must end the stream:
/// a gRPC client reads its status from the header only then.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers, but for `Content-Length`, `Date` and the request's id, which are said where it is written.
    pub headers: Headers,
    /// `Content-Length`: of the body that GET would get; `None` for an answer that cannot have one.
    pub length: Option<usize>,
    /// Body; empty for HEAD.
    pub body: Bytes,
}

impl Answer {
    /// Puts one together. HEAD is told what GET would get, the body's length included (RFC 9110, section 9.3.2); an
    /// answer that cannot have a body has no length (section 8.6).
    pub fn new(status: StatusCode, headers: Headers, body: Bytes, method: &Method) -> Self {
        let bodiless = status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let length = (!bodiless).then_some(body.len());
        let body = if bodiless || method == Method::HEAD { Bytes::new() } else { body };
        Self { status, headers, length, body }
    }

    /// Whether a gRPC client is told something: how it went is then said in `grpc-status`, and [`Self::status`] is 200 all the same.
    pub fn is_grpc(&self) -> bool {
        self.headers.get(&refusal::GRPC_STATUS).is_some()
    }
}

/// A page that cannot be made of the user's template, colours or logo; with the place and the reason.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TemplateError(pub String);

#[cfg(test)]
mod tests;
