//! Alembic's revisions.

use std::collections::HashSet;
use std::path::Path;

use gate::ledger::Migration;

use super::folder::{entries, relative};
use super::python::{Module, Value};
use super::{FolderError, Problem};

/// Every revision in the folder, or in the folder `versions` in it.
pub(super) fn read(path: &Path) -> Result<Vec<Migration>, FolderError> {
    let versions = path.join("versions");
    let folder = if versions.is_dir() { &versions } else { path };
    let mut migrations = Vec::new();
    let mut stray = None;
    for entry in entries(folder)? {
        let is_module = |stem: &&str| *stem != "__init__" && !stem.starts_with('.');
        let Some(stem) = entry.name.strip_suffix(".py").filter(is_module) else { continue };
        let module = Module::read(&entry.path)?;
        let Some(Value::Text(key)) = module.value("revision") else {
            stray = Some(entry.path);
            continue;
        };
        let Some(parents) = module.value("down_revision").as_ref().and_then(revisions) else {
            let message = "it gives no plain value to `down_revision`, so what comes before it is not known";
            return Err(FolderError::new(&entry.path, Problem::Content(message.to_owned())));
        };
        // A partial identifier or a branch label: the order of work does not hang on it.
        let also = module.value("depends_on").as_ref().and_then(revisions).unwrap_or_default();
        let name = if stem.contains(&*key) { stem.to_owned() } else { format!("{key} ({stem})") };
        migrations.push(Migration {
            name: name.into(),
            key,
            parents: parents.into_iter().chain(also).collect(),
            place: relative(path, &entry.path),
            ..Migration::default()
        });
    }
    // Where no file at all has a revision, the folder is simply not Alembic's.
    if let Some(stray) = stray.filter(|_| !migrations.is_empty()) {
        let message = "it gives no plain value to `revision`: is it a migration of Alembic's?";
        return Err(FolderError::new(&stray, Problem::Content(message.to_owned())));
    }
    let keys: HashSet<Box<str>> = migrations.iter().map(|migration| migration.key.clone()).collect();
    for migration in &migrations {
        if let Some(missing) = migration.parents.iter().find(|parent| !keys.contains(*parent)) {
            return Err(FolderError::new(&path.join(&*migration.place), Problem::NoParent(missing.clone())));
        }
    }
    Ok(migrations)
}

/// `None`, one revision, or several.
fn revisions(value: &Value) -> Option<Vec<Box<str>>> {
    match value {
        Value::None => Some(Vec::new()),
        Value::Text(revision) => Some(vec![revision.clone()]),
        Value::Items(items) => items.iter().map(|item| item.text().map(Into::into)).collect(),
        _ => None,
    }
}
