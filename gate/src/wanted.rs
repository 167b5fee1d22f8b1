//! What a look at a database has to ask, and no more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::ledger::{self, Ledger, Object, TOOLS};
use crate::{DatabaseId, Fact, ObjectName, Requirement, Tenancy, WindowTable};

/// The objects that the requirements on one database speak of.
///
/// A look asks for these alone, so its cost follows what is required and not what exists; only a
/// capture asks for everything.
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
    /// Ledgers, whose rows are read; their tables are among [`Self::tables`].
    pub ledgers: BTreeSet<Ledger>,
    /// Schemas of which everything is asked for, the system's left out; empty: those of the search
    /// path.
    pub whole: Option<Vec<Box<str>>>,
    /// Whether constraints of [`Self::tables`] are asked for.
    pub constraints: bool,
    /// Whether privileges on [`Self::tables`] are asked for.
    pub privileges: bool,
    /// A table of maintenance windows, whose rows are read; it is among [`Self::tables`].
    pub windows: Option<WindowTable>,
    /// What is asked of every tenant's schema, where this is the tenants' database.
    pub tenants: Option<Box<TenantsWanted>>,
}

/// What a look has to ask of tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantsWanted {
    /// Who they are.
    pub tenancy: Arc<Tenancy>,
    /// What is wanted of each schema; these names have no schema.
    pub objects: Wanted,
}

impl Wanted {
    /// What `requirements` want to know of `database`.
    ///
    /// A name without a schema that is required of tenants is one in each of their schemas; and it
    /// is looked for behind these, too, where the application would find it instead.
    pub(crate) fn from(database: DatabaseId, requirements: &[Requirement], tenancy: Option<&Arc<Tenancy>>) -> Self {
        let mut wanted = Self::default();
        let mut of_tenants = Self::default();
        for requirement in requirements.iter().filter(|requirement| requirement.database == database) {
            for fact in &requirement.facts {
                let is_own = requirement.per_tenant && fact.name().is_some_and(|name| name.schema().is_none());
                if is_own { of_tenants.add(fact) } else { wanted.add(fact) }
            }
        }
        if let Some(tenancy) = tenancy {
            wanted.add_behind(&of_tenants, &tenancy.shared);
            wanted.tenants = Some(Box::new(TenantsWanted { tenancy: Arc::clone(tenancy), objects: of_tenants }));
        }
        wanted
    }

    /// The same, and the rows of a table of windows.
    pub(crate) fn with_windows(mut self, table: &WindowTable) -> Self {
        self.tables.insert(table.table.clone());
        let columns = self.columns.entry(table.table.clone()).or_default();
        table.columns.map(|column| columns.insert(column.name.clone()));
        self.windows = Some(table.clone());
        self
    }

    /// Everything that lies in these schemas (none: those of the search path), and every ledger
    /// that a known tool keeps at its usual place.
    pub fn everything(schemas: Vec<Box<str>>) -> Self {
        let ledgers: BTreeSet<Ledger> = TOOLS.iter().map(Ledger::usual).collect();
        let tables = ledgers.iter().map(|ledger| ledger.table.clone()).collect();
        Self { tables, ledgers, whole: Some(schemas), ..Self::default() }
    }

    /// Adds what may be found in one of these schemas in the place of a tenant's own.
    fn add_behind(&mut self, of_tenants: &Self, shared: &[Box<str>]) {
        let behind = |names: &BTreeSet<ObjectName>| -> Vec<ObjectName> {
            let in_each = |name: &ObjectName| -> Vec<ObjectName> {
                shared.iter().map(|schema| ObjectName::qualified(schema, name.name())).collect()
            };
            names.iter().flat_map(in_each).collect()
        };
        self.tables.extend(behind(&of_tenants.tables));
        self.enums.extend(behind(&of_tenants.enums));
        self.functions.extend(behind(&of_tenants.functions));
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
            Fact::Migrations(expected) | Fact::MigrationsTouching(expected, _) => {
                self.tables.insert(expected.ledger.table.clone());
                self.ledgers.insert(expected.ledger.clone());
                for object in ledger::askable(expected) {
                    self.add_object(object);
                }
            }
        }
    }

    /// What applied migrations made.
    fn add_object(&mut self, object: Object) {
        match object {
            Object::Relation(name) => {
                self.tables.insert(name);
            }
            Object::Column(table, column) => {
                self.tables.insert(table.clone());
                self.columns.entry(table).or_default().insert(column);
            }
            Object::Enum(name) => {
                self.enums.insert(name);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Privilege;
    use crate::sample::{name, requirement, table};

    fn wanted(facts: impl IntoIterator<Item = Fact>) -> Wanted {
        Wanted::from(DatabaseId(0), &[requirement("r", facts)], None)
    }

    #[test]
    fn nothing_required_wants_nothing() {
        assert_eq!(wanted([]), Wanted::default());
        let elsewhere = Requirement { database: DatabaseId(1), ..requirement("r", [table("a")]) };
        assert_eq!(Wanted::from(DatabaseId(0), &[elsewhere], None), Wanted::default());
    }

    #[test]
    fn one_table_is_wanted_once_by_all_its_facts() {
        let column = Fact::Column { table: name("a"), column: "c".into(), ty: None, nullable: None };
        let expected = Wanted {
            tables: [name("a")].into(),
            columns: [(name("a"), ["c".into()].into())].into(),
            ..Wanted::default()
        };
        assert_eq!(wanted([table("a"), column]), expected);
    }

    #[test]
    fn constraints_and_privileges_are_asked_for_only_where_required() {
        let constraint = Fact::Constraint { table: name("a"), constraint: "c".into() };
        let privilege = Fact::Privilege { table: name("b"), privilege: Privilege::Select };
        let tables_a = BTreeSet::from([name("a")]);
        assert_eq!(wanted([constraint]), Wanted { tables: tables_a, constraints: true, ..Wanted::default() });
        let tables_b = BTreeSet::from([name("b")]);
        assert_eq!(wanted([privilege]), Wanted { tables: tables_b, privileges: true, ..Wanted::default() });
    }

    #[test]
    fn a_ledger_is_wanted_with_the_columns_of_its_table() {
        let tool = ledger::Tool::named("knex").expect("a tool");
        let ledger = Ledger { tool, table: name("app.knex_migrations") };
        let fact = Fact::Migrations(Arc::new(ledger::Expected::new(ledger.clone(), Vec::new())));
        let expected =
            Wanted { tables: [name("app.knex_migrations")].into(), ledgers: [ledger].into(), ..Wanted::default() };
        assert_eq!(wanted([fact]), expected);
    }

    #[test]
    fn every_other_kind_of_object_has_its_own_list() {
        let facts = [
            Fact::Schema("s".into()),
            Fact::Enum { name: name("e"), values: Vec::new() },
            Fact::Index(name("i")),
            Fact::Function { name: name("f"), arguments: None },
            Fact::Extension("x".into()),
        ];
        let expected = Wanted {
            schemas: ["s".into()].into(),
            enums: [name("e")].into(),
            indexes: [name("i")].into(),
            functions: [name("f")].into(),
            extensions: ["x".into()].into(),
            ..Wanted::default()
        };
        assert_eq!(wanted(facts), expected);
    }
}
