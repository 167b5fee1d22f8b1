//! `/ready`: whether traffic may come.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gate::Verdict;
use schemars::JsonSchema;
use serde::Serialize;

use super::Admin;

/// Why traffic may not come yet; names requirements, never their objects, since no token is asked for.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Readiness {
    ready: bool,
    waiting_for: Vec<String>,
}

pub(super) async fn ready(State(admin): State<Admin>) -> Response {
    let now = admin.reader.now();
    let live = admin.reader.pin();
    let mut waiting_for = Vec::new();
    if !admin.reader.is_settled() {
        waiting_for.push("the first look at the databases".to_owned());
    }
    if !admin.reader.is_serving() {
        waiting_for.push("the listeners".to_owned());
    }
    if admin.reader.is_ending() {
        waiting_for.push("nothing any more: the process is about to end".to_owned());
    }
    for need in &live.config().admin.ready_needs {
        let verdict = live.snapshot().verdict(*need, now);
        if verdict != Verdict::Ready
            && let Some(requirement) = live.rules().requirement(*need)
        {
            waiting_for.push(format!("requirement {} ({verdict})", requirement.name));
        }
    }
    let ready = waiting_for.is_empty();
    let code = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(Readiness { ready, waiting_for })).into_response()
}
