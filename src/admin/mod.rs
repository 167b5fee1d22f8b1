//! The listener for operators and probes.
//!
//! | path | answer |
//! | --- | --- |
//! | `/live` | 200 while the process can answer at all |
//! | `/ready` | 200 once traffic may come: listeners open, first verdicts in, `ready_needs` ready |
//! | `/health/migrations` | how things stand; 503 with `?strict` unless everything is ready |
//! | `/metrics` | Prometheus' text format |
//! | `/api/v1/tenants?find=…` | tenants by schema or host, those that are not ready first |
//! | `/api/v1/suggestions` | what failures say of the schema and no requirement covers, and what to write about it |
//! | `/api/v1/snapshot` | all of it, with the routes |
//! | `/api/v1/openapi.json` | all of these, for programs |
//! | `/api/v1/explain?method=…&url=…` | what would be done with a request, and why |
//! | `/status` | the dashboard: a page that reads the next two |
//! | `/api/v1/events` | the same, what requests got, and incidents, as server-sent events, whenever they change |
//! | `/api/v1/incidents`, `/api/v1/incidents.md` | what was broken, from when to when, and whom it met |
//! | `/api/v1/bypasses`, `/api/v1/windows`, `/api/v1/holds`, `/api/v1/history` | what operators order, see `orders` |
//!
//! Every one of them is a row of `endpoint::all`, with who may ask it; `guard` holds it to that, and `bounds` says how
//! much of anything is taken.

mod board;
mod bounds;
mod caller;
mod dashboard;
mod endpoint;
mod events;
mod explain;
mod guard;
mod incidents;
mod listener;
mod openapi;
mod orders;
mod problem;
mod readiness;
mod reload;
mod snapshot;
mod tenants;

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::sync::Semaphore;

use crate::desk::Desk;
use crate::live::GateReader;
use crate::metrics::Metrics;
use crate::reload::Reloader;
use crate::report::{Report, Status};
use crate::sparing::Sparing;
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
    desk: Desk,
    reloader: Reloader,
    /// Places for event streams.
    streams: Arc<Semaphore>,
    /// Tells of refused requests.
    refusals: Arc<Sparing>,
}

/// Lines in a period about refused requests.
const LINES: u32 = 10;
const PERIOD: Duration = Duration::from_secs(60);

/// Serves until dropped.
pub async fn serve(
    listener: AdminListener,
    reader: GateReader,
    metrics: Metrics,
    symptoms: Symptoms,
    desk: Desk,
    reloader: Reloader,
) {
    let admin = Admin {
        reader,
        metrics,
        symptoms,
        desk,
        reloader,
        incidents: Arc::default(),
        streams: Arc::new(Semaphore::new(bounds::STREAMS)),
        refusals: Arc::new(Sparing::new(LINES, PERIOD)),
    };
    let router = endpoint::router(&admin);
    tokio::select! {
        never = listener.serve(router) => match never {},
        () = incidents::record(admin) => {}
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
    let live = admin.reader.pin();
    admin.metrics.stand(&live, now, live.config());
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
