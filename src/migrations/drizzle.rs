//! Drizzle's journal.

use std::path::Path;

use gate::ledger::{Migration, Tool};
use serde::Deserialize;

use super::{FolderError, Problem, script};

/// Where Drizzle 0.x writes down its migrations and when each was made.
const JOURNAL: &str = "meta/_journal.json";

#[derive(Deserialize)]
struct Journal {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    when: i64,
    tag: String,
}

/// The migrations that the journal names, in its order. The ledger knows them by their `when`.
pub(super) fn read(tool: &Tool, path: &Path) -> Result<Vec<Migration>, FolderError> {
    let place = path.join(JOURNAL);
    if !place.is_file() {
        return Ok(Vec::new());
    }
    let journal: Journal = serde_json::from_slice(&script::bytes(&place)?).map_err(|error| FolderError {
        place: place.clone(),
        line: Some(error.line()),
        problem: Problem::Content(format!("it is not a journal of Drizzle's: {error}")),
    })?;
    let read = |Entry { when, tag }: Entry| {
        let file = format!("{tag}.sql");
        let script = path.join(&file);
        if !script.is_file() {
            return Err(FolderError::new(&place, Problem::NoScript { file }));
        }
        Ok(Migration {
            name: tag.into(),
            key: when.to_string().into(),
            checksums: script::checksums(tool.checksum, &script::bytes(&script)?),
            place: file.into(),
            ..Migration::default()
        })
    };
    journal.entries.into_iter().map(read).collect()
}
