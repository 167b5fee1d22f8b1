//! The catalog that migrations leave behind, with no database.
//!
//! Nothing fails here: what is dropped and was never made, or made twice, is taken as it is said,
//! since the database may have begun with more than the migrations know.

mod relations;
mod types;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Change, Migration, Object, Reach, Steps};
use crate::{Catalog, ObjectName, Schema};

/// Applies migrations, one after the other, to a catalog that is empty at first.
#[derive(Debug, Clone)]
pub struct Replay {
    catalog: Catalog,
    /// Where unqualified names lie when a migration begins.
    search_path: Vec<Box<str>>,
    made: BTreeMap<Object, Origin>,
    changed: BTreeMap<Object, Origin>,
    gone: BTreeMap<Object, Origin>,
    /// What goes with each relation, beside its columns.
    parts: BTreeMap<ObjectName, Parts>,
    /// The table of each index.
    tables: BTreeMap<ObjectName, ObjectName>,
    /// Relations that may have columns beside those in the catalog.
    partial: BTreeSet<ObjectName>,
    /// Tables with an index or a constraint whose name PostgreSQL makes up in a way that is not followed.
    nameless: BTreeSet<ObjectName>,
    /// Tables that were made as partitions of others.
    partitions: BTreeSet<ObjectName>,
    /// Columns whose type in the catalog is no more than a place holder.
    untyped: BTreeSet<(ObjectName, Box<str>)>,
    doubts: Vec<Doubt>,
    now: Origin,
}

/// Which step made something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The migration's key.
    pub migration: Arc<str>,
    /// The line of its statement in the migration's file, from 1.
    pub line: u32,
    /// How many steps there were up to this one, over all migrations.
    at: usize,
}

/// A step that was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// Which step.
    pub origin: Origin,
    /// Why it was not understood.
    pub why: Box<str>,
    /// What it can have done at most.
    pub reach: Reach,
}

/// The columns that each index and each constraint of a table is on.
#[derive(Debug, Clone, Default)]
struct Parts {
    indexes: BTreeMap<Box<str>, Vec<Box<str>>>,
    constraints: BTreeMap<Box<str>, Vec<Box<str>>>,
    /// The tables that its foreign keys point to.
    targets: BTreeMap<Box<str>, ObjectName>,
}

/// A relation and the schema of a name are told apart by what they are looked up in.
type Pick<T> = for<'s> fn(&'s Schema, &str) -> Option<&'s T>;

impl Replay {
    /// An empty database, in which unqualified names lie in the first of these schemas.
    pub fn new(search_path: &[Box<str>]) -> Self {
        let schemas = search_path.iter().map(|name| (name.clone(), Schema { usage: true, ..Schema::default() }));
        Self {
            catalog: Catalog { search_path: search_path.to_vec(), schemas: schemas.collect(), ..Catalog::default() },
            search_path: search_path.to_vec(),
            made: BTreeMap::new(),
            changed: BTreeMap::new(),
            gone: BTreeMap::new(),
            parts: BTreeMap::new(),
            tables: BTreeMap::new(),
            partial: BTreeSet::new(),
            nameless: BTreeSet::new(),
            partitions: BTreeSet::new(),
            untyped: BTreeSet::new(),
            doubts: Vec::new(),
            now: Origin { migration: "".into(), line: 0, at: 0 },
        }
    }

