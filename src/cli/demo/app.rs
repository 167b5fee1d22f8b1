//! The demo's app: what a small backend looks like whose newest release reads a new column.
//!
//! It knows nothing of schemagate. When the column is gone it answers 500, as they do.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use rusqlite::Connection;
use serde_json::{Value, json};

type Database = Arc<Mutex<Connection>>;

/// The app over a new database; `direct` is where it listens itself.
pub(super) fn app(database: &Path, direct: SocketAddr) -> rusqlite::Result<Router> {
    let connection = Connection::open(database)?;
    connection.execute_batch(
        r#"CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, "agreementUploadedAt" TEXT);
           INSERT INTO customers (name, "agreementUploadedAt") VALUES
             ('Ada Lovelace', '2026-02-09'), ('Grace Hopper', NULL), ('Hedy Lamarr', '2026-02-10');"#,
    )?;
    let page = include_str!("page.html").replace("{direct}", &format!("http://{direct}"));
    Ok(Router::new()
        .route("/", get(|| async { Html(page) }))
        .route("/customers", get(customer_page))
        .route("/api/customers", get(customers).post(add_customer))
        .route("/api/health", get(|| async { Json(json!({ "status": "ok" })) }))
        .route("/demo/break", post(break_schema))
        .route("/demo/mend", post(mend_schema))
        .layer(map_response(open_to_scripts))
        .with_state(Arc::new(Mutex::new(connection))))
}

/// Lets the page compare the app's own answers with those through the proxy.
async fn open_to_scripts(mut answer: Response) -> Response {
    answer.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    answer
}

/// A statement that failed: what such backends answer.
struct Failed(rusqlite::Error);

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": self.0.to_string() }))).into_response()
    }
}

fn read(database: &Database) -> rusqlite::Result<Vec<Value>> {
    let database = database.lock().unwrap_or_else(PoisonError::into_inner);
    let mut query = database.prepare("SELECT c.id, c.name, c.agreementUploadedAt FROM customers c ORDER BY id")?;
    let rows = query.query_map([], |row| {
        let (id, name, at): (i64, String, Option<String>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(json!({ "id": id, "name": name, "agreementUploadedAt": at }))
    })?;
    rows.collect()
}

fn run(database: &Database, sql: &str) -> rusqlite::Result<()> {
    database.lock().unwrap_or_else(PoisonError::into_inner).execute_batch(sql)
}

async fn customers(State(database): State<Database>) -> Result<Json<Vec<Value>>, Failed> {
    Ok(Json(read(&database)?))
}

async fn add_customer(State(database): State<Database>) -> Result<StatusCode, Failed> {
    run(&database, r#"INSERT INTO customers (name, "agreementUploadedAt") VALUES ('New customer', date('now'))"#)?;
    Ok(StatusCode::CREATED)
}

async fn customer_page(State(database): State<Database>) -> Result<Html<String>, Failed> {
    let items: String = read(&database)?
        .iter()
        .filter_map(|customer| Some(format!("<li>{}</li>", customer.get("name")?.as_str()?)))
        .collect();
    Ok(Html(format!(
        "<!doctype html><html lang=en><meta name=viewport content='width=device-width'><title>Customers</title>\
         <body style='font:1.1rem/1.6 system-ui;max-width:40rem;margin:3rem auto;padding:0 1rem'>\
         <h1>Customers</h1><ul>{items}</ul><p><a href=/>back to the demo</a>"
    )))
}

/// What a release without its migration amounts to.
async fn break_schema(State(database): State<Database>) -> Result<Json<Value>, Failed> {
    // Twice is once.
    if read(&database).is_ok() {
        run(&database, r#"ALTER TABLE customers DROP COLUMN "agreementUploadedAt""#)?;
    }
    Ok(Json(json!({ "schema": "broken" })))
}

/// The migration.
async fn mend_schema(State(database): State<Database>) -> Result<Json<Value>, Failed> {
    if read(&database).is_err() {
        run(&database, r#"ALTER TABLE customers ADD COLUMN "agreementUploadedAt" TEXT"#)?;
    }
    Ok(Json(json!({ "schema": "mended" })))
}
