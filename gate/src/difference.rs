//! What is different between two catalogs.

mod replayed;

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use crate::ledger::{Ledger, Object, Reading};
use crate::{Catalog, Column, ColumnSpec, Index, ObjectName, Relation, Schema};

pub use replayed::{Replayed, Untold};

/// One difference between two catalogs: the one that is expected and the one that was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// What it is about.
    pub subject: Subject,
    /// Which side has it.
    pub kind: DifferenceKind,
    /// What the expected catalog says of it; empty if it has no such thing, or nothing to say.
    pub expected: Box<str>,
    /// What the found one says of it.
    pub found: Box<str>,
}

/// Which side has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DifferenceKind {
    /// It is expected and not there.
    Missing,
    /// It is there and not expected.
    Extra,
    /// It is there, and otherwise than expected.
    Different,
}

/// What a difference is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// An object of the database.
    Object(Object),
    /// A migration tool's ledger.
    Ledger(Ledger),
    /// A migration in such a ledger, by its identity.
    Migration(Ledger, Box<str>),
}

impl DifferenceKind {
    /// The word used in JSON and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Different => "different",
        }
    }
}

impl Subject {
    /// The kind of thing: `table`, `column`, `migration`.
    pub const fn what(&self) -> &'static str {
        match self {
            Self::Object(object) => object.what(),
            Self::Ledger(_) => "ledger",
            Self::Migration(..) => "migration",
        }
    }
}

impl fmt::Display for Subject {
    /// Its name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(object) => object.fmt(f),
            Self::Ledger(ledger) => ledger.table.fmt(f),
            Self::Migration(_, key) => f.write_str(key),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, kind, expected, found } = self;
        write!(f, "{:<9} {} {subject}", kind.as_str(), subject.what())?;
        match (&**expected, &**found) {
            ("", one) | (one, "") if one.is_empty() || one == subject.what() => Ok(()),
            ("", one) | (one, "") => write!(f, ": {one}"),
            (expected, found) => write!(f, ": {expected} -> {found}"),
        }
    }
}

impl Difference {
    /// One of which there is no more to say.
    pub fn about(subject: Subject, kind: DifferenceKind) -> Self {
        Self { subject, kind, expected: Box::default(), found: Box::default() }
    }

    /// Everything in which `found` differs from `expected`, sorted. Both are as a [`crate::Scope`]
    /// makes them. What goes with a table that one side lacks is not told one by one.
    pub fn between(expected: &Catalog, found: &Catalog) -> Vec<Self> {
        let mut all = Differences::default();
        let none = Schema::default();
        for (schema, ours, theirs) in pairs(&expected.schemas, &found.schemas) {
            all.schema(schema, ours.unwrap_or(&none), theirs.unwrap_or(&none));
        }
        for (name, ours, theirs) in pairs(&expected.extensions, &found.extensions) {
            let shown = |_: &_| String::new();
            all.compare(|| Object::Extension(name.clone()), ours, theirs, |_, _| true, shown);
        }
        all.ledgers(&expected.ledgers, &found.ledgers);
        all.0.into_iter().collect()
    }
}

#[derive(Default)]
struct Differences(BTreeSet<Difference>);

impl Differences {
    /// Compares one thing that each side may have; whether both have it.
    fn compare<T>(
        &mut self,
        object: impl FnOnce() -> Object,
        expected: Option<&T>,
        found: Option<&T>,
        same: impl FnOnce(&T, &T) -> bool,
        shown: impl Fn(&T) -> String,
    ) {
        let kind = match (expected, found) {
            (Some(expected), Some(found)) if same(expected, found) => return,
            (Some(_), Some(_)) => DifferenceKind::Different,
            (Some(_), None) => DifferenceKind::Missing,
            (None, Some(_)) => DifferenceKind::Extra,
            (None, None) => return,
        };
        let shown = |side: Option<&T>| side.map(&shown).unwrap_or_default().into_boxed_str();
        let (expected, found) = (shown(expected), shown(found));
        self.0.insert(Difference { subject: Subject::Object(object()), kind, expected, found });
    }

