//! Why schemagate answered instead of the upstream, in the words of RFC 9209.

use http::{HeaderName, HeaderValue};

use super::UpstreamFailure;
use super::headers::Headers;

const PROXY_STATUS: HeaderName = HeaderName::from_static("proxy-status");

/// A reason: an error type of RFC 9209, section 2.3 (IANA, "HTTP Proxy Error Types").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ProxyStatus {
    error: &'static str,
    value: &'static HeaderValue,
}

macro_rules! proxy_status {
    ($error:literal) => {{
        static VALUE: HeaderValue = HeaderValue::from_static(concat!("schemagate; error=", $error));
        ProxyStatus { error: $error, value: &VALUE }
    }};
}

impl ProxyStatus {
    /// Not forwarded, because of what the configuration says.
    pub(super) const DENIED: Self = proxy_status!("http_request_denied");
    /// Answered here, without asking the upstream.
    pub(super) const OWN_ANSWER: Self = proxy_status!("proxy_internal_response");
    /// It is not known where the request belongs.
    pub(super) const NOT_FOUND: Self = proxy_status!("destination_not_found");
    /// The request is malformed.
    pub(super) const MALFORMED: Self = proxy_status!("http_request_error");

    /// Says it, with one word more where there is one, unless the answer has a reason of its own.
    pub(super) fn tell(self, detail: Option<&'static str>, out: &mut Headers) {
        let detailed = detail.map(|word| format!("schemagate; error={}; details=\"{word}\"", self.error));
        let value = detailed.and_then(|value| value.try_into().ok());
        out.add(PROXY_STATUS, value.unwrap_or_else(|| self.value.clone()));
    }
}

impl UpstreamFailure {
    /// The word for it in RFC 9209, for logs and metrics.
    pub const fn as_str(self) -> &'static str {
        self.proxy_status().error
    }

    /// The reason that a client is told.
    pub(super) const fn proxy_status(self) -> ProxyStatus {
        match self {
            Self::Refused => proxy_status!("connection_refused"),
            Self::ConnectTimeout => proxy_status!("connection_timeout"),
            Self::Dns => proxy_status!("dns_error"),
            Self::Tls => proxy_status!("tls_protocol_error"),
            Self::ResponseTimeout => proxy_status!("http_response_timeout"),
            Self::Broken => proxy_status!("http_response_incomplete"),
            Self::Unavailable => proxy_status!("destination_unavailable"),
        }
    }

    /// Whether time ran out: 504, else 502.
    pub(super) const fn timed_out(self) -> bool {
        matches!(self, Self::ConnectTimeout | Self::ResponseTimeout)
    }
}
