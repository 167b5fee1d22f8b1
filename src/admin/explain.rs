//! `GET /api/v1/explain`

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;

use super::Admin;
use super::endpoint::{Endpoint, Rights};
use super::problem::Problem;
use crate::report::{Explain, Explanation};

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/api/v1/explain", Rights::Read, explain)
        .about("What would be done with a request at this moment, and why; operators' orders among the reasons")
        .parameter("method", "the request's method; GET if left out")
        .parameter("url", "its URL, or only its path; / if left out")
        .parameter("tenant", "what the header says that names the tenant")
        .parameter("organisation", "the organisation that it is of")
        .answers::<Explanation>(StatusCode::OK)
}

async fn explain(
    State(admin): State<Admin>,
    asked: Result<Query<Explain>, QueryRejection>,
) -> Result<Json<Explanation>, Problem> {
    let Query(asked) = asked.map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "query", error.body_text()))?;
    let live = admin.reader.pin();
    let explained = Explanation::of(live.config(), &live, admin.reader.now(), &asked);
    explained.map(Json).map_err(|why| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "request", why))
}
