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
//! | `/status` | the dashboard: a page that reads the next two |
//! | `/api/v1/events` | the same, what requests got, and incidents, as server-sent events, whenever they change |
//! | `/api/v1/incidents`, `/api/v1/incidents.md` | what was broken, from when to when, and whom it met |

mod board;
mod dashboard;
mod events;
mod incidents;
mod listener;
mod readiness;
mod snapshot;
mod token;

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router, middleware};
use gate::{Standing, Verdict};
use serde::Deserialize;

use crate::live::GateReader;
use crate::metrics::Metrics;
use crate::report::{Report, Status};
use crate::symptoms::{Proposal, Symptoms};

pub use listener::AdminListener;

use incidents::Incidents;
use snapshot::SnapshotReport;

/// What every handler sees.
#[derive(Debug, Clone)]
struct Admin {
    reader: GateReader,
    metrics: Metrics,
    incidents: Arc<Incidents>,
    symptoms: Symptoms,
}

/// Serves until dropped.
pub async fn serve(
    listener: AdminListener,
    reader: GateReader,
    metrics: Metrics,
    symptoms: Symptoms,
) -> std::io::Result<()> {
    let incidents = Arc::new(Incidents::default());
    let admin = Admin { reader, metrics, incidents, symptoms };
    let guarded = Router::new()
        .route("/health/migrations", get(health))
        .route("/metrics", get(metrics_text))
        .route("/api/v1/snapshot", get(snapshot))
        .route("/api/v1/events", get(events::events))
        .route("/api/v1/incidents", get(incidents::as_json))
        .route("/api/v1/incidents.md", get(incidents::as_markdown))
        .route("/api/v1/suggestions", get(suggestions))
        .route_layer(middleware::from_fn_with_state(admin.clone(), token::require_read));
    let app = Router::new()
        .route("/live", get(|| async { "live\n" }))
        .route("/ready", get(readiness::ready))
        .merge(dashboard::routes())
        .merge(guarded)
        .with_state(admin.clone());
    tokio::select! {
        served = listener.serve(app) => served,
        () = incidents::record(admin) => Ok(()),
    }
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
    let verdicts =
        gate.rules().declared().map(|(id, requirement)| (&*requirement.name, gate.snapshot().verdict(id, now)));
    admin.metrics.stand(gate.snapshot().generation(), verdicts);
    admin.metrics.bypasses.stand(gate.snapshot().bypasses().on(now).count());
    if let (Some(tenancy), Some(tenants)) = (gate.rules().tenancy(), gate.snapshot().tenants()) {
        let fresh = gate.snapshot().is_fresh(tenancy.database, now);
        let verdict = |standing: &Standing| if fresh { standing.verdict } else { Verdict::Unknown };
        admin.metrics.stand_tenants(tenants.all().map(|(_, _, standing)| verdict(standing)));
    }
    match admin.metrics.render() {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn snapshot(State(admin): State<Admin>) -> Json<SnapshotReport> {
    Json(SnapshotReport::of(&admin))
}

async fn suggestions(State(admin): State<Admin>) -> Json<Proposal> {
    Json(admin.symptoms.proposal(admin.reader.pin().config()))
}

impl Admin {
    fn report(&self) -> Report {
        let live = self.reader.pin();
        Report::new(live.config(), &live, self.reader.now())
    }
}
