//! What the body of an upstream's failure says of the schema.
//!
//! Sources: PostgreSQL, appendix A (SQLSTATE); Prisma, "Error message reference"; MySQL, "Server
//! Error Message Reference"; SQLite's `resolve.c` and `build.c`. What real stacks put into a body
//! stands in `tests/fixtures/symptoms`.

mod code;
mod sentence;
mod text;

use core::fmt;

use crate::{Fact, ObjectName, Requirement};
use text::Text;

pub use code::SymptomCode;

/// What the body of an upstream's failure says of the schema.
///
/// Whoever can write into an error can write this: a reason to look and to tell, never a proof.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symptom {
    /// What kind of failure it names.
    pub code: SymptomCode,
    /// What it says is missing, where it says so.
    pub object: Option<SymptomObject>,
}

/// What a symptom says is missing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SymptomObject {
    /// A table, or what is read like one; PostgreSQL says the same of a sequence.
    Table(ObjectName),
    /// A column.
    Column {
        /// Its table, or the alias that the query gave it: a database prints either.
        table: Option<ObjectName>,
        /// Its name.
        column: Box<str>,
    },
    /// A type.
    Type(ObjectName),
    /// A function, with its arguments as they were printed.
    Function {
        /// Its name.
        name: ObjectName,
        /// `integer, text`
        arguments: Box<str>,
    },
    /// A schema.
    Schema(Box<str>),
    /// A value of an enum type.
    EnumValue {
        /// The type.
        name: ObjectName,
        /// The value.
        value: Box<str>,
    },
}

impl Symptom {
    /// The longest body that is read, in bytes; what follows is not.
    pub const LONGEST_BODY: usize = 64 << 10;

    /// What `body` says of the schema: JSON, HTML with entities or plain text, cut anywhere.
    ///
    /// Total and linear in the length of the body.
    pub fn read(body: &[u8]) -> Option<Self> {
        let text = Text::of(body.get(..Self::LONGEST_BODY).unwrap_or(body));
        let sentences = sentence::find(&text);
        let code = match code::find(&text) {
            code::Found::Code(code) => code,
            // Another error altogether, in which the words are somebody's data.
            code::Found::Another => return None,
            code::Found::None => sentences.first()?.code,
        };
        let said = sentences.into_iter().find(|sentence| sentence.code.kind() == code.kind());
        let object = said.and_then(|sentence| sentence.object).or_else(|| code::object_of_prisma(code, &text));
        Some(Self { code, object })
    }
}

impl SymptomObject {
    /// The kind of object: `table`, `column`, …
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Table(_) => "table",
            Self::Column { .. } => "column",
            Self::Type(_) => "type",
            Self::Function { .. } => "function",
            Self::Schema(_) => "schema",
            Self::EnumValue { .. } => "enum value",
        }
    }

    /// The table that it speaks of, if any.
    pub const fn table(&self) -> Option<&ObjectName> {
        match self {
            Self::Table(table) | Self::Column { table: Some(table), .. } => Some(table),
            _ => None,
        }
    }
}

impl fmt::Display for SymptomObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(name) | Self::Type(name) => write!(f, "{name}"),
            Self::Column { table: Some(table), column } => write!(f, "{table}.{column}"),
            Self::Column { table: None, column } => f.write_str(column),
            Self::Function { name, arguments } => write!(f, "{name}({arguments})"),
            Self::Schema(name) => f.write_str(name),
            Self::EnumValue { name, value } => write!(f, "{name}: {value}"),
        }
    }
}

impl Requirement {
    /// Whether a look at the catalog tells by this requirement that `object` is missing.
    pub fn covers(&self, object: &SymptomObject) -> bool {
        self.facts.iter().any(|fact| match (object, fact) {
            (
                SymptomObject::Table(table),
                Fact::Table(known) | Fact::Column { table: known, .. } | Fact::Privilege { table: known, .. },
            ) => may_be(table, known),
            // By its own name alone: what is printed before it may be the query's alias.
            (SymptomObject::Column { column, .. }, Fact::Column { column: known, .. }) => column == known,
            (SymptomObject::Type(name) | SymptomObject::EnumValue { name, .. }, Fact::Enum { name: known, .. })
            | (SymptomObject::Function { name, .. }, Fact::Function { name: known, .. }) => may_be(name, known),
            (SymptomObject::Schema(name), Fact::Schema(known)) => name == known,
            _ => false,
        })
    }
}

/// Whether two names can mean one object: a schema counts where both have one.
fn may_be(one: &ObjectName, other: &ObjectName) -> bool {
    one.name() == other.name() && one.schema().zip(other.schema()).is_none_or(|(one, other)| one == other)
}

#[cfg(test)]
mod tests;
