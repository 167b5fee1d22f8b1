//! Replaying what is done to tables, columns, constraints and indexes.

use std::collections::{BTreeMap, BTreeSet};

use super::{Parts, Replay};
use crate::ledger::{Change, ConstraintKind, Existing, NewColumn, NewConstraint, NewRelation, Object};
use crate::{Column, Index, ObjectName, Relation, Schema, TypeName};

impl Replay {
    /// Applies a change to a relation or to what goes with one; `false` if it is none.
    pub(super) fn change_relation(&mut self, change: &Change) -> bool {
        match change {
            Change::CreateRelation(new) => self.create_relation(new),
            Change::DropRelation { name } => {
                let name = self.relation_name(name);
                self.drop_relation(&name);
            }
            Change::RenameRelation { name, to } => match self.find(name, relation) {
                Some(from) => self.move_relation(&from, &sibling(&from, to)),
                None => self.rename_index(name, to),
            },
            Change::MoveRelation { name, schema } => {
                let from = self.relation_name(name);
                self.move_relation(&from, &ObjectName::qualified(schema, from.name()));
            }
            Change::AddColumn { table, column, if_absent } => {
                let table = self.relation_name(table);
                if !(*if_absent && self.column(&table, &column.name).is_some()) {
                    self.add_column(&table, column);
                }
            }
            Change::DropColumn { table, column } => {
                let table = self.relation_name(table);
                self.drop_column(&table, column);
            }
            Change::RenameColumn { table, column, to } => {
                let table = self.relation_name(table);
                self.rename_column(&table, column, to);
            }
            Change::ColumnType { table, column, ty } => {
                let table = self.relation_name(table);
                self.set_type(&table, column, ty.as_ref());
                self.touch(Object::Column(table, column.clone()));
            }
            Change::ColumnNull { table, column, nullable } => {
                let table = self.relation_name(table);
                if let Some(found) = self.column(&table, column) {
                    found.nullable = *nullable;
                }
                self.touch(Object::Column(table, column.clone()));
            }
            Change::AddConstraint { table, constraint } => {
                let table = self.relation_name(table);
                self.add_constraint(&table, constraint);
            }
            Change::DropConstraint { table, name } => {
                let table = self.relation_name(table);
                self.drop_constraint(&table, name);
            }
            Change::ValidateConstraint { table, name } => {
                let table = self.relation_name(table);
                if let Some(valid) = self.relation(&table).and_then(|found| found.constraints.get_mut(name)) {
                    *valid = true;
                }
                self.touch(Object::Constraint(table, name.clone()));
            }
            Change::RenameConstraint { table, name, to } => {
                let table = self.relation_name(table);
                self.rename_constraint(&table, name, to);
            }
            Change::CreateIndex { name, table, columns, mentions, unique, if_absent } => {
                let table = self.relation_name(table);
                let name = match name {
                    None if columns.is_empty() => None,
                    None => self.made_up(&table, columns, "idx"),
                    name => name.clone(),
                };
                match name {
                    Some(name) if *if_absent && self.has_index(&table, &name) => {}
                    Some(name) => self.add_index(&table, &name, *unique, &[&**columns, mentions].concat()),
                    None => drop(self.nameless.insert(table)),
                }
            }
            Change::DropIndex { name } => {
                let name = self.find(name, index).unwrap_or_else(|| self.place(name));
                self.drop_index(&name);
            }
            Change::RenameIndex { name, to } => self.rename_index(name, to),
            _ => return false,
        }
        true
    }

    fn create_relation(&mut self, new: &NewRelation) {
        let name = self.place(&new.name);
        if self.relation(&name).is_some() {
            match new.existing {
                Existing::Stays => return,
                Existing::Fails | Existing::Replaced => self.drop_relation(&name),
            }
        }
        let copies: Vec<ObjectName> = new.copies.iter().map(|copied| self.relation_name(copied)).collect();
        let inherited: Vec<Option<BTreeMap<Box<str>, Column>>> =
            copies.iter().map(|copied| self.relation(copied).map(|found| found.columns.clone())).collect();
        let relation = Relation {
            kind: new.kind,
            populated: true,
            columns: BTreeMap::new(),
            constraints: BTreeMap::new(),
            privileges: BTreeSet::new(),
        };
        self.schema_of(&name).relations.insert(name.name().into(), relation);
        self.make(Object::Relation(name.clone()));
        self.parts.insert(name.clone(), Parts::default());
        if new.partition {
            self.partitions.insert(name.clone());
        }
        let is_whole = new.complete
            && inherited.iter().all(Option::is_some)
            && copies.iter().all(|copied| !self.partial.contains(copied));
        if !is_whole {
            self.partial.insert(name.clone());
        }
        for (column, found) in inherited.into_iter().flatten().flatten() {
            self.add_column(&name, &NewColumn { name: column, ty: Some(found.ty), nullable: found.nullable });
        }
        for column in &new.columns {
            self.add_column(&name, column);
        }
        for constraint in &new.constraints {
            self.add_constraint(&name, constraint);
        }
    }

