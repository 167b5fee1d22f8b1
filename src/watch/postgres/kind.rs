//! The kinds of thing that a PostgreSQL server is asked for: statements, and how their rows are read.
//!
//! Every statement reads `pg_catalog` alone, which every role may; names are bound, so they are
//! compared exactly; privileges are asked by oid. All of them take the same three parameters:
//! `$1` schemas and `$2` names (side by side, or one of them alone), `$3` the role whose
//! privileges are judged, NULL for the session's own.
//!
//! Most statements have two forms: one for the objects that are named, for looks, and one for all
//! there are in the schemas `$1`, for captures.

use std::collections::{BTreeMap, BTreeSet};

use gate::{Column, Index, Privilege, Relation, RelationKind, Schema, TypeName};
use tokio_postgres::{Error, Row};

use super::question::Answer;

/// The role that `$3` names.
macro_rules! role {
    () => {
        "(SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = COALESCE($3, current_user)::pg_catalog.name)"
    };
}

/// What `$1` and `$2` name, in the schemas that exist, as `w`.
///
/// `OFFSET 0` keeps the planner from joining further before the schema is known: the indexes on
/// name and schema are then used whole, even where statistics are missing. Otherwise the server may
/// read every schema's object of a name, and there are as many as tenants.
macro_rules! wanted {
    () => {
        "(SELECT u.schema, u.name, n.oid \
            FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS u(schema, name) \
            JOIN pg_catalog.pg_namespace n ON n.nspname = u.schema OFFSET 0) AS w"
    };
}

/// Everything of a system catalog in the schemas `$1`, its names as `w`; but for what an extension
/// brought along, and partitions, whose parents stand for them.
macro_rules! all {
    ($catalog:literal, $alias:literal, $name:literal, $schema:literal, $and:literal) => {
        concat!(
            "pg_catalog.",
            $catalog,
            " ",
            $alias,
            " JOIN LATERAL (SELECT n.nspname AS schema, ",
            $alias,
            ".",
            $name,
            " AS name \
                              FROM pg_catalog.pg_namespace n \
                             WHERE n.oid = ",
            $alias,
            ".",
            $schema,
            " AND n.nspname = ANY ($1)) AS w \
                ON ",
            $and,
            "NOT EXISTS (SELECT FROM pg_catalog.pg_depend d \
                                WHERE d.classid = 'pg_catalog.",
            $catalog,
            "'::pg_catalog.regclass \
                                  AND d.objid = ",
            $alias,
            ".oid AND d.deptype = 'e')",
        )
    };
}

/// Relations, as `c`.
macro_rules! relations {
    (named) => {
        concat!(wanted!(), " JOIN pg_catalog.pg_class c ON c.relname = w.name AND c.relnamespace = w.oid")
    };
    (all) => {
        all!("pg_class", "c", "relname", "relnamespace", "NOT c.relispartition AND ")
    };
}

/// Types, as `t`.
macro_rules! types {
    (named) => {
        concat!(wanted!(), " JOIN pg_catalog.pg_type t ON t.typname = w.name AND t.typnamespace = w.oid")
    };
    (all) => {
        all!("pg_type", "t", "typname", "typnamespace", "")
    };
}

/// Functions and procedures, as `p`.
macro_rules! functions {
    (named) => {
        concat!(wanted!(), " JOIN pg_catalog.pg_proc p ON p.proname = w.name AND p.pronamespace = w.oid")
    };
    (all) => {
        all!("pg_proc", "p", "proname", "pronamespace", "")
    };
}

/// A statement that is the same of the objects that are named, and of all there are.
macro_rules! statement {
    ($objects:ident: $($before:expr),+ ; $($after:expr),*) => {
        Statement {
            named: concat!($($before,)+ $objects!(named), $($after),*),
            all: concat!($($before,)+ $objects!(all), $($after),*),
        }
    };
}

/// Both forms of a statement.
pub(super) struct Statement {
    pub(super) named: &'static str,
    pub(super) all: &'static str,
}

/// One kind of thing to ask for: its statement, and how a row of the answer is read.
pub(super) struct Kind {
    pub(super) sql: Statement,
    pub(super) read: fn(&Row, &mut Answer) -> Result<(), Error>,
}

