//! What a requirement expects of a ledger.

use core::cmp::Ordering;

use super::{Lock, Migration, Reading, Tool};
use crate::{Catalog, ObjectName, name};

/// Whose ledger, and where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// The tool that writes it.
    pub tool: &'static Tool,
    /// Its table; without a schema, the first of that name along the search path.
    pub table: ObjectName,
}

/// Migrations that must be in a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The ledger.
    pub ledger: Ledger,
    /// What lies on disk, in the order in which the tool applies it.
    pub migrations: Vec<Migration>,
    /// Whether the ledger may hold migrations that are not on disk, as after a rollback of the
    /// application.
    pub allow_ahead: bool,
}

impl Ledger {
    /// The schema in which it lies; or what there is instead of it, as far as the catalog tells.
    pub fn find<'c>(&self, catalog: &'c Catalog) -> Result<&'c str, Reading> {
        let Some((schema, relation)) = catalog.relation(&self.table) else { return Err(Reading::Absent) };
        let columns: Vec<&str> = relation.columns.keys().map(AsRef::as_ref).collect();
        if self.tool.fits(&columns) { Ok(schema) } else { Err(Reading::Unexpected(columns.join(", ").into())) }
    }

    /// The statement that reads its rows in `schema`; see [`Tool::query`].
    pub fn query(&self, schema: &str) -> String {
        self.tool.query(Some(schema), self.table.name())
    }

    /// The statement that reads the lock that is a row in `schema`, where the tool has such a
    /// lock: one column of text.
    pub fn lock_query(&self, schema: &str) -> Option<String> {
        let (table, column) = self.lock_row()?;
        let [schema, table, column] = [schema, &table, column].map(name::in_sql);
        Some(format!("SELECT CAST({column} AS text) FROM {schema}.{table}"))
    }

    /// The table of the lock that is a row, and the column that says whether it is held.
    pub fn lock_row(&self) -> Option<(String, &'static str)> {
        let Lock::Row { table, column } = self.tool.lock else { return None };
        // Tools name the lock after the ledger, whatever that is called.
        Some((table.replacen(self.tool.table, self.table.name(), 1), column))
    }

    /// What lets `role` read it in `schema`.
    pub fn grant_sql(&self, schema: &str, role: &str) -> String {
        let [schema, table, role] = [schema, self.table.name(), role].map(name::in_sql);
        format!("GRANT USAGE ON SCHEMA {schema} TO {role}; GRANT SELECT ON {schema}.{table} TO {role}")
    }
}

impl Ord for Ledger {
    fn cmp(&self, other: &Self) -> Ordering {
        // A tool is known by its name.
        (self.tool.name, &self.table).cmp(&(other.tool.name, &other.table))
    }
}

impl PartialOrd for Ledger {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
