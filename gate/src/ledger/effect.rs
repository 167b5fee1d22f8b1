//! What a step does, to whom.

use super::{Change, NewRelation, Object, Reach};
use crate::ObjectName;

/// What a step does, to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// What.
    pub verb: Verb,
    /// To whom: the object itself first, then what else is touched by it; of a new name, the old
    /// one first. Empty where that is not told.
    pub objects: Vec<Object>,
}

/// What is done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Nothing that anybody can notice.
    Nothing,
    /// It is made.
    Creates,
    /// It becomes another.
    Alters,
    /// It gets another name.
    Renames,
    /// It is an index that only makes things faster: it is built, or gets another name.
    Indexes,
    /// It goes.
    Drops,
    /// Its rows are written.
    Rows,
    /// Nobody knows.
    Unread,
}

impl Verb {
    /// The word used in JSON and for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Creates => "creates",
            Self::Alters => "alters",
            Self::Renames => "renames",
            Self::Indexes => "indexes",
            Self::Drops => "drops",
            Self::Rows => "rows",
            Self::Unread => "unread",
        }
    }
}

impl Effect {
    /// Of a step.
    pub fn of(change: &Change) -> Self {
        let (verb, objects) = match change {
            Change::SearchPath(_) | Change::ValidateConstraint { .. } => (Verb::Nothing, Vec::new()),
            Change::Unread { reach: Reach::Rows, .. } => (Verb::Rows, Vec::new()),
            Change::Unread { .. } => (Verb::Unread, Vec::new()),
            Change::Rows { table, .. } => (Verb::Rows, vec![Object::Relation(table.clone())]),
            change => dropping(change).or_else(|| naming(change)).unwrap_or_else(|| making(change)),
        };
        Self { verb, objects }
    }
}

/// What goes.
fn dropping(change: &Change) -> Option<(Verb, Vec<Object>)> {
    let object = match change {
        Change::DropSchema { name } => Object::Schema(name.clone()),
        Change::DropRelation { name } => Object::Relation(name.clone()),
        Change::DropColumn { table, column } => Object::Column(table.clone(), column.clone()),
        Change::DropConstraint { table, name } => Object::Constraint(table.clone(), name.clone()),
        Change::DropIndex { name } => Object::Index(name.clone()),
        Change::DropType { name, .. } => Object::Type(name.clone()),
        Change::DropFunction { name, .. } => Object::Function(name.clone()),
        Change::DropExtension { name } => Object::Extension(name.clone()),
        Change::AlterRelation { name, how } if how.starts_with("DROP ") => Object::Relation(name.clone()),
        Change::Other { how, .. } if how.starts_with("DROP ") => return Some((Verb::Drops, Vec::new())),
        _ => return None,
    };
    Some((Verb::Drops, vec![object]))
}

/// What gets another name, or goes to another schema.
fn naming(change: &Change) -> Option<(Verb, Vec<Object>)> {
    let moved = |name: &ObjectName, schema: &str| ObjectName::qualified(schema, name.name());
    let objects = match change {
        Change::RenameSchema { name, to } => [name, to].map(|name| Object::Schema(name.clone())),
        Change::RenameRelation { name, to } => [name.clone(), sibling(name, to)].map(Object::Relation),
        Change::MoveRelation { name, schema } => [name.clone(), moved(name, schema)].map(Object::Relation),
        Change::RenameColumn { table, column, to } => {
            [column, to].map(|column| Object::Column(table.clone(), column.clone()))
        }
        Change::RenameConstraint { table, name, to } => {
            [name, to].map(|name| Object::Constraint(table.clone(), name.clone()))
        }
        Change::RenameIndex { name, to } => {
            let objects = [name.clone(), sibling(name, to)].map(Object::Index);
            return Some((Verb::Indexes, objects.into()));
        }
        Change::RenameType { name, to } => [name.clone(), sibling(name, to)].map(Object::Type),
        Change::MoveType { name, schema } => [name.clone(), moved(name, schema)].map(Object::Type),
        _ => return None,
    };
    Some((Verb::Renames, objects.into()))
}

/// What is made, or made another.
fn making(change: &Change) -> (Verb, Vec<Object>) {
    let relation = |name: &ObjectName| Object::Relation(name.clone());
    let column = |table: &ObjectName, column: &str| Object::Column(table.clone(), column.into());
    match change {
        Change::CreateSchema { name } => (Verb::Creates, vec![Object::Schema(name.clone())]),
        Change::CreateRelation(NewRelation { name, .. }) => (Verb::Creates, vec![relation(name)]),
        Change::AddColumn { table, column: new, .. } => (Verb::Creates, vec![column(table, &new.name)]),
        // Who stops to write a value fails until none is demanded, and the other way about.
        Change::ColumnType { table, column: name, .. } | Change::ColumnNull { table, column: name, .. } => {
            (Verb::Alters, vec![column(table, name)])
        }
        Change::AddConstraint { table, constraint } => {
            let named = constraint.name.clone().map(|name| Object::Constraint(table.clone(), name));
            (Verb::Creates, named.into_iter().chain([relation(table)]).collect())
        }
        Change::CreateIndex { name, table, unique, .. } => {
            let index = name.as_deref().map(|name| Object::Index(sibling(table, name)));
            // `ON CONFLICT` fails without a unique one.
            let verb = if *unique { Verb::Creates } else { Verb::Indexes };
            (verb, index.into_iter().chain([relation(table)]).collect())
        }
        Change::CreateEnum { name, .. } => (Verb::Creates, vec![Object::Enum(name.clone())]),
        Change::AddEnumValue { name, value, .. } => {
            (Verb::Creates, vec![Object::EnumValue(name.clone(), value.clone())])
        }
        Change::RenameEnumValue { name, .. } => (Verb::Alters, vec![Object::Enum(name.clone())]),
        Change::CreateType { name, .. } => (Verb::Creates, vec![Object::Type(name.clone())]),
        Change::AlterType { name } => (Verb::Alters, vec![Object::Type(name.clone())]),
        Change::CreateFunction { name, .. } => (Verb::Creates, vec![Object::Function(name.clone())]),
        Change::CreateExtension { name } => (Verb::Creates, vec![Object::Extension(name.clone())]),
        Change::AlterRelation { name, .. } => (Verb::Alters, vec![relation(name)]),
        Change::Other { name, .. } => (Verb::Alters, name.iter().map(relation).collect()),
        // Told apart before; what is new and forgotten here must not count as nothing.
        _ => (Verb::Unread, Vec::new()),
    }
}

fn sibling(name: &ObjectName, to: &str) -> ObjectName {
    match name.schema() {
        Some(schema) => ObjectName::qualified(schema, to),
        None => ObjectName::unqualified(to),
    }
}
