//! What a look asks a PostgreSQL server, and how the answers become a [`Catalog`].

use std::collections::BTreeSet;

use gate::{Catalog, ObjectName, Relation, Schema, Wanted};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Row};

use super::kind::{CONSTRAINTS, ENUMS, EXTENSIONS, FUNCTIONS, INDEXES, Kind, PRIVILEGES, RELATIONS, ROLE, SCHEMAS};

/// One statement of a look, with its parameters.
pub(super) struct Question<'w> {
    sql: &'static str,
    read: fn(&Row, &mut Answer) -> Result<(), Error>,
    schemas: Vec<&'w str>,
    names: Vec<&'w str>,
    role: Option<&'w str>,
}

impl<'w> Question<'w> {
    /// Everything that a look has to ask about what is `wanted`, where names without a schema are
    /// looked for along `path`.
    pub(super) fn all(wanted: &'w Wanted, path: &'w [Box<str>], role: Option<&'w str>) -> Vec<Self> {
        let some = |kind: &Kind, schemas, names| Self { sql: kind.sql.named, read: kind.read, schemas, names, role };
        let mut questions =
            vec![some(&ROLE, Vec::new(), Vec::new()), some(&SCHEMAS, schemas(wanted, path), Vec::new())];
        // The system's own schema holds functions that applications use by their bare names, and
        // no tables that they do.
        let own: Vec<&str> = path.iter().map(AsRef::as_ref).filter(|schema| *schema != "pg_catalog").collect();
        let with_system: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
        let by_name: [(&Kind, bool, &BTreeSet<ObjectName>, &[&str]); 6] = [
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
                questions.push(some(kind, schemas, names));
            }
        }
        if !wanted.extensions.is_empty() {
            questions.push(some(&EXTENSIONS, Vec::new(), wanted.extensions.iter().map(AsRef::as_ref).collect()));
        }
        if let Some(whole) = &wanted.whole {
            let schemas = if whole.is_empty() { own } else { whole.iter().map(AsRef::as_ref).collect() };
            let all = |kind: &Kind| Self {
                sql: kind.sql.all,
                read: kind.read,
                schemas: schemas.clone(),
                names: Vec::new(),
                role,
            };
            questions.extend([&RELATIONS, &CONSTRAINTS, &ENUMS, &INDEXES, &FUNCTIONS, &EXTENSIONS].map(all));
        }
        questions
    }

    /// Its statement.
    pub(super) const fn sql(&self) -> &'static str {
        self.sql
    }

    /// Its parameters.
    pub(super) fn parameters(&self) -> [(&(dyn ToSql + Sync), Type); 3] {
        [(&self.schemas, Type::NAME_ARRAY), (&self.names, Type::NAME_ARRAY), (&self.role, Type::TEXT)]
    }

    /// Adds the rows that answer it.
    pub(super) fn read(&self, rows: &[Row], answer: &mut Answer) -> Result<(), Error> {
        rows.iter().try_for_each(|row| (self.read)(row, answer))
    }
}

/// Every schema in which something is looked for, or that is required itself.
fn schemas<'w>(wanted: &'w Wanted, path: &'w [Box<str>]) -> Vec<&'w str> {
    let objects = [&wanted.tables, &wanted.enums, &wanted.indexes, &wanted.functions];
    let named = objects.into_iter().flatten().filter_map(ObjectName::schema);
    let required = wanted.schemas.iter().chain(wanted.whole.iter().flatten()).map(AsRef::as_ref);
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
    /// Whether the server is a standby.
    pub(super) in_recovery: bool,
}

impl Answer {
    /// The schema that the first column of a row names.
    pub(super) fn schema(&mut self, row: &Row) -> Result<Option<&mut Schema>, Error> {
        Ok(self.catalog.schemas.get_mut(row.try_get::<_, &str>(0)?))
    }

    /// The relation that the first two columns of a row name.
    pub(super) fn relation(&mut self, row: &Row) -> Result<Option<&mut Relation>, Error> {
        let name = row.try_get::<_, &str>(1)?;
        Ok(self.schema(row)?.and_then(|schema| schema.relations.get_mut(name)))
    }
}
