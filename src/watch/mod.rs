//! Looks at the databases; sole owner of the [`GateWriter`].
//!
//! Each database has a `watcher` of its own, so that one that hangs delays no other. A watcher
//! holds a `reader`, which answers looks and may ring a `hint` when it hears that something
//! changed. What a look found goes to the one `judge`, who alone writes.
//!
//! A configuration is put in force by the judge, too (`renewal`), after the first look by whoever has to watch
//! something else for it (`posts`).
//!
//! A hint is never evidence: it only makes the next look come at once, and says where to look first.

mod agenda;
mod backoff;
mod hint;
mod judge;
mod looker;
mod outage;
mod postgres;
mod posts;
mod reader;
mod renewal;
mod skew;
mod sqlite;
mod tenants;
mod traced;
mod trigger_sql;
mod watcher;
mod windows;

use std::sync::Arc;
use std::time::Duration;

use gate::{Catalog, Wanted};

use crate::config::{Database, Postgres, Source};
use crate::live::{GateWriter, OrdersReceiver};
use crate::metrics::Metrics;
use crate::traces::Traces;

pub use looker::Looker;
pub use postgres::{Examination, InstalledTrigger, Notifications};
pub use renewal::{Renewals, Renewing, renewals};
pub use trigger_sql::{DDL_TRIGGER, DROP_TRIGGER, TriggerKind, WINDOWS_TRIGGER, removal_sql, trigger_sql};

use judge::Judge;

/// Why a look at a database failed. Never holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LookError {
    /// One of a few fixed words, for metrics and JSON.
    pub word: &'static str,
    /// What happened, and what to do.
    pub message: String,
}

impl LookError {
    pub(super) fn new(word: &'static str, message: impl Into<String>) -> Self {
        Self { word, message: message.into() }
    }
}

/// Looks once: for commands, on a connection of its own.
pub async fn look(database: &Database, wanted: &Wanted) -> Result<Catalog, LookError> {
    let mut looker = Looker::new(database.clone(), wanted.clone());
    let catalog = looker.look().await;
    looker.close().await;
    Ok(Arc::unwrap_or_clone(catalog?))
}

/// How long each statement of a capture may take: it asks for all there is, and nobody waits for it
/// behind a request.
const CAPTURE: Duration = Duration::from_secs(30);

/// Everything in these schemas (none: those of the search path), and the usual ledgers: for commands.
pub async fn capture(database: &Database, schemas: &[Box<str>]) -> Result<Catalog, LookError> {
    let mut database = database.clone();
    if let Source::Postgres(settings) = &mut database.source {
        settings.statement_timeout = CAPTURE;
        settings.url.statement_timeout = None;
    }
    look(&database, &Wanted::everything(schemas.to_vec())).await
}

/// What there is to know of a PostgreSQL server beside its catalog; a notification is sent over its channel: for commands.
pub async fn examine(settings: &Postgres) -> Result<Examination, LookError> {
    Examination::of(settings).await
}

/// Watches every database, and puts in force what is ordered and what is configured anew, until dropped.
pub async fn watch(writer: GateWriter, renewing: Renewing, orders: OrdersReceiver, metrics: Metrics, traces: Traces) {
    Judge::new(writer, renewing, metrics, traces).run(orders).await;
}

#[cfg(test)]
mod tests;
