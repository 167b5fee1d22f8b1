//! The seam between watching and the kinds of database.

use std::sync::Arc;

use gate::{Catalog, ObjectName, Wanted};

use super::LookError;
use super::hint::Hint;
use super::postgres::{Hearing, PostgresReader};
use super::sqlite::SqliteReader;
use crate::config::{Database, Source};

/// An open way to look at one database, of whatever kind.
#[derive(Debug)]
pub(super) enum Reader {
    /// A connection to a PostgreSQL server.
    Postgres(Box<PostgresReader>),
    /// An open SQLite file.
    Sqlite(SqliteReader),
}

impl Reader {
    /// Opens one that looks for what is `wanted`, and rings `hint` if it can hear of changes.
    pub(super) async fn open(database: &Database, wanted: &Arc<Wanted>, hint: &Arc<Hint>) -> Result<Self, LookError> {
        match &database.source {
            Source::Postgres(settings) => {
                let reader = PostgresReader::open(settings, Arc::clone(wanted), hint).await?;
                Ok(Self::Postgres(Box::new(reader)))
            }
            Source::Sqlite(path) => Ok(Self::Sqlite(SqliteReader::new(path.clone(), Arc::clone(wanted)))),
        }
    }

    /// Looks once.
    pub(super) async fn look(&mut self) -> Result<Arc<Catalog>, LookError> {
        match self {
            Self::Postgres(reader) => reader.look().await.map(Arc::new),
            Self::Sqlite(reader) => reader.look().await,
        }
    }

    /// Ledgers whose rows are written without a notification, asked once for each place where they
    /// lie; for after a look.
    pub(super) async fn unheard_ledgers(&mut self) -> Vec<ObjectName> {
        match self {
            Self::Postgres(reader) => reader.unheard_ledgers().await,
            Self::Sqlite(_) => Vec::new(),
        }
    }

    /// Starts to listen for notifications where that is wanted and possible; says what came of it.
    pub(super) async fn listen(&mut self) -> Result<Option<Hearing>, LookError> {
        match self {
            Self::Postgres(reader) => reader.listen().await,
            Self::Sqlite(_) => Ok(None),
        }
    }

    /// Whether it is of no more use after a failed look.
    pub(super) fn is_lost(&self) -> bool {
        match self {
            Self::Postgres(reader) => reader.is_lost(),
            Self::Sqlite(_) => false,
        }
    }

    /// Waits until it is of no more use.
    pub(super) async fn lost(&mut self) {
        match self {
            Self::Postgres(reader) => reader.lost().await,
            Self::Sqlite(_) => std::future::pending().await,
        }
    }

    /// Takes leave of the database.
    pub(super) async fn close(self) {
        match self {
            Self::Postgres(reader) => reader.close().await,
            Self::Sqlite(_) => {}
        }
    }
}
