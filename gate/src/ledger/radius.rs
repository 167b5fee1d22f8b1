//! What a migration touches while it is pending.

use super::{Change, Language, Migration, NewRelation, Object, Reach, Scope, Steps, Tool};
use crate::ObjectName;

/// What a migration touches while it is pending: what can fail of an application that counts on it.
///
/// An application that needs a migration can miss what it makes or alters. It cannot miss what
/// is dropped, nor an index, without which it is slow: so deployments that first expand a
/// schema and later contract it are not in its way. A unique index is missed, by `ON CONFLICT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Radius {
    /// Nothing that an application can miss.
    Nothing(Harmless),
    /// Rows alone.
    Rows,
    /// What it makes or alters, and every name that it gives or takes.
    Objects(Vec<Object>),
    /// Anything: some of it was not understood.
    Anything,
    /// It is a program that nobody read: what is declared beside the ledger has to speak for it.
    Program,
}

/// Why an application cannot miss a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harmless {
    /// It changes no schema and no rows.
    Empty,
    /// It adds or renames indexes.
    Indexes,
    /// It drops things.
    Drops,
    /// Both.
    IndexesAndDrops,
}

impl Harmless {
    /// The reason, in words that follow "does not gate: ".
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "it changes nothing that can be missed",
            Self::Indexes => "only indexes",
            Self::Drops => "only drops",
            Self::IndexesAndDrops => "only indexes and drops",
        }
    }
}

/// What one step does to those who count on the migration.
enum Effect {
    None,
    Index,
    Drop,
    Rows,
    Touches(Vec<Object>),
    Anything,
}

impl Radius {
    /// Of one of `tool`'s migrations.
    pub fn of(tool: &Tool, migration: &Migration) -> Self {
        let steps = match &migration.steps {
            Steps::Read(steps) => steps,
            Steps::NotRead { .. } if is_program(tool, migration) => return Self::Program,
            Steps::NotRead { .. } => return Self::Anything,
        };
        let (mut objects, mut indexes, mut drops, mut rows) = (Vec::new(), false, false, false);
        for step in steps {
            match effect(&step.change) {
                Effect::None => {}
                Effect::Index => indexes = true,
                Effect::Drop => drops = true,
                Effect::Rows => rows = true,
                Effect::Touches(touched) => objects.extend(touched),
                Effect::Anything => return Self::Anything,
            }
        }
        match (objects.is_empty(), rows, indexes, drops) {
            (false, ..) => Self::Objects(objects),
            (_, true, ..) => Self::Rows,
            (_, _, true, true) => Self::Nothing(Harmless::IndexesAndDrops),
            (_, _, true, false) => Self::Nothing(Harmless::Indexes),
            (_, _, false, true) => Self::Nothing(Harmless::Drops),
            (_, _, false, false) => Self::Nothing(Harmless::Empty),
        }
    }

    /// Whether it gates a route that needs the ledger and says nothing more.
    pub const fn gates(&self) -> bool {
        !matches!(self, Self::Nothing(_))
    }

    /// Whether it gates a route that needs the ledger and declares these objects beside it.
    pub fn touches(&self, scope: &Scope) -> bool {
        match self {
            // The facts about the objects themselves tell whether a program has run.
            Self::Nothing(_) | Self::Rows | Self::Program => false,
            Self::Anything => true,
            Self::Objects(touched) => touched.iter().any(|touched| scope.concerns(touched)),
        }
    }
}

/// Whether a migration's file is a program.
fn is_program(tool: &Tool, migration: &Migration) -> bool {
    match tool.language {
        Language::Sql => false,
        Language::Code => true,
        Language::Either => !migration.place.ends_with(".sql"),
    }
}

fn effect(change: &Change) -> Effect {
    let relation = |name: &ObjectName| Object::Relation(name.clone());
    let ty = |name: &ObjectName| Object::Type(name.clone());
    let renamed = |name: &ObjectName, to: &str| match name.schema() {
        Some(schema) => ObjectName::qualified(schema, to),
        None => ObjectName::unqualified(to),
    };
    let moved = |name: &ObjectName, schema: &str| ObjectName::qualified(schema, name.name());
    let touched = match change {
        Change::SearchPath(_) | Change::ValidateConstraint { .. } => return Effect::None,
        Change::DropSchema { .. }
        | Change::DropRelation { .. }
        | Change::DropColumn { .. }
        | Change::DropConstraint { .. }
        | Change::DropIndex { .. }
        | Change::DropType { .. }
        | Change::DropFunction { .. }
        | Change::DropExtension { .. } => return Effect::Drop,
        Change::AlterRelation { how, .. } if how.starts_with("DROP ") => return Effect::Drop,
        Change::CreateIndex { unique: false, .. } | Change::RenameIndex { .. } => return Effect::Index,
        Change::Rows { .. } | Change::Unread { reach: Reach::Rows, .. } => return Effect::Rows,
        Change::Unread { .. } => return Effect::Anything,

        Change::CreateSchema { name } => vec![Object::Schema(name.clone())],
        Change::RenameSchema { name, to } => vec![Object::Schema(name.clone()), Object::Schema(to.clone())],
        Change::CreateRelation(NewRelation { name, .. }) | Change::AlterRelation { name, .. } => vec![relation(name)],
        Change::RenameRelation { name, to } => vec![relation(name), Object::Relation(renamed(name, to))],
        Change::MoveRelation { name, schema } => vec![relation(name), Object::Relation(moved(name, schema))],
        Change::AddColumn { table, column, .. } => vec![Object::Column(table.clone(), column.name.clone())],
        Change::RenameColumn { table, column, to } => {
            [column, to].map(|column| Object::Column(table.clone(), column.clone())).into()
        }
        // A column that stops to demand a value is as much needed by who writes none as a new one.
        Change::ColumnType { table, column, .. } | Change::ColumnNull { table, column, .. } => {
            vec![Object::Column(table.clone(), column.clone())]
        }
        Change::AddConstraint { table, .. } | Change::RenameConstraint { table, .. } => vec![relation(table)],
        Change::CreateIndex { name, table, .. } => {
            let index = name.as_deref().map(|name| Object::Index(renamed(table, name)));
            index.into_iter().chain([relation(table)]).collect()
        }
        Change::CreateEnum { name, .. }
        | Change::AddEnumValue { name, .. }
        | Change::RenameEnumValue { name, .. }
        | Change::CreateType { name, .. }
        | Change::AlterType { name } => vec![ty(name)],
        Change::RenameType { name, to } => vec![ty(name), Object::Type(renamed(name, to))],
        Change::MoveType { name, schema } => vec![ty(name), Object::Type(moved(name, schema))],
        Change::CreateFunction { name, .. } => vec![Object::Function(name.clone())],
        Change::CreateExtension { name } => vec![Object::Extension(name.clone())],
        Change::Other { name, .. } => name.iter().map(relation).collect(),
    };
    Effect::Touches(touched)
}

#[cfg(test)]
mod tests;
