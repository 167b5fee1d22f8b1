//! One thing that must hold in a catalog.

mod migrations;

use std::sync::Arc;

use crate::function_spec::split_arguments;
use crate::ledger::{DeclaredObjects, Expected, Object};
use crate::{Catalog, Finding, FindingKind, ObjectName, Privilege, TypeName, Warning, name};

/// One thing that must hold in a catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A schema exists.
    Schema(Box<str>),
    /// A table exists: a view, materialized view, partitioned or foreign table will do.
    Table(ObjectName),
    /// A column exists, with the type and nullability where those are given.
    Column {
        /// The table it belongs to.
        table: ObjectName,
        /// Its exact name.
        column: Box<str>,
        /// The type it must have.
        ty: Option<TypeName>,
        /// Whether it must, or must not, accept NULL.
        nullable: Option<bool>,
    },
    /// An enum type exists and has at least these values.
    Enum {
        /// The type.
        name: ObjectName,
        /// Values it must have; their order is the application's own affair.
        values: Vec<Box<str>>,
    },
    /// An index exists and is valid.
    Index(ObjectName),
    /// A constraint exists on a table and is validated.
    Constraint {
        /// The table it guards.
        table: ObjectName,
        /// Its exact name.
        constraint: Box<str>,
    },
    /// A function or procedure exists, with these identity arguments where they are given.
    Function {
        /// Its name.
        name: ObjectName,
        /// Types of the input arguments, in order.
        arguments: Option<Vec<TypeName>>,
    },
    /// An extension is installed.
    Extension(Box<str>),
    /// The application's role may do something with a table.
    Privilege {
        /// The table.
        table: ObjectName,
        /// What it must be allowed to do.
        privilege: Privilege,
    },
    /// Every migration on disk is applied, as the tool's own ledger has it.
    Migrations(Arc<Expected>),
    /// The same of those migrations alone that touch what a route declares beside the ledger; see
    /// [`crate::Rules`].
    MigrationsTouching(Arc<Expected>, DeclaredObjects),
}

/// What a catalog says of a fact.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    /// What is wrong; nothing if the fact holds.
    pub(crate) findings: Vec<Finding>,
    /// What is odd and leaves nothing unmet.
    pub(crate) warnings: Vec<Warning>,
    /// Whether a migration may be running that mends it.
    pub(crate) may_be_running: bool,
    /// Whether one of [`Self::findings`] is that the ledger says applied and the catalog does not.
    pub(crate) contradicted: bool,
}

impl Fact {
    /// The object that it speaks of; a ledger is none.
    pub(crate) fn object(&self) -> Option<Object> {
        Some(match self {
            Self::Schema(name) => Object::Schema(name.clone()),
            Self::Table(table) | Self::Privilege { table, .. } => Object::Relation(table.clone()),
            Self::Column { table, column, .. } => Object::Column(table.clone(), column.clone()),
            Self::Enum { name, .. } => Object::Enum(name.clone()),
            Self::Index(name) => Object::Index(name.clone()),
            Self::Constraint { table, constraint } => Object::Constraint(table.clone(), constraint.clone()),
            Self::Function { name, .. } => Object::Function(name.clone()),
            Self::Extension(name) => Object::Extension(name.clone()),
            Self::Migrations(_) | Self::MigrationsTouching(..) => return None,
        })
    }

    /// The object that it speaks of, where that is one in a schema.
    pub fn name(&self) -> Option<&ObjectName> {
        match self {
            Self::Schema(_) | Self::Extension(_) => None,
            Self::Table(name) | Self::Index(name) | Self::Enum { name, .. } | Self::Function { name, .. } => Some(name),
            Self::Column { table, .. } | Self::Constraint { table, .. } | Self::Privilege { table, .. } => Some(table),
            Self::Migrations(expected) | Self::MigrationsTouching(expected, _) => Some(&expected.ledger.table),
        }
    }

    /// Whether it holds in `catalog`.
    pub(crate) fn judge(&self, catalog: &Catalog) -> Evidence {
        let finding = match self {
            Self::Schema(name) => (!catalog.schemas.contains_key(name)).then(|| Finding::missing("schema", name)),
            Self::Table(name) => judge_table(catalog, name),
            Self::Column { table, column, ty, nullable } => {
                judge_column(catalog, table, column, ty.as_ref(), *nullable)
            }
            Self::Enum { name, values } => judge_enum(catalog, name, values),
            Self::Index(name) => judge_index(catalog, name),
            Self::Constraint { table, constraint } => judge_constraint(catalog, table, constraint),
            Self::Function { name, arguments } => judge_function(catalog, name, arguments.as_deref()),
            Self::Extension(name) => {
                (!catalog.extensions.contains_key(name)).then(|| Finding::missing("extension", name))
            }
            Self::Privilege { table, privilege } => judge_privilege(catalog, table, *privilege),
            Self::Migrations(expected) => return migrations::judge(catalog, expected, None),
            Self::MigrationsTouching(expected, declared) => {
                return migrations::judge(catalog, expected, Some(declared));
            }
        };
        Evidence { findings: finding.into_iter().collect(), ..Evidence::default() }
    }
}

