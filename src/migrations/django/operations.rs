//! Django's operations, as what they do to a database.

use gate::ledger::{Change, ConstraintKind, Existing, NewColumn, NewConstraint, NewRelation, Reach, Step, Steps};
use gate::{ObjectName, RelationKind};

use super::fields::{Field, Kind};
use super::models::{Model, Models, Place};
use crate::migrations::python::{Call, Value};
use crate::migrations::sql;

/// Operations that leave the database as it is.
const NOTHING: &[&str] = &["AlterModelOptions", "AlterModelManagers", "AlterModelTableComment"];

/// Operations of `django.contrib.postgres` that install an extension.
const EXTENSIONS: &[(&str, &str)] = &[
    ("BloomExtension", "bloom"),
    ("BtreeGinExtension", "btree_gin"),
    ("BtreeGistExtension", "btree_gist"),
    ("CITextExtension", "citext"),
    ("CryptoExtension", "pgcrypto"),
    ("HStoreExtension", "hstore"),
    ("TrigramExtension", "pg_trgm"),
    ("UnaccentExtension", "unaccent"),
];

/// Reads one operation; `None` if it is not told what it does.
type Read = fn(&mut Reader, &Call) -> Option<()>;

const READERS: &[(&str, Read)] = &[
    ("AddConstraint", Reader::add_constraint),
    ("AddConstraintNotValid", Reader::add_constraint),
    ("AddField", Reader::add_field),
    ("AddIndex", Reader::add_index),
    ("AddIndexConcurrently", Reader::add_index),
    ("AlterField", Reader::alter_field),
    ("AlterIndexTogether", Reader::alter_together),
    ("AlterModelTable", Reader::alter_table),
    ("AlterOrderWithRespectTo", Reader::alter_order),
    ("AlterUniqueTogether", Reader::alter_together),
    ("CreateExtension", Reader::create_extension),
    ("CreateModel", Reader::create_model),
    ("DeleteModel", Reader::delete_model),
    ("RemoveConstraint", Reader::remove_constraint),
    ("RemoveField", Reader::remove_field),
    ("RemoveIndex", Reader::remove_index),
    ("RemoveIndexConcurrently", Reader::remove_index),
    ("RenameField", Reader::rename_field),
    ("RenameIndex", Reader::rename_index),
    ("RenameModel", Reader::rename_model),
    ("RunPython", Reader::run_python),
    ("RunSQL", Reader::run_sql),
    ("SeparateDatabaseAndState", Reader::separate),
    ("ValidateConstraint", Reader::validate_constraint),
];

/// Reads operations, one migration's after the other's.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// The label of the app whose migration is read.
    app: Box<str>,
    models: Models,
    steps: Vec<Step>,
    /// The line of the operation that is read.
    line: u32,
}

impl Reader {
    /// What the operations of a migration of that app do.
    pub(super) fn steps(&mut self, app: &str, operations: &Value, more: Option<&str>) -> Vec<Step> {
        self.app = app.into();
        self.line = 1;
        self.all(operations);
        if let Some(why) = more {
            self.unread(why, Reach::Anything);
        }
        std::mem::take(&mut self.steps)
    }

    /// Reads them in order.
    fn all(&mut self, operations: &Value) {
        let Value::Items(operations) = operations else {
            return self.unread("its operations are computed", Reach::Anything);
        };
        for operation in operations {
            let Value::Call(call) = operation else {
                self.unread("an operation is computed", Reach::Anything);
                continue;
            };
            self.line = call.lines.0;
            let name = call.last_name();
            let kept = self.steps.len();
            let is_read = if NOTHING.contains(&name) {
                Some(())
            } else if let Some((_, extension)) = EXTENSIONS.iter().find(|(class, _)| *class == name) {
                self.push(Change::CreateExtension { name: (*extension).into() });
                Some(())
            } else if let Some((_, read)) = READERS.iter().find(|(class, _)| *class == name) {
                read(self, call)
            } else {
                self.unread(&format!("`{}` is no operation of Django's", call.name), Reach::Anything);
                Some(())
            };
            if is_read.is_none() {
                self.steps.truncate(kept);
                let why = format!("`{name}` holds something that is computed, or of a model that is not known");
                self.unread(&why, Reach::Anything);
            }
        }
    }

    fn unread(&mut self, why: &str, reach: Reach) {
        self.push(Change::Unread { why: why.into(), reach });
    }

