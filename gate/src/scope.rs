//! The part of a catalog that is held against another.

use std::collections::{BTreeMap, BTreeSet};

use crate::function_spec::split_arguments;
use crate::ledger::{Ledger, Reading};
use crate::{Catalog, NamePattern, ObjectName, Relation, RelationKind, Schema, TypeName};

/// The extension that every PostgreSQL database has from its beginning.
const ALWAYS_THERE: &str = "plpgsql";

/// The part of a catalog that is held against another, or written down.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// Schemas; empty: those of the search path.
    pub schemas: Vec<Box<str>>,
    /// Tables; empty: all of them. Where tables are named, what belongs to no table is left out:
    /// functions, extensions, ledgers, and enums that no column of theirs has.
    pub tables: Vec<NamePattern>,
}

impl Scope {
    /// That part of `catalog`, as seen from its default schema: what lies there needs no schema in
    /// its name and lies in the schema `""`. So two databases can be compared whose default schemas
    /// have different names.
    ///
    /// What only a migration tool needs is left out: its ledger is among [`Catalog::ledgers`].
    /// Every table is [`RelationKind::Table`] here and every view [`RelationKind::View`], and whose
    /// privileges there are does not matter.
    pub fn of(&self, catalog: &Catalog) -> Catalog {
        let own = catalog.default_schema().unwrap_or_default();
        let chosen = if self.schemas.is_empty() { &catalog.search_path } else { &self.schemas };
        let bookkeeping = bookkeeping(catalog);
        let mut schemas: BTreeMap<Box<str>, Schema> = BTreeMap::from([(Box::default(), Schema::default())]);
        for (name, schema) in catalog.schemas.iter().filter(|(name, _)| chosen.contains(name)) {
            let called = if **name == *own { Box::default() } else { name.clone() };
            let is_wanted = |table: &str| {
                let seen = ObjectName::seen_in(&called, table);
                let named = self.tables.is_empty() || self.tables.iter().any(|pattern| pattern.matches(&seen));
                named && !bookkeeping.contains(&(&**name, table.into()))
            };
            schemas.insert(called.clone(), part(schema, own, is_wanted, self.tables.is_empty()));
        }
        let mut part = Catalog { search_path: schemas.keys().cloned().collect(), schemas, ..Catalog::default() };
        if self.tables.is_empty() {
            let installed = catalog.extensions.keys().filter(|name| &***name != ALWAYS_THERE);
            part.extensions = installed.map(|name| (name.clone(), Box::default())).collect();
            part.ledgers = ledgers(catalog, own);
        } else {
            part.drop_unused_enums();
        }
        part
    }
}

/// The tables that migration tools keep for themselves, with their schemas.
fn bookkeeping(catalog: &Catalog) -> BTreeSet<(&str, Box<str>)> {
    let ledgers = catalog.ledgers.keys().filter_map(|ledger| Some((ledger, ledger.find(catalog).ok()?)));
    ledgers.flat_map(|(ledger, schema)| ledger.tables().map(move |table| (schema, table))).collect()
}

/// What was read of ledgers, by the names that they have as seen from `own`.
fn ledgers(catalog: &Catalog, own: &str) -> BTreeMap<Ledger, Reading> {
    let found = catalog.ledgers.iter().filter_map(|(ledger, reading)| {
        let schema = ledger.find(catalog).map_or(ledger.table.schema(), Some).filter(|schema| *schema != own);
        let table = ObjectName::seen_in(schema.unwrap_or_default(), ledger.table.name());
        let is_one = matches!(reading, Reading::Rows { .. } | Reading::Denied(_));
        is_one.then(|| (Ledger { tool: ledger.tool, table }, reading.clone()))
    });
    // Where several tools write such a table, the first of them stands for it.
    let mut tables = BTreeSet::new();
    found.filter(|(ledger, _)| tables.insert(ledger.table.clone())).collect()
}

