//! An object of a database, as something to be spoken of.

use core::fmt;

use crate::ObjectName;

/// An object of a database that migrations make.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Object {
    /// A schema.
    Schema(Box<str>),
    /// A table, a view or a materialized view.
    Relation(ObjectName),
    /// A column of a relation.
    Column(ObjectName, Box<str>),
    /// A constraint of a table.
    Constraint(ObjectName, Box<str>),
    /// An index.
    Index(ObjectName),
    /// An enum type.
    Enum(ObjectName),
    /// A value of an enum.
    EnumValue(ObjectName, Box<str>),
    /// A type that is no enum.
    Type(ObjectName),
    /// A function or a procedure, in all its overloads.
    Function(ObjectName),
    /// An extension.
    Extension(Box<str>),
}

impl Object {
    /// The kind of object, as findings call it.
    pub const fn what(&self) -> &'static str {
        match self {
            Self::Schema(_) => "schema",
            Self::Relation(_) => "table",
            Self::Column(..) => "column",
            Self::Constraint(..) => "constraint",
            Self::Index(_) => "index",
            Self::Enum(_) => "enum",
            Self::EnumValue(..) => "enum value",
            Self::Type(_) => "type",
            Self::Function(_) => "function",
            Self::Extension(_) => "extension",
        }
    }

    /// Its own name, without that of what holds it.
    pub fn own_name(&self) -> &str {
        match self {
            Self::Schema(name)
            | Self::Column(_, name)
            | Self::Constraint(_, name)
            | Self::EnumValue(_, name)
            | Self::Extension(name) => name,
            Self::Relation(name) | Self::Index(name) | Self::Enum(name) | Self::Type(name) | Self::Function(name) => {
                name.name()
            }
        }
    }

    /// The schema that it lies in, where that was said.
    pub fn schema(&self) -> Option<&str> {
        match self {
            Self::Schema(name) => Some(name),
            Self::Extension(_) => None,
            Self::Relation(name)
            | Self::Index(name)
            | Self::Enum(name)
            | Self::Type(name)
            | Self::Function(name)
            | Self::Column(name, _)
            | Self::Constraint(name, _)
            | Self::EnumValue(name, _) => name.schema(),
        }
    }

    /// The same in a schema, where it lies in one; `None` where it does not.
    pub fn within(&self, schema: &str) -> Option<Self> {
        let place = |name: &ObjectName| ObjectName::qualified(schema, name.name());
        Some(match self {
            Self::Schema(_) | Self::Extension(_) => return None,
            Self::Relation(name) => Self::Relation(place(name)),
            Self::Index(name) => Self::Index(place(name)),
            Self::Enum(name) => Self::Enum(place(name)),
            Self::Type(name) => Self::Type(place(name)),
            Self::Function(name) => Self::Function(place(name)),
            Self::Column(name, own) => Self::Column(place(name), own.clone()),
            Self::Constraint(name, own) => Self::Constraint(place(name), own.clone()),
            Self::EnumValue(name, own) => Self::EnumValue(place(name), own.clone()),
        })
    }

    /// The same with another name of what has a schema.
    #[must_use]
    pub fn map_name(self, map: impl Fn(ObjectName) -> ObjectName) -> Self {
        match self {
            Self::Schema(_) | Self::Extension(_) => self,
            Self::Relation(name) => Self::Relation(map(name)),
            Self::Column(table, name) => Self::Column(map(table), name),
            Self::Constraint(table, name) => Self::Constraint(map(table), name),
            Self::Index(name) => Self::Index(map(name)),
            Self::Enum(name) => Self::Enum(map(name)),
            Self::EnumValue(name, value) => Self::EnumValue(map(name), value),
            Self::Type(name) => Self::Type(map(name)),
            Self::Function(name) => Self::Function(map(name)),
        }
    }

    /// What it goes with when that is dropped.
    pub fn holder(&self) -> Option<Self> {
        match self {
            Self::Column(table, _) | Self::Constraint(table, _) => Some(Self::Relation(table.clone())),
            Self::EnumValue(name, _) => Some(Self::Enum(name.clone())),
            Self::Relation(name) | Self::Index(name) | Self::Enum(name) | Self::Type(name) | Self::Function(name) => {
                name.schema().map(|schema| Self::Schema(schema.into()))
            }
            Self::Schema(_) | Self::Extension(_) => None,
        }
    }
}

impl fmt::Display for Object {
    /// The name, as findings have it: `public.customers.agreementFileUrl`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Schema(name) | Self::Extension(name) => f.write_str(name),
            Self::Relation(name) | Self::Index(name) | Self::Enum(name) | Self::Type(name) | Self::Function(name) => {
                name.fmt(f)
            }
            Self::Column(holder, name) | Self::Constraint(holder, name) | Self::EnumValue(holder, name) => {
                write!(f, "{holder}.{name}")
            }
        }
    }
}
