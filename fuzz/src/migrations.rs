//! What lies in an application's folder.

use std::fs;
use std::path::Path;

use gate::ledger::TOOLS;
use schemagate::migrations::{Folder, detect};
use schemagate::prisma_schema::PrismaSchema;
use tempfile::TempDir;

/// More files say nothing that fewer do not.
const FILES: usize = 8;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn write(path: &Path, bytes: &[u8]) {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).expect("a folder");
    }
    fs::write(path, bytes).expect("a file");
}

/// File names and what is in them, in turn and separated by NUL; read as any tool's and as each one's.
pub fn migration_folder(data: &[u8]) {
    let folder = folder();
    let mut parts = data.split(|byte| *byte == 0);
    for _ in 0..FILES {
        let (Some(name), Some(text)) = (parts.next(), parts.next()) else { break };
        let Ok(name) = str::from_utf8(name) else { continue };
        let stays_inside = name.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
        let path = folder.path().join(name);
        if !stays_inside || name.split('/').count() > 3 || name.len() > 200 || path.is_dir() {
            continue;
        }
        if path.ancestors().skip(1).take_while(|above| *above != folder.path()).any(Path::is_file) {
            continue;
        }
        write(&path, text);
    }
    let _ = detect(folder.path()).map_err(|error| error.to_string());
    for tool in TOOLS {
        let _ = Folder::read(tool, folder.path()).map_err(|error| error.to_string());
    }
}

/// A migration in SQL.
pub fn sql_migration(data: &[u8]) {
    read_as("prisma", "20260101000000_fuzzed/migration.sql", data);
}

/// A migration of Django's, in Python.
pub fn django_migration(data: &[u8]) {
    read_as("django", "shop/migrations/0001_initial.py", data);
}

fn read_as(tool: &str, file: &str, data: &[u8]) {
    let folder = folder();
    write(&folder.path().join(file), data);
    let tool = TOOLS.iter().find(|known| known.name == tool).expect("a tool of the table");
    let _ = Folder::read(tool, folder.path()).map_err(|error| error.to_string());
}

/// A Prisma schema.
pub fn prisma_schema(data: &[u8]) {
    let folder = folder();
    let file = folder.path().join("schema.prisma");
    write(&file, data);
    let _ = PrismaSchema::read(&file).map_err(|error| error.to_string());
}
