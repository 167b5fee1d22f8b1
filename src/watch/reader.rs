//! The seam between watching and the kinds of database.

use std::sync::Arc;

use gate::{Catalog, Extent, ObjectName, Wanted};

use super::LookError;
use super::hint::Hint;
use super::postgres::{Hearing, PostgresReader, Step};
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

    /// Looks at everything, at once.
    pub(super) async fn look(&mut self) -> Result<Arc<Catalog>, LookError> {
        self.look_at(&Step::At(Extent::Everything)).await
    }

    /// All that was seen last, if a look at everything would see the same again. A look at everything
    /// that follows is one since this was asked.
    pub(super) async fn unchanged(&mut self) -> Result<Option<Arc<Catalog>>, LookError> {
        match self {
            Self::Postgres(reader) => reader.unchanged().await,
            // Its look begins with that question.
            Self::Sqlite(_) => Ok(None),
        }
    }

    /// Begins a look at everything: its steps, after the last of which it is to be ended.
    pub(super) fn begin(&mut self) -> Vec<Step> {
        match self {
            Self::Postgres(reader) => reader.begin(),
            Self::Sqlite(_) => vec![Step::At(Extent::Everything)],
        }
    }

    /// Looks at a part, or at everything at once; all that is known then. What says the same as
    /// before is the same value.
    pub(super) async fn look_at(&mut self, step: &Step) -> Result<Arc<Catalog>, LookError> {
        match self {
            Self::Postgres(reader) => reader.look_at(step).await,
            Self::Sqlite(reader) => reader.look().await,
        }
    }

    /// Ends a look at everything, all steps of which were made.
    pub(super) fn end(&mut self) {
        match self {
            Self::Postgres(reader) => reader.end(),
            Self::Sqlite(_) => {}
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
