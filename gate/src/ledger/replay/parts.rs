//! Replaying what is done to constraints and indexes.

use super::Replay;
use super::relations::sibling;
use crate::ledger::{Change, ConstraintKind, NewConstraint, Object};
use crate::{Index, ObjectName, Schema};

impl Replay {
    /// Applies a change to a constraint or an index; `false` if it is to none.
    pub(super) fn change_part(&mut self, change: &Change) -> bool {
        match change {
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

    pub(super) fn add_constraint(&mut self, table: &ObjectName, new: &NewConstraint) {
        if self.relation(table).is_none() {
            return;
        }
        let known =
            |name: &str| self.catalog.relation(table).is_some_and(|(_, found)| found.columns.contains_key(name));
        let mut columns: Vec<Box<str>> = new.columns.iter().filter(|name| known(name)).cloned().collect();
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

    pub(super) fn drop_constraint(&mut self, table: &ObjectName, name: &str) {
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

    pub(super) fn rename_constraint(&mut self, table: &ObjectName, from: &str, to: &str) {
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

    pub(super) fn add_index(&mut self, table: &ObjectName, name: &str, unique: bool, columns: &[Box<str>]) {
        let index = sibling(table, name);
        let made = Index { table: table.name().into(), unique, valid: true };
        self.schema_of(&index).indexes.insert(name.into(), made);
        self.parts.entry(table.clone()).or_default().indexes.insert(name.into(), columns.to_vec());
        self.tables.insert(index.clone(), table.clone());
        self.make(Object::Index(index));
    }

    pub(super) fn drop_index(&mut self, name: &ObjectName) {
        self.schema_of(name).indexes.remove(name.name());
        let table = self.tables.remove(name);
        if let Some(parts) = table.and_then(|table| self.parts.get_mut(&table)) {
            parts.indexes.remove(name.name());
        }
        self.lose(Object::Index(name.clone()));
    }

    pub(super) fn rename_index(&mut self, name: &ObjectName, to: &str) {
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

    pub(super) fn move_index(&mut self, from: &ObjectName, to: &ObjectName, table: &ObjectName) {
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
    pub(super) fn made_up(&self, table: &ObjectName, columns: &[Box<str>], end: &str) -> Option<Box<str>> {
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

    pub(super) fn has_index(&self, table: &ObjectName, name: &str) -> bool {
        self.tables.contains_key(&sibling(table, name))
    }

    /// The foreign keys that point to a table.
    pub(super) fn keys_to(&self, name: &ObjectName) -> Vec<(ObjectName, Box<str>)> {
        let keys = self.parts.iter().flat_map(|(table, parts)| parts.targets.iter().map(move |key| (table, key)));
        keys.filter(|(_, (_, to))| *to == name).map(|(table, (key, _))| (table.clone(), key.clone())).collect()
    }
}

fn index<'s>(schema: &'s Schema, name: &str) -> Option<&'s Index> {
    schema.indexes.get(name)
}
