//! What a look asks a PostgreSQL server, and how the answers become a [`Catalog`].
//!
//! Every statement reads `pg_catalog` alone, which every role may; names are bound, so they are
//! compared exactly; privileges are asked by oid. All of them take the same three parameters:
//! `$1` schemas and `$2` names (side by side, or one of them alone), `$3` the role whose
//! privileges are judged, NULL for the session's own.

use std::collections::{BTreeMap, BTreeSet};

use gate::{Catalog, Column, Index, ObjectName, Privilege, Relation, RelationKind, Schema, TypeName, Wanted};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Row};

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

/// The relations that are wanted, as `c`.
macro_rules! relations {
    () => {
        concat!(wanted!(), " JOIN pg_catalog.pg_class c ON c.relname = w.name AND c.relnamespace = w.oid")
    };
}

/// One kind of thing to ask for: its statement, and how a row of the answer is read.
struct Kind {
    sql: &'static str,
    read: fn(&Row, &mut Answer) -> Result<(), Error>,
}

const ROLE: Kind = Kind {
    sql: "SELECT r.rolname, \
                 (SELECT pg_catalog.substr(o.setting, 13) \
                    FROM pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) AS o(setting) \
                   WHERE $3 IS NOT NULL AND s.setrole = r.oid AND pg_catalog.starts_with(o.setting, 'search_path=') \
                     AND s.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database d \
                                                WHERE d.datname = pg_catalog.current_database())) \
                   ORDER BY s.setdatabase DESC LIMIT 1), \
                 pg_catalog.pg_is_in_recovery() \
            FROM (SELECT COALESCE($3, current_user)::pg_catalog.name) AS w(name) \
            LEFT JOIN pg_catalog.pg_roles r ON r.rolname = w.name",
    read: |row, answer| {
        answer.catalog.role = text(row, 0)?;
        answer.role_path = row.try_get::<_, Option<String>>(1)?;
        answer.in_recovery = row.try_get(2)?;
        Ok(())
    },
};

const SCHEMAS: Kind = Kind {
    sql: concat!(
        "SELECT n.nspname, COALESCE(pg_catalog.has_schema_privilege(",
        role!(),
        ", n.oid, 'USAGE'), false) FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY ($1)",
    ),
    read: |row, answer| {
        let schema = Schema { usage: row.try_get(1)?, ..Schema::default() };
        answer.catalog.schemas.insert(row.try_get::<_, &str>(0)?.into(), schema);
        Ok(())
    },
};