    fn schema(&mut self, schema: &str, expected: &Schema, found: &Schema) {
        for (name, ours, theirs) in pairs(&expected.relations, &found.relations) {
            let table = ObjectName::seen_in(schema, name);
            let shown = |relation: &Relation| if relation.kind.is_view() { "view" } else { "table" }.to_owned();
            self.compare(
                || Object::Relation(table.clone()),
                ours,
                theirs,
                |a, b| a.kind.is_view() == b.kind.is_view(),
                shown,
            );
            if let (Some(ours), Some(theirs)) = (ours, theirs) {
                self.columns(&table, ours, theirs);
                self.constraints(&table, ours, theirs);
            }
        }
        for (name, ours, theirs) in pairs(&expected.enums, &found.enums) {
            let object = || Object::Enum(ObjectName::seen_in(schema, name));
            self.compare(object, ours, theirs, PartialEq::eq, |values| values.join(", "));
        }
        for (name, ours, theirs) in pairs(&expected.indexes, &found.indexes) {
            // It goes with its table, which was told; or with the constraint of its name.
            let is_lost =
                |index: &Index| ![expected, found].iter().all(|side| side.relations.contains_key(&index.table));
            let backs = |side: &Schema, index: &Index| {
                side.relations.get(&index.table).is_some_and(|on| on.constraints.contains_key(name))
            };
            let is_told = match (ours, theirs) {
                (Some(ours), Some(theirs)) => is_lost(ours) || is_lost(theirs),
                (Some(index), None) => is_lost(index) || backs(expected, index),
                (None, Some(index)) => is_lost(index) || backs(found, index),
                (None, None) => true,
            };
            if !is_told {
                self.compare(
                    || Object::Index(ObjectName::seen_in(schema, name)),
                    ours,
                    theirs,
                    PartialEq::eq,
                    show_index,
                );
            }
        }
        for (name, ours, theirs) in pairs(&expected.functions, &found.functions) {
            let object = || Object::Function(ObjectName::seen_in(schema, name));
            let shown = |overloads: &BTreeSet<Box<str>>| {
                overloads.iter().map(|list| format!("({list})")).collect::<Vec<_>>().join(" and ")
            };
            self.compare(object, ours, theirs, PartialEq::eq, shown);
        }
    }

    fn columns(&mut self, table: &ObjectName, expected: &Relation, found: &Relation) {
        for (name, ours, theirs) in pairs(&expected.columns, &found.columns) {
            let same = |a: &Column, b: &Column| a.ty.is_same_as(&b.ty) && a.nullable == b.nullable;
            let object = || Object::Column(table.clone(), name.clone());
            self.compare(object, ours, theirs, same, |column| ColumnSpec::of(name, column).to_string());
        }
    }

    fn constraints(&mut self, table: &ObjectName, expected: &Relation, found: &Relation) {
        for (name, ours, theirs) in pairs(&expected.constraints, &found.constraints) {
            let object = || Object::Constraint(table.clone(), name.clone());
            let shown = |valid: &bool| if *valid { "valid" } else { "not valid" }.to_owned();
            self.compare(object, ours, theirs, PartialEq::eq, shown);
        }
    }

    fn ledgers(&mut self, expected: &BTreeMap<Ledger, Reading>, found: &BTreeMap<Ledger, Reading>) {
        // By their tables: which of several like tools writes one may be told differently.
        let by_table = |ledgers: &BTreeMap<Ledger, Reading>| -> BTreeMap<ObjectName, (Ledger, Reading)> {
            let ledgers = ledgers.iter().filter(|(_, reading)| !matches!(reading, Reading::Denied(_)));
            ledgers.map(|(ledger, reading)| (ledger.table.clone(), (ledger.clone(), reading.clone()))).collect()
        };
        let denied = |ledgers: &BTreeMap<Ledger, Reading>, table: &ObjectName| {
            ledgers.iter().any(|(ledger, reading)| ledger.table == *table && matches!(reading, Reading::Denied(_)))
        };
        for (table, ours, theirs) in pairs(&by_table(expected), &by_table(found)) {
            if denied(expected, table) || denied(found, table) {
                continue;
            }
            let (ledger, kind) = match (ours, theirs) {
                (Some((ledger, ours)), Some((other, theirs))) => {
                    if let (Some(ours), Some(theirs)) = (ours.applied(ledger.tool), theirs.applied(other.tool)) {
                        self.migrations(ledger, &ours, &theirs);
                    }
                    continue;
                }
                (Some((ledger, _)), None) => (ledger, DifferenceKind::Missing),
                (None, Some((ledger, _))) => (ledger, DifferenceKind::Extra),
                (None, None) => continue,
            };
            self.0.insert(Difference::about(Subject::Ledger(ledger.clone()), kind));
        }
    }

    fn migrations(&mut self, ledger: &Ledger, expected: &[&str], found: &[&str]) {
        let sets = [expected, found].map(|keys| keys.iter().copied().collect::<BTreeSet<_>>());
        let [expected, found] = &sets;
        let kinds = [(expected, found, DifferenceKind::Missing), (found, expected, DifferenceKind::Extra)];
        for (here, there, kind) in kinds {
            let migrations = here.difference(there).map(|key| Subject::Migration(ledger.clone(), (*key).into()));
            self.0.extend(migrations.map(|migration| Difference::about(migration, kind)));
        }
    }
}

fn show_index(index: &Index) -> String {
    let kind = if index.unique { "unique index" } else { "index" };
    format!("{kind} on {}{}", index.table, if index.valid { "" } else { ", not valid" })
}

/// Every key of two maps, with what each map has of it.
fn pairs<'a, K: Ord, V>(
    left: &'a BTreeMap<K, V>,
    right: &'a BTreeMap<K, V>,
) -> impl Iterator<Item = (&'a K, Option<&'a V>, Option<&'a V>)> {
    let keys: BTreeSet<&K> = left.keys().chain(right.keys()).collect();
    keys.into_iter().map(|key| (key, left.get(key), right.get(key)))
}

#[cfg(test)]
mod tests;
