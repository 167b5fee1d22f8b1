//! Why a request is refused, and what to do about it.

use axum::http::StatusCode;
use axum::http::header::WWW_AUTHENTICATE;
use axum::response::{IntoResponse, Response};

use crate::admin::problem::Problem;

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::admin) enum Refusal {
    /// It names a host that is not known to be this listener's.
    Host,
    /// It comes from a page of another origin.
    Origin,
    /// The same, as the browser tells it.
    Site,
    /// It brings no token.
    NoToken,
    /// It brings one that is not known.
    WrongToken,
    /// Its token is good for less.
    Rights,
    /// No token is good for it.
    NoControl,
    /// It comes by a browser, and no token is set.
    Browser,
    /// What it sends is not said to be JSON.
    ContentType,
}

impl Refusal {
    /// The word used in answers, logs and metrics; the status; and what to do.
    const fn told(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::Host => (
                "host",
                StatusCode::MISDIRECTED_REQUEST,
                "the Host header names neither an address nor localhost: ask by address, or list the name in `hosts` under [admin]",
            ),
            Self::Origin => (
                "origin",
                StatusCode::FORBIDDEN,
                "the Origin header is not this listener's own: pages from elsewhere may not ask; use a program, or the dashboard at /status",
            ),
            Self::Site => (
                "site",
                StatusCode::FORBIDDEN,
                "the browser says by Sec-Fetch-Site that a page from elsewhere asks: type the address, or use the dashboard at /status",
            ),
            Self::NoToken => (
                "no_token",
                StatusCode::UNAUTHORIZED,
                "this needs the header `Authorization: Bearer TOKEN`, TOKEN being one of those under [admin]",
            ),
            Self::WrongToken => (
                "wrong_token",
                StatusCode::UNAUTHORIZED,
                "the token is none of those under [admin]; a file is read when the configuration is",
            ),
            Self::Rights => (
                "rights",
                StatusCode::FORBIDDEN,
                "the token may read and not change things: send the `control_token`, or one with may = \"control\"",
            ),
            Self::NoControl => (
                "no_control_token",
                StatusCode::FORBIDDEN,
                "nobody may change things: set `control_token` or `control_token_file` under [admin]",
            ),
            Self::Browser => (
                "browser",
                StatusCode::FORBIDDEN,
                "without a token nothing is changed by a browser: use the command line, or set `control_token` under [admin]",
            ),
            Self::ContentType => (
                "content_type",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "send the header `Content-Type: application/json`; nothing else is read",
            ),
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        self.told().0
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (code, status, detail) = self.told();
        let problem = Problem::new(status, code, detail);
        if status == StatusCode::UNAUTHORIZED {
            return ([(WWW_AUTHENTICATE, "Bearer realm=\"schemagate\"")], problem).into_response();
        }
        problem.into_response()
    }
}
