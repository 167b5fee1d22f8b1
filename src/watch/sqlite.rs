//! Looks at an SQLite file.

mod windows;

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gate::ledger::{Ledger, LockState, Reading, Row, TRUE};
use gate::{
    Catalog, Column, Index, ObjectName, Privilege, Relation, RelationKind, Schema, TypeName, Wanted, WindowsRead,
};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use super::LookError;

/// How long a writer is waited for.
const BUSY: Duration = Duration::from_millis(200);

/// The one schema of an SQLite file.
const MAIN: &str = "main";

/// Looks at an SQLite file, which it never writes to and never creates.
///
/// SQLite ignores the case of names, so whatever is wanted is found in any case, and stands in the
/// catalog as it was asked for. Everything is in the schema `main`. There are no enum types,
/// functions or extensions to be found, constraints have no names that could be asked for, and
/// whoever may open the file may do everything.
#[derive(Debug)]
pub(super) struct SqliteReader {
    path: PathBuf,
    wanted: Arc<Wanted>,
    open: Option<OpenFile>,
}

/// A file that is open, and what it said last.
#[derive(Debug)]
struct OpenFile {
    connection: Connection,
    /// As the file was when it was opened.
    identity: Identity,
    seen: Option<Seen>,
}

/// What tells one file from another that was put in its place, or copied over it: SQLite itself
/// takes two files of the same number of changes for one, and reads on from its memory.
#[derive(Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

/// What the file said, and the version of its content then.
#[derive(Debug)]
struct Seen {
    version: i64,
    catalog: Arc<Catalog>,
}

impl Seen {
    /// What the file said, at this moment: windows are measured by the clock.
    fn now(&self) -> Arc<Catalog> {
        let Some(WindowsRead::Rows { rows, .. }) = &self.catalog.windows else { return Arc::clone(&self.catalog) };
        let windows = Some(WindowsRead::Rows { clock: windows::now(), rows: rows.clone() });
        Arc::new(Catalog { windows, ..Catalog::clone(&self.catalog) })
    }
}

impl SqliteReader {
    pub(super) const fn new(path: PathBuf, wanted: Arc<Wanted>) -> Self {
        Self { path, wanted, open: None }
    }

    /// Looks once, on a thread that may wait for the disk.
    pub(super) async fn look(&mut self) -> Result<Arc<Catalog>, LookError> {
        let (path, wanted, open) = (self.path.clone(), Arc::clone(&self.wanted), self.open.take());
        let looking = tokio::task::spawn_blocking(move || {
            let mut file = reopen(&path, open)?;
            let catalog = file.look(&wanted).map_err(|error| describe(&error, &path))?;
            Ok((file, catalog))
        });
        let (file, catalog) =
            looking.await.map_err(|error| LookError::new("internal", format!("the look was cut short: {error}")))??;
        self.open = Some(file);
        Ok(catalog)
    }
}

/// The file that is open, if it still is the one at `path`, untouched; else that one.
fn reopen(path: &Path, open: Option<OpenFile>) -> Result<OpenFile, LookError> {
    let identity = match std::fs::metadata(path) {
        Ok(metadata) => Identity {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let text =
                format!("no such file: {}: run the application's migrations, or correct the path", path.display());
            return Err(LookError::new("no_file", text));
        }
        Err(error) => return Err(LookError::new("io", format!("{}: {error}", path.display()))),
    };
    if let Some(open) = open.filter(|open| open.identity == identity) {
        return Ok(open);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| describe(&error, path))?;
    connection.busy_timeout(BUSY).map_err(|error| describe(&error, path))?;
    Ok(OpenFile { connection, identity, seen: None })
}

fn describe(error: &rusqlite::Error, path: &Path) -> LookError {
    let (word, advice) = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => ("locked", "another process is writing to it"),
        Some(ErrorCode::NotADatabase) => ("not_a_database", "the path leads to something else"),
        Some(ErrorCode::DatabaseCorrupt) => ("corrupt", "restore it from a backup"),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => (
            "permission",
            "schemagate's user must be allowed to read it, and in WAL mode to write beside it in its folder",
        ),
        _ => ("database", "see SQLite's result codes"),
    };
    LookError::new(word, format!("{}: {error}: {advice}", path.display()))
}

