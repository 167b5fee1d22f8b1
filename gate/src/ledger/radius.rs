//! What a migration touches while it is pending.

use super::{DeclaredObjects, Effect, Migration, Object, Steps, Tool, Verb};

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

impl Radius {
    /// Of one of `tool`'s migrations.
    pub fn of(tool: &Tool, migration: &Migration) -> Self {
        let steps = match &migration.steps {
            Steps::Read(steps) => steps,
            Steps::NotRead { .. } if !tool.is_sql(&migration.place) => return Self::Program,
            Steps::NotRead { .. } => return Self::Anything,
        };
        let (mut objects, mut indexes, mut drops, mut rows) = (None::<Vec<Object>>, false, false, false);
        for step in steps {
            let effect = Effect::of(&step.change);
            match effect.verb {
                Verb::Nothing => {}
                Verb::Indexes => indexes = true,
                Verb::Drops => drops = true,
                Verb::Rows => rows = true,
                Verb::Creates | Verb::Alters | Verb::Renames => {
                    objects.get_or_insert_default().extend(effect.objects);
                }
                Verb::Unread => return Self::Anything,
            }
        }
        match (objects, rows, indexes, drops) {
            (Some(objects), ..) => Self::Objects(objects),
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
    pub fn touches(&self, declared: &DeclaredObjects) -> bool {
        match self {
            // The facts about the objects themselves tell whether a program has run.
            Self::Nothing(_) | Self::Rows | Self::Program => false,
            Self::Anything => true,
            Self::Objects(touched) => touched.iter().any(|touched| declared.concerns(touched)),
        }
    }
}

#[cfg(test)]
mod tests;
