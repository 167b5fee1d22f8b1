//! The read token.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use super::Admin;
use crate::config::Secret;

/// Lets a request through if no token is set or it brings the right one.
pub(super) async fn require_read(State(admin): State<Admin>, request: Request, next: Next) -> Response {
    let token = admin.reader.pin().config().admin.read_token.clone();
    match &token {
        Some(token) if !brings(request.headers(), token) => {
            let advice = "this needs the header `Authorization: Bearer TOKEN`, TOKEN being [admin] read_token\n";
            (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], advice).into_response()
        }
        _ => next.run(request).await,
    }
}

fn brings(headers: &HeaderMap, token: &Secret) -> bool {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let sent = sent.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    sent.is_some_and(|(_, sent)| bool::from(sent.trim().as_bytes().ct_eq(token.expose().as_bytes())))
}