const RELATIONS: Kind = Kind {
    sql: concat!(
        "SELECT w.schema, w.name, c.relkind::pg_catalog.text, c.relispopulated, a.names, a.types, a.required FROM ",
        relations!(),
        " CROSS JOIN LATERAL (SELECT pg_catalog.array_agg(a.attname) AS names, \
                                     pg_catalog.array_agg(pg_catalog.format_type(a.atttypid, a.atttypmod)) AS types, \
                                     pg_catalog.array_agg(a.attnotnull) AS required \
                                FROM pg_catalog.pg_attribute a \
                               WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) a \
          WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')",
    ),
    read: |row, answer| {
        let kind = relation_kind(row.try_get(2)?);
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

// From PostgreSQL 18 on a NOT NULL is a constraint too, with a name that may be required.
const CONSTRAINTS: Kind = Kind {
    sql: concat!(
        "SELECT w.schema, w.name, k.conname, k.convalidated FROM ",
        relations!(),
        " JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid",
    ),
    read: |row, answer| {
        let (name, validated) = (row.try_get::<_, &str>(2)?, row.try_get(3)?);
        if let Some(relation) = answer.relation(row)? {
            relation.constraints.insert(name.into(), validated);
        }
        Ok(())
    },
};

const PRIVILEGES: Kind = Kind {
    sql: concat!(
        "SELECT w.schema, w.name, p.keyword FROM ",
        relations!(),
        " CROSS JOIN pg_catalog.unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'\
          ::pg_catalog.text[]) AS p(keyword) \
          WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_catalog.has_table_privilege(",
        role!(),
        ", c.oid, p.keyword)",
    ),
    read: |row, answer| {
        let privilege = Privilege::from_keyword(row.try_get(2)?);
        if let Some(relation) = answer.relation(row)? {
            relation.privileges.extend(privilege);
        }
        Ok(())
    },
};

const ENUMS: Kind = Kind {
    sql: concat!(
        "SELECT w.schema, w.name, \
                 ARRAY(SELECT e.enumlabel FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) \
            FROM ",
        wanted!(),
        " JOIN pg_catalog.pg_type t ON t.typname = w.name AND t.typnamespace = w.oid \
          WHERE t.typtype = 'e'",
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

const INDEXES: Kind = Kind {
    sql: concat!(
        "SELECT w.schema, w.name, i.indisvalid AND i.indisready FROM ",
        relations!(),
        " JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid",
    ),
    read: |row, answer| {
        let (name, valid) = (row.try_get::<_, &str>(1)?, row.try_get(2)?);
        if let Some(schema) = answer.schema(row)? {
            schema.indexes.insert(name.into(), Index { valid });
        }
        Ok(())
    },
};

// `proargtypes` holds what a caller passes, so neither the names nor the modes of arguments, nor
// what a function returns through OUT arguments, take part.
const FUNCTIONS: Kind = Kind {
    sql: concat!(
        "SELECT w.schema, w.name, \
                 (SELECT pg_catalog.string_agg(pg_catalog.format_type(a.type, NULL), ', ' ORDER BY a.place) \
                    FROM pg_catalog.unnest(p.proargtypes) WITH ORDINALITY AS a(type, place)) \
            FROM ",
        wanted!(),
        " JOIN pg_catalog.pg_proc p ON p.proname = w.name AND p.pronamespace = w.oid",
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

const EXTENSIONS: Kind = Kind {
    sql: "SELECT e.extname, e.extversion FROM pg_catalog.pg_extension e WHERE e.extname = ANY ($2)",
    read: |row, answer| {
        let version = text(row, 1)?.unwrap_or_default();
        answer.catalog.extensions.insert(row.try_get::<_, &str>(0)?.into(), version);
        Ok(())
    },
};

/// One statement of a look, with its parameters.
pub(super) struct Question<'w> {
    kind: &'static Kind,
    schemas: Vec<&'w str>,
    names: Vec<&'w str>,
    role: Option<&'w str>,
}

impl<'w> Question<'w> {
    /// Everything that a look has to ask about what is `wanted`, where names without a schema are
    /// looked for along `path`.
    pub(super) fn all(wanted: &'w Wanted, path: &'w [Box<str>], role: Option<&'w str>) -> Vec<Self> {
        let mut questions = vec![
            Self { kind: &ROLE, schemas: Vec::new(), names: Vec::new(), role },
            Self { kind: &SCHEMAS, schemas: schemas(wanted, path), names: Vec::new(), role },
        ];
        // The system's own schema holds functions that applications use by their bare names, and
        // no tables that they do.
        let own: Vec<&str> = path.iter().map(AsRef::as_ref).filter(|schema| *schema != "pg_catalog").collect();
        let with_system: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
        let by_name: [(&'static Kind, bool, &BTreeSet<ObjectName>, &[&str]); 6] = [
            // Relations first: what is known about them is added to them.
            (&RELATIONS, true, &wanted.tables, &own),
            (&CONSTRAINTS, wanted.constraints, &wanted.tables, &own),
            (&PRIVILEGES, wanted.privileges, &wanted.tables, &own),
            (&ENUMS, true, &wanted.enums, &own),
            (&INDEXES, true, &wanted.indexes, &own),
            (&FUNCTIONS, true, &wanted.functions, &with_system),
        ];
        for (kind, asked, objects, path) in by_name {
            if asked && !objects.is_empty() {
                let (schemas, names) = objects.iter().flat_map(|object| places(object, path)).unzip();
                questions.push(Self { kind, schemas, names, role });
            }
        }
        if !wanted.extensions.is_empty() {
            let names = wanted.extensions.iter().map(AsRef::as_ref).collect();
            questions.push(Self { kind: &EXTENSIONS, schemas: Vec::new(), names, role });
        }
        questions
    }

    /// Its statement.
    pub(super) const fn sql(&self) -> &'static str {
        self.kind.sql
    }

    /// Its parameters.
    pub(super) fn parameters(&self) -> [(&(dyn ToSql + Sync), Type); 3] {
        [(&self.schemas, Type::NAME_ARRAY), (&self.names, Type::NAME_ARRAY), (&self.role, Type::TEXT)]
    }

    /// Adds the rows that answer it.
    pub(super) fn read(&self, rows: &[Row], answer: &mut Answer) -> Result<(), Error> {
        rows.iter().try_for_each(|row| (self.kind.read)(row, answer))
    }
}

/// Every schema in which something is looked for, or that is required itself.
fn schemas<'w>(wanted: &'w Wanted, path: &'w [Box<str>]) -> Vec<&'w str> {
    let objects = [&wanted.tables, &wanted.enums, &wanted.indexes, &wanted.functions];
    let named = objects.into_iter().flatten().filter_map(ObjectName::schema);
    let required = wanted.schemas.iter().map(AsRef::as_ref);
    let mut schemas: Vec<&str> = path.iter().map(AsRef::as_ref).chain(named).chain(required).collect();
    schemas.sort_unstable();
    schemas.dedup();
    schemas
}

/// Every schema and name under which an object may be found.
fn places<'w>(object: &'w ObjectName, path: &[&'w str]) -> Vec<(&'w str, &'w str)> {
    match object.schema() {
        Some(schema) => vec![(schema, object.name())],
        None => path.iter().map(|schema| (*schema, object.name())).collect(),
    }
}

/// What a server answered so far.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) catalog: Catalog,
    /// The search path that the role, where one is configured, was given by `ALTER ROLE`.
    pub(super) role_path: Option<String>,
    /// Keys of advisory locks that are held, of those that were asked for.
    pub(super) held: BTreeSet<i64>,
    /// Whether the server is a standby.
    pub(super) in_recovery: bool,
}

impl Answer {
    /// The schema that the first column of a row names.
    fn schema(&mut self, row: &Row) -> Result<Option<&mut Schema>, Error> {
        Ok(self.catalog.schemas.get_mut(row.try_get::<_, &str>(0)?))
    }

    /// The relation that the first two columns of a row name.
    fn relation(&mut self, row: &Row) -> Result<Option<&mut Relation>, Error> {
        let name = row.try_get::<_, &str>(1)?;
        Ok(self.schema(row)?.and_then(|schema| schema.relations.get_mut(name)))
    }
}

fn text(row: &Row, column: usize) -> Result<Option<Box<str>>, Error> {
    Ok(row.try_get::<_, Option<&str>>(column)?.map(Into::into))
}

/// The kind of a relation (`pg_class.relkind`).
pub(super) fn relation_kind(relkind: &str) -> RelationKind {
    match relkind {
        "p" => RelationKind::Partitioned,
        "v" => RelationKind::View,
        "m" => RelationKind::Materialized,
        "f" => RelationKind::Foreign,
        _ => RelationKind::Table,
    }
}

/// A type as `format_type` prints it; one odd type must not hide all other columns.
pub(super) fn type_name(text: &str) -> TypeName {
    text.parse().unwrap_or_else(|_| TypeName::verbatim(text))
}
