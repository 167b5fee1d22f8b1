//! What must be in a database by the migrations that are applied.

#[cfg(test)]
mod tests;

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::HashMap;

use super::{Change, DeclaredObjects, Effect, Expected, Migration, MigrationState, Object, Replay, Verb};
use crate::{Catalog, Finding, FindingKind, ObjectName, RelationKind, Schema};

/// How many sets of applied migrations are remembered: tenants differ, mostly in few ways.
const REMEMBERED: usize = 16;

/// What must be in a database by the migrations that are applied: tables with their columns, and
/// enums with their values. Of what is not certain nothing is claimed:
///
/// - objects that a migration which is not applied drops or renames: it may be running, or have
///   ended half-way;
/// - objects that a step which was not understood can have touched;
/// - views, which go with what they read, and partitions, which come and go by themselves.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    relations: Vec<Claimed>,
    enums: Vec<Claimed>,
}

/// A table or an enum, and what is in it.
#[derive(Debug, PartialEq, Eq)]
struct Claimed {
    name: ObjectName,
    /// As people call it: the schema only where the search path does not lead there.
    label: ObjectName,
    /// Whether any schema of the search path will do.
    along_path: bool,
    /// The migration that made it.
    by: Box<str>,
    /// Columns or values, each with the migration that made it.
    parts: BTreeMap<Box<str>, Box<str>>,
}

/// What a migration's state makes of its steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    /// They were all done.
    Done,
    /// Nobody knows how many of them were done.
    Open,
    /// Others stand for it.
    Out,
}

impl Claims {
    /// By migrations in these states, where unqualified names lie along `path`.
    pub(crate) fn of(expected: &Expected, states: &[MigrationState], path: &[Box<str>]) -> Arc<Self> {
        let parts = parts(&expected.migrations, states);
        expected.claims.get(path, parts, |parts| Self::compute(expected, parts, path))
    }

    fn compute(expected: &Expected, parts: &[Part], path: &[Box<str>]) -> Self {
        let of = |wanted: Part| {
            expected
                .migrations
                .iter()
                .zip(parts)
                .filter(move |(_, part)| **part == wanted)
                .map(|(migration, _)| migration)
        };
        let done = Replay::of(path, of(Part::Done));
        let mut all = done.clone();
        of(Part::Open).for_each(|migration| all.apply(migration));

        let names: HashMap<&str, &str> =
            expected.migrations.iter().map(|migration| (&*migration.key, &*migration.name)).collect();
        let asked = askable(expected);
        let partitions = partitions(&expected.migrations);
        let is_table = |name: &ObjectName| {
            let kind = done.catalog().relation(name).map(|(_, relation)| relation.kind);
            matches!(kind, Some(RelationKind::Table | RelationKind::Partitioned | RelationKind::Foreign))
                && !partitions.contains(name.name())
        };
        let (mut relations, mut enums) = (Wholes::new(), Wholes::new());
        // In the order of objects: a table before its columns, an enum before its values.
        for (object, origin) in done.made() {
            if all.origin(object).is_none() || all.may_have_touched(object).next().is_some() {
                continue;
            }
            let by: Box<str> = names.get(&*origin.migration).copied().unwrap_or(&origin.migration).into();
            let part = |whole: Option<&mut Whole>, name: &str| {
                whole.map(|(_, parts)| parts.insert(name.into(), by.clone()));
            };
            match object {
                Object::Relation(name) if is_table(name) => {
                    relations.insert(name.clone(), (by, BTreeMap::new()));
                }
                Object::Enum(name) => {
                    enums.insert(name.clone(), (by, BTreeMap::new()));
                }
                Object::Column(table, name) => part(relations.get_mut(table), name),
                Object::EnumValue(of, value) => part(enums.get_mut(of), value),
                _ => {}
            }
        }
        let finish = |wholes: Wholes, object: fn(ObjectName) -> Object| {
            let claimed = |(name, (by, parts)): (ObjectName, Whole)| {
                let along_path = path.iter().any(|schema| Some(&**schema) == name.schema());
                let label = if along_path { ObjectName::unqualified(name.name()) } else { name.clone() };
                // Elsewhere only what was asked for by its full name can be told to be missing.
                let is_asked_for = along_path || asked.contains(&object(name.clone()));
                is_asked_for.then_some(Claimed { name, label, along_path, by, parts })
            };
            wholes.into_iter().filter_map(claimed).collect()
        };
        Self { relations: finish(relations, Object::Relation), enums: finish(enums, Object::Enum) }
    }

    /// What is not in `catalog`, of all or of what concerns `declared`.
    pub(crate) fn missing(
        &self,
        catalog: &Catalog,
        path: &[Box<str>],
        declared: Option<&DeclaredObjects>,
    ) -> Vec<Finding> {
        let concerns = |object: Object| declared.is_none_or(|declared| declared.concerns(&object));
        let mut findings = Vec::new();
        for claimed in &self.relations {
            let Claimed { name, label, by, parts, .. } = claimed;
            match claimed.find(catalog, path, |schema, name| schema.relations.get(name)) {
                None if concerns(Object::Relation(name.clone())) => {
                    findings.push(Finding::new(FindingKind::Missing, "table", label, made_by(by)));
                }
                None => {}
                Some(relation) => {
                    for (column, by) in parts.iter().filter(|(column, _)| !relation.columns.contains_key(*column)) {
                        if concerns(Object::Column(name.clone(), column.clone())) {
                            let object = format!("{label}.{column}");
                            findings.push(Finding::new(FindingKind::Missing, "column", &object, made_by(by)));
                        }
                    }
                }
            }
        }
        for claimed in self.enums.iter().filter(|claimed| concerns(Object::Enum(claimed.name.clone()))) {
            let Claimed { label, by, parts, .. } = claimed;
            let Some(values) = claimed.find(catalog, path, |schema, name| schema.enums.get(name)) else {
                findings.push(Finding::new(FindingKind::Missing, "enum type", label, made_by(by)));
                continue;
            };
            let lacking = parts.iter().filter(|(value, _)| !values.contains(value));
            let lacking: Vec<String> = lacking.map(|(value, by)| format!("{value}, which {by} made")).collect();
            if !lacking.is_empty() {
                let detail = format!("it lacks {}, and that is applied", lacking.join("; "));
                findings.push(Finding::new(FindingKind::Different, "enum type", label, detail));
            }
        }
        findings
    }
}

