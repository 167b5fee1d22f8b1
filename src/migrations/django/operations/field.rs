//! Operations on fields: columns are added, altered, renamed and dropped.

use gate::ledger::{Change, ConstraintKind, NewColumn, NewConstraint};

use super::super::fields::{Field, Key};
use super::Reader;
use crate::migrations::python::{Call, Value};

impl Reader {
    pub(super) fn add_field(&mut self, call: &Call) -> Option<()> {
        let (place, table) = self.table(call, "model_name")?;
        let field = Field::of(&Self::text(call, "name", 1)?, call.argument("field", 2)?)?;
        self.models.get_mut(&place)?.fields.push(field.clone());
        let Some(table) = table else { return Some(()) };
        let Some(column) = field.column() else { return self.create_between(&place, &field) };
        let ty = self.models.column_type(&place, &field);
        let constraints = inline_constraints(&field, &column);
        let column = NewColumn { name: column, ty, nullable: field.nullable };
        self.push(Change::AddColumn { table: table.clone(), column, if_absent: false });
        for constraint in constraints {
            self.push(Change::AddConstraint { table: table.clone(), constraint });
        }
        Some(())
    }

    pub(super) fn remove_field(&mut self, call: &Call) -> Option<()> {
        let (place, table) = self.table(call, "model_name")?;
        let name = Self::text(call, "name", 1)?;
        let fields = &mut self.models.get_mut(&place)?.fields;
        let field = fields.remove(fields.iter().position(|field| field.name == name)?);
        let Some(table) = table else { return Some(()) };
        match field.column() {
            Some(column) => self.push(Change::DropColumn { table, column }),
            None => {
                if let Some(name) = self.models.table_between(&place, &field) {
                    self.push(Change::DropRelation { name });
                }
            }
        }
        Some(())
    }

    pub(super) fn rename_field(&mut self, call: &Call) -> Option<()> {
        let (place, table) = self.table(call, "model_name")?;
        let (from, to) = (Self::text(call, "old_name", 1)?, Self::text(call, "new_name", 2)?);
        let fields = &mut self.models.get_mut(&place)?.fields;
        let field = fields.iter_mut().find(|field| field.name == from)?;
        let before = field.clone();
        field.name = to;
        let after = field.clone();
        let Some(table) = table else { return Some(()) };
        match (before.column(), after.column()) {
            (Some(column), Some(to)) if column != to => self.push(Change::RenameColumn { table, column, to }),
            (None, None) => {
                let [before, after] = [before, after].map(|field| self.models.table_between(&place, &field));
                if let (Some(before), Some(after)) = (before, after) {
                    self.rename(&before, &after);
                }
            }
            _ => {}
        }
        Some(())
    }

    pub(super) fn alter_field(&mut self, call: &Call) -> Option<()> {
        let (place, table) = self.table(call, "model_name")?;
        let after = Field::of(&Self::text(call, "name", 1)?, call.argument("field", 2)?)?;
        let field = self.models.get_mut(&place)?.fields.iter_mut().find(|field| field.name == after.name)?;
        let before = std::mem::replace(field, after.clone());
        let Some(table) = table else { return Some(()) };
        let [old, new] = [&before, &after].map(|field| self.models.column_type(&place, field));
        match (before.column(), after.column()) {
            (None, None) => {}
            (Some(from), Some(column)) => {
                if from != column {
                    self.push(Change::RenameColumn { table: table.clone(), column: from, to: column.clone() });
                }
                if old != new || old.is_none() {
                    self.push(Change::ColumnType { table: table.clone(), column: column.clone(), ty: new });
                }
                if before.nullable != after.nullable {
                    let nullable = after.nullable;
                    self.push(Change::ColumnNull { table: table.clone(), column, nullable });
                }
                if before.key != after.key {
                    self.push(Change::AlterRelation { name: table, how: "unique".into() });
                }
            }
            // Django refuses to make a table of a column.
            _ => return None,
        }
        Some(())
    }

    pub(super) fn alter_together(&mut self, call: &Call) -> Option<()> {
        // The names of these constraints hold a sum that only Django makes.
        if let (_, Some(name)) = self.table(call, "name")? {
            self.push(Change::AlterRelation { name, how: "unique or indexed together".into() });
        }
        Some(())
    }

    pub(super) fn alter_order(&mut self, call: &Call) -> Option<()> {
        let (_, table) = self.table(call, "name")?;
        let Some(table) = table else { return Some(()) };
        if *call.argument("order_with_respect_to", 1)? == Value::None {
            self.push(Change::DropColumn { table, column: "_order".into() });
        } else {
            let column = NewColumn { name: "_order".into(), ty: "integer".parse().ok(), nullable: false };
            self.push(Change::AddColumn { table, column, if_absent: true });
        }
        Some(())
    }
}

/// The constraints that are written with a column.
pub(super) fn inline_constraints(field: &Field, column: &str) -> impl Iterator<Item = NewConstraint> + use<> {
    let kinds = [
        (field.key == Key::Primary, ConstraintKind::PrimaryKey),
        (field.key == Key::Unique, ConstraintKind::Unique),
        (field.is_positive, ConstraintKind::Check),
    ];
    let column: Box<str> = column.into();
    kinds.into_iter().filter(|(is_there, _)| *is_there).map(move |(_, kind)| NewConstraint {
        name: None,
        kind,
        columns: vec![column.clone()],
        valid: true,
    })
}
