//! What `lock` and `diff` are pointed at: a lock, a database, a folder of migrations.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use clap::Args;
use gate::Catalog;

use super::console::Console;
use super::exit::Exit;
use super::{ConfigFile, Format, complain, load, runtime};
use crate::config::{Database, Source};
use crate::lock::Lock;
use crate::migrations::{Folder, detect};
use crate::watch;

/// How every SQLite file begins.
const SQLITE: &[u8] = b"SQLite format 3\0";

/// Which part of a schema is spoken of.
#[derive(Debug, Clone, Args)]
pub(super) struct ScopeArguments {
    /// Schemas to look into; those of the search path if left out
    #[arg(long = "schema", value_name = "NAME", num_args = 1..)]
    pub(super) schemas: Vec<Box<str>>,
    /// Only these tables; * stands for any characters: 'admin*'
    #[arg(long, value_name = "TABLE", num_args = 1..)]
    pub(super) tables: Vec<gate::NamePattern>,
}

/// One side of a comparison.
pub(super) enum Side {
    /// A schema that was written down.
    Lock(Box<Lock>),
    /// A database.
    Database(Box<Database>),
    /// A folder of migrations.
    Folder(Folder),
}

/// Something that was typed, and what it is.
pub(super) struct Named {
    /// For people: never with a password.
    pub(super) name: String,
    pub(super) side: Side,
}

impl Named {
    /// What was typed: the path of a lock, a folder of migrations or an SQLite file; a database's
    /// URL; or the name of a database in the configuration.
    pub(super) fn parse(typed: &str, file: &ConfigFile, format: Format, console: &Console) -> Result<Self, Exit> {
        let path = Path::new(typed);
        let Ok(metadata) = fs::metadata(path) else {
            let database = database(Some(typed), file, format, console)?;
            return Ok(Self { name: label(&database), side: Side::Database(Box::new(database)) });
        };
        let side = if metadata.is_dir() {
            let folder = detect(path).map_err(|error| {
                console.error(error);
                Exit::Usage
            })?;
            Side::Folder(folder)
        } else if is_sqlite(path) {
            let url = format!("sqlite:{typed}");
            Side::Database(Box::new(database(Some(&url), file, format, console)?))
        } else {
            Side::Lock(Box::new(Lock::load(path).map_err(|complaints| complain(&complaints, format, console))?))
        };
        Ok(Self { name: typed.to_owned(), side })
    }
}

/// The database of a URL; of a name in the configuration; or the only one there.
pub(super) fn database(
    typed: Option<&str>,
    file: &ConfigFile,
    format: Format,
    console: &Console,
) -> Result<Database, Exit> {
    if let Some(url) = typed.filter(|typed| typed.contains([':', '='])) {
        return Database::from_url(url).map_err(|errors| complain(&errors, format, console));
    }
    let config = load(&file.config, format, console)?;
    let names: Vec<&str> = config.databases.iter().map(|database| database.name.as_str()).collect();
    let found = match typed {
        Some(name) => config.databases.iter().find(|database| database.name == name),
        None => config.databases.first().filter(|_| names.len() == 1),
    };
    found.cloned().ok_or_else(|| {
        let list = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let file = file.config.display();
        console.error(match typed {
            Some(typed) => format!("there is no file, folder or database {typed}; databases in {file}: {list}"),
            None => format!("name a database with --database: a URL, or one of those in {file}: {list}"),
        });
        Exit::Usage
    })
}

/// Everything in the database, in these schemas; what is waited for is told meanwhile.
pub(super) fn capture(database: &Database, schemas: &[Box<str>], console: &Console) -> Result<Catalog, Exit> {
    let usage = |message: String| {
        console.error(message);
        Exit::Usage
    };
    if let Some(schema) = schemas.iter().find(|name| name.starts_with("pg_") || &***name == "information_schema") {
        return Err(usage(format!("{schema} is the system's own: it holds no application's tables")));
    }
    let waiting = console.waiting(format_args!("looking at {}", label(database)));
    let captured = runtime(console)?.block_on(watch::capture(database, schemas));
    drop(waiting);
    let catalog = captured.map_err(|error| {
        console.error(format!("database {}: {error}", label(database)));
        Exit::Unreachable
    })?;
    if let Some(missing) = schemas.iter().find(|name| !catalog.schemas.contains_key(*name)) {
        return Err(usage(format!("database {}: there is no schema {missing}", label(database))));
    }
    if schemas.is_empty() && catalog.default_schema().is_none() {
        return Err(usage(format!(
            "database {}: of the schemas in which it looks for names ({}) there is none: name one with --schema",
            label(database),
            catalog.search_path.join(", ")
        )));
    }
    Ok(catalog)
}

/// What a database is called, without a password.
pub(super) fn label(database: &Database) -> String {
    match &database.source {
        Source::Postgres(settings) => settings.url.to_string(),
        Source::Sqlite(path) => path_label(path),
    }
}

fn path_label(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

fn is_sqlite(path: &Path) -> bool {
    let mut head = [0; SQLITE.len()];
    fs::File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && head == SQLITE
}