fn judge_table(catalog: &Catalog, name: &ObjectName) -> Option<Finding> {
    match catalog.relation(name) {
        None => Some(Finding::missing("table", name)),
        Some((_, relation)) if !relation.populated => Some(Finding::new(
            FindingKind::Invalid,
            "materialized view",
            name,
            "it was never refreshed, so reading it fails".to_owned(),
        )),
        Some(_) => None,
    }
}

fn judge_column(
    catalog: &Catalog,
    table: &ObjectName,
    column: &str,
    ty: Option<&TypeName>,
    nullable: Option<bool>,
) -> Option<Finding> {
    let Some((_, relation)) = catalog.relation(table) else { return Some(Finding::missing("table", table)) };
    let object = format!("{table}.{column}");
    let Some(found) = relation.columns.get(column) else {
        let other_case = relation.columns.keys().find(|name| name.eq_ignore_ascii_case(column));
        let detail = other_case.map(|name| format!("there is {name}, in another case")).unwrap_or_default();
        return Some(Finding::new(FindingKind::Missing, "column", &object, detail));
    };
    let ty = ty.filter(|ty| !ty.is_met_by(&found.ty)).map(|ty| format!("its type is {}, required is {ty}", found.ty));
    let nullable = nullable.filter(|nullable| *nullable != found.nullable).map(|nullable| {
        let detail =
            if nullable { "it is NOT NULL, required is NULL" } else { "it accepts NULL, required is NOT NULL" };
        detail.to_owned()
    });
    let details: Vec<String> = ty.into_iter().chain(nullable).collect();
    (!details.is_empty()).then(|| Finding::new(FindingKind::Different, "column", &object, details.join("; ")))
}

fn judge_index(catalog: &Catalog, name: &ObjectName) -> Option<Finding> {
    match catalog.find(name, |schema, name| schema.indexes.get(name)) {
        None => Some(Finding::missing("index", name)),
        Some((_, index)) if !index.valid => {
            Some(Finding::new(FindingKind::Invalid, "index", name, "its build is running or has failed".to_owned()))
        }
        Some(_) => None,
    }
}

fn judge_enum(catalog: &Catalog, name: &ObjectName, values: &[Box<str>]) -> Option<Finding> {
    let Some((_, found)) = catalog.find(name, |schema, name| schema.enums.get(name)) else {
        return Some(Finding::missing("enum type", name));
    };
    let missing: Vec<&str> = values.iter().filter(|value| !found.contains(value)).map(AsRef::as_ref).collect();
    (!missing.is_empty())
        .then(|| Finding::new(FindingKind::Different, "enum type", name, format!("it lacks {}", missing.join(", "))))
}

fn judge_constraint(catalog: &Catalog, table: &ObjectName, constraint: &str) -> Option<Finding> {
    let Some((_, relation)) = catalog.relation(table) else { return Some(Finding::missing("table", table)) };
    let object = format!("{constraint} on {table}");
    match relation.constraints.get(constraint) {
        None => Some(Finding::missing("constraint", &object)),
        Some(false) => Some(Finding::new(
            FindingKind::Invalid,
            "constraint",
            &object,
            "it was added NOT VALID and existing rows were not checked".to_owned(),
        )),
        Some(true) => None,
    }
}

fn judge_function(catalog: &Catalog, name: &ObjectName, arguments: Option<&[TypeName]>) -> Option<Finding> {
    let Some((_, overloads)) = catalog.find(name, |schema, name| schema.functions.get(name)) else {
        return Some(Finding::missing("function", name));
    };
    let wanted = arguments?;
    let met = overloads.iter().any(|overload| {
        let found: Vec<Option<TypeName>> = split_arguments(overload).map(|argument| argument.parse().ok()).collect();
        found.len() == wanted.len()
            && wanted
                .iter()
                .zip(&found)
                .all(|(wanted, found)| found.as_ref().is_some_and(|found| wanted.is_met_by(found)))
    });
    (!met).then(|| {
        let found = overloads.iter().map(|overload| format!("({overload})")).collect::<Vec<_>>().join(" and ");
        let wanted = wanted.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        Finding::new(FindingKind::Different, "function", name, format!("it takes {found}, required is ({wanted})"))
    })
}

fn judge_privilege(catalog: &Catalog, table: &ObjectName, privilege: Privilege) -> Option<Finding> {
    let Some((schema, relation)) = catalog.relation(table) else { return Some(Finding::missing("table", table)) };
    let denied = |detail| {
        let object = format!("{} on {table}", privilege.as_str());
        Some(Finding::new(FindingKind::Denied, "privilege", &object, detail))
    };
    let Some(role) = &catalog.role else { return denied("there is no such role".to_owned()) };
    let [sql_schema, sql_table, sql_role] = [schema, table.name(), role].map(name::in_sql);
    if !catalog.schemas.get(schema).is_some_and(|schema| schema.usage) {
        return denied(format!(
            "role {role} may not use schema {schema}: GRANT USAGE ON SCHEMA {sql_schema} TO {sql_role}"
        ));
    }
    if relation.privileges.contains(&privilege) {
        return None;
    }
    let keyword = privilege.as_str();
    denied(format!("role {role} was not granted it: GRANT {keyword} ON {sql_schema}.{sql_table} TO {sql_role}"))
}

#[cfg(test)]
mod tests;
