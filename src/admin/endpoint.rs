//! Every endpoint of the admin listener, with who may ask it.

use axum::extract::Request;
use axum::handler::Handler;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{MethodFilter, MethodRouter, on};
use axum::{Router, middleware};

use super::problem::Problem;
use super::{Admin, bounds, dashboard, events, guard, incidents, readiness, tenants};

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rights {
    /// Everybody: probes, and pages that tell nothing.
    Open,
    /// Whoever may read.
    Read,
    /// Whoever may change things.
    Control,
}

/// What is answered under one path to one method.
pub(super) struct Endpoint {
    path: &'static str,
    rights: Rights,
    handler: MethodRouter<Admin>,
}

impl Endpoint {
    /// What is read.
    pub(super) fn get<H, T>(path: &'static str, rights: Rights, handler: H) -> Self
    where
        H: Handler<T, Admin>,
        T: 'static,
    {
        Self { path, rights, handler: on(MethodFilter::GET, handler) }
    }

    /// What is changed by sending something.
    #[expect(dead_code, reason = "what is changed comes with the operators' desk")]
    pub(super) fn post<H, T>(path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Admin>,
        T: 'static,
    {
        Self { path, rights: Rights::Control, handler: on(MethodFilter::POST, handler) }
    }
}

/// All there is: what is not in this table is not served, and nothing is in it without its rights.
pub(super) fn all() -> Vec<Endpoint> {
    use Rights::{Open, Read};
    let mut endpoints = vec![
        Endpoint::get("/live", Open, || async { "live\n" }),
        Endpoint::get("/ready", Open, readiness::ready),
        Endpoint::get("/health/migrations", Read, super::health),
        Endpoint::get("/metrics", Read, super::metrics_text),
        Endpoint::get("/api/v1/snapshot", Read, super::snapshot),
        Endpoint::get("/api/v1/events", Read, events::events),
        Endpoint::get("/api/v1/incidents", Read, incidents::as_json),
        Endpoint::get("/api/v1/incidents.md", Read, incidents::as_markdown),
        Endpoint::get("/api/v1/tenants", Read, tenants::search),
        Endpoint::get("/api/v1/suggestions", Read, super::suggestions),
    ];
    endpoints.extend(dashboard::endpoints());
    endpoints
}

/// The table as what answers.
pub(super) fn router(admin: &Admin) -> Router {
    let mut router = Router::new();
    for Endpoint { path, rights, handler, .. } in all() {
        let handler = match rights.may() {
            None => handler,
            Some(may) => handler.route_layer(middleware::from_fn_with_state((admin.clone(), may), guard::require)),
        };
        router = router.route(path, handler);
    }
    router
        .fallback(nothing)
        .method_not_allowed_fallback(other_method)
        .layer(middleware::from_fn(bounds::in_time))
        .layer(bounds::body())
        .with_state(admin.clone())
}

async fn nothing() -> impl IntoResponse {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no_such_path",
        "there is nothing here; /api/v1/openapi.json lists what there is",
    )
}

async fn other_method(request: Request) -> impl IntoResponse {
    let detail = format!("{} is not for this path; the Allow header says what is", request.method());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", detail)
}
