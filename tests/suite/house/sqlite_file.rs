//! An SQLite file for tests that need a schema and no server.

use std::path::PathBuf;

use rusqlite::Connection;
use tempfile::TempDir;

/// A database file that goes with its owner.
pub(crate) struct SqliteFile {
    folder: TempDir,
}

impl SqliteFile {
    /// Makes a database of these statements.
    pub(crate) fn of(sql: &str) -> Self {
        let file = Self { folder: tempfile::tempdir().expect("a folder") };
        file.execute(sql);
        file
    }

    pub(crate) fn execute(&self, sql: &str) {
        let database = Connection::open(self.path()).expect("a database file");
        database.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("app.db")
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite:{}", self.path().display())
    }
}
