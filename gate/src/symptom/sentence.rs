//! The sentences that databases say what is missing with.

use super::SymptomObject;
use super::code::{Kind, SymptomCode};
use super::text::Text;
use crate::ObjectName;

/// What a sentence said.
#[derive(Debug)]
pub(super) struct Said {
    /// The code that goes with the sentence.
    pub(super) code: SymptomCode,
    /// What it names.
    pub(super) object: Option<SymptomObject>,
}

/// A sentence: what comes before the name, how the name is written, and what follows it.
struct Sentence {
    code: SymptomCode,
    before: &'static str,
    name: Written,
    after: &'static str,
}

/// How a name is written within a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    /// There is none.
    Not,
    /// `"x"`
    Quoted,
    /// `"x" of relation "t"`; the text is what stands between the two.
    QuotedOf(&'static str),
    /// `t.x`, without quotes, always with a dot.
    Dotted,
    /// `` `t.x` ``
    Backticks,
    /// `'x'`
    Apostrophes,
    /// `« x »`
    Guillemets,
    /// `« x » de la relation « t »`
    GuillemetsOf(&'static str),
    /// `f(integer, text)`
    Call,
    /// `x` or `t.x`, to the end of the word.
    Bare,
    /// `e: "value"`, where `e` may stand in quotes.
    EnumValue,
}

const fn says(code: SymptomCode, before: &'static str, name: Written, after: &'static str) -> Sentence {
    Sentence { code, before, name, after }
}

/// PostgreSQL 9 to 18 (English and French), Prisma 4 to 7, MySQL and MariaDB, SQLite 3.
///
/// The more telling one comes first: Prisma repeats the database's sentence, and the one on a
/// column holds the end of the one on a relation.
const SENTENCES: [Sentence; 23] = {
    use SymptomCode as C;
    use Written as W;
    [
        says(C::PrismaTable, "The table ", W::Backticks, " does not exist in the current database"),
        says(C::PrismaColumn, "The column ", W::Backticks, " does not exist in the current database"),
        says(C::UndefinedColumn, "column ", W::QuotedOf(" of relation "), " does not exist"),
        says(C::UndefinedColumn, "column ", W::Quoted, " does not exist"),
        says(C::UndefinedColumn, "column ", W::Dotted, " does not exist"),
        says(C::UndefinedTable, "relation ", W::Quoted, " does not exist"),
        says(C::UndefinedObject, "type ", W::Quoted, " does not exist"),
        says(C::UndefinedFunction, "function ", W::Call, " does not exist"),
        says(C::UndefinedFunction, "operator does not exist: ", W::Not, ""),
        says(C::UndefinedSchema, "schema ", W::Quoted, " does not exist"),
        says(C::EnumValue, "invalid input value for enum ", W::EnumValue, ""),
        says(C::NoUniqueIndex, "constraint matching the ON CONFLICT specification", W::Not, ""),
        says(C::CachedPlan, "cached plan must not change result type", W::Not, ""),
        says(C::MysqlTable, "Table ", W::Apostrophes, " doesn't exist"),
        says(C::MysqlColumn, "Unknown column ", W::Apostrophes, " in "),
        says(C::SqliteTable, "no such table: ", W::Bare, ""),
        says(C::SqliteColumn, "no such column: ", W::Bare, ""),
        says(C::UndefinedColumn, "la colonne ", W::GuillemetsOf(" de la relation "), " n'existe pas"),
        says(C::UndefinedColumn, "la colonne ", W::Guillemets, " n'existe pas"),
        says(C::UndefinedTable, "la relation ", W::Guillemets, " n'existe pas"),
        says(C::UndefinedObject, "le type ", W::Guillemets, " n'existe pas"),
        says(C::UndefinedFunction, "la fonction ", W::Call, " n'existe pas"),
        says(C::UndefinedSchema, "le schéma ", W::Guillemets, " n'existe pas"),
    ]
};

/// A body repeats itself, or somebody makes it: what begins like a sentence is read so often.
const MOST: usize = 64;

/// The longest name: schema and table of 63 bytes each, a dot, and room for quotes; or a call.
const LONGEST: usize = 256;

/// What a body says, the first sentence of each form.
pub(super) fn find(text: &Text) -> Vec<Said> {
    SENTENCES.iter().filter_map(|sentence| sentence.find(text)).collect()
}

impl Sentence {
    fn find(&self, text: &str) -> Option<Said> {
        let begun = text.match_indices(self.before).filter(|(at, _)| is_word_start(text, *at));
        begun.take(MOST).find_map(|(at, before)| self.read(text.get(at + before.len()..)?))
    }

    fn read(&self, rest: &str) -> Option<Said> {
        let (object, rest) = self.name.read(self.code.kind(), rest)?;
        rest.starts_with(self.after).then_some(Said { code: self.code, object })
    }
}

impl Written {
    /// The object that `text` begins with, and what follows it. `None`: it is not written so.
    fn read(self, kind: Kind, text: &str) -> Option<(Option<SymptomObject>, &str)> {
        let (name, rest) = match self {
            Self::Not => return Some((None, text)),
            Self::Quoted => between(text, "\"", "\"")?,
            Self::Backticks => between(text, "`", "`")?,
            Self::Apostrophes => between(text, "'", "'")?,
            Self::Guillemets => between(text, "« ", " »")?,
            Self::QuotedOf(of) => return column_of(text, of, "\"", "\""),
            Self::GuillemetsOf(of) => return column_of(text, of, "« ", " »"),
            Self::Dotted | Self::Bare => {
                let (name, rest) = bare(text)?;
                if self == Self::Dotted && !name.contains('.') {
                    return None;
                }
                (name, rest)
            }
            Self::Call => return call(text),
            Self::EnumValue => return enum_value(text),
        };
        let object = match kind {
            Kind::Table => qualified(name).map(SymptomObject::Table),
            // Alone and in quotes it is the column itself, whatever dots it holds.
            Kind::Column if matches!(self, Self::Quoted | Self::Guillemets) => alone(name),
            Kind::Column => column(name),
            Kind::Type => qualified(name).map(SymptomObject::Type),
            Kind::Schema => is_name(name).then(|| SymptomObject::Schema(name.into())),
            Kind::Function | Kind::Enum | Kind::Other => None,
        };
        Some((object, rest))
    }
}

/// `schema.name` or `name`, as databases print them: without quotes for either part.
pub(super) fn qualified(text: &str) -> Option<ObjectName> {
    match text.split_once('.') {
        Some((schema, name)) if is_name(schema) && is_name(name) && !name.contains('.') => {
            Some(ObjectName::qualified(schema, name))
        }
        Some(_) => None,
        None => is_name(text).then(|| ObjectName::unqualified(text)),
    }
}

/// `table.column`, `schema.table.column` or `column`.
pub(super) fn column(text: &str) -> Option<SymptomObject> {
    let Some((table, name)) = text.rsplit_once('.') else { return alone(text) };
    let table = Some(qualified(table)?);
    is_name(name).then(|| SymptomObject::Column { table, column: name.into() })
}

fn alone(name: &str) -> Option<SymptomObject> {
    is_name(name).then(|| SymptomObject::Column { table: None, column: name.into() })
}

/// Whether this can be an object's name. `(not available)` is what Prisma says of one it was not told.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 63
        && text.trim() == text
        && text != "(not available)"
        && !text.contains(|letter: char| letter.is_control() || letter == '\u{fffd}')
}

