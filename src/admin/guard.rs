//! Who may ask what of the admin listener.
//!
//! | what | refused with | unless |
//! | --- | --- | --- |
//! | `Host` | 421 | it is an address, `localhost` or listed in `[admin] hosts`: a page whose own name was made to lead here (DNS rebinding) has another |
//! | `Origin`, `Sec-Fetch-Site` | 403 | they are absent or this listener's own: no other page reads or changes anything |
//! | token | 401 | it is one of those that are set, or none is |
//! | rights | 403 | the token is good for it; where no token is set, nobody comes by a browser |
//! | `Content-Type` of POST, PUT and PATCH | 415 | it is JSON, which no form can send |
//!
//! Probes and the dashboard's page are given to everybody: they tell nothing.

mod origin;
mod refusal;
mod token;

use std::time::Instant;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::{info, warn};

use super::Admin;
use super::caller::{Caller, Peer};
use super::endpoint::Rights;
use crate::config::{self, May};

use refusal::Refusal;

/// What is looked at of a request.
struct Asked<'r> {
    method: &'r Method,
    uri: &'r Uri,
    headers: &'r HeaderMap,
}

/// Lets a request through to an endpoint that asks for `may`, or answers why not; what is changed is logged with
/// who changed it.
pub(super) async fn require(
    State((admin, may)): State<(Admin, May)>,
    Extension(peer): Extension<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let asked = Asked { method: request.method(), uri: request.uri(), headers: request.headers() };
    let name = match judge(&admin.reader.pin().config().admin, may, &asked).map(str::to_owned) {
        Ok(name) => name,
        Err(refusal) => return refuse(&admin, refusal, &asked, peer),
    };
    let caller = Caller { name, peer };
    let changes = (may == May::Control).then(|| (caller.clone(), request.method().clone(), request.uri().clone()));
    request.extensions_mut().insert(caller);
    let mut answer = next.run(request).await;
    if let Some((Caller { name, peer }, method, uri)) = changes {
        let status = answer.status().as_u16();
        info!(who = name, %peer, %method, path = uri.path(), status, "the admin listener was told to change something");
    }
    let headers = answer.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

fn refuse(admin: &Admin, refusal: Refusal, asked: &Asked<'_>, peer: Peer) -> Response {
    let reason = refusal.as_str();
    admin.metrics.admin.refusal(reason);
    if let Some(unsaid) = admin.refusals.may_say(Instant::now()) {
        let said =
            |name| asked.headers.get(name).map(|value: &HeaderValue| value.as_bytes().escape_ascii().to_string());
        let (host, origin) = (said(header::HOST), said(header::ORIGIN));
        let (method, path) = (asked.method, asked.uri.path());
        warn!(%peer, %method, path, reason, host, origin, unsaid, "the admin listener refused a request");
    }
    refusal.into_response()
}

/// Whose request it is that may go on.
fn judge<'c>(admin: &'c config::Admin, may: May, asked: &Asked<'_>) -> Result<&'c str, Refusal> {
    origin::check(&admin.hosts, asked)?;
    let caller = if admin.tokens.is_empty() {
        without_token(admin, may, asked)?
    } else {
        let token = token::find(&admin.tokens, asked.headers)?;
        if token.may < may {
            let there_is_one = admin.tokens.iter().any(|token| token.may >= may);
            return Err(if there_is_one { Refusal::Rights } else { Refusal::NoControl });
        }
        &token.name
    };
    let sends = matches!(*asked.method, Method::POST | Method::PUT | Method::PATCH);
    if sends && !is_json(asked.headers) { Err(Refusal::ContentType) } else { Ok(caller) }
}

/// Whoever is on this machine may read, and change things by a program of theirs.
fn without_token(admin: &config::Admin, may: May, asked: &Asked<'_>) -> Result<&'static str, Refusal> {
    if !admin.local {
        return Err(Refusal::NoToken);
    }
    let by_browser = asked.headers.contains_key(header::ORIGIN) || asked.headers.contains_key("sec-fetch-site");
    if may == May::Control && by_browser { Err(Refusal::Browser) } else { Ok("local") }
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

impl Rights {
    /// What whoever asks must be allowed; `None`: nothing.
    pub(super) const fn may(self) -> Option<May> {
        match self {
            Self::Open => None,
            Self::Read => Some(May::Read),
            Self::Control => Some(May::Control),
        }
    }
}

#[cfg(test)]
mod tests;
