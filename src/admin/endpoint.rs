//! Every endpoint of the admin listener, with who may ask it.

use axum::extract::Request;
use axum::handler::Handler;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{MethodFilter, MethodRouter, on};
use axum::{Router, middleware};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::board::Board;
use super::incidents::Incident;
use super::problem::Problem;
use super::readiness::Readiness;
use super::snapshot::SnapshotReport;
use super::tenants::TenantList;
use super::{Admin, bounds, dashboard, events, explain, guard, incidents, openapi, orders, readiness, reload, tenants};
use crate::report::Report;
use crate::symptoms::Proposal;

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
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) rights: Rights,
    pub(super) about: About,
    handler: MethodRouter<Admin>,
}

/// What an endpoint is described by.
#[derive(Debug, Default)]
pub(super) struct About {
    /// One sentence.
    pub(super) summary: &'static str,
    /// What is answered, beside refusals.
    pub(super) answers: Vec<Answers>,
    /// What may stand behind the question mark, and what it does.
    pub(super) parameters: Vec<(&'static str, &'static str)>,
    /// What is sent.
    pub(super) takes: Option<Describe>,
}

/// What describes a type, under the names of those that it is made of.
pub(super) type Describe = fn(&mut SchemaGenerator) -> Schema;

/// One answer of an endpoint.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) status: StatusCode,
    pub(super) content: Content,
}

/// What a body is.
#[derive(Debug)]
pub(super) enum Content {
    Json(Describe),
    /// Server-sent events, each with such JSON.
    Events(Describe),
    /// A text of this media type.
    Text(&'static str),
    /// None.
    Nothing,
}

impl Endpoint {
    /// What is read.
    pub(super) fn get<H, T>(path: &'static str, rights: Rights, handler: H) -> Self
    where
        H: Handler<T, Admin>,
        T: 'static,
    {
        Self { method: "get", path, rights, about: About::default(), handler: on(MethodFilter::GET, handler) }
    }

    /// What is changed by sending something.
    pub(super) fn post<H, T>(path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Admin>,
        T: 'static,
    {
        let handler = on(MethodFilter::POST, handler);
        Self { method: "post", path, rights: Rights::Control, about: About::default(), handler }
    }

    /// What is taken back.
    pub(super) fn delete<H, T>(path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Admin>,
        T: 'static,
    {
        let handler = on(MethodFilter::DELETE, handler);
        Self { method: "delete", path, rights: Rights::Control, about: About::default(), handler }
    }

    /// What it is for, in one sentence.
    pub(super) fn about(mut self, summary: &'static str) -> Self {
        self.about.summary = summary;
        self
    }

    /// It answers with this status and JSON of a type.
    pub(super) fn answers<T: JsonSchema>(self, status: StatusCode) -> Self {
        self.with(status, Content::Json(SchemaGenerator::subschema_for::<T>))
    }

    /// It answers 200 with a text of this media type.
    pub(super) fn text(self, media_type: &'static str) -> Self {
        self.with(StatusCode::OK, Content::Text(media_type))
    }

    /// It answers so.
    pub(super) fn with(mut self, status: StatusCode, content: Content) -> Self {
        self.about.answers.push(Answers { status, content });
        self
    }

    /// A parameter of the query, and what it does.
    pub(super) fn parameter(mut self, name: &'static str, about: &'static str) -> Self {
        self.about.parameters.push((name, about));
        self
    }

    /// It is sent JSON of a type.
    pub(super) fn takes<T: JsonSchema>(mut self) -> Self {
        self.about.takes = Some(SchemaGenerator::subschema_for::<T>);
        self
    }
}

/// All there is: what is not in this table is not served, and nothing is in it without its rights.
pub(super) fn all() -> Vec<Endpoint> {
    use Rights::{Open, Read};
    const OK: StatusCode = StatusCode::OK;
    const AWAY: StatusCode = StatusCode::SERVICE_UNAVAILABLE;
    let mut endpoints = vec![
        Endpoint::get("/live", Open, || async { "live\n" }).about("Whether the process can answer at all").text(PLAIN),
        Endpoint::get("/ready", Open, readiness::ready)
            .about("Whether traffic may come: listeners open, first verdicts in, `ready_needs` ready")
            .answers::<Readiness>(OK)
            .answers::<Readiness>(AWAY),
        Endpoint::get(HEALTH, Read, super::health)
            .about("How every requirement stands, with findings")
            .parameter("strict", "503 unless everything is ready; `false` is as if it were left out")
            .answers::<Report>(OK)
            .answers::<Report>(AWAY),
        Endpoint::get("/metrics", Read, super::metrics_text)
            .about("What is counted, as Prometheus reads it")
            .text(PLAIN),
        Endpoint::get("/api/v1/openapi.json", Open, openapi::answer)
            .about("This description")
            .with(OK, Content::Json(|_| json_schema!({ "type": "object" }))),
        Endpoint::get("/api/v1/snapshot", Read, super::snapshot)
            .about("How every requirement stands and what becomes of each route")
            .answers::<SnapshotReport>(OK),
        Endpoint::get("/api/v1/events", Read, events::events)
            .about("What the dashboard shows, at once and whenever it changes, every two seconds at least")
            .with(OK, Content::Events(SchemaGenerator::subschema_for::<Board>)),
        Endpoint::get("/api/v1/incidents", Read, incidents::as_json)
            .about("What was broken since the start, from when to when, and whom it met; the newest first")
            .answers::<Vec<Incident>>(OK),
        Endpoint::get("/api/v1/incidents.md", Read, incidents::as_markdown)
            .about("The same, to be pasted into a post-mortem")
            .text("text/markdown"),
        Endpoint::get("/api/v1/tenants", Read, tenants::search)
            .about("Tenants, those that are not ready first, a hundred at most")
            .parameter("find", "a part of the schema's name or of a host")
            .answers::<TenantList>(OK),
        Endpoint::get("/api/v1/suggestions", Read, super::suggestions)
            .about("What failures say of the schema and no requirement covers, and what to write about it")
            .answers::<Proposal>(OK),
    ];
    endpoints.push(explain::endpoint());
    endpoints.extend(dashboard::endpoints());
    endpoints.extend(orders::endpoints());
    endpoints.push(reload::endpoint());
    endpoints
}

const PLAIN: &str = "text/plain";
const HEALTH: &str = "/health/migrations";
const HEALTH_SPELLED_OUT: &str = "/health/migrations/";

/// The table as what answers.
pub(super) fn router(admin: &Admin) -> Router {
    let mut router = Router::new();
    for Endpoint { path, rights, handler, .. } in all() {
        let handler = match rights.may() {
            None => handler,
            Some(may) => handler.route_layer(middleware::from_fn_with_state((admin.clone(), may), guard::require)),
        };
        if path == HEALTH {
            // As Django spells paths, and whoever comes from there asks.
            router = router.route(HEALTH_SPELLED_OUT, handler.clone());
        }
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
