//! `POST /api/v1/reload`

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use tokio::time::timeout;

use super::Admin;
use super::endpoint::Endpoint;
use super::problem::Problem;
use crate::reload::Reloaded;

/// Databases that are new in a configuration are waited for; whoever asked may look later what came of it.
const PATIENCE: Duration = Duration::from_secs(8);

pub(super) fn endpoint() -> Endpoint {
    Endpoint::post("/api/v1/reload", reload)
        .about("Reads the configuration anew and puts it in force, whole or not at all")
        .answers::<Reloaded>(StatusCode::OK)
}

async fn reload(State(admin): State<Admin>) -> Result<Json<Reloaded>, Problem> {
    let pending = "databases that are new in it are looked at, and it is in force after that; the metric \
                   schemagate_config_last_reload_success tells what came of it";
    match timeout(PATIENCE, admin.reloader.reload()).await {
        Ok(Ok(reloaded)) => Ok(Json(reloaded)),
        Ok(Err(error)) => {
            let kept = format!("the configuration from before stays in force: {error}");
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "configuration", kept))
        }
        Err(_) => Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, "pending", pending)),
    }
}
