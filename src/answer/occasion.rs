//! On which occasions schemagate itself says no.

use std::time::Duration;

use http::StatusCode;

/// An occasion on which schemagate itself says no; each has words of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    /// A route refuses while a need is unmet.
    Updating,
    /// A maintenance window is open.
    Maintenance,
    /// No route serves the request.
    NotFound,
    /// The request is malformed.
    Malformed,
    /// The request's header did not arrive in time.
    LateHeader,
    /// The request's header is larger than it may be.
    LargeHeader,
    /// The request's target is longer than it may be.
    LongTarget,
    /// The request's body is larger than it may be.
    LargeBody,
    /// The request expects what nobody here can do.
    Expectation,
    /// No server of the upstream could be spoken to.
    Unreachable,
    /// A server of the upstream took too long.
    TooSlow,
}

/// What an occasion comes with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Circumstances {
    /// What a template calls it.
    pub(super) name: &'static str,
    /// The answer's status.
    pub(super) status: StatusCode,
    /// The machine-readable code in JSON; a route that refuses has its own.
    pub(super) code: &'static str,
    /// When to come back; a route that refuses has its own.
    pub(super) retry_after: Option<Duration>,
    /// Whether the same request may end better later.
    pub(super) passes: bool,
}

impl Occasion {
    /// What it comes with.
    pub(super) const fn circumstances(self) -> Circumstances {
        let (name, status, code, passes) = match self {
            Self::Updating => ("updating", StatusCode::SERVICE_UNAVAILABLE, "TEMPORARILY_UNAVAILABLE", true),
            Self::Maintenance => ("maintenance", StatusCode::SERVICE_UNAVAILABLE, "MAINTENANCE", true),
            Self::NotFound => ("not_found", StatusCode::NOT_FOUND, "NO_ROUTE", false),
            Self::Malformed => ("malformed", StatusCode::BAD_REQUEST, "BAD_REQUEST", false),
            Self::LateHeader => ("late_header", StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT", false),
            Self::LargeHeader => {
                ("large_header", StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "HEADER_TOO_LARGE", false)
            }
            Self::LongTarget => ("long_target", StatusCode::URI_TOO_LONG, "TARGET_TOO_LONG", false),
            Self::LargeBody => ("large_body", StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", false),
            Self::Expectation => ("expectation", StatusCode::EXPECTATION_FAILED, "EXPECTATION_FAILED", false),
            Self::Unreachable => ("unreachable", StatusCode::BAD_GATEWAY, "UPSTREAM_UNREACHABLE", true),
            Self::TooSlow => ("too_slow", StatusCode::GATEWAY_TIMEOUT, "UPSTREAM_TIMEOUT", true),
        };
        let retry_after = if passes { Some(Duration::from_secs(10)) } else { None };
        Circumstances { name, status, code, retry_after, passes }
    }
}
