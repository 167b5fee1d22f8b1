//! Operations on models: tables are made, renamed and dropped.

use gate::ledger::{Change, ConstraintKind, Existing, NewColumn, NewConstraint, NewRelation, Reach};
use gate::{ObjectName, RelationKind};

use super::super::fields::{Field, Kind};
use super::super::models::Place;
use super::field::inline_constraints;
use super::{Reader, model, option};
use crate::migrations::python::{Call, Value};

impl Reader {
    pub(super) fn create_model(&mut self, call: &Call) -> Option<()> {
        let place = self.place(call, "name")?;
        let model = model(call)?;
        let fields = model.fields.clone();
        let has_table = model.has_table;
        // Fields may point to the model itself, so it comes first.
        self.models.insert(place.clone(), model);
        if !has_table {
            return Some(());
        }
        let name = self.models.table(&place)?;
        let mut constraints = Vec::new();
        let mut columns = Vec::new();
        for field in &fields {
            let Some(column) = field.column() else { continue };
            let ty = self.models.column_type(&place, field);
            constraints.extend(inline_constraints(field, &column));
            columns.push(NewColumn { name: column, ty, nullable: field.nullable });
        }
        if option(call, "order_with_respect_to").is_some_and(|field| *field != Value::None) {
            columns.push(NewColumn { name: "_order".into(), ty: "integer".parse().ok(), nullable: false });
        }
        self.push(created(name.clone(), columns, constraints));
        if option(call, "swappable").is_some() {
            // A project whose settings name another model has no such table.
            let reach = Reach::Words([name.name().into()].into());
            self.push(Change::Unread { why: "whether it makes the table is a setting of the project's".into(), reach });
        }
        for field in &fields {
            self.create_between(&place, field)?;
        }
        for constraint in option(call, "constraints").map(Value::items).unwrap_or_default() {
            self.constraint(&place, constraint, true)?;
        }
        for index in option(call, "indexes").map(Value::items).unwrap_or_default() {
            self.index(&place, index)?;
        }
        Some(())
    }

    /// The table that a field makes between two models, if it makes one.
    pub(super) fn create_between(&mut self, place: &Place, field: &Field) -> Option<()> {
        let Kind::Between { to, has_model: false, .. } = &field.kind else { return Some(()) };
        let name = self.models.table_between(place, field)?;
        let target = self.models.target(place, to)?;
        let (from, to) = if target == *place {
            (format!("from_{}_id", place.1), format!("to_{}_id", target.1))
        } else {
            (format!("{}_id", place.1), format!("{}_id", target.1))
        };
        // The type of its own key is a setting of the project's.
        let column = |name: &str, ty| NewColumn { name: name.into(), ty, nullable: false };
        let columns = vec![
            column("id", None),
            column(&from, self.models.key_type(place)),
            column(&to, self.models.key_type(&target)),
        ];
        let key =
            NewConstraint { name: None, kind: ConstraintKind::PrimaryKey, columns: vec!["id".into()], valid: true };
        self.push(created(name, columns, vec![key]));
        Some(())
    }

    pub(super) fn delete_model(&mut self, call: &Call) -> Option<()> {
        let (place, table) = self.table(call, "name")?;
        let model = self.models.get(&place)?.clone();
        if let Some(name) = table {
            for field in &model.fields {
                if let Some(name) = self.models.table_between(&place, field) {
                    self.push(Change::DropRelation { name });
                }
            }
            self.push(Change::DropRelation { name });
        }
        self.models.remove(&place);
        Some(())
    }

    pub(super) fn rename_model(&mut self, call: &Call) -> Option<()> {
        let (place, table) = self.table(call, "old_name")?;
        let to: Place = (place.0.clone(), call.argument("new_name", 1)?.text()?.to_ascii_lowercase().into());
        let model = self.models.get(&place)?.clone();
        let (from_column, to_column) = (format!("{}_id", place.1), format!("{}_id", to.1));
        let renamed = |table: ObjectName| Change::RenameColumn {
            table,
            column: from_column.as_str().into(),
            to: to_column.as_str().into(),
        };
        let pointing: Vec<Change> = self.models.tables_to(&place).into_iter().map(renamed).collect();
        let before: Vec<Option<ObjectName>> =
            model.fields.iter().map(|field| self.models.table_between(&place, field)).collect();
        self.models.remove(&place);
        self.models.insert(to.clone(), model);
        self.models.retarget(&place, &to);
        let Some(table) = table else { return Some(()) };
        self.rename(&table, &self.models.table(&to)?);
        let fields = self.models.get(&to)?.fields.clone();
        for (field, before) in fields.iter().zip(before) {
            let (Some(before), Kind::Between { to: target, .. }) = (before, &field.kind) else { continue };
            let after = self.models.table_between(&to, field)?;
            self.rename(&before, &after);
            if self.models.target(&to, target).as_ref() == Some(&to) {
                for end in ["from", "to"] {
                    self.push(Change::RenameColumn {
                        table: after.clone(),
                        column: format!("{end}_{from_column}").into(),
                        to: format!("{end}_{to_column}").into(),
                    });
                }
            } else {
                self.push(renamed(after));
            }
        }
        for change in pointing {
            self.push(change);
        }
        Some(())
    }

    pub(super) fn alter_table(&mut self, call: &Call) -> Option<()> {
        let (place, table) = self.table(call, "name")?;
        let said = match call.argument("table", 1)? {
            Value::Text(text) => Some(text.clone()),
            Value::None => None,
            _ => return None,
        };
        let fields = self.models.get(&place)?.fields.clone();
        let before: Vec<Option<ObjectName>> =
            fields.iter().map(|field| self.models.table_between(&place, field)).collect();
        self.models.get_mut(&place)?.table = said;
        let Some(table) = table else { return Some(()) };
        self.rename(&table, &self.models.table(&place)?);
        for (field, before) in fields.iter().zip(before) {
            if let Some(before) = before {
                self.rename(&before, &self.models.table_between(&place, field)?);
            }
        }
        Some(())
    }

    pub(super) fn rename(&mut self, from: &ObjectName, to: &ObjectName) {
        if from != to {
            self.push(Change::RenameRelation { name: from.clone(), to: to.name().into() });
        }
    }
}

fn created(name: ObjectName, columns: Vec<NewColumn>, constraints: Vec<NewConstraint>) -> Change {
    Change::CreateRelation(NewRelation {
        name,
        kind: RelationKind::Table,
        columns,
        copies: Vec::new(),
        complete: true,
        constraints,
        partition: false,
        existing: Existing::Fails,
    })
}
