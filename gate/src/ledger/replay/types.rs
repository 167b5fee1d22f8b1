//! Replaying what is done to types and functions.

use std::collections::BTreeSet;

use super::Replay;
use super::relations::sibling;
use crate::ledger::{Change, EnumPlace, Object};
use crate::{ObjectName, Schema, TypeName};

impl Replay {
    /// Applies a change to a type or a function; `false` if it is none.
    pub(super) fn change_type(&mut self, change: &Change) -> bool {
        match change {
            Change::CreateEnum { name, values, if_absent } => {
                let name = self.place(name);
                if !(*if_absent && self.values(&name).is_some()) {
                    self.create_enum(&name, values);
                }
            }
            Change::AddEnumValue { name, value, place } => {
                let name = self.type_name(name);
                self.add_value(&name, value, place);
            }
            Change::RenameEnumValue { name, value, to } => {
                let name = self.type_name(name);
                if let Some(found) =
                    self.values(&name).and_then(|values| values.iter_mut().find(|found| *found == value))
                {
                    found.clone_from(to);
                }
                self.lose(Object::EnumValue(name.clone(), value.clone()));
                self.make(Object::EnumValue(name, to.clone()));
            }
            Change::CreateType { name, .. } => {
                let name = self.place(name);
                self.make(Object::Type(name));
            }
            Change::RenameType { name, to } => {
                let from = self.type_name(name);
                self.move_type(&from, &sibling(&from, to));
            }
            Change::MoveType { name, schema } => {
                let from = self.type_name(name);
                self.move_type(&from, &ObjectName::qualified(schema, from.name()));
            }
            Change::DropType { name, cascade } => {
                let name = self.type_name(name);
                if *cascade {
                    for (table, column) in self.columns_of(&name) {
                        self.drop_column(&table, &column);
                    }
                }
                self.drop_type(&name);
            }
            Change::CreateFunction { name, arguments } => {
                let name = self.place(name);
                let overloads = self.schema_of(&name).functions.entry(name.name().into()).or_default();
                overloads.extend(arguments.as_deref().map(signature));
                self.make(Object::Function(name));
            }
            Change::DropFunction { name, arguments } => {
                let name = self.find(name, function).unwrap_or_else(|| self.place(name));
                self.drop_function(name, arguments.as_deref());
            }
            _ => return false,
        }
        true
    }

    /// `ty` with the schema of the user's type that it is, as far as that is known.
    pub(super) fn settled(&self, ty: &TypeName) -> TypeName {
        let Some(name) = ty.users() else { return ty.clone() };
        match self.known_type(&name) {
            Some(known) => ty.called(&known),
            None => ty.clone(),
        }
    }

    fn create_enum(&mut self, name: &ObjectName, values: &[Box<str>]) {
        self.schema_of(name).enums.insert(name.name().into(), values.to_vec());
        self.make(Object::Enum(name.clone()));
        for value in values {
            self.make(Object::EnumValue(name.clone(), value.clone()));
        }
    }

    fn add_value(&mut self, name: &ObjectName, value: &str, place: &EnumPlace) {
        let values = self.schema_of(name).enums.entry(name.name().into()).or_default();
        if values.iter().any(|found| **found == *value) {
            return;
        }
        let beside = |other: &str| values.iter().position(|found| **found == *other);
        let at = match place {
            EnumPlace::End => None,
            EnumPlace::Before(other) => beside(other),
            EnumPlace::After(other) => beside(other).map(|at| at + 1),
        };
        values.insert(at.unwrap_or(values.len()), value.into());
        self.make(Object::EnumValue(name.clone(), value.into()));
    }

    pub(super) fn drop_type(&mut self, name: &ObjectName) {
        for value in self.schema_of(name).enums.remove(name.name()).unwrap_or_default() {
            self.lose(Object::EnumValue(name.clone(), value));
        }
        if self.made.contains_key(&Object::Type(name.clone())) {
            self.lose(Object::Type(name.clone()));
        } else {
            self.lose(Object::Enum(name.clone()));
        }
    }

    /// Gives a type another name, another schema, or both; columns of that type go with it.
    pub(super) fn move_type(&mut self, from: &ObjectName, to: &ObjectName) {
        for (table, name) in self.columns_of(from) {
            let relation = table.schema().and_then(|schema| self.catalog.schemas.get_mut(schema));
            let column = relation.and_then(|schema| schema.relations.get_mut(table.name())?.columns.get_mut(&name));
            if let Some(column) = column {
                column.ty = column.ty.called(to);
            }
        }
        if let Some(values) = self.schema_of(from).enums.remove(from.name()) {
            for value in &values {
                self.carry(
                    Object::EnumValue(from.clone(), value.clone()),
                    Object::EnumValue(to.clone(), value.clone()),
                );
            }
            self.schema_of(to).enums.insert(to.name().into(), values);
            self.lose(Object::Enum(from.clone()));
            self.make(Object::Enum(to.clone()));
        } else {
            self.lose(Object::Type(from.clone()));
            self.make(Object::Type(to.clone()));
        }
    }

    fn drop_function(&mut self, name: ObjectName, arguments: Option<&[TypeName]>) {
        let functions = &mut self.schema_of(&name).functions;
        let left = match (functions.get_mut(name.name()), arguments) {
            (Some(overloads), Some(arguments)) => {
                overloads.remove(&signature(arguments));
                !overloads.is_empty()
            }
            _ => false,
        };
        if !left {
            functions.remove(name.name());
            self.lose(Object::Function(name));
        }
    }

    /// The columns of that type, or of arrays of it.
    fn columns_of(&self, name: &ObjectName) -> Vec<(ObjectName, Box<str>)> {
        let mut found = Vec::new();
        for (schema, objects) in &self.catalog.schemas {
            for (relation, objects) in &objects.relations {
                let of_it = objects.columns.iter().filter(|(_, column)| column.ty.users().as_ref() == Some(name));
                found.extend(of_it.map(|(column, _)| (ObjectName::qualified(schema, relation), column.clone())));
            }
        }
        found
    }

    /// The type's name with its schema, whether or not it is there.
    fn type_name(&self, name: &ObjectName) -> ObjectName {
        self.known_type(name).unwrap_or_else(|| self.place(name))
    }

    fn known_type(&self, name: &ObjectName) -> Option<ObjectName> {
        let other = |name: &ObjectName| self.made.contains_key(&Object::Type(name.clone()));
        let schemas = match name.schema() {
            Some(_) => return self.find(name, values).or_else(|| other(name).then(|| name.clone())),
            None => self.catalog.search_path.iter(),
        };
        let mut places = schemas.map(|schema| ObjectName::qualified(schema, name.name()));
        self.find(name, values).or_else(|| places.find(other))
    }

    fn values(&mut self, name: &ObjectName) -> Option<&mut Vec<Box<str>>> {
        self.catalog.schemas.get_mut(name.schema()?)?.enums.get_mut(name.name())
    }
}

fn values<'s>(schema: &'s Schema, name: &str) -> Option<&'s Vec<Box<str>>> {
    schema.enums.get(name)
}

fn function<'s>(schema: &'s Schema, name: &str) -> Option<&'s BTreeSet<Box<str>>> {
    schema.functions.get(name)
}

/// Types as `oidvectortypes` prints them: without modifiers.
fn signature(arguments: &[TypeName]) -> Box<str> {
    let types: Vec<String> = arguments.iter().map(|ty| ty.without_modifier().to_string()).collect();
    types.join(", ").into_boxed_str()
}
