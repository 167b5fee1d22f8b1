//! Why schemagate answered instead of the upstream, in the words of RFC 9209.

use http::HeaderValue;

use super::UpstreamFailure;

/// A reason: an error type of RFC 9209, section 2.3 (IANA, "HTTP Proxy Error Types").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ProxyStatus {
    error: &'static str,
    value: &'static str,
}

macro_rules! proxy_status {
    ($error:literal) => {
        ProxyStatus { error: $error, value: concat!("schemagate; error=", $error) }
    };
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

    /// The value of `Proxy-Status`.
    pub(super) const fn header(self) -> HeaderValue {
        HeaderValue::from_static(self.value)
    }

    /// The same, with one word more.
    pub(super) fn detailed(self, word: &'static str) -> HeaderValue {
        HeaderValue::try_from(format!("{}; details=\"{word}\"", self.value)).unwrap_or(self.header())
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
