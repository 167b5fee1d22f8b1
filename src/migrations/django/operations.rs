//! Django's operations, as what they do to a database.

mod code;
mod field;
mod index;
mod model;

use gate::ObjectName;
use gate::ledger::{Change, Reach, Step};

use super::fields::Field;
use super::models::{Model, Models, Place};
use crate::migrations::python::{Call, Value};

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