    pub(super) fn drop_relation(&mut self, name: &ObjectName) {
        let Some(dropped) = self.schema_of(name).relations.remove(name.name()) else {
            return self.lose(Object::Relation(name.clone()));
        };
        for column in dropped.columns.into_keys() {
            self.untyped.remove(&(name.clone(), column.clone()));
            self.lose(Object::Column(name.clone(), column));
        }
        for constraint in dropped.constraints.into_keys() {
            self.lose(Object::Constraint(name.clone(), constraint));
        }
        for lost in self.parts.remove(name).unwrap_or_default().indexes.into_keys() {
            self.drop_index(&sibling(name, &lost));
        }
        self.partial.remove(name);
        self.nameless.remove(name);
        self.partitions.remove(name);
        self.lose(Object::Relation(name.clone()));
        // PostgreSQL drops no table while a foreign key points to it, unless that goes too.
        for (table, key) in self.keys_to(name) {
            self.drop_constraint(&table, &key);
        }
    }

    /// The foreign keys that point to a table.
    fn keys_to(&self, name: &ObjectName) -> Vec<(ObjectName, Box<str>)> {
        let keys = self.parts.iter().flat_map(|(table, parts)| parts.targets.iter().map(move |key| (table, key)));
        keys.filter(|(_, (_, to))| *to == name).map(|(table, (key, _))| (table.clone(), key.clone())).collect()
    }

    /// Gives a relation another name, another schema, or both.
    pub(super) fn move_relation(&mut self, from: &ObjectName, to: &ObjectName) {
        let Some(moved) = self.schema_of(from).relations.remove(from.name()) else { return };
        for column in moved.columns.keys() {
            if self.untyped.remove(&(from.clone(), column.clone())) {
                self.untyped.insert((to.clone(), column.clone()));
            }
            self.carry(Object::Column(from.clone(), column.clone()), Object::Column(to.clone(), column.clone()));
        }
        for name in moved.constraints.keys() {
            self.carry(Object::Constraint(from.clone(), name.clone()), Object::Constraint(to.clone(), name.clone()));
        }
        let parts = self.parts.remove(from).unwrap_or_default();
        for name in parts.indexes.keys() {
            self.move_index(&sibling(from, name), &sibling(to, name), to);
        }
        self.parts.insert(to.clone(), parts);
        for (table, key) in self.keys_to(from) {
            if let Some(target) = self.parts.get_mut(&table).and_then(|parts| parts.targets.get_mut(&key)) {
                target.clone_from(to);
            }
        }
        for marked in [&mut self.partial, &mut self.nameless, &mut self.partitions] {
            if marked.remove(from) {
                marked.insert(to.clone());
            }
        }
        self.schema_of(to).relations.insert(to.name().into(), moved);
        self.lose(Object::Relation(from.clone()));
        self.make(Object::Relation(to.clone()));
    }

    fn add_column(&mut self, table: &ObjectName, column: &NewColumn) {
        let placeholder = Column { ty: TypeName::verbatim("unknown"), nullable: column.nullable };
        let Some(relation) = self.relation(table) else { return };
        relation.columns.insert(column.name.clone(), placeholder);
        self.make(Object::Column(table.clone(), column.name.clone()));
        self.set_type(table, &column.name, column.ty.as_ref());
    }

    fn set_type(&mut self, table: &ObjectName, name: &str, ty: Option<&TypeName>) {
        let place = (table.clone(), name.into());
        let Some(ty) = ty else {
            self.untyped.insert(place);
            return;
        };
        let ty = self.settled(ty);
        self.untyped.remove(&place);
        if let Some(column) = self.column(table, name) {
            column.ty = ty;
        }
    }

