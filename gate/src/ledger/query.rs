//! How to ask for a ledger's rows.

use super::{Role, Tool};
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
}