impl Statement {
    /// One that does not care.
    const fn either(sql: &'static str) -> Self {
        Self { named: sql, all: sql }
    }
}

pub(super) const ROLE: Kind = Kind {
    sql: Statement::either(
        "SELECT r.rolname, \
                 (SELECT pg_catalog.substr(o.setting, 13) \
                    FROM pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) AS o(setting) \
                   WHERE $3 IS NOT NULL AND s.setrole = r.oid AND pg_catalog.starts_with(o.setting, 'search_path=') \
                     AND s.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database d \
                                                WHERE d.datname = pg_catalog.current_database())) \
                   ORDER BY s.setdatabase DESC LIMIT 1), \
                 pg_catalog.pg_is_in_recovery() \
            FROM (SELECT COALESCE($3, current_user)::pg_catalog.name) AS w(name) \
            LEFT JOIN pg_catalog.pg_roles r ON r.rolname = w.name",
    ),
    read: |row, answer| {
        answer.catalog.role = text(row, 0)?;
        answer.role_path = row.try_get::<_, Option<String>>(1)?;
        answer.in_recovery = row.try_get(2)?;
        Ok(())
    },
};

pub(super) const SCHEMAS: Kind = Kind {
    sql: Statement::either(concat!(
        "SELECT n.nspname, COALESCE(pg_catalog.has_schema_privilege(",
        role!(),
        ", n.oid, 'USAGE'), false) FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY ($1)",
    )),
    read: |row, answer| {
        let schema = Schema { usage: row.try_get(1)?, ..Schema::default() };
        answer.catalog.schemas.insert(row.try_get::<_, &str>(0)?.into(), schema);
        Ok(())
    },
};

pub(super) const RELATIONS: Kind = Kind {
    sql: statement!(relations:
        "SELECT w.schema, w.name, c.relkind::pg_catalog.text, c.relispopulated, a.names, a.types, a.required FROM ";
        " CROSS JOIN LATERAL (SELECT pg_catalog.array_agg(a.attname) AS names, \
                                     pg_catalog.array_agg(pg_catalog.format_type(a.atttypid, a.atttypmod)) AS types, \
                                     pg_catalog.array_agg(a.attnotnull) AS required \
                                FROM pg_catalog.pg_attribute a \
                               WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) a \
          WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')"
    ),
    read: |row, answer| {
        let kind = match row.try_get::<_, &str>(2)? {
            "p" => RelationKind::Partitioned,
            "v" => RelationKind::View,
            "m" => RelationKind::Materialized,
            "f" => RelationKind::Foreign,
            _ => RelationKind::Table,
        };
        let names = row.try_get::<_, Option<Vec<&str>>>(4)?.unwrap_or_default();
        let types = row.try_get::<_, Option<Vec<Option<&str>>>>(5)?.unwrap_or_default();
        let notnull = row.try_get::<_, Option<Vec<bool>>>(6)?.unwrap_or_default();
        let columns = names.into_iter().zip(types).zip(notnull);
        let columns = columns
            .map(|((name, ty), notnull)| {
                (name.into(), Column { ty: type_name(ty.unwrap_or("???")), nullable: !notnull })
            })
            .collect();
        let relation = Relation {
            kind,
            populated: row.try_get(3)?,
            columns,
            constraints: BTreeMap::new(),
            privileges: BTreeSet::new(),
        };
        let name = row.try_get::<_, &str>(1)?;
        if let Some(schema) = answer.schema(row)? {
            schema.relations.insert(name.into(), relation);
        }
        Ok(())
    },
};

// From PostgreSQL 18 on a NOT NULL is a constraint too (`n`), with a name that may be required; all of
// them are not asked for, since each is known by its column and older servers have none.
pub(super) const CONSTRAINTS: Kind = Kind {
    sql: Statement {
        all: concat!(
            "SELECT w.schema, w.name, k.conname, k.convalidated FROM ",
            relations!(all),
            " JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND k.contype IN ('p', 'u', 'f', 'c', 'x')",
        ),
        named: concat!(
            "SELECT w.schema, w.name, k.conname, k.convalidated FROM ",
            relations!(named),
            " JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid",
        ),
    },
    read: |row, answer| {
        let (name, validated) = (row.try_get::<_, &str>(2)?, row.try_get(3)?);
        if let Some(relation) = answer.relation(row)? {
            relation.constraints.insert(name.into(), validated);
        }
        Ok(())
    },
};