    pub(super) fn drop_column(&mut self, table: &ObjectName, column: &str) {
        if let Some(relation) = self.relation(table) {
            relation.columns.remove(column);
        }
        self.untyped.remove(&(table.clone(), column.into()));
        self.lose(Object::Column(table.clone(), column.into()));
        let Some(parts) = self.parts.get(table) else { return };
        let on_it = |parts: &BTreeMap<Box<str>, Vec<Box<str>>>| -> Vec<Box<str>> {
            let on_it = parts.iter().filter(|(_, columns)| columns.iter().any(|on| **on == *column));
            on_it.map(|(name, _)| name.clone()).collect()
        };
        let (constraints, indexes) = (on_it(&parts.constraints), on_it(&parts.indexes));
        for name in constraints {
            self.drop_constraint(table, &name);
        }
        for name in indexes {
            self.drop_index(&sibling(table, &name));
        }
    }

    fn rename_column(&mut self, table: &ObjectName, from: &str, to: &str) {
        let Some(relation) = self.relation(table) else { return };
        let Some(column) = relation.columns.remove(from) else { return };
        relation.columns.insert(to.into(), column);
        if self.untyped.remove(&(table.clone(), from.into())) {
            self.untyped.insert((table.clone(), to.into()));
        }
        if let Some(parts) = self.parts.get_mut(table) {
            let on = parts.indexes.values_mut().chain(parts.constraints.values_mut()).flatten();
            on.filter(|name| ***name == *from).for_each(|name| *name = to.into());
        }
        self.lose(Object::Column(table.clone(), from.into()));
        self.make(Object::Column(table.clone(), to.into()));
    }

    fn add_constraint(&mut self, table: &ObjectName, new: &NewConstraint) {
        if self.relation(table).is_none() {
            return;
        }
        let is_column =
            |name: &&Box<str>| self.catalog.relation(table).is_some_and(|(_, found)| found.columns.contains_key(*name));
        let mut columns: Vec<Box<str>> = new.columns.iter().filter(is_column).cloned().collect();
        let end = match &new.kind {
            ConstraintKind::PrimaryKey => "pkey",
            ConstraintKind::Unique => "key",
            ConstraintKind::ForeignKey { .. } => "fkey",
            ConstraintKind::Exclude => "excl",
            ConstraintKind::Check => {
                columns.sort();
                columns.dedup();
                "check"
            }
        };
        let said = match (&new.kind, &*columns) {
            (ConstraintKind::PrimaryKey, _) | (ConstraintKind::Check, [_, _, ..]) => &[],
            (_, columns) => columns,
        };
        let Some(name) = new.name.clone().or_else(|| self.made_up(table, said, end)) else {
            self.nameless.insert(table.clone());
            return;
        };
        if new.kind == ConstraintKind::PrimaryKey {
            for column in &columns {
                if let Some(column) = self.column(table, column) {
                    column.nullable = false;
                }
            }
        }
        let has_index = !matches!(new.kind, ConstraintKind::ForeignKey { .. } | ConstraintKind::Check);
        if has_index && !self.has_index(table, &name) {
            self.add_index(table, &name, new.kind != ConstraintKind::Exclude, &columns);
        }
        if let Some(relation) = self.relation(table) {
            relation.constraints.insert(name.clone(), new.valid);
        }
        let target = match &new.kind {
            ConstraintKind::ForeignKey { to } => Some((name.clone(), self.relation_name(to))),
            _ => None,
        };
        let parts = self.parts.entry(table.clone()).or_default();
        parts.constraints.insert(name.clone(), columns);
        parts.targets.extend(target);
        self.make(Object::Constraint(table.clone(), name));
    }

    fn drop_constraint(&mut self, table: &ObjectName, name: &str) {
        if let Some(relation) = self.relation(table) {
            relation.constraints.remove(name);
        }
        if let Some(parts) = self.parts.get_mut(table) {
            parts.constraints.remove(name);
            parts.targets.remove(name);
        }
        if self.has_index(table, name) {
            self.drop_index(&sibling(table, name));
        }
        self.lose(Object::Constraint(table.clone(), name.into()));
    }

    fn rename_constraint(&mut self, table: &ObjectName, from: &str, to: &str) {
        let Some(valid) = self.relation(table).and_then(|found| found.constraints.remove(from)) else { return };
        if let Some(relation) = self.relation(table) {
            relation.constraints.insert(to.into(), valid);
        }
        if let Some(parts) = self.parts.get_mut(table) {
            let columns = parts.constraints.remove(from).unwrap_or_default();
            parts.constraints.insert(to.into(), columns);
            let target = parts.targets.remove(from);
            parts.targets.extend(target.map(|target| (to.into(), target)));
        }
        self.lose(Object::Constraint(table.clone(), from.into()));
        self.make(Object::Constraint(table.clone(), to.into()));
        if self.has_index(table, from) {
            self.rename_index(&sibling(table, from), to);
        }
    }

