//! Paths of SQLite files.

use std::path::PathBuf;

use super::DatabaseUrlError;

/// Reads what follows `sqlite:` or `file:`.
///
/// After `//` stands the path. Three slashes begin an absolute path; but one with no folder in it
/// (`sqlite:///db.sqlite3`) is relative, as Django and `SQLAlchemy` have it, for nobody keeps a
/// database in the root folder. Four slashes are absolute to everybody.
pub(super) fn path(rest: &str) -> Result<PathBuf, DatabaseUrlError> {
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let path = match rest.strip_prefix("//") {
        Some(path) => match path.strip_prefix('/') {
            Some(inner) if inner.starts_with('/') => inner,
            Some(inner) if !inner.contains('/') => inner,
            _ => path,
        },
        None => rest,
    };
    if path.contains(":memory:") {
        return Err(DatabaseUrlError::new(
            "an SQLite database in memory belongs to its process; schemagate can watch a file only",
        ));
    }
    if path.is_empty() {
        return Err(DatabaseUrlError::new("the path of the SQLite file is missing; write sqlite:path"));
    }
    Ok(PathBuf::from(path))
}