    fn push(&mut self, change: Change) {
        self.steps.push(Step { change, line: self.line });
    }

    /// The model that an operation names.
    fn place(&self, call: &Call, argument: &str) -> Option<Place> {
        Some((self.app.clone(), call.argument(argument, 0)?.text()?.to_ascii_lowercase().into()))
    }

    /// The model that an operation names, and its table if it has one.
    fn table(&self, call: &Call, argument: &str) -> Option<(Place, Option<ObjectName>)> {
        let place = self.place(call, argument)?;
        let has_table = self.models.get(&place)?.has_table;
        let table = if has_table { Some(self.models.table(&place)?) } else { None };
        Some((place, table))
    }

    fn text(call: &Call, argument: &str, place: usize) -> Option<Box<str>> {
        call.argument(argument, place)?.text().map(Into::into)
    }

    /// Finds the model that stands for `settings.AUTH_USER_MODEL` before anything points to it.
    pub(super) fn look_for_user(&mut self, app: &str, operations: &Value) {
        self.app = app.into();
        for operation in operations.items() {
            let Value::Call(call) = operation else { continue };
            let swappable = option(call, "swappable").and_then(Value::text);
            if call.last_name() != "CreateModel" || swappable != Some("AUTH_USER_MODEL") {
                continue;
            }
            if let (Some(place), Some(model)) = (self.place(call, "name"), model(call)) {
                self.models.set_user(place, model);
            }
        }
    }

