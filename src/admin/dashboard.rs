//! The dashboard: a page, its style and its script, from this binary and from nowhere else.
//!
//! They hold nothing secret and are given to everybody; what the script asks for needs the read token where
//! there is one.

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use super::Admin;

/// Nothing from elsewhere, nothing inline, and never within another page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) fn routes() -> Router<Admin> {
    let file = |content_type: &'static str, text: &'static str| get(move || async move { asset(content_type, text) });
    Router::new()
        .route("/", get(|| async { Redirect::to("/status") }))
        .route("/status", file("text/html; charset=utf-8", include_str!("dashboard/page.html")))
        .route("/status/style.css", file("text/css; charset=utf-8", include_str!("dashboard/style.css")))
        .route("/status/script.js", file("text/javascript; charset=utf-8", include_str!("dashboard/script.js")))
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
