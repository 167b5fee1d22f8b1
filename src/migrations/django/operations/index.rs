//! Operations on indexes and constraints.

use gate::ObjectName;
use gate::ledger::{Change, ConstraintKind, NewConstraint};

use super::super::models::Place;
use super::Reader;
use crate::migrations::python::{Call, Value};

impl Reader {
    pub(super) fn add_index(&mut self, call: &Call) -> Option<()> {
        let place = self.place(call, "model_name")?;
        self.index(&place, call.argument("index", 1)?)
    }

    pub(super) fn index(&mut self, place: &Place, index: &Value) -> Option<()> {
        let Value::Call(index) = index else { return None };
        let name = index.named("name")?.text()?.into();
        let columns = self.columns(place, index).unwrap_or_default();
        if self.models.get(place)?.has_table {
            let table = self.models.table(place)?;
            self.push(Change::CreateIndex {
                name: Some(name),
                table,
                columns,
                mentions: Vec::new(),
                unique: false,
                if_absent: false,
            });
        }
        Some(())
    }

    /// The columns of the fields that an index or a constraint names.
    pub(super) fn columns(&self, place: &Place, call: &Call) -> Option<Vec<Box<str>>> {
        let model = self.models.get(place)?;
        let column = |name: &Value| {
            let name = name.text()?.trim_start_matches('-');
            model.fields.iter().find(|field| *field.name == *name)?.column()
        };
        call.named("fields")?.items().iter().map(column).collect()
    }

    pub(super) fn remove_index(&mut self, call: &Call) -> Option<()> {
        let (_, table) = self.table(call, "model_name")?;
        let name = Self::text(call, "name", 1)?;
        if let Some(table) = table {
            self.push(Change::DropIndex { name: beside(&table, &name) });
        }
        Some(())
    }

    pub(super) fn rename_index(&mut self, call: &Call) -> Option<()> {
        let (_, table) = self.table(call, "model_name")?;
        let to = Self::text(call, "new_name", 1)?;
        let Some(table) = table else { return Some(()) };
        match call.named("old_name").and_then(Value::text) {
            Some(name) => self.push(Change::RenameIndex { name: beside(&table, name), to }),
            // It had a name with a sum in it so far.
            None => self.push(Change::AlterRelation { name: table, how: "rename index".into() }),
        }
        Some(())
    }

    pub(super) fn add_constraint(&mut self, call: &Call) -> Option<()> {
        let place = self.place(call, "model_name")?;
        self.constraint(&place, call.argument("constraint", 1)?, call.last_name() == "AddConstraint")
    }

    pub(super) fn constraint(&mut self, place: &Place, constraint: &Value, valid: bool) -> Option<()> {
        let Value::Call(constraint) = constraint else { return None };
        let name: Box<str> = constraint.named("name")?.text()?.into();
        let columns = self.columns(place, constraint);
        let is_set = |what: &str| constraint.named(what).is_some_and(|value| *value != Value::None);
        let is_index = !constraint.places.is_empty()
            || ["condition", "include", "opclasses", "nulls_distinct"].iter().any(|what| is_set(what));
        let kind = match constraint.last_name() {
            "UniqueConstraint" => ConstraintKind::Unique,
            "CheckConstraint" => ConstraintKind::Check,
            "ExclusionConstraint" => ConstraintKind::Exclude,
            _ => return None,
        };
        let model = self.models.get_mut(place)?;
        let is_index = is_index && kind == ConstraintKind::Unique;
        if is_index {
            model.indexes.push(name.clone());
        }
        if !model.has_table {
            return Some(());
        }
        let table = self.models.table(place)?;
        let columns = columns.unwrap_or_default();
        self.push(if is_index {
            let (name, mentions) = (Some(name), Vec::new());
            Change::CreateIndex { name, table, columns, mentions, unique: true, if_absent: false }
        } else {
            let constraint = NewConstraint { name: Some(name), kind, columns, valid };
            Change::AddConstraint { table, constraint }
        });
        Some(())
    }

    pub(super) fn remove_constraint(&mut self, call: &Call) -> Option<()> {
        let (place, table) = self.table(call, "model_name")?;
        let name = Self::text(call, "name", 1)?;
        let indexes = &mut self.models.get_mut(&place)?.indexes;
        let index = indexes.iter().position(|index| *index == name).map(|at| indexes.remove(at));
        let Some(table) = table else { return Some(()) };
        self.push(match index {
            Some(_) => Change::DropIndex { name: beside(&table, &name) },
            None => Change::DropConstraint { table, name },
        });
        Some(())
    }

    pub(super) fn validate_constraint(&mut self, call: &Call) -> Option<()> {
        let (_, table) = self.table(call, "model_name")?;
        let name = Self::text(call, "name", 1)?;
        if let Some(table) = table {
            self.push(Change::ValidateConstraint { table, name });
        }
        Some(())
    }
}

/// What is called `name` and lies where the table does.
fn beside(table: &ObjectName, name: &str) -> ObjectName {
    match table.schema() {
        Some(schema) => ObjectName::qualified(schema, name),
        None => ObjectName::unqualified(name),
    }
}