pub(super) const PRIVILEGES: Kind = Kind {
    sql: statement!(relations:
        "SELECT w.schema, w.name, p.keyword FROM ";
        " CROSS JOIN pg_catalog.unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'\
          ::pg_catalog.text[]) AS p(keyword) \
          WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_catalog.has_table_privilege(",
        role!(),
        ", c.oid, p.keyword)"
    ),
    read: |row, answer| {
        let privilege = Privilege::from_keyword(row.try_get(2)?);
        if let Some(relation) = answer.relation(row)? {
            relation.privileges.extend(privilege);
        }
        Ok(())
    },
};

pub(super) const ENUMS: Kind = Kind {
    sql: statement!(types:
        "SELECT w.schema, w.name, \
                 ARRAY(SELECT e.enumlabel FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) \
            FROM ";
        " WHERE t.typtype = 'e'"
    ),
    read: |row, answer| {
        let name = row.try_get::<_, &str>(1)?;
        let values = row.try_get::<_, Vec<&str>>(2)?.into_iter().map(Into::into).collect();
        if let Some(schema) = answer.schema(row)? {
            schema.enums.insert(name.into(), values);
        }
        Ok(())
    },
};

pub(super) const INDEXES: Kind = Kind {
    sql: statement!(relations:
        "SELECT w.schema, w.name, i.indisvalid AND i.indisready, i.indisunique, o.relname FROM ";
        " JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid \
          JOIN pg_catalog.pg_class o ON o.oid = i.indrelid"
    ),
    read: |row, answer| {
        let name = row.try_get::<_, &str>(1)?;
        let (valid, unique, table) = (row.try_get(2)?, row.try_get(3)?, row.try_get::<_, &str>(4)?);
        if let Some(schema) = answer.schema(row)? {
            schema.indexes.insert(name.into(), Index { table: table.into(), unique, valid });
        }
        Ok(())
    },
};

// `proargtypes` holds what a caller passes, so neither the names nor the modes of arguments, nor
// what a function returns through OUT arguments, take part.
pub(super) const FUNCTIONS: Kind = Kind {
    sql: statement!(functions:
        "SELECT w.schema, w.name, \
                 (SELECT pg_catalog.string_agg(pg_catalog.format_type(a.type, NULL), ', ' ORDER BY a.place) \
                    FROM pg_catalog.unnest(p.proargtypes) WITH ORDINALITY AS a(type, place)) \
            FROM ";
    ),
    read: |row, answer| {
        let name = row.try_get::<_, &str>(1)?;
        let arguments = row.try_get::<_, Option<&str>>(2)?.unwrap_or_default();
        if let Some(schema) = answer.schema(row)? {
            schema.functions.entry(name.into()).or_default().insert(arguments.into());
        }
        Ok(())
    },
};

pub(super) const EXTENSIONS: Kind = Kind {
    sql: Statement {
        all: "SELECT e.extname, e.extversion FROM pg_catalog.pg_extension e",
        named: "SELECT e.extname, e.extversion FROM pg_catalog.pg_extension e WHERE e.extname = ANY ($2)",
    },
    read: |row, answer| {
        let version = text(row, 1)?.unwrap_or_default();
        answer.catalog.extensions.insert(row.try_get::<_, &str>(0)?.into(), version);
        Ok(())
    },
};

fn text(row: &Row, column: usize) -> Result<Option<Box<str>>, Error> {
    Ok(row.try_get::<_, Option<&str>>(column)?.map(Into::into))
}

/// A type as `format_type` prints it; one odd type must not hide all other columns.
fn type_name(text: &str) -> TypeName {
    text.parse().unwrap_or_else(|_| TypeName::verbatim(text))
}