    fn add_index(&mut self, table: &ObjectName, name: &str, unique: bool, columns: &[Box<str>]) {
        let index = sibling(table, name);
        let made = Index { table: table.name().into(), unique, valid: true };
        self.schema_of(&index).indexes.insert(name.into(), made);
        self.parts.entry(table.clone()).or_default().indexes.insert(name.into(), columns.to_vec());
        self.tables.insert(index.clone(), table.clone());
        self.make(Object::Index(index));
    }

    fn drop_index(&mut self, name: &ObjectName) {
        self.schema_of(name).indexes.remove(name.name());
        let table = self.tables.remove(name);
        if let Some(parts) = table.and_then(|table| self.parts.get_mut(&table)) {
            parts.indexes.remove(name.name());
        }
        self.lose(Object::Index(name.clone()));
    }

    fn rename_index(&mut self, name: &ObjectName, to: &str) {
        let Some(from) = self.find(name, index) else { return };
        let renamed = sibling(&from, to);
        let Some(table) = self.tables.get(&from).cloned() else { return };
        if let Some(parts) = self.parts.get_mut(&table) {
            let columns = parts.indexes.remove(from.name()).unwrap_or_default();
            parts.indexes.insert(to.into(), columns);
        }
        self.move_index(&from, &renamed, &table);
        self.make(Object::Index(renamed));
        // The index and the constraint that it backs are renamed together.
        let backs = self.relation(&table).is_some_and(|found| found.constraints.contains_key(from.name()));
        if backs {
            self.rename_constraint(&table, from.name(), to);
        }
    }

    fn move_index(&mut self, from: &ObjectName, to: &ObjectName, table: &ObjectName) {
        self.tables.remove(from);
        self.tables.insert(to.clone(), table.clone());
        if let Some(index) = self.schema_of(from).indexes.remove(from.name()) {
            let index = Index { table: table.name().into(), ..index };
            self.schema_of(to).indexes.insert(to.name().into(), index);
        }
        self.carry(Object::Index(from.clone()), Object::Index(to.clone()));
    }

    /// The name that PostgreSQL makes up (`ChooseIndexName`, `ChooseConstraintName`), unless it
    /// would have to be cut.
    fn made_up(&self, table: &ObjectName, columns: &[Box<str>], end: &str) -> Option<Box<str>> {
        let parts = [table.name()].into_iter().chain(columns.iter().map(AsRef::as_ref)).chain([end]);
        let name = parts.collect::<Vec<_>>().join("_");
        let constraints = self.catalog.relation(table).map(|(_, relation)| &relation.constraints);
        let is_free = |name: &String| {
            let is_constraint = constraints.is_some_and(|constraints| constraints.contains_key(&**name));
            !is_constraint && !self.has_index(table, name)
        };
        let mut names = [name.clone()].into_iter().chain((1..1000).map(|number| format!("{name}{number}")));
        names.find(is_free).filter(|name| name.len() <= ObjectName::LONGEST).map(String::into_boxed_str)
    }

    fn has_index(&self, table: &ObjectName, name: &str) -> bool {
        self.tables.contains_key(&sibling(table, name))
    }

    /// The relation's name with its schema, whether or not it is there.
    fn relation_name(&self, name: &ObjectName) -> ObjectName {
        self.find(name, relation).unwrap_or_else(|| self.place(name))
    }

    fn relation(&mut self, name: &ObjectName) -> Option<&mut Relation> {
        self.catalog.schemas.get_mut(name.schema()?)?.relations.get_mut(name.name())
    }

    fn column(&mut self, table: &ObjectName, name: &str) -> Option<&mut Column> {
        self.relation(table)?.columns.get_mut(name)
    }
}

fn relation<'s>(schema: &'s Schema, name: &str) -> Option<&'s Relation> {
    schema.relations.get(name)
}

fn index<'s>(schema: &'s Schema, name: &str) -> Option<&'s Index> {
    schema.indexes.get(name)
}

/// What is called `name` and lies where `beside` does.
pub(super) fn sibling(beside: &ObjectName, name: &str) -> ObjectName {
    ObjectName::qualified(beside.schema().unwrap_or("public"), name)
}
