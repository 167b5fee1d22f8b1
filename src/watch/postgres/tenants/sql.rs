//! The pieces that statements about tenants are made of.
//!
//! These statements go by the simple protocol, within savepoints where they read an application's
//! tables; so their parameters are literals, and their answers text.

use gate::{Tenancy, TenantKey};

/// Between the fields of one thing, within text that a statement puts together (ASCII's unit separator).
pub(super) const FIELD: char = '\u{1f}';
/// Between things (record separator).
pub(super) const RECORD: char = '\u{1e}';
/// Between groups of things (group separator).
pub(super) const GROUP: char = '\u{1d}';

/// Text as a literal, whatever it holds and whatever the server's settings are.
pub(super) fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A name as SQL wants it.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Names as a literal array.
pub(super) fn names<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let list: Vec<String> = names.into_iter().map(literal).collect();
    format!("ARRAY[{}]::pg_catalog.text[]::pg_catalog.name[]", list.join(", "))
}

/// Every schema that may be a tenant's, as `s`.
///
/// `OFFSET 0` keeps the planner from asking for each schema by itself: there are a thousand of them, and the
/// objects of a name in all of them are found in one go.
pub(super) fn schemas(tenancy: &Tenancy) -> String {
    let shared = names(tenancy.shared.iter().map(AsRef::as_ref));
    let mut conditions = vec![
        "NOT pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_')".to_owned(),
        "n.nspname <> 'information_schema'".to_owned(),
        format!("n.nspname <> ALL ({shared})"),
    ];
    if let TenantKey::Host { schema, .. } | TenantKey::Header { schema } = &tenancy.key {
        conditions.push(format!("pg_catalog.starts_with(n.nspname::pg_catalog.text, {})", literal(schema.before())));
    }
    format!("(SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace n WHERE {} OFFSET 0) AS s", conditions.join(" AND "))
}

/// The answer to `inner`, whose rows are a schema's name and a text: each text once, after all the
/// schemas that have it.
pub(super) fn grouped(inner: &str) -> String {
    format!(
        "SELECT pg_catalog.string_agg(x.nspname::pg_catalog.text, E'\\x1f'), x.text FROM ({inner}) AS x GROUP BY x.text"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_holds_anything() {
        assert_eq!(literal(r"a'b\c"), r"E'a\'b\\c'");
        assert_eq!(names(["a", "b'"]), r"ARRAY[E'a', E'b\'']::pg_catalog.text[]::pg_catalog.name[]");
    }
}