/// By name: the migration that made a table or an enum, and those that made its parts.
type Wholes = BTreeMap<ObjectName, Whole>;

type Whole = (Box<str>, BTreeMap<Box<str>, Box<str>>);

impl Claimed {
    fn find<'c, T>(
        &self,
        catalog: &'c Catalog,
        path: &[Box<str>],
        pick: impl Fn(&'c Schema, &str) -> Option<&'c T>,
    ) -> Option<&'c T> {
        let look = |schema: &str| pick(catalog.schemas.get(schema)?, self.name.name());
        if self.along_path { path.iter().find_map(|schema| look(schema)) } else { look(self.name.schema()?) }
    }
}

fn made_by(migration: &str) -> String {
    format!("{migration} made it and is applied")
}

fn parts(migrations: &[Migration], states: &[MigrationState]) -> Vec<Part> {
    let mut parts: Vec<Part> = states
        .iter()
        .map(|state| match state {
            MigrationState::Applied | MigrationState::Edited => Part::Done,
            MigrationState::Replaced => Part::Out,
            _ => Part::Open,
        })
        .collect();
    if migrations.iter().all(|migration| migration.replaces.is_empty()) {
        return parts;
    }
    // A squash and its originals do the same; in the middle of one another they would contradict.
    let done: BTreeSet<&str> =
        migrations.iter().zip(&parts).filter(|(_, part)| **part == Part::Done).map(|(m, _)| &*m.key).collect();
    for (migration, part) in migrations.iter().zip(&mut parts) {
        if !migration.replaces.is_empty() && migration.replaces.iter().all(|key| done.contains(&**key)) {
            *part = Part::Out;
        }
    }
    parts
}

/// Relations that have another one's columns: partitions, above all.
fn partitions(migrations: &[Migration]) -> BTreeSet<&str> {
    let steps = migrations.iter().flat_map(|migration| migration.steps.read());
    steps
        .filter_map(|step| match &step.change {
            Change::CreateRelation(new) if !new.copies.is_empty() => Some(new.name.name()),
            _ => None,
        })
        .collect()
}

/// Every table, column and enum that may come to be claimed, by the names to ask for.
pub(crate) fn askable(expected: &Expected) -> BTreeSet<Object> {
    let mut asked = BTreeSet::new();
    if !expected.contradictions {
        return asked;
    }
    // A tool that keeps its ledger apart says nothing of where tables lie.
    let beside = expected.ledger.table.schema().filter(|_| expected.ledger.tool.schema.is_none());
    for migration in &expected.migrations {
        let mut path: &[Box<str>] = &[];
        for step in migration.steps.read() {
            if let Change::SearchPath(schemas) = &step.change {
                path = schemas;
            }
            for object in made(&step.change) {
                if object.schema().is_none() {
                    let schemas = path.iter().map(AsRef::as_ref).chain(beside);
                    asked.extend(schemas.filter_map(|schema| object.within(schema)));
                }
                asked.insert(object);
            }
        }
    }
    asked
}

/// The tables, columns and enums that a step makes or gives a name.
fn made(change: &Change) -> Vec<Object> {
    let effect = Effect::of(change);
    let is_named = matches!(effect.verb, Verb::Creates | Verb::Renames);
    let mut objects = if is_named { effect.objects } else { Vec::new() };
    if let Change::CreateRelation(new) = change {
        objects.extend(new.columns.iter().map(|column| Object::Column(new.name.clone(), column.name.clone())));
    }
    objects
        .into_iter()
        .filter_map(|object| match object {
            Object::Relation(_) | Object::Column(..) => Some(object),
            // What gets another name may be an enum.
            Object::Enum(name) | Object::EnumValue(name, _) | Object::Type(name) => Some(Object::Enum(name)),
            _ => None,
        })
        .collect()
}

/// The claims of the states that were seen last. Judging happens at every look, and states
/// change rarely; what is remembered changes no answer.
#[derive(Default)]
pub(super) struct Remembered(Mutex<HashMap<Key, Arc<Claims>>>);

type Key = (Box<[Box<str>]>, Box<[Part]>);

impl Remembered {
    fn get(&self, path: &[Box<str>], parts: Vec<Part>, compute: impl FnOnce(&[Part]) -> Claims) -> Arc<Claims> {
        let key: Key = (path.into(), parts.into());
        // Nothing is left half-way by a panic.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(claims) = known.get(&key) {
            return Arc::clone(claims);
        }
        if known.len() >= REMEMBERED {
            known.clear();
        }
        let claims = Arc::new(compute(&key.1));
        known.insert(key, Arc::clone(&claims));
        claims
    }
}

impl Clone for Remembered {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Remembered {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Remembered {}

impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Remembered")
    }
}
