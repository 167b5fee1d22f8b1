//! `schemagate diff`

use clap::Args;
use gate::ledger::Replay;
use gate::{Catalog, Scope};
use serde_json::json;

use super::comparison::{Asked, Comparison, Source, Unread};
use super::console::Console;
use super::difference_table::{json, json_list, lines};
use super::exit::Exit;
use super::side::{Named, ScopeArguments, Side, capture};
use super::{ConfigFile, Format};
use crate::config;

/// Compares two schemas: locks, databases and folders of migrations, in any pairing.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples: schemagate diff schema.lock \"$DATABASE_URL\"
          schemagate diff prisma/migrations main         (main is a database of the configuration)
          schemagate diff prisma/migrations schema.lock  (with no database)
Migrations are replayed. Statements that cannot be read are named, and what they may have done is not
told; then the exit code is 1, too.")]
pub(super) struct Diff {
    /// What is expected: a lock, a folder of migrations, a database's URL or its name in the configuration
    #[arg(value_name = "EXPECTED")]
    expected: String,
    /// What there is: any of the same
    #[arg(value_name = "FOUND")]
    found: String,
    #[command(flatten)]
    scope: ScopeArguments,
    #[command(flatten)]
    file: ConfigFile,
    /// How to answer
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Diff {
    pub(super) fn run(self, console: &Console) -> Exit {
        self.compared(console).unwrap_or_else(|exit| exit)
    }

    fn compared(&self, console: &Console) -> Result<Exit, Exit> {
        let named = |typed| Named::parse(typed, &self.file, self.format, console);
        let (expected, found) = (named(&self.expected)?, named(&self.found)?);
        let locks: Vec<&Scope> = [&expected, &found].into_iter().filter_map(Named::scope).collect();
        let asked = &self.scope.schemas;
        let schemas = match locks.iter().find(|scope| !scope.schemas.is_empty()) {
            Some(scope) if asked.is_empty() => &scope.schemas,
            _ => asked,
        };
        let tables = locks.iter().map(|scope| &scope.tables).chain([&self.scope.tables]);
        let tables = tables.filter(|tables| !tables.is_empty());
        let filters = tables.map(|tables| Scope { schemas: Vec::new(), tables: tables.clone() }).collect();

        let found_out = [captured(&expected, schemas, console)?, captured(&found, schemas, console)?];
        let path = found_out.iter().flatten().map(search_path).next();
        let path = path.unwrap_or_else(|| vec!["public".into()]);
        let [first, second] = found_out;
        let sources =
            [(&expected, first), (&found, second)].map(|(named, captured)| named.source(captured, &path, schemas));
        let [ours, theirs] = &sources;
        let constraints = ![&expected, &found].into_iter().any(Named::is_sqlite);
        let comparison = Comparison::of(ours, theirs, &Asked { schemas, filters, constraints });
        match self.format {
            Format::Text => print(&comparison, &expected, &found, console),
            Format::Json => console.json(&to_json(&comparison, &expected, &found)),
        }
        Ok(if comparison.is_equal() { Exit::Ready } else { Exit::NotReady })
    }
}

/// What a database holds; nothing of what is none.
fn captured(named: &Named, schemas: &[Box<str>], console: &Console) -> Result<Option<Catalog>, Exit> {
    let Side::Database(database) = &named.side else { return Ok(None) };
    let catalog = capture(database, schemas, console)?;
    for (ledger, why) in (crate::lock::Lock::of(Scope::default(), &catalog)).denied() {
        console.error(format!("warning: the ledger {} may not be read, and is not compared: {why}", ledger.table));
    }
    Ok(Some(catalog))
}

/// Where a database looks for names, as migrations that run in it would.
fn search_path(catalog: &Catalog) -> Vec<Box<str>> {
    let there = |schema: &str| schema != "pg_catalog" && catalog.schemas.contains_key(schema);
    catalog.search_path.iter().filter(|schema| there(schema)).cloned().collect()
}

impl Named {
    /// What a lock says was asked for.
    fn scope(&self) -> Option<&Scope> {
        match &self.side {
            Side::Lock(lock) => Some(&lock.scope),
            Side::Database(_) | Side::Folder(_) => None,
        }
    }

    fn is_sqlite(&self) -> bool {
        matches!(&self.side, Side::Database(database) if matches!(database.source, config::Source::Sqlite(_)))
    }

    fn source(&self, captured: Option<Catalog>, path: &[Box<str>], schemas: &[Box<str>]) -> Source<'_> {
        match &self.side {
            Side::Lock(lock) => Source::Told(Box::new(lock.catalog.clone())),
            Side::Folder(folder) => Source::Replayed(folder, Box::new(Replay::of(path, &folder.migrations))),
            Side::Database(_) => {
                let scope = Scope { schemas: schemas.to_vec(), tables: Vec::new() };
                Source::Told(Box::new(scope.of(&captured.unwrap_or_default())))
            }
        }
    }
}

fn print(comparison: &Comparison, expected: &Named, found: &Named, console: &Console) {
    let Comparison { differences, untold, unread } = comparison;
    if comparison.is_equal() {
        console.line(format!("{} and {} are equal", expected.name, found.name));
        return;
    }
    console.line(format!("expected  {}", expected.name));
    console.line(format!("found     {}", found.name));
    for line in lines(differences) {
        console.report(&format!("  {line}"));
    }
    if !untold.is_empty() {
        console.line("cannot tell, because of statements that were not read or names that PostgreSQL makes up:");
        for line in lines(untold.iter().map(|(untold, _)| &untold.difference)) {
            console.report(&format!("  {line}"));
        }
    }
    if !unread.is_empty() {
        console.error(format!("not read, so what they do is not compared ({}):", unread.len()));
        for Unread { file, line, why } in unread {
            console.error(format!("  {}:{line}: {why}", file.display()));
        }
    }
}

fn to_json(comparison: &Comparison, expected: &Named, found: &Named) -> serde_json::Value {
    let unread = |list: &[Unread]| -> serde_json::Value {
        list.iter().map(|Unread { file, line, why }| json!({ "file": file, "line": line, "why": why })).collect()
    };
    let untold = comparison.untold.iter().map(|(untold, why)| {
        let mut value = json(&untold.difference);
        if let Some(value) = value.as_object_mut() {
            value.insert("because".to_owned(), unread(why));
        }
        value
    });
    json!({
        "expected": expected.name,
        "found": found.name,
        "equal": comparison.is_equal(),
        "differences": json_list(&comparison.differences),
        "cannot_tell": untold.collect::<Vec<_>>(),
        "not_read": unread(&comparison.unread),
    })
}
