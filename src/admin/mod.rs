//! The listener for operators and probes.
//!
//! | path | answer |
//! | --- | --- |
//! | `/live` | 200 while the process can answer at all |
//! | `/ready` | 200 once traffic may come: listeners open, first verdicts in, `ready_needs` ready |
//! | `/health/migrations` | how things stand; 503 with `?strict` unless everything is ready |
//! | `/metrics` | Prometheus' text format |
//! | `/api/v1/suggestions` | what failures say of the schema and no requirement covers, and what to write about it |
//! | `/api/v1/snapshot` | all of it, with the routes |

mod listener;
mod readiness;
mod token;

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router, middleware};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::live::GateReader;
use crate::metrics::Metrics;
use crate::report::{Report, Status};
use crate::symptoms::{Proposal, Symptoms};

pub use listener::AdminListener;

/// What every handler sees.
#[derive(Debug, Clone)]
struct Admin {
    config: Arc<Config>,
    reader: GateReader,
    metrics: Metrics,
    symptoms: Symptoms,
}

/// Serves until dropped.
pub async fn serve(
    listener: AdminListener,
    config: Arc<Config>,
    reader: GateReader,
    metrics: Metrics,
    symptoms: Symptoms,
) -> std::io::Result<()> {
    let admin = Admin { config, reader, metrics, symptoms };
    let guarded = Router::new()
        .route("/health/migrations", get(health))
        .route("/metrics", get(metrics_text))
        .route("/api/v1/snapshot", get(snapshot))
        .route("/api/v1/suggestions", get(suggestions))
        .route_layer(middleware::from_fn_with_state(admin.clone(), token::require_read));
    let app = Router::new()
        .route("/live", get(|| async { "live\n" }))
        .route("/ready", get(readiness::ready))
        .merge(guarded)
        .with_state(admin);
    listener.serve(app).await
}

#[derive(Debug, Deserialize)]
struct Health {
    strict: Option<String>,
}

async fn health(State(admin): State<Admin>, Query(query): Query<Health>) -> Response {
    let report = admin.report();
    let refuse = query.strict.is_some_and(|strict| strict != "false") && report.status != Status::Ready;
    let code = if refuse { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (code, Json(report)).into_response()
}

async fn metrics_text(State(admin): State<Admin>) -> Response {
    let now = admin.reader.now();
    let gate = admin.reader.pin();
    let verdicts = gate
        .rules()
        .requirements_by_id()
        .map(|(id, requirement)| (&*requirement.name, gate.snapshot().verdict(id, now)));
    admin.metrics.stand(gate.snapshot().generation(), verdicts);
    match admin.metrics.render() {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// The report and what becomes of each route.
#[derive(Debug, Serialize)]
struct SnapshotReport {
    #[serde(flatten)]
    report: Report,
    routes: Vec<RouteReport>,
}

#[derive(Debug, Serialize)]
struct RouteReport {
    name: String,
    host: String,
    path: String,
    methods: Vec<String>,
    upstream: String,
    needs: Vec<String>,
    /// The action in force.
    action: &'static str,
    /// Why: `ready`, `no_needs` or the worst verdict.
    reason: &'static str,
    observed: bool,
}

async fn snapshot(State(admin): State<Admin>) -> Json<SnapshotReport> {
    let now = admin.reader.now();
    let gate = admin.reader.pin();
    let rules = gate.rules();
    let routes = rules
        .routes()
        .iter()
        .map(|route| {
            let (reason, action) = gate.judge(route, now);
            RouteReport {
                name: route.name.to_string(),
                host: route.host.to_string(),
                path: route.path.as_str().to_owned(),
                methods: route.methods.names().map(str::to_owned).collect(),
                upstream: admin
                    .config
                    .upstream(route.upstream)
                    .map(|upstream| upstream.name.clone())
                    .unwrap_or_default(),
                needs: route
                    .needs
                    .iter()
                    .filter_map(|id| rules.requirement(*id))
                    .map(|need| need.name.to_string())
                    .collect(),
                action: action.kind().as_str(),
                reason: reason.as_str(),
                observed: route.mode == gate::Mode::Observe,
            }
        })
        .collect();
    Json(SnapshotReport { report: admin.report(), routes })
}

async fn suggestions(State(admin): State<Admin>) -> Json<Proposal> {
    Json(admin.symptoms.proposal(&admin.config))
}

impl Admin {
    fn report(&self) -> Report {
        Report::new(&self.config, &self.reader.pin(), self.reader.now())
    }
}