    fn create_model(&mut self, call: &Call) -> Option<()> {
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
        self.push(created(name, columns, constraints));
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
    fn create_between(&mut self, place: &Place, field: &Field) -> Option<()> {
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

    fn delete_model(&mut self, call: &Call) -> Option<()> {
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

    fn rename_model(&mut self, call: &Call) -> Option<()> {
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

    fn alter_table(&mut self, call: &Call) -> Option<()> {
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

    fn rename(&mut self, from: &ObjectName, to: &ObjectName) {
        if from != to {
            self.push(Change::RenameRelation { name: from.clone(), to: to.name().into() });
        }
    }

    fn add_field(&mut self, call: &Call) -> Option<()> {
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

    fn remove_field(&mut self, call: &Call) -> Option<()> {
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

    fn rename_field(&mut self, call: &Call) -> Option<()> {
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

    fn alter_field(&mut self, call: &Call) -> Option<()> {
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
                if (before.unique, before.is_key) != (after.unique, after.is_key) {
                    self.push(Change::AlterRelation { name: table, how: "unique".into() });
                }
            }
            // Django refuses to make a table of a column.
            _ => return None,
        }
        Some(())
    }

    fn alter_together(&mut self, call: &Call) -> Option<()> {
        // The names of these constraints hold a sum that only Django makes.
        if let (_, Some(name)) = self.table(call, "name")? {
            self.push(Change::AlterRelation { name, how: "unique or indexed together".into() });
        }
        Some(())
    }

    fn alter_order(&mut self, call: &Call) -> Option<()> {
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

    fn add_index(&mut self, call: &Call) -> Option<()> {
        let place = self.place(call, "model_name")?;
        self.index(&place, call.argument("index", 1)?)
    }

    fn index(&mut self, place: &Place, index: &Value) -> Option<()> {
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
    fn columns(&self, place: &Place, call: &Call) -> Option<Vec<Box<str>>> {
        let model = self.models.get(place)?;
        let column = |name: &Value| {
            let name = name.text()?.trim_start_matches('-');
            model.fields.iter().find(|field| *field.name == *name)?.column()
        };
        call.named("fields")?.items().iter().map(column).collect()
    }

    fn remove_index(&mut self, call: &Call) -> Option<()> {
        let (_, table) = self.table(call, "model_name")?;
        let name = Self::text(call, "name", 1)?;
        if let Some(table) = table {
            self.push(Change::DropIndex { name: beside(&table, &name) });
        }
        Some(())
    }

    fn rename_index(&mut self, call: &Call) -> Option<()> {
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

    fn add_constraint(&mut self, call: &Call) -> Option<()> {
        let place = self.place(call, "model_name")?;
        self.constraint(&place, call.argument("constraint", 1)?, call.last_name() == "AddConstraint")
    }

    fn constraint(&mut self, place: &Place, constraint: &Value, valid: bool) -> Option<()> {
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

    fn remove_constraint(&mut self, call: &Call) -> Option<()> {
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

    fn validate_constraint(&mut self, call: &Call) -> Option<()> {
        let (_, table) = self.table(call, "model_name")?;
        let name = Self::text(call, "name", 1)?;
        if let Some(table) = table {
            self.push(Change::ValidateConstraint { table, name });
        }
        Some(())
    }

    fn create_extension(&mut self, call: &Call) -> Option<()> {
        let name = Self::text(call, "name", 0)?;
        self.push(Change::CreateExtension { name });
        Some(())
    }

    fn run_python(&mut self, call: &Call) -> Option<()> {
        let code = match call.argument("code", 0) {
            Some(Value::Name(name)) => name.clone(),
            _ => "a function".into(),
        };
        if !code.ends_with(".noop") {
            self.unread(&format!("it runs Python: `{code}`"), Reach::Rows);
        }
        Some(())
    }

    fn run_sql(&mut self, call: &Call) -> Option<()> {
        let sql = call.argument("sql", 0)?;
        let texts: Vec<&str> = match sql {
            Value::Text(text) => vec![text],
            Value::Name(name) if name.ends_with(".noop") => Vec::new(),
            Value::Items(items) => {
                let text = |item| match item {
                    &Value::Text(ref text) => Some(&**text),
                    pair => pair.items().first()?.text(),
                };
                items.iter().map(text).collect::<Option<_>>()?
            }
            _ => return None,
        };
        for text in texts {
            // Escapes and prefixes can shift it by a line or so: it is for people.
            if let Steps::Read(steps) = sql::steps(text, call.lines.1) {
                self.steps.extend(steps);
            }
        }
        if let Some(state) = call.named("state_operations") {
            self.state_alone(state);
        }
        Some(())
    }

    fn separate(&mut self, call: &Call) -> Option<()> {
        if let Some(operations) = call.argument("database_operations", 0).filter(|value| **value != Value::None) {
            // What these leave behind is not what the models are from now on.
            let models = self.models.clone();
            self.all(operations);
            self.models = models;
        }
        if let Some(state) = call.argument("state_operations", 1).filter(|value| **value != Value::None) {
            self.state_alone(state);
        }
        Some(())
    }

    /// Operations that only change what Django knows of its models.
    fn state_alone(&mut self, operations: &Value) {
        let kept = self.steps.len();
        self.all(operations);
        self.steps.truncate(kept);
    }
}

/// The model that `CreateModel` makes; `None` if it is computed.
fn model(call: &Call) -> Option<Model> {
    let Value::Items(items) = call.argument("fields", 1)? else { return None };
    let field = |item: &Value| match item.items() {
        [name, field] => Field::of(name.text()?, field),
        _ => None,
    };
    let fields = items.iter().map(field).collect::<Option<_>>()?;
    matches!(call.argument("options", 2), None | Some(Value::Pairs(_))).then_some(())?;
    let table = match option(call, "db_table") {
        None => None,
        Some(value) => Some(value.text()?.into()),
    };
    let is = |name: &str, expected: bool| option(call, name) == Some(&Value::Truth(expected));
    Some(Model { table, fields, has_table: !is("managed", false) && !is("proxy", true), indexes: Vec::new() })
}

/// One of the options of `CreateModel`.
fn option<'c>(call: &'c Call, name: &str) -> Option<&'c Value> {
    let Some(Value::Pairs(options)) = call.argument("options", 2) else { return None };
    options.iter().find(|(key, _)| **key == *name).map(|(_, value)| value)
}

/// The constraints that are written with a column.
fn inline_constraints(field: &Field, column: &str) -> impl Iterator<Item = NewConstraint> + use<> {
    let kinds = [
        (field.is_key, ConstraintKind::PrimaryKey),
        (field.unique && !field.is_key, ConstraintKind::Unique),
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

fn created(name: ObjectName, columns: Vec<NewColumn>, constraints: Vec<NewConstraint>) -> Change {
    Change::CreateRelation(NewRelation {
        name,
        kind: RelationKind::Table,
        columns,
        partition: false,
        copies: Vec::new(),
        complete: true,
        constraints,
        existing: Existing::Fails,
    })
}

/// What is called `name` and lies where the table does.
fn beside(table: &ObjectName, name: &str) -> ObjectName {
    match table.schema() {
        Some(schema) => ObjectName::qualified(schema, name),
        None => ObjectName::unqualified(name),
    }
}
