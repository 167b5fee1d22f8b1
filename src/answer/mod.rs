//! Everything that schemagate says to a client itself.

use std::sync::Arc;

use bytes::Bytes;
use gate::{AnswerId, PathError};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::config::Config;

/// Every answer, rendered when the configuration was loaded.
#[derive(Debug)]
pub struct Answers {
    _config: Arc<Config>,
}

/// What is to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saying {
    /// What the configuration prepared for a route.
    Route(AnswerId),
    /// 404: no route serves the request.
    NoRoute,
    /// 400: the request's path is ambiguous or malformed.
    BadPath(PathError),
    /// 400: the request is malformed elsewhere; the words are sent to the client.
    BadRequest(&'static str),
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
    /// 502 `tls_protocol_error` or `tls_certificate_error`
    Tls,
    /// 504 `http_response_timeout`
    ResponseTimeout,
    /// 502 `http_response_incomplete` or `connection_terminated`
    Broken,
    /// 502 `destination_unavailable`: every server failed its health check.
    Unavailable,
}

/// What an answer depends on: the request, as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub struct Client<'a> {
    /// The request's method.
    pub method: &'a Method,
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// The request's path.
    pub path: &'a str,
    /// The id that stands in the log too.
    pub request_id: &'a str,
}

/// An answer, ready to be written.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers, `Content-Length` included.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Body; empty for HEAD.
    pub body: Bytes,
}

/// A template of the user's that does not render.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TemplateError(pub String);

impl Answers {
    /// Renders every page in every language.
    pub fn render(config: &Arc<Config>) -> Result<Self, TemplateError> {
        Ok(Self { _config: Arc::clone(config) })
    }

    /// The answer for one client.
    pub fn answer(&self, _saying: Saying, _client: &Client<'_>) -> Answer {
        Answer { status: StatusCode::SERVICE_UNAVAILABLE, headers: Vec::new(), body: Bytes::new() }
    }

    /// The public health answer: `status` only. 200, or 503 where `strict` and not ready.
    pub fn health(&self, _ready: bool, _strict: bool, _client: &Client<'_>) -> Answer {
        Answer { status: StatusCode::OK, headers: Vec::new(), body: Bytes::new() }
    }
}
