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

/// Schemas that statements ask about, as `s`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Schemas<'t> {
    /// Every one that may be a tenant's.
    All(&'t Tenancy),
    /// Of those, the ones of these names.
    Named(&'t Tenancy, &'t [&'t str]),
}

/// A system catalog of objects that have a name in a schema, and what statements read of it.
#[derive(Debug)]
pub(super) struct Objects {
    catalog: &'static str,
    alias: &'static str,
    namespace: &'static str,
    name: &'static str,
    columns: &'static str,
}

/// Relations, as `c`.
pub(super) const RELATIONS: Objects = Objects {
    catalog: "pg_class",
    alias: "c",
    namespace: "relnamespace",
    name: "relname",
    columns: "c.oid, c.relname, c.relkind, c.relispopulated",
};
/// Types, as `t`.
pub(super) const TYPES: Objects = Objects {
    catalog: "pg_type",
    alias: "t",
    namespace: "typnamespace",
    name: "typname",
    columns: "t.oid, t.typname, t.typtype",
};
/// Functions, as `p`.
pub(super) const FUNCTIONS: Objects = Objects {
    catalog: "pg_proc",
    alias: "p",
    namespace: "pronamespace",
    name: "proname",
    columns: "p.proname, p.proargtypes",
};

impl Schemas<'_> {
    /// The schemas, for a `FROM`.
    ///
    /// `OFFSET 0` keeps the planner from asking for each schema by itself where there are a thousand
    /// of them: the objects of a name in all of them are found in one go.
    pub(super) fn alone(self) -> String {
        let (Self::All(tenancy) | Self::Named(tenancy, _)) = self;
        let shared = names(tenancy.shared.iter().map(AsRef::as_ref));
        let mut conditions = vec![
            "NOT pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_')".to_owned(),
            "n.nspname <> 'information_schema'".to_owned(),
            format!("n.nspname <> ALL ({shared})"),
        ];
        if let TenantKey::Host { schema, .. } | TenantKey::Header { schema } = &tenancy.key {
            conditions
                .push(format!("pg_catalog.starts_with(n.nspname::pg_catalog.text, {})", literal(schema.before())));
        }
        if let Self::Named(_, schemas) = self {
            conditions.push(format!("n.nspname = ANY ({})", names(schemas.iter().copied())));
        }
        let conditions = conditions.join(" AND ");
        format!("(SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace n WHERE {conditions} OFFSET 0) AS s")
    }

    /// The schemas, and the objects in them that have one of `wanted`'s names, an array's text.
    ///
    /// Of few schemas each is asked for by itself, which is what the catalogs' indexes are for; else
    /// the planner may read all there are.
    pub(super) fn with(self, objects: &Objects, wanted: &str) -> String {
        let Objects { catalog, alias, namespace, name, columns } = objects;
        let schemas = self.alone();
        let these = format!("{alias}.{namespace} = s.oid AND {alias}.{name} = ANY ({wanted})");
        match self {
            Self::All(_) => format!("{schemas} JOIN pg_catalog.{catalog} {alias} ON {these}"),
            Self::Named(..) => format!(
                "{schemas} CROSS JOIN LATERAL \
                 (SELECT {columns} FROM pg_catalog.{catalog} {alias} WHERE {these} OFFSET 0) AS {alias}"
            ),
        }
    }
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