    /// What these migrations leave behind, in the order given.
    pub fn of<'m>(search_path: &[Box<str>], migrations: impl IntoIterator<Item = &'m Migration>) -> Self {
        let mut replay = Self::new(search_path);
        for migration in migrations {
            replay.apply(migration);
        }
        replay
    }

    /// Applies one more.
    pub fn apply(&mut self, migration: &Migration) {
        self.now.migration = Arc::from(&*migration.key);
        match &migration.steps {
            Steps::Read(steps) => {
                for step in steps {
                    self.now.line = step.line;
                    self.now.at += 1;
                    self.change(&step.change);
                }
            }
            Steps::NotRead { why } => {
                self.now.line = 1;
                self.now.at += 1;
                self.doubt(why, &Reach::Anything);
            }
        }
        self.catalog.search_path.clone_from(&self.search_path);
    }

    /// The catalog: columns whose type is not known have an odd one, see [`Replay::knows_type`].
    pub const fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Every object that is there and that a migration made, by name; names have their schema.
    pub fn made(&self) -> impl Iterator<Item = (&Object, &Origin)> {
        self.made.iter()
    }

    /// The step that made an object that is there (or gave it its name); `None` also if it was
    /// there before the first migration.
    pub fn origin(&self, object: &Object) -> Option<&Origin> {
        self.made.get(object)
    }

    /// The last step that gave a column its type or said whether it accepts NULL, after it was made.
    pub fn changed(&self, object: &Object) -> Option<&Origin> {
        self.changed.get(object)
    }

    /// The step that dropped (or renamed, or moved) an object that is no more there.
    pub fn dropped(&self, object: &Object) -> Option<&Origin> {
        self.gone.get(object)
    }

    /// Whether the catalog holds all columns of a relation: not so where a query makes them.
    pub fn knows_columns(&self, relation: &ObjectName) -> bool {
        !self.partial.contains(relation)
    }

    /// Whether a table was made as a partition of another.
    pub fn is_partition(&self, table: &ObjectName) -> bool {
        self.partitions.contains(table)
    }

    /// Whether the catalog holds all indexes and constraints of a table: not so where PostgreSQL makes
    /// up a name in a way that is not followed.
    pub fn knows_names(&self, table: &ObjectName) -> bool {
        !self.nameless.contains(table)
    }

    /// Whether the type in the catalog is the column's.
    pub fn knows_type(&self, relation: &ObjectName, column: &str) -> bool {
        !self.untyped.contains(&(relation.clone(), column.into()))
    }

    /// Every step that was not understood.
    pub fn doubts(&self) -> &[Doubt] {
        &self.doubts
    }

    /// The steps that may have made an object that is not in the catalog.
    pub fn may_have_made(&self, object: &Object) -> impl Iterator<Item = &Doubt> {
        let since = self.gone.get(object).map_or(0, |origin| origin.at);
        self.since(since).filter(|doubt| doubt.reach.may_name(object.own_name()))
    }

    /// The steps that may have dropped or altered an object after it was last seen to.
    pub fn may_have_touched(&self, object: &Object) -> impl Iterator<Item = &Doubt> {
        let last = |map: &BTreeMap<Object, Origin>| map.get(object).map_or(0, |origin| origin.at);
        let since = last(&self.made).max(last(&self.changed));
        let holder = object.holder();
        let object = object.clone();
        self.since(since).filter(move |doubt| {
            let named = |object: &Object| doubt.reach.may_name(object.own_name());
            named(&object)
                || holder.as_ref().is_some_and(|holder| !matches!(holder, Object::Schema(_)) && named(holder))
        })
    }

    /// The object of that name that is there or was there, qualified as the search path has it; in
    /// the search path's first schema if there is none.
    pub fn qualified(&self, name: &ObjectName, object: fn(ObjectName) -> Object) -> ObjectName {
        if name.schema().is_some() {
            return name.clone();
        }
        let known = |object: &Object| self.made.contains_key(object) || self.gone.contains_key(object);
        let mut places = self.catalog.search_path.iter().map(|schema| ObjectName::qualified(schema, name.name()));
        places.find(|name| known(&object(name.clone()))).unwrap_or_else(|| self.place(name))
    }

    fn since(&self, at: usize) -> impl Iterator<Item = &Doubt> {
        self.doubts.iter().filter(move |doubt| doubt.origin.at > at)
    }

    fn doubt(&mut self, why: &str, reach: &Reach) {
        self.doubts.push(Doubt { origin: self.now.clone(), why: why.into(), reach: reach.clone() });
    }

    fn change(&mut self, change: &Change) {
        match change {
            Change::SearchPath(schemas) if schemas.is_empty() => self.catalog.search_path.clone_from(&self.search_path),
            Change::SearchPath(schemas) => self.catalog.search_path.clone_from(schemas),
            Change::CreateSchema { name } => {
                self.schema(name);
                self.make(Object::Schema(name.clone()));
            }
            Change::DropSchema { name } => self.drop_schema(name),
            Change::RenameSchema { name, to } => self.rename_schema(name, to),
            Change::CreateExtension { name } => {
                self.catalog.extensions.entry(name.clone()).or_default();
                self.make(Object::Extension(name.clone()));
            }
            Change::DropExtension { name } => {
                self.catalog.extensions.remove(name);
                self.lose(Object::Extension(name.clone()));
            }
            Change::Unread { why, reach } => self.doubt(why, reach),
            Change::AlterRelation { .. } | Change::AlterType { .. } | Change::Rows { .. } | Change::Other { .. } => {}
            change => {
                let _ = self.change_relation(change) || self.change_type(change);
            }
        }
    }

    /// The schema of that name, made where it is not known.
    fn schema(&mut self, name: &str) -> &mut Schema {
        self.catalog.schemas.entry(name.into()).or_insert_with(|| Schema { usage: true, ..Schema::default() })
    }

    /// The schema that `name` is in.
    fn schema_of(&mut self, name: &ObjectName) -> &mut Schema {
        self.schema(name.schema().unwrap_or_default())
    }

    /// Where a new object of that name is made.
    fn place(&self, name: &ObjectName) -> ObjectName {
        match (name.schema(), self.catalog.search_path.first()) {
            (None, Some(first)) => ObjectName::qualified(first, name.name()),
            (None, None) => ObjectName::qualified("public", name.name()),
            (Some(_), _) => name.clone(),
        }
    }

    /// The object of that name, with its schema.
    fn find<T>(&self, name: &ObjectName, pick: Pick<T>) -> Option<ObjectName> {
        let (schema, _) = self.catalog.find(name, pick)?;
        Some(ObjectName::qualified(schema, name.name()))
    }

    fn make(&mut self, object: Object) {
        self.gone.remove(&object);
        self.made.insert(object, self.now.clone());
    }

    fn lose(&mut self, object: Object) {
        self.made.remove(&object);
        self.changed.remove(&object);
        self.gone.insert(object, self.now.clone());
    }

    fn touch(&mut self, object: Object) {
        self.changed.insert(object, self.now.clone());
    }

    /// Takes what is known of one object over to another.
    fn carry(&mut self, from: Object, to: Object) {
        let (made, changed) = (self.made.remove(&from), self.changed.remove(&from));
        self.gone.insert(from, self.now.clone());
        self.gone.remove(&to);
        self.made.extend(made.map(|made| (to.clone(), made)));
        self.changed.extend(changed.map(|changed| (to, changed)));
    }

    fn drop_schema(&mut self, name: &str) {
        for object in self.within(name) {
            match object {
                Object::Relation(name) => self.drop_relation(&name),
                Object::Enum(name) | Object::Type(name) => self.drop_type(&name),
                object => self.lose(object),
            }
        }
        self.catalog.schemas.remove(name);
        self.lose(Object::Schema(name.into()));
    }

    fn rename_schema(&mut self, name: &str, to: &str) {
        for object in self.within(name) {
            let moved = ObjectName::qualified(to, object.own_name());
            match object {
                Object::Relation(name) => self.move_relation(&name, &moved),
                Object::Enum(name) | Object::Type(name) => self.move_type(&name, &moved),
                object => {
                    let overloads = self.schema(name).functions.remove(object.own_name()).unwrap_or_default();
                    self.schema(to).functions.insert(moved.name().into(), overloads);
                    self.carry(object, Object::Function(moved));
                }
            }
        }
        self.catalog.schemas.remove(name);
        self.lose(Object::Schema(name.into()));
        self.schema(to);
        self.make(Object::Schema(to.into()));
    }

    /// The relations, types and functions in a schema.
    fn within(&self, schema: &str) -> Vec<Object> {
        let name = |name: &str| ObjectName::qualified(schema, name);
        let is_inside = |object: &&Object| matches!(object, Object::Type(name) if name.schema() == Some(schema));
        let others = self.made.keys().filter(is_inside).cloned();
        let Some(found) = self.catalog.schemas.get(schema) else { return others.collect() };
        let relations = found.relations.keys().map(|key| Object::Relation(name(key)));
        let enums = found.enums.keys().map(|key| Object::Enum(name(key)));
        let functions = found.functions.keys().map(|key| Object::Function(name(key)));
        relations.chain(enums).chain(functions).chain(others).collect()
    }
}
