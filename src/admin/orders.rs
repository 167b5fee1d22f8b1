//! What operators order: bypasses, maintenance windows and holds.
//!
//! | path | GET | POST | DELETE `/{id}` |
//! | --- | --- | --- | --- |
//! | `/api/v1/bypasses` | those that are on | switches one on | off |
//! | `/api/v1/windows` | those that are open or to come | creates one | cancels it |
//! | `/api/v1/holds` | those that are on | lets requests wait | lets them go |
//! | `/api/v1/history` | what was done, the last first | | |

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::Serialize;

use super::Admin;
use super::caller::Caller;
use super::endpoint::{Endpoint, Rights};
use super::problem::Problem;
use crate::config::order::{BypassTerms, HoldTerms, Order, WindowTerms};
use crate::desk::{Deed, DeskError, NewBypass, NewHold, NewWindow, Taken};

pub(super) fn endpoints() -> Vec<Endpoint> {
    use Rights::Read;
    const OK: StatusCode = StatusCode::OK;
    const CREATED: StatusCode = StatusCode::CREATED;
    vec![
        Endpoint::get("/api/v1/bypasses", Read, bypasses)
            .about("The bypasses that are on, whatever they come from")
            .answers::<Bypasses>(OK),
        Endpoint::post("/api/v1/bypasses", bypass_on)
            .about("Switches a bypass on; it is in force when this is answered")
            .takes::<NewBypass>()
            .answers::<Taken<BypassTerms>>(CREATED),
        Endpoint::delete("/api/v1/bypasses/{id}", bypass_off)
            .about("Ends a bypass before its time")
            .answers::<Taken<BypassTerms>>(OK),
        Endpoint::get("/api/v1/windows", Read, windows)
            .about("The maintenance windows that operators ordered, open or to come")
            .answers::<Windows>(OK),
        Endpoint::post("/api/v1/windows", open_window)
            .about("Creates a maintenance window that opens now or later")
            .takes::<NewWindow>()
            .answers::<Taken<WindowTerms>>(CREATED),
        Endpoint::delete("/api/v1/windows/{id}", cancel_window)
            .about("Ends a maintenance window, or takes it back before it opens")
            .answers::<Taken<WindowTerms>>(OK),
        Endpoint::get("/api/v1/holds", Read, holds)
            .about("The routes whose requests wait because an operator says so")
            .answers::<Holds>(OK),
        Endpoint::post("/api/v1/holds", hold_on)
            .about("Lets requests wait although the schema is right")
            .takes::<NewHold>()
            .answers::<Taken<HoldTerms>>(CREATED),
        Endpoint::delete("/api/v1/holds/{id}", hold_off)
            .about("Lets go those who wait by a hold")
            .answers::<Taken<HoldTerms>>(OK),
        Endpoint::get("/api/v1/history", Read, history)
            .about("What operators did, the last first; the last five hundred deeds")
            .answers::<History>(OK),
    ]
}

#[derive(Debug, Serialize, JsonSchema)]
struct Bypasses {
    bypasses: Vec<Order<BypassTerms>>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Windows {
    windows: Vec<Order<WindowTerms>>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Holds {
    holds: Vec<Order<HoldTerms>>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct History {
    history: Vec<Deed>,
}

type Asked<T> = Result<Json<T>, JsonRejection>;

async fn bypasses(State(admin): State<Admin>) -> Json<Bypasses> {
    Json(Bypasses { bypasses: admin.desk.orders().await.bypasses })
}

async fn windows(State(admin): State<Admin>) -> Json<Windows> {
    Json(Windows { windows: admin.desk.orders().await.windows })
}

async fn holds(State(admin): State<Admin>) -> Json<Holds> {
    Json(Holds { holds: admin.desk.orders().await.holds })
}

async fn history(State(admin): State<Admin>) -> Json<History> {
    Json(History { history: admin.desk.history().await })
}

async fn bypass_on(
    State(admin): State<Admin>,
    Extension(caller): Extension<Caller>,
    asked: Asked<NewBypass>,
) -> Result<Response, Problem> {
    Ok(created(admin.desk.bypass_on(read(asked)?, &caller.name).await?))
}

async fn open_window(
    State(admin): State<Admin>,
    Extension(caller): Extension<Caller>,
    asked: Asked<NewWindow>,
) -> Result<Response, Problem> {
    Ok(created(admin.desk.open_window(read(asked)?, &caller.name).await?))
}

async fn hold_on(
    State(admin): State<Admin>,
    Extension(caller): Extension<Caller>,
    asked: Asked<NewHold>,
) -> Result<Response, Problem> {
    Ok(created(admin.desk.hold(read(asked)?, &caller.name).await?))
}

async fn bypass_off(
    State(admin): State<Admin>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    admin.desk.bypass_off(&id, &caller.name).await.map(ended).map_err(not_ended)
}

async fn cancel_window(
    State(admin): State<Admin>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    admin.desk.cancel_window(&id, &caller.name).await.map(ended).map_err(not_ended)
}

async fn hold_off(
    State(admin): State<Admin>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    admin.desk.hold_off(&id, &caller.name).await.map(ended).map_err(not_ended)
}

fn created<T: Serialize>(taken: Taken<T>) -> Response {
    (StatusCode::CREATED, Json(taken)).into_response()
}

fn ended<T: Serialize>(taken: Taken<T>) -> Response {
    Json(taken).into_response()
}

fn read<T>(asked: Asked<T>) -> Result<T, Problem> {
    asked.map(|Json(asked)| asked).map_err(|rejection| Problem::new(rejection.status(), "body", rejection.body_text()))
}

/// Of an id that is in the path.
fn not_ended(error: DeskError) -> Problem {
    match error {
        DeskError::Unknown { .. } => Problem::new(StatusCode::NOT_FOUND, error.code(), error.to_string()),
        error => error.into(),
    }
}

impl From<DeskError> for Problem {
    fn from(error: DeskError) -> Self {
        let status = match error {
            DeskError::Invalid(_) | DeskError::Unknown { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            DeskError::NotHere(_) | DeskError::AlreadyReady => StatusCode::CONFLICT,
        };
        Self::new(status, error.code(), error.to_string())
    }
}
