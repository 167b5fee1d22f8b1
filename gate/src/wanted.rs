//! What a look at a database has to ask, and no more.

use std::collections::{BTreeMap, BTreeSet};

use crate::{DatabaseId, Fact, ObjectName, Requirement};

/// The objects that the requirements on one database speak of.
///
/// A look asks for these alone, so its cost follows what is required and not what exists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Schemas that are required themselves.
    pub schemas: BTreeSet<Box<str>>,
    /// Tables, with their columns, constraints and privileges.
    pub tables: BTreeSet<ObjectName>,
    /// Columns of [`Self::tables`], for databases that ignore the case of names.
    pub columns: BTreeMap<ObjectName, BTreeSet<Box<str>>>,
    /// Enum types.
    pub enums: BTreeSet<ObjectName>,
    /// Indexes.
    pub indexes: BTreeSet<ObjectName>,
    /// Functions.
    pub functions: BTreeSet<ObjectName>,
    /// Extensions.
    pub extensions: BTreeSet<Box<str>>,
    /// Whether constraints of [`Self::tables`] are asked for.
    pub constraints: bool,
    /// Whether privileges on [`Self::tables`] are asked for.
    pub privileges: bool,
}

impl Wanted {
    /// What `requirements` want to know of `database`.
    pub fn from(database: DatabaseId, requirements: &[Requirement]) -> Self {
        let mut wanted = Self::default();
        let facts = requirements.iter().filter(|requirement| requirement.database == database);
        for fact in facts.flat_map(|requirement| &requirement.facts) {
            wanted.add(fact);
        }
        wanted
    }

    fn add(&mut self, fact: &Fact) {
        match fact {
            Fact::Schema(name) => {
                self.schemas.insert(name.clone());
            }
            Fact::Table(table) => {
                self.tables.insert(table.clone());
            }
            Fact::Column { table, column, .. } => {
                self.tables.insert(table.clone());
                self.columns.entry(table.clone()).or_default().insert(column.clone());
            }
            Fact::Constraint { table, .. } => {
                self.tables.insert(table.clone());
                self.constraints = true;
            }
            Fact::Privilege { table, .. } => {
                self.tables.insert(table.clone());
                self.privileges = true;
            }
            Fact::Enum { name, .. } => {
                self.enums.insert(name.clone());
            }
            Fact::Index(name) => {
                self.indexes.insert(name.clone());
            }
            Fact::Function { name, .. } => {
                self.functions.insert(name.clone());
            }
            Fact::Extension(name) => {
                self.extensions.insert(name.clone());
            }
        }
    }
}
