//! What a look asks of the ledgers in tenants' schemas.
//!
//! Which schemas have a ledger is only known from the catalog, and a look is sent in one go; so each
//! statement finds the ledgers and reads them itself, by `query_to_xml`, which runs the text of a
//! query. Only ledgers that the catalog shows to be readable are read, in batches: each table that
//! is read stays locked, like any that is read, to the end of its savepoint, and the server's table
//! of locks is everybody's.

use std::collections::BTreeSet;

use gate::Tenancy;
use gate::ledger::Ledger;

use super::sql::{RELATIONS, Schemas, identifier, literal, names};

/// Schemas whose ledgers are read by one statement, or about so many.
const BATCH: usize = 100;
/// Statements while it is not known how many schemas there are.
const AT_FIRST: usize = 16;

/// What a statement says became of a table.
pub(super) const READ: &str = "read";
/// Somebody holds a lock on it with which nobody can read it, or waits for one.
pub(super) const LOCKED: &str = "locked";
/// The session may not read it.
pub(super) const DENIED: &str = "denied";

/// One table of a tool's, which may be in each schema: a ledger, or its lock.
#[derive(Debug, Clone)]
pub(super) struct ToolTable {
    pub(super) ledger: Ledger,
    /// Whether it is the lock.
    pub(super) is_lock: bool,
    table: String,
    columns: BTreeSet<&'static str>,
    /// The expression that makes its rows one text.
    rows: String,
}

impl ToolTable {
    /// The tables to read for a ledger.
    pub(super) fn all(ledger: &Ledger) -> Vec<Self> {
        let rows = Self {
            ledger: ledger.clone(),
            is_lock: false,
            table: ledger.table.name().to_owned(),
            columns: ledger.tool.columns.iter().map(|(_, column)| *column).chain(ledger.tool.sequence).collect(),
            rows: ledger.tool.rows_as_text(),
        };
        let lock = ledger.lock_row().map(|(table, column)| Self {
            ledger: ledger.clone(),
            is_lock: true,
            table,
            columns: [column].into(),
            rows: format!("pg_catalog.string_agg(CAST({} AS text), ' ')", identifier(column)),
        });
        std::iter::once(rows).chain(lock).collect()
    }

    /// The statements that read it in every schema, of which there are about `count` (0: nobody knows). Each row of an
    /// answer is schemas, what became of the table, and its content as [`content`] reads it.
    pub(super) fn in_all(&self, schemas: Schemas<'_>, count: usize) -> Vec<String> {
        let batches = if count == 0 { AT_FIRST } else { count.div_ceil(BATCH) };
        let within = |batch| format!("(pg_catalog.hashoid(s.oid) & 2147483647) % {batches} = {batch}");
        (0..batches).map(|batch| self.statement(schemas, &within(batch))).collect()
    }

    /// The statements that read it in these schemas.
    pub(super) fn in_these(&self, tenancy: &Tenancy, schemas: &[&str]) -> Vec<String> {
        schemas.chunks(BATCH).map(|batch| self.statement(Schemas::Named(tenancy, batch), "true")).collect()
    }

    /// Its name, in whichever schema.
    pub(super) fn name(&self) -> &str {
        &self.table
    }

    fn statement(&self, schemas: Schemas<'_>, within: &str) -> String {
        // Within XML, hexadecimal digits are what they are.
        let before =
            format!("SELECT pg_catalog.encode(pg_catalog.convert_to({}, 'UTF8'), 'hex') AS t FROM ", self.rows);
        let after = format!(".{}", identifier(&self.table));
        format!(
            "SELECT pg_catalog.string_agg(x.nspname::pg_catalog.text, E'\\x1f'), x.state, x.text \
               FROM (SELECT t.nspname, t.state, \
                            CASE WHEN t.state = '{READ}' \
                                 THEN pg_catalog.query_to_xml({before} || pg_catalog.quote_ident(t.nspname) || {after}, \
                                                              false, true, '')::pg_catalog.text END AS text \
                       FROM (SELECT s.nspname, \
                                    CASE WHEN NOT (pg_catalog.has_schema_privilege(s.oid, 'USAGE') \
                                                   AND pg_catalog.has_table_privilege(c.oid, 'SELECT')) THEN '{DENIED}' \
                                         WHEN c.oid IN (SELECT l.relation FROM pg_catalog.pg_locks l \
                                                         WHERE l.locktype = 'relation' AND l.database = \
                                                               (SELECT d.oid FROM pg_catalog.pg_database d \
                                                                 WHERE d.datname = pg_catalog.current_database()) \
                                                           AND l.mode = 'AccessExclusiveLock') THEN '{LOCKED}' \
                                         ELSE '{READ}' END AS state \
                               FROM {relations} WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {within} \
                                AND (SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute a \
                                      WHERE a.attrelid = c.oid AND a.attname = ANY ({columns}) AND a.attnum > 0 \
                                        AND NOT a.attisdropped) = {count} OFFSET 0) AS t OFFSET 0) AS x \
              GROUP BY x.state, x.text",
            before = literal(&before),
            after = literal(&after),
            relations = schemas.with(&RELATIONS, &names([self.table.as_str()])),
            columns = names(self.columns.iter().copied()),
            count = self.columns.len(),
        )
    }
}

/// What `query_to_xml` wrote of one row of one column of hexadecimal digits; empty where it was NULL.
pub(super) fn content(xml: &str) -> Option<String> {
    let digits = xml.split_once("<t>").and_then(|(_, rest)| rest.split_once("</t>")).map_or("", |(digits, _)| digits);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    String::from_utf8(digits.as_bytes().chunks(2).map(byte).collect::<Option<_>>()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_digits_within_xml_are_read() {
        assert_eq!(content("<row>\n  <t>61c3a9</t>\n</row>\n\n").as_deref(), Some("aé"));
        assert_eq!(content("<row>\n</row>\n\n").as_deref(), Some(""));
        assert_eq!(content("<t>zz</t>"), None);
    }
}
