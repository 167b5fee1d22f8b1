//! Reading the application's own maintenance windows from an SQLite file.

use std::time::{SystemTime, UNIX_EPOCH};

use gate::{Catalog, WindowRow, WindowTable, WindowsRead};
use rusqlite::Connection;

use super::read_cells;
use crate::watch::trigger_sql::identifier;

/// What came of reading the table, of which `catalog` says whether it is there. Rows that are over are
/// read too: what was read stands while nobody writes to the file, and time goes on.
pub(super) fn read(connection: &Connection, wanted: &WindowTable, catalog: &Catalog) -> WindowsRead {
    let Some((_, relation)) = catalog.relation(&wanted.table) else { return WindowsRead::Missing };
    let columns = match wanted.columns_of(relation) {
        Ok(columns) => columns.map(|column| column.map(identifier)),
        Err(lacking) => return WindowsRead::Unread(lacking),
    };
    let text = |column: &Option<String>| column.clone().unwrap_or_else(|| "NULL".to_owned());
    let times = [&columns.starts, &columns.ends].map(|column| microseconds(&text(column)));
    let [starts, ends] = times;
    let condition = columns.blocks_writes.as_ref().map_or_else(String::new, |column| format!(" AND {column}"));
    let sql = format!(
        "SELECT CAST({id} AS TEXT), CAST({starts} AS TEXT), CAST({ends} AS TEXT), CAST({message} AS TEXT), \
         CAST({organisation} AS TEXT) FROM {table} WHERE {starts} IS NOT NULL{condition}",
        id = text(&columns.id),
        message = text(&columns.message),
        organisation = text(&columns.organisation),
        table = identifier(wanted.table.name()),
    );
    match read_cells(connection, &sql) {
        Ok(rows) => WindowsRead::Rows { clock: now(), rows: rows.into_iter().filter_map(row).collect() },
        Err(error) => WindowsRead::Unread(format!("table {}: {error}", wanted.table).into()),
    }
}

/// The clock of who reads the file, as the file has none: microseconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// A time as ORMs write it: text, or an integer of seconds or, as Prisma does, of milliseconds.
fn microseconds(column: &str) -> String {
    format!(
        "CASE typeof({column}) \
           WHEN 'text' THEN CAST((julianday({column}) - 2440587.5) * 86400000000 AS INTEGER) \
           WHEN 'integer' THEN {column} * CASE WHEN abs({column}) < 100000000000 THEN 1000000 ELSE 1000 END \
         END"
    )
}

fn row(cells: Vec<Option<String>>) -> Option<WindowRow> {
    let mut cells = cells.into_iter();
    let mut cell = || cells.next().flatten().filter(|text| !text.trim().is_empty());
    Some(WindowRow {
        id: cell().map(Into::into),
        starts: cell()?.parse().ok()?,
        ends: cell().and_then(|time| time.parse().ok()),
        message: cell().map(|text| text.trim().chars().take(500).collect()),
        organisation: cell().map(Into::into),
    })
}
