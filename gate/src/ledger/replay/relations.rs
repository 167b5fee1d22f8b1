//! Replaying what is done to tables, columns, constraints and indexes.

use std::collections::{BTreeMap, BTreeSet};

use super::{Parts, Replay};
use crate::ledger::{Change, Existing, NewColumn, NewRelation, Object};
use crate::{Column, ObjectName, Relation, Schema, TypeName};

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

    /// The relation's name with its schema, whether or not it is there.
    pub(super) fn relation_name(&self, name: &ObjectName) -> ObjectName {
        self.find(name, relation).unwrap_or_else(|| self.place(name))
    }

    pub(super) fn relation(&mut self, name: &ObjectName) -> Option<&mut Relation> {
        self.catalog.schemas.get_mut(name.schema()?)?.relations.get_mut(name.name())
    }

    pub(super) fn column(&mut self, table: &ObjectName, name: &str) -> Option<&mut Column> {
        self.relation(table)?.columns.get_mut(name)
    }
}

fn relation<'s>(schema: &'s Schema, name: &str) -> Option<&'s Relation> {
    schema.relations.get(name)
}

/// What is called `name` and lies where `beside` does.
pub(super) fn sibling(beside: &ObjectName, name: &str) -> ObjectName {
    ObjectName::qualified(beside.schema().unwrap_or("public"), name)
}