fn part(schema: &Schema, own: &str, is_wanted: impl Fn(&str) -> bool, whole: bool) -> Schema {
    let wanted = schema.relations.iter().filter(|(name, _)| is_wanted(name));
    let relations: BTreeMap<_, _> = wanted.map(|(name, relation)| (name.clone(), seen(relation, own))).collect();
    let on_these = schema.indexes.iter().filter(|(_, index)| relations.contains_key(&index.table));
    let indexes = on_these.map(|(name, index)| (name.clone(), index.clone())).collect();
    let overloads = |list: &BTreeSet<Box<str>>| list.iter().map(|arguments| seen_arguments(arguments, own)).collect();
    let functions = schema.functions.iter().filter(|_| whole);
    Schema {
        usage: true,
        relations,
        enums: schema.enums.clone(),
        indexes,
        functions: functions.map(|(name, list)| (name.clone(), overloads(list))).collect(),
    }
}

fn seen(relation: &Relation, own: &str) -> Relation {
    let columns = relation.columns.iter().map(|(name, column)| {
        let ty = column.ty.seen_from(own);
        (name.clone(), crate::Column { ty, ..column.clone() })
    });
    Relation {
        kind: if relation.kind.is_view() { RelationKind::View } else { RelationKind::Table },
        populated: true,
        columns: columns.collect(),
        constraints: relation.constraints.clone(),
        privileges: BTreeSet::new(),
    }
}

fn seen_arguments(list: &str, own: &str) -> Box<str> {
    let types = split_arguments(list).map(|argument| {
        argument.parse::<TypeName>().map_or_else(|_| argument.to_owned(), |ty| ty.seen_from(own).to_string())
    });
    types.collect::<Vec<_>>().join(", ").into_boxed_str()
}

impl Catalog {
    /// The first schema of the search path that is there, but the system's.
    pub fn default_schema(&self) -> Option<&str> {
        let mut path = self.search_path.iter().map(AsRef::as_ref);
        path.find(|schema: &&str| *schema != "pg_catalog" && self.schemas.contains_key(*schema))
    }

    /// Drops enums that no column has.
    fn drop_unused_enums(&mut self) {
        let relations = self.schemas.values().flat_map(|schema| schema.relations.values());
        let columns = relations.flat_map(|relation| relation.columns.values());
        let used: BTreeSet<ObjectName> = columns.filter_map(|column| column.ty.users()).collect();
        for (schema, objects) in &mut self.schemas {
            objects.enums.retain(|name, _| used.contains(&ObjectName::seen_in(schema, name)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::catalog;

    fn names(part: &Catalog) -> Vec<String> {
        let all = part.schemas.iter();
        all.flat_map(|(schema, objects)| {
            let names = objects.relations.keys().chain(objects.enums.keys()).chain(objects.indexes.keys());
            names.chain(objects.functions.keys()).map(move |name| ObjectName::seen_in(schema, name).to_string())
        })
        .collect()
    }

    #[test]
    fn what_lies_in_the_default_schema_needs_no_schema() {
        let part = Scope::default().of(&catalog());
        assert_eq!(part.default_schema(), Some(""));
        assert!(names(&part).contains(&"customers".to_owned()), "{:?}", names(&part));
        assert_eq!(Scope::default().of(&part), part, "seen again it is the same");
    }

    #[test]
    fn chosen_tables_come_with_their_indexes_and_the_enums_of_their_columns() {
        let scope = |tables: &[&str]| Scope {
            tables: tables.iter().map(|pattern| pattern.parse().expect("a pattern")).collect(),
            ..Scope::default()
        };
        let part = scope(&["cust*"]).of(&catalog());
        assert_eq!(names(&part), ["customers", "Status", "customers_email_idx", "customers_status_idx"]);
        assert_eq!(names(&scope(&["nothing"]).of(&catalog())), Vec::<String>::new());
    }

    #[test]
    fn other_schemas_are_looked_at_when_chosen() {
        let scope = Scope { schemas: vec!["audit".into()], tables: Vec::new() };
        let mut all = catalog();
        let mut audit = Schema::default();
        audit.relations.insert("log".into(), crate::sample::relation(&["status app.Status"]));
        all.schemas.insert("audit".into(), audit);
        let part = scope.of(&all);
        assert_eq!(names(&part), ["audit.log"]);
        assert!(!names(&Scope::default().of(&all)).contains(&"audit.log".to_owned()));
    }
}
