//! Prisma's `migration_lock.toml`: the kind of database that the migrations are for.

use toml::de::DeTable;

use super::{Folder, FolderError, Problem, script};

const LOCK_FILE: &str = "migration_lock.toml";

/// The `provider` of a folder of Prisma's; `None` where it does not say.
pub fn prisma_provider(folder: &Folder) -> Result<Option<String>, FolderError> {
    let path = folder.path.join(LOCK_FILE);
    if folder.tool.name != "prisma" || !path.is_file() {
        return Ok(None);
    }
    let text = script::text(&path)?;
    let table = DeTable::parse(&text).map_err(|error| {
        let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
        let problem = Problem::Content(format!("it is not TOML: {}", error.message()));
        FolderError { line, ..FolderError::new(&path, problem) }
    })?;
    let provider = table.get_ref().get("provider").and_then(|value| value.get_ref().as_str());
    Ok(provider.map(str::to_owned))
}
