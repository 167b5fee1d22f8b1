//! Looks at the databases; sole owner of the [`GateWriter`].

use std::sync::Arc;

use gate::{Catalog, Wanted};

use crate::config::{Config, Database};
use crate::live::GateWriter;
use crate::metrics::Metrics;

/// Why a look at a database failed. Never holds a password.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct LookError {
    /// One of a few fixed words, for metrics and JSON.
    pub word: &'static str,
    /// What happened, and what to do.
    pub message: String,
}

/// Looks once: for commands, on a connection of its own.
pub async fn look(_database: &Database, _wanted: &Wanted) -> Result<Catalog, LookError> {
    Err(LookError { word: "unsupported", message: "not built".to_owned() })
}

/// Watches every database until dropped.
pub async fn watch(_config: Arc<Config>, mut writer: GateWriter, _metrics: Metrics) {
    writer.settle();
}