impl OpenFile {
    /// Looks once; what was seen last is seen again while nobody wrote to the file.
    fn look(&mut self, wanted: &Wanted) -> Result<Arc<Catalog>, rusqlite::Error> {
        // One transaction, so that everything is of one moment. Dropped, it ends.
        let moment = self.connection.unchecked_transaction()?;
        // Differs after every commit of others. In WAL mode they leave the file itself alone.
        let version = moment.query_row("SELECT data_version FROM pragma_data_version", [], |row| row.get(0))?;
        if let Some(seen) = self.seen.as_ref().filter(|seen| seen.version == version) {
            return Ok(seen.now());
        }
        let catalog = Arc::new(read(&moment, wanted)?);
        drop(moment);
        self.seen = Some(Seen { version, catalog: Arc::clone(&catalog) });
        Ok(catalog)
    }
}

/// Reads what is `wanted`.
fn read(connection: &Connection, wanted: &Wanted) -> Result<Catalog, rusqlite::Error> {
    let mut schema = Schema { usage: true, ..Schema::default() };
    if wanted.whole.as_ref().is_some_and(|schemas| schemas.is_empty() || schemas.iter().any(|name| **name == *MAIN)) {
        for table in own_names(connection)? {
            schema.indexes.extend(read_indexes(connection, &table)?);
            let relation = read_relation(connection, &table, None)?;
            schema.relations.extend(relation.map(|relation| (table.into_boxed_str(), relation)));
        }
    }
    for table in wanted.tables.iter().filter(|name| is_in_main(name)) {
        let wanted_columns = wanted.columns.get(table);
        if let Some(relation) = read_relation(connection, table.name(), wanted_columns)? {
            schema.relations.insert(table.name().into(), relation);
        }
    }
    for index in wanted.indexes.iter().filter(|name| is_in_main(name)) {
        if let Some(found) = find(connection, index.name(), &["index"])? {
            let indexes = read_indexes(connection, &found.table)?;
            let own = indexes.into_iter().find(|(name, _)| **name == *found.name);
            schema.indexes.extend(own.map(|(_, read)| (index.name().into(), read)));
        }
    }
    let mut catalog = Catalog {
        search_path: vec![MAIN.into()],
        schemas: BTreeMap::from([(MAIN.into(), schema)]),
        extensions: BTreeMap::new(),
        role: Some("everyone".into()),
        ledgers: BTreeMap::new(),
        windows: None,
        tenants: None,
    };
    catalog.windows = wanted.windows.as_ref().map(|table| windows::read(connection, table, &catalog));
    for ledger in &wanted.ledgers {
        let reading = match ledger.find(&catalog) {
            Ok(schema) => read_ledger(connection, ledger, schema)?,
            Err(reading) => reading,
        };
        catalog.ledgers.insert(ledger.clone(), reading);
    }
    Ok(catalog)
}

fn read_ledger(connection: &Connection, ledger: &Ledger, schema: &str) -> Result<Reading, rusqlite::Error> {
    let mut rows = Vec::new();
    for cells in read_cells(connection, &ledger.query(schema))? {
        rows.extend(Row::read(ledger.tool, cells.iter().map(Option::as_deref)));
    }
    let locked = ledger.lock_query(schema).map(|query| read_cells(connection, &query));
    // A lock that is not there is not held.
    let mut cells = locked.and_then(Result::ok).into_iter().flatten().flatten().flatten();
    let is_written = cells.any(|cell| TRUE.contains(&cell.as_str()));
    Ok(Reading::Rows { rows, lock: if is_written { LockState::Written } else { LockState::Free } })
}

/// Rows of text.
fn read_cells(connection: &Connection, query: &str) -> Result<Vec<Vec<Option<String>>>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(query)?;
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect())?;
    rows.collect()
}

