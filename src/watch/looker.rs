//! Looks again and again, for commands.

use std::sync::Arc;

use gate::{Catalog, Wanted};

use super::LookError;
use super::hint::Hint;
use super::reader::Reader;
use crate::config::Database;

/// Looks at one database again and again, over one connection that is kept: for commands.
///
/// A lost connection is opened anew by the next look, which says why it cannot be.
#[derive(Debug)]
pub struct Looker {
    database: Database,
    wanted: Arc<Wanted>,
    hint: Arc<Hint>,
    listens: bool,
    reader: Option<Reader>,
}

impl Looker {
    /// Looks at `database` for what is `wanted`; connects with the first look.
    pub fn new(database: Database, wanted: Wanted) -> Self {
        Self { database, wanted: Arc::new(wanted), hint: Arc::new(Hint::uncounted()), listens: false, reader: None }
    }

    /// Listens for word of changes too, where the configuration and the connection allow it.
    #[must_use]
    pub fn listening(self) -> Self {
        Self { listens: true, ..self }
    }

    /// The database's name in the configuration.
    pub fn name(&self) -> &str {
        &self.database.name
    }

    /// Looks once.
    pub async fn look(&mut self) -> Result<Arc<Catalog>, LookError> {
        let mut reader = match self.reader.take() {
            Some(reader) if !reader.is_lost() => reader,
            _ => {
                let mut reader = Reader::open(&self.database, &self.wanted, &self.hint).await?;
                if self.listens {
                    // Before the first look, so that nothing falls between.
                    reader.listen().await?;
                }
                reader
            }
        };
        let looked = reader.look().await;
        if looked.is_ok() || !reader.is_lost() {
            self.reader = Some(reader);
        }
        looked
    }

    /// Waits for word of a change since this was last asked; for ever where none can come.
    pub async fn heard(&self) {
        self.hint.heard().await;
    }

    /// Takes leave of the database.
    pub async fn close(self) {
        if let Some(reader) = self.reader {
            reader.close().await;
        }
    }
}
