//! A tool's folder of migrations.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use gate::ledger::{Cycle, Files, FlatFiles, Key, Migration, ReadBy, Tool};

use super::{FolderError, Problem, alembic, auto, django, drizzle, liquibase, script, steps, typeorm};

/// A tool's migrations as they lie on disk.
#[derive(Debug, Clone)]
pub struct Folder {
    /// Whose they are.
    pub tool: &'static Tool,
    /// Where they lie.
    pub path: PathBuf,
    /// What they are, in the order in which the tool applies them; at least one.
    pub migrations: Vec<Migration>,
}

impl Folder {
    /// Reads `tool`'s migrations from the folder at `path`.
    pub fn read(tool: &'static Tool, path: &Path) -> Result<Self, FolderError> {
        let migrations = scan(tool, path)?;
        // Only a mistake costs the time to look at every file for every tool's signs.
        if migrations.is_empty() {
            let others = auto::others(tool, path);
            return Err(FolderError::new(path, Problem::Empty { tool: tool.title, others }));
        }
        if !auto::bears_signs(tool, path, &migrations) {
            let others = auto::others(tool, path);
            if !others.is_empty() {
                return Err(FolderError::new(path, Problem::WrongTool { tool: tool.title, others }));
            }
        }
        refuse_duplicates(path, &migrations)?;
        let mut migrations =
            tool.order.sort(migrations).map_err(|Cycle(circle)| FolderError::new(path, Problem::Circle(circle)))?;
        steps::fill(tool, path, &mut migrations)?;
        Ok(Self { tool, path: path.to_owned(), migrations })
    }
}

/// `tool`'s migrations in the folder at `path`, in no order.
pub(super) fn scan(tool: &Tool, path: &Path) -> Result<Vec<Migration>, FolderError> {
    let kind = fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => FolderError::new(path, Problem::Missing),
        _ => FolderError::new(path, error),
    })?;
    if !kind.is_dir() {
        return Err(FolderError::new(path, Problem::NotAFolder));
    }
    match tool.files {
        Files::Folders { file, key, every } => scan_folders(tool, path, file, key, every),
        Files::Flat(files) => scan_files(tool, &files, path, path),
        Files::Read(ReadBy::DrizzleJournal) => drizzle::read(tool, path),
        Files::Read(ReadBy::Django) => django::read(path),
        Files::Read(ReadBy::Alembic) => alembic::read(path),
        Files::Read(ReadBy::TypeOrm) => typeorm::read(path),
        Files::Read(ReadBy::Liquibase) => liquibase::read(path),
    }
}

fn scan_folders(tool: &Tool, path: &Path, file: &str, key: Key, every: bool) -> Result<Vec<Migration>, FolderError> {
    let mut migrations = Vec::new();
    let mut stray = None;
    for entry in entries(path)?.into_iter().filter(|entry| entry.path.is_dir()) {
        let place = entry.path.join(file);
        if !place.is_file() {
            stray = Some(entry.path);
            continue;
        }
        let Some(key) = key.of(&entry.name, &entry.name) else { continue };
        let checksums = script::checksums(tool.checksum, &script::bytes(&place)?);
        let place = format!("{}/{file}", entry.name).into();
        migrations.push(Migration { name: entry.name.into(), key, checksums, place, ..Migration::default() });
    }
    // Where no folder at all has one, they are simply not this tool's.
    if let Some(stray) = stray.filter(|_| every && !migrations.is_empty()) {
        return Err(FolderError::new(&stray, Problem::NoScript { file: file.to_owned() }));
    }
    Ok(migrations)
}

fn scan_files(tool: &Tool, files: &FlatFiles, root: &Path, path: &Path) -> Result<Vec<Migration>, FolderError> {
    let mut migrations = Vec::new();
    for entry in entries(path)? {
        if entry.path.is_dir() {
            // A link to a folder could lead back to itself.
            if files.deep && !entry.path.is_symlink() {
                migrations.extend(scan_files(tool, files, root, &entry.path)?);
            }
            continue;
        }
        let place = relative(root, &entry.path);
        let Some(stem) = files.stem(&entry.name) else { continue };
        let Some(key) = files.key.of(&place, stem) else { continue };
        let bytes = script::bytes(&entry.path)?;
        let repeatable = files.key == Key::Version && stem.starts_with("R__");
        // A repeatable with placeholders is summed up with their values in place, which are not known here.
        let is_summed = !(repeatable && bytes.windows(2).any(|pair| pair == b"${"));
        let checksums = if is_summed { script::checksums(tool.checksum, &bytes) } else { Vec::new() };
        migrations.push(Migration { name: stem.into(), key, checksums, repeatable, place, ..Migration::default() });
    }
    Ok(migrations)
}

fn refuse_duplicates(path: &Path, migrations: &[Migration]) -> Result<(), FolderError> {
    let mut seen: HashMap<&str, &Migration> = HashMap::new();
    for migration in migrations {
        if let Some(earlier) = seen.insert(&migration.key, migration) {
            let problem = Problem::Duplicate { key: migration.key.clone(), other: earlier.place.clone() };
            return Err(FolderError::new(&path.join(&*migration.place), problem));
        }
    }
    Ok(())
}

/// One thing in a folder.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) path: PathBuf,
}

/// What lies in the folder at `path`, by name.
pub(super) fn entries(path: &Path) -> Result<Vec<Entry>, FolderError> {
    let failed = |error| FolderError::new(path, Problem::Unreadable(error));
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        entries.push(Entry { name, path });
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

/// `path` as seen from `root`, with slashes.
pub(super) fn relative(root: &Path, path: &Path) -> Box<str> {
    let path = path.strip_prefix(root).unwrap_or(path);
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/").into_boxed_str()
}
