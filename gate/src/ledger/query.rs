//! How to ask for a ledger's rows.

use super::{Counting, Role, Row, Tool};
use crate::name::in_sql;

/// What is kept of a tool's log of a failure, in characters: it is for a line, not for a page.
const LOG_LENGTH: u16 = 400;

impl Tool {
    /// The statement that reads `schema`.`table` for [`super::Row::read`]: a plain SELECT whose
    /// columns are all text, in words that PostgreSQL and SQLite share.
    pub fn query(&self, schema: Option<&str>, table: &str) -> String {
        let cells: Vec<String> = self.columns.iter().map(|(role, column)| cell(*role, column)).collect();
        let schema = schema.map(|schema| in_sql(schema) + ".").unwrap_or_default();
        let order = self.sequence.map(|column| format!(" ORDER BY {}", in_sql(column))).unwrap_or_default();
        format!("SELECT {} FROM {schema}{}{order}", cells.join(", "), in_sql(table))
    }
}

/// Between the cells of a row, and between rows, of [`Tool::rows_as_text`].
const CELL: char = '\u{1f}';
const ROW: char = '\u{1e}';

impl Tool {
    /// The expression that makes all rows of a ledger one text, for [`super::Row::read_text`]; `NULL`
    /// where the ledger is empty. For PostgreSQL.
    ///
    /// Equal ledgers give equal texts, though they were written at other times.
    pub fn rows_as_text(&self) -> String {
        let cells = self.columns.iter().map(|(role, column)| match role {
            // When that was is nobody's concern.
            Role::FinishedAt | Role::RolledBackAt => {
                format!("CASE WHEN {} IS NULL THEN '' ELSE '=' END", in_sql(column))
            }
            role => format!("COALESCE('=' || {}, '')", cell(*role, column)),
        });
        let cells = cells.collect::<Vec<_>>().join(" || E'\\x1f' || ");
        let order = self.sequence.filter(|_| self.counting == Counting::LastRow);
        let order = order.map(|column| format!(" ORDER BY {}", in_sql(column))).unwrap_or_default();
        format!("pg_catalog.string_agg({cells}, E'\\x1e'{order})")
    }
}

impl Row {
    /// Reads what [`Tool::rows_as_text`] asked for.
    pub fn read_text(tool: &Tool, text: &str) -> Vec<Self> {
        let rows = text.split(ROW).filter(|row| !row.is_empty());
        rows.filter_map(|row| Self::read(tool, row.split(CELL).map(|cell| cell.strip_prefix('=')))).collect()
    }
}

fn cell(role: Role, column: &str) -> String {
    let text = format!("CAST({} AS text)", in_sql(column));
    if role == Role::Log { format!("substr({text}, 1, {LOG_LENGTH})") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_is_asked_for_by_its_exact_names_and_in_its_own_order() {
        let knex = Tool::named("knex").expect("a tool");
        let asked = knex.query(Some("app"), "Odd\"Name");
        assert_eq!(asked, r#"SELECT CAST("name" AS text) FROM "app"."Odd""Name" ORDER BY "id""#);
    }

    #[test]
    fn rows_as_text_are_read_as_rows_of_cells_are() {
        let prisma = Tool::named("prisma").expect("a tool");
        let cells = |name: &str, finished: Option<&'static str>| -> Vec<Option<String>> {
            let of = |role: &Role| match role {
                Role::Identity => Some(name.to_owned()),
                Role::FinishedAt => finished.map(str::to_owned),
                _ => None,
            };
            prisma.columns.iter().map(|(role, _)| of(role)).collect()
        };
        let rows = [cells("a", Some("2026-01-01")), cells("b", None)];
        let text: Vec<String> = rows
            .iter()
            .map(|row| {
                let cells = row.iter().map(|cell| cell.as_ref().map(|cell| format!("={cell}")).unwrap_or_default());
                cells.collect::<Vec<_>>().join("\u{1f}")
            })
            .collect();
        let expected: Vec<Row> =
            rows.iter().filter_map(|row| Row::read(prisma, row.iter().map(Option::as_deref))).collect();
        assert_eq!(expected.len(), 2);
        assert_eq!(Row::read_text(prisma, &text.join("\u{1e}")), expected);
        assert!(Row::read_text(prisma, "").is_empty());
    }

    #[test]
    fn a_ledger_as_text_is_asked_for_without_what_differs_between_equal_ones() {
        let asked = Tool::named("django").expect("a tool").rows_as_text();
        assert!(asked.contains(r#"CAST("app" AS text)"#) && !asked.contains("applied"), "{asked}");
    }
}
