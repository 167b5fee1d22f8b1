//! The dashboard: a page, its style and its script, from this binary and from nowhere else.
//!
//! They hold nothing secret and are given to everybody; what the script asks for needs the read token where
//! there is one.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::endpoint::{Content, Endpoint, Rights};

/// Nothing from elsewhere, nothing inline, and never within another page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page and its parts.
pub(super) fn endpoints() -> [Endpoint; 4] {
    let file = |path, content_type: &'static str, text: &'static str, about| {
        let media_type = content_type.split(';').next().unwrap_or_default();
        Endpoint::get(path, Rights::Open, move || async move { asset(content_type, text) })
            .about(about)
            .text(media_type)
    };
    let (page, style, script) =
        (include_str!("dashboard/page.html"), include_str!("dashboard/style.css"), include_str!("dashboard/script.js"));
    [
        Endpoint::get("/", Rights::Open, || async { Redirect::to("/status") })
            .about("Leads to the dashboard")
            .with(StatusCode::SEE_OTHER, Content::Nothing),
        file("/status", "text/html; charset=utf-8", page, "The dashboard's page, without what it shows"),
        file("/status/style.css", "text/css; charset=utf-8", style, "The page's style"),
        file("/status/script.js", "text/javascript; charset=utf-8", script, "The page's script"),
    ]
}

fn asset(content_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-cache"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers.map(|(name, value)| (name, HeaderValue::from_static(value))), text).into_response()
}