fn is_word_start(text: &str, at: usize) -> bool {
    text.get(..at).is_none_or(|before| !before.ends_with(char::is_alphanumeric))
}

/// The beginning of `text`, as long as a name can be.
fn head(text: &str) -> &str {
    let end = (0..=LONGEST.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}

fn between<'t>(text: &'t str, open: &str, close: &str) -> Option<(&'t str, &'t str)> {
    let inside = text.strip_prefix(open)?;
    let (name, _) = head(inside).split_once(close)?;
    Some((name, inside.get(name.len() + close.len()..)?))
}

fn bare(text: &str) -> Option<(&str, &str)> {
    let stands = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$' | '.');
    let name = head(text).split(|letter| !stands(letter)).next()?;
    let name = name.trim_end_matches('.');
    (!name.is_empty()).then(|| text.split_at(name.len()))
}

fn column_of<'t>(text: &'t str, of: &str, open: &str, close: &str) -> Option<(Option<SymptomObject>, &'t str)> {
    let (name, rest) = between(text, open, close)?;
    let (table, rest) = between(rest.strip_prefix(of)?, open, close)?;
    let column =
        alone(name).and_then(|_| Some(SymptomObject::Column { table: Some(qualified(table)?), column: name.into() }));
    Some((column, rest))
}

fn call(text: &str) -> Option<(Option<SymptomObject>, &str)> {
    let (name, after) = bare(text)?;
    let inside = after.strip_prefix('(')?;
    let (arguments, _) = head(inside).split_once(')')?;
    // A modifier's own brackets: `numeric(10,2)` is printed as `numeric` here, so there are none.
    let rest = inside.get(arguments.len() + 1..)?;
    let object = qualified(name).filter(|_| !arguments.contains(char::is_control));
    Some((object.map(|name| SymptomObject::Function { name, arguments: arguments.into() }), rest))
}

fn enum_value(text: &str) -> Option<(Option<SymptomObject>, &str)> {
    let (name, rest) = between(text, "\"", "\"").or_else(|| bare(text))?;
    let (value, rest) = between(rest.strip_prefix(": ")?, "\"", "\"")?;
    let object = qualified(name).filter(|_| is_name(value));
    Some((object.map(|name| SymptomObject::EnumValue { name, value: value.into() }), rest))
}