fn is_in_main(name: &ObjectName) -> bool {
    name.schema().is_none_or(|schema| schema == MAIN)
}

/// Something that `sqlite_schema` lists.
struct Listed {
    /// `table`, `view` or `index`.
    kind: String,
    name: String,
    /// The table that it is or is on.
    table: String,
}

/// The object that SQLite takes for `name`: tables, views and indexes share their names, triggers
/// have theirs apart.
fn find(connection: &Connection, name: &str, kinds: &[&str]) -> Result<Option<Listed>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "SELECT type, name, tbl_name FROM main.sqlite_schema WHERE name = ?1 COLLATE NOCASE AND type <> 'trigger'",
    )?;
    let read = |row: &rusqlite::Row<'_>| Ok(Listed { kind: row.get(0)?, name: row.get(1)?, table: row.get(2)? });
    let found = statement.query_row([name], read).optional()?;
    Ok(found.filter(|found| kinds.contains(&found.kind.as_str())))
}

/// The names of all tables and views but SQLite's own, and the tables that its extensions keep.
fn own_names(connection: &Connection) -> Result<Vec<String>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type <> 'shadow' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// The indexes of a table that somebody gave a name to.
fn read_indexes(connection: &Connection, table: &str) -> Result<Vec<(Box<str>, Index)>, rusqlite::Error> {
    let mut statement =
        connection.prepare_cached("SELECT name, \"unique\" FROM pragma_index_list(?1, 'main') WHERE origin = 'c'")?;
    let read = |row: &rusqlite::Row<'_>| {
        let index = Index { table: table.into(), unique: row.get(1)?, valid: true };
        Ok((row.get::<_, String>(0)?.into_boxed_str(), index))
    };
    statement.query_map([table], read)?.collect()
}

fn read_relation(
    connection: &Connection,
    name: &str,
    wanted: Option<&BTreeSet<Box<str>>>,
) -> Result<Option<Relation>, rusqlite::Error> {
    let Some(found) = find(connection, name, &["table", "view"])? else { return Ok(None) };
    let kind = if found.kind == "view" { RelationKind::View } else { RelationKind::Table };
    let columns = match read_columns(connection, &found.name, wanted) {
        Ok(columns) => columns,
        // A view of something that is gone is there, and has no columns.
        Err(error) if kind == RelationKind::View && error.sqlite_error_code() == Some(ErrorCode::Unknown) => {
            BTreeMap::new()
        }
        Err(error) => return Err(error),
    };
    let privileges = Privilege::ALL.into_iter().collect();
    Ok(Some(Relation { kind, populated: true, columns, constraints: BTreeMap::new(), privileges }))
}

/// The columns of a table by their own names, and by those they are wanted by.
fn read_columns(
    connection: &Connection,
    table: &str,
    wanted: Option<&BTreeSet<Box<str>>>,
) -> Result<BTreeMap<Box<str>, Column>, rusqlite::Error> {
    // Hidden columns of virtual tables (1) are not read by SELECT *; generated ones (2, 3) are.
    let mut statement = connection
        .prepare_cached("SELECT name, type, \"notnull\" FROM pragma_table_xinfo(?1, 'main') WHERE hidden <> 1")?;
    let mut rows = statement.query([table])?;
    let mut columns = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let column = Column { ty: type_name(&row.get::<_, String>(1)?), nullable: !row.get::<_, bool>(2)? };
        for alias in wanted.into_iter().flatten().filter(|alias| alias.eq_ignore_ascii_case(&name)) {
            columns.insert(alias.clone(), column.clone());
        }
        columns.insert(name.into(), column);
    }
    Ok(columns)
}

/// A type as it was declared; a column without one holds anything, as BLOB does.
fn type_name(declared: &str) -> TypeName {
    let declared = if declared.is_empty() { "BLOB" } else { declared };
    TypeName::parse_folded(declared).unwrap_or_else(|_| TypeName::verbatim(declared))
}

#[cfg(test)]
mod tests;
