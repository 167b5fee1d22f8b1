//! What a database said about itself at one moment.

use std::collections::{BTreeMap, BTreeSet};

use crate::ledger::{Ledger, Reading};
use crate::{ObjectName, TenantsSeen, TypeName, WindowsRead};

/// The objects that were asked for and are there. What is not in a catalog does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalog {
    /// Schemas in which an unqualified name is looked for, in order.
    pub search_path: Vec<Box<str>>,
    /// Schemas by exact name.
    pub schemas: BTreeMap<Box<str>, Schema>,
    /// Installed extensions and their versions.
    pub extensions: BTreeMap<Box<str>, Box<str>>,
    /// Whose privileges [`Relation::privileges`] and [`Schema::usage`] are; `None` if there is no such role.
    pub role: Option<Box<str>>,
    /// What came of reading the ledgers.
    pub ledgers: BTreeMap<Ledger, Reading>,
    /// What came of reading the table of maintenance windows, where there is to be one.
    pub windows: Option<WindowsRead>,
    /// What was found of tenants, where the configuration has any.
    pub tenants: Option<TenantsSeen>,
}

/// One schema's objects by exact name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schema {
    /// Whether [`Catalog::role`] may use the schema at all.
    pub usage: bool,
    /// Tables, views, materialized views, partitioned and foreign tables.
    pub relations: BTreeMap<Box<str>, Relation>,
    /// Enum types and their values in order.
    pub enums: BTreeMap<Box<str>, Vec<Box<str>>>,
    /// Indexes.
    pub indexes: BTreeMap<Box<str>, Index>,
    /// Functions and procedures, with the argument types of each overload separated by commas:
    /// types alone, as `oidvectortypes(pg_proc.proargtypes)` prints them.
    pub functions: BTreeMap<Box<str>, BTreeSet<Box<str>>>,
}

/// A table or something that is read like one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// What it is.
    pub kind: RelationKind,
    /// `false` for a materialized view that was never refreshed: reading it fails.
    pub populated: bool,
    /// Columns by exact name.
    pub columns: BTreeMap<Box<str>, Column>,
    /// Constraints by exact name; `true` if validated.
    pub constraints: BTreeMap<Box<str>, bool>,
    /// What [`Catalog::role`] may do with it.
    pub privileges: BTreeSet<Privilege>,
}

/// The kinds of relation that a requirement can name (`pg_class.relkind`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RelationKind {
    /// An ordinary table (`r`).
    Table,
    /// A partitioned table (`p`).
    Partitioned,
    /// A view (`v`).
    View,
    /// A materialized view (`m`).
    Materialized,
    /// A foreign table (`f`).
    Foreign,
}

impl RelationKind {
    /// Whether it shows rows of others.
    pub const fn is_view(self) -> bool {
        matches!(self, Self::View | Self::Materialized)
    }
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its type, as the database prints it.
    pub ty: TypeName,
    /// Whether it may hold NULL.
    pub nullable: bool,
}

/// One index.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Index {
    /// The table that it is on, in the index's own schema.
    pub table: Box<str>,
    /// Whether it keeps values apart.
    pub unique: bool,
    /// `false` while a concurrent build runs or after it failed: queries do not use it and a
    /// unique one guards nothing.
    pub valid: bool,
}

/// What a role may do with a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Privilege {
    /// Read rows.
    Select,
    /// Add rows.
    Insert,
    /// Change rows.
    Update,
    /// Remove rows.
    Delete,
    /// Empty the table.
    Truncate,
    /// Point a foreign key at it.
    References,
    /// Create a trigger on it.
    Trigger,
}

impl Privilege {
    /// Every privilege.
    pub const ALL: [Self; 7] =
        [Self::Select, Self::Insert, Self::Update, Self::Delete, Self::Truncate, Self::References, Self::Trigger];

    /// The SQL keyword.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Truncate => "TRUNCATE",
            Self::References => "REFERENCES",
            Self::Trigger => "TRIGGER",
        }
    }

    /// The privilege of that keyword, in any case.
    pub fn from_keyword(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|privilege| privilege.as_str().eq_ignore_ascii_case(word))
    }
}

impl Catalog {
    /// The object that `name` means and the schema it is in: the one that was named, or the first
    /// along the search path that has such an object.
    pub(crate) fn find<'c, T>(
        &'c self,
        name: &ObjectName,
        pick: impl Fn(&'c Schema, &str) -> Option<&'c T>,
    ) -> Option<(&'c str, &'c T)> {
        let look = |schema: &str| {
            let (schema, objects) = self.schemas.get_key_value(schema)?;
            Some((&**schema, pick(objects, name.name())?))
        };
        match name.schema() {
            Some(schema) => look(schema),
            None => self.search_path.iter().find_map(|schema| look(schema)),
        }
    }

    /// The values of the enum that `name` means, with its whole name.
    pub fn values(&self, name: &ObjectName) -> Option<(ObjectName, &[Box<str>])> {
        let (schema, values) = self.find(name, |schema, name| schema.enums.get(name))?;
        Some((ObjectName::qualified(schema, name.name()), values))
    }

    /// The relation that `name` means, with its schema.
    pub fn relation(&self, name: &ObjectName) -> Option<(&str, &Relation)> {
        self.find(name, |schema, name| schema.relations.get(name))
    }
}
