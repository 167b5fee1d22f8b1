//! Reading the application's own maintenance windows within a look.
//!
//! As with ledgers: the table is read where it lay last, and the look is done once more if it lies
//! elsewhere now, or has other columns. It is never waited for.

use gate::{Catalog, ObjectName, WindowColumns, WindowRow, WindowTable, WindowsRead};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Error, SimpleQueryMessage, SimpleQueryRow};

use super::ledgers::{STANDS, Said};
use super::link::rows;
use crate::watch::trigger_sql::{identifier, quoted};

/// Takes back what the statement did to the transaction, be it a setting or a failure.
const UNDO: &str = "ROLLBACK TO SAVEPOINT windows";

/// Rows that are read; more that are open at once, or to come, are an error of the table.
const MOST: usize = 1000;

/// Characters of a message: what an operator writes for the public is short, and a header carries it too.
const LONGEST_MESSAGE: usize = 500;

/// Where the windows of one database are.
#[derive(Debug, Default)]
pub(super) struct Windows {
    place: Option<Place>,
}

#[derive(Debug, PartialEq, Eq)]
struct Place {
    table: ObjectName,
    columns: WindowColumns<Option<Box<str>>>,
}

impl Windows {
    /// Learns where the table lies and what it has; whether that was otherwise before.
    pub(super) fn learn(&mut self, wanted: Option<&WindowTable>, catalog: &Catalog) -> bool {
        let found = wanted.and_then(|wanted| Place::find(wanted, catalog)?.ok());
        // One that is gone needs no other look.
        let moved = found.is_some() && found != self.place;
        self.place = found;
        moved
    }

    /// The statements that read it, to be sent one by one; for [`Self::read`]. Each may take so many
    /// milliseconds.
    pub(super) fn statements(&self, limit: u128) -> Vec<String> {
        let statement = self.place.as_ref().map(|place| {
            // A time without a zone is UTC, as Prisma writes it.
            let guard = format!(
                "SAVEPOINT windows; SET LOCAL timezone = 'UTC'; SET LOCAL lock_timeout = '100ms'; \
                 SET LOCAL statement_timeout = {limit}",
            );
            [format!("{guard}; {}; {}", clock_sql(), place.sql()), UNDO.to_owned()]
        });
        statement.into_iter().flatten().collect()
    }

    /// What the statements said, of a table that `catalog` has or has not; `user` is who asked.
    pub(super) fn read(
        &self,
        wanted: &WindowTable,
        said: Vec<Said>,
        catalog: &Catalog,
        user: &str,
    ) -> Result<WindowsRead, Error> {
        let place = match Place::find(wanted, catalog) {
            None => return Ok(WindowsRead::Missing),
            Some(Err(lacking)) => return Ok(WindowsRead::Unread(lacking)),
            Some(Ok(place)) => place,
        };
        // Where it was read is no longer where it lies: there will be another look.
        if self.place.as_ref() != Some(&place) {
            return Ok(WindowsRead::Locked);
        }
        match said.into_iter().next() {
            Some(Ok(messages)) => Ok(understand(&messages, &place.table)),
            Some(Err(error)) => after(error, &place.table, user),
            None => Ok(WindowsRead::Locked),
        }
    }
}

impl Place {
    /// Where the table is, if it is anywhere; or what it lacks.
    fn find(wanted: &WindowTable, catalog: &Catalog) -> Option<Result<Self, Box<str>>> {
        let (schema, relation) = catalog.relation(&wanted.table)?;
        let table = ObjectName::qualified(schema, wanted.table.name());
        Some(
            wanted
                .columns_of(relation)
                .map(|columns| Self { table, columns: columns.map(|column| column.map(Into::into)) }),
        )
    }

    /// The rows that are in force and not over.
    fn sql(&self) -> String {
        let column = |name: &Option<Box<str>>| name.as_ref().map(|name| format!("w.{}", identifier(name)));
        let columns = self.columns.map(column);
        let time = |column: &Option<String>| format!("{}::timestamptz", column.as_deref().unwrap_or("NULL"));
        let (starts, ends) = (time(&columns.starts), time(&columns.ends));
        let text = |column: &Option<String>| column.as_ref().map_or("NULL".to_owned(), |name| format!("{name}::text"));
        let blocks = columns.blocks_writes.map_or_else(String::new, |name| format!(" AND {name}::boolean"));
        format!(
            "SELECT {id}, {from}, {until}, pg_catalog.left({message}, {LONGEST_MESSAGE}), {organisation} \
               FROM {table} w \
              WHERE {starts} < 'infinity' AND ({ends} IS NULL OR {ends} > pg_catalog.clock_timestamp()){blocks} \
              ORDER BY {starts}, 1 LIMIT {limit}",
            id = text(&columns.id),
            from = microseconds(&starts),
            until = microseconds(&ends),
            message = text(&columns.message),
            organisation = text(&columns.organisation),
            limit = MOST + 1,
            table = quoted(&self.table),
        )
    }
}

fn clock_sql() -> String {
    format!("SELECT {}", microseconds("pg_catalog.clock_timestamp()"))
}

/// A time since 1970; `-infinity` is the beginning of time, and `infinity` no end at all.
fn microseconds(time: &str) -> String {
    format!(
        "CASE WHEN {time} = '-infinity' THEN {} WHEN pg_catalog.isfinite({time}) \
         THEN (EXTRACT(epoch FROM {time}) * 1000000)::bigint END",
        i64::MIN
    )
}

/// The rows behind the clock.
fn understand(messages: &[SimpleQueryMessage], table: &ObjectName) -> WindowsRead {
    let mut rows = rows(messages);
    let Some(clock) = rows.next().and_then(|row| row.get(0)?.parse().ok()) else {
        return WindowsRead::Unread("the database did not tell its time".into());
    };
    let read: Vec<WindowRow> = rows.filter_map(understand_row).collect();
    if read.len() > MOST {
        let words = format!("table {table} has more than {MOST} windows that are open or to come");
        return WindowsRead::Unread(words.into());
    }
    WindowsRead::Rows { clock, rows: read }
}

fn understand_row(row: &SimpleQueryRow) -> Option<WindowRow> {
    let text = |place: usize| row.get(place).map(str::trim).filter(|text| !text.is_empty()).map(Into::into);
    Some(WindowRow {
        id: text(0),
        starts: row.get(1)?.parse().ok()?,
        ends: row.get(2).and_then(|time| time.parse().ok()),
        message: text(3),
        organisation: row.get(4).map(Into::into),
    })
}

/// What is to be thought of a table that could not be read. An error where the look has failed with it.
fn after(error: Error, table: &ObjectName, user: &str) -> Result<WindowsRead, Error> {
    let Some(said) = error.as_db_error() else { return Err(error) };
    let code = said.code();
    if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        let (schema, role) = (identifier(table.schema().unwrap_or_default()), identifier(user));
        let grant = format!(
            "GRANT USAGE ON SCHEMA {schema} TO {role}; GRANT SELECT ON {table} TO {role}",
            table = quoted(table)
        );
        return Ok(WindowsRead::Unread(format!("{}: {grant}", said.message()).into()));
    }
    if STANDS.contains(code) {
        return Ok(WindowsRead::Locked);
    }
    // Class 57P is a server that ends the connection.
    if code.code().starts_with("57P") || code.code().starts_with("08") {
        return Err(error);
    }
    Ok(WindowsRead::Unread(format!("table {table}: {} (SQLSTATE {})", said.message(), code.code()).into()))
}
