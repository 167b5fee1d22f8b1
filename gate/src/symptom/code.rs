//! SQLSTATEs and Prisma's codes, where they stand as such.

use super::SymptomObject;
use super::sentence::qualified;
use super::text::Text;

/// What kind of failure a symptom names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SymptomCode {
    /// PostgreSQL `undefined_table`.
    UndefinedTable,
    /// PostgreSQL `undefined_column`.
    UndefinedColumn,
    /// PostgreSQL `undefined_object`: a type or a collation.
    UndefinedObject,
    /// PostgreSQL `undefined_function`: an operator, too.
    UndefinedFunction,
    /// PostgreSQL `invalid_schema_name`.
    UndefinedSchema,
    /// PostgreSQL `invalid_text_representation`, of an enum's value alone.
    EnumValue,
    /// PostgreSQL `invalid_column_reference`: no unique index matches an ON CONFLICT.
    NoUniqueIndex,
    /// PostgreSQL `feature_not_supported`, of a cached plan alone: the schema changed under it.
    CachedPlan,
    /// Prisma: a table is missing.
    PrismaTable,
    /// Prisma: a column is missing.
    PrismaColumn,
    /// MySQL and MariaDB: a table is missing.
    MysqlTable,
    /// MySQL and MariaDB: a column is missing.
    MysqlColumn,
    /// SQLite, which has no code for it: a table is missing.
    SqliteTable,
    /// SQLite, which has no code for it: a column is missing.
    SqliteColumn,
}

/// What a symptom is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Table,
    Column,
    Type,
    Function,
    Schema,
    Enum,
    Other,
}

/// One code: how it is printed, what it is about, and what else must be there, since its number
/// also means what has nothing to do with the schema.
struct Row {
    code: SymptomCode,
    word: &'static str,
    kind: Kind,
    beside: &'static [&'static str],
}

const fn row(code: SymptomCode, word: &'static str, kind: Kind) -> Row {
    Row { code, word, kind, beside: &[] }
}

/// Every code, in the order of the enum.
const CODES: [Row; 14] = [
    row(SymptomCode::UndefinedTable, "42P01", Kind::Table),
    row(SymptomCode::UndefinedColumn, "42703", Kind::Column),
    row(SymptomCode::UndefinedObject, "42704", Kind::Type),
    row(SymptomCode::UndefinedFunction, "42883", Kind::Function),
    row(SymptomCode::UndefinedSchema, "3F000", Kind::Schema),
    // The second ones are the names of PostgreSQL's own functions: its error as JSON has no message.
    Row {
        code: SymptomCode::EnumValue,
        word: "22P02",
        kind: Kind::Enum,
        beside: &["for enum ", "\"enum_in\"", "pour le enum "],
    },
    row(SymptomCode::NoUniqueIndex, "42P10", Kind::Other),
    Row {
        code: SymptomCode::CachedPlan,
        word: "0A000",
        kind: Kind::Other,
        beside: &["cached plan must not change result type", "\"RevalidateCachedQuery\""],
    },
    row(SymptomCode::PrismaTable, "P2021", Kind::Table),
    row(SymptomCode::PrismaColumn, "P2022", Kind::Column),
    row(SymptomCode::MysqlTable, "42S02", Kind::Table),
    row(SymptomCode::MysqlColumn, "42S22", Kind::Column),
    row(SymptomCode::SqliteTable, "no_such_table", Kind::Table),
    row(SymptomCode::SqliteColumn, "no_such_column", Kind::Column),
];

/// Classes of SQLSTATE that say what went wrong: with one of these, and none of [`CODES`], the
/// schema is not it.
const CLASSES: [&str; 16] =
    ["08", "0A", "21", "22", "23", "25", "26", "28", "2B", "3D", "40", "42", "53", "54", "55", "57"];

/// An error names its code a few times; what names it more often is not read to its end.
const MOST: usize = 32;

/// What the codes of a body say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// The schema.
    Code(SymptomCode),
    /// Something else.
    Another,
    /// There is none.
    None,
}

impl SymptomCode {
    /// Every code.
    pub fn all() -> impl Iterator<Item = Self> {
        CODES.iter().map(|row| row.code)
    }

    /// The word in logs and metrics: the SQLSTATE or Prisma's code where there is one.
    pub fn as_str(self) -> &'static str {
        CODES.get(self as usize).map_or("", |row| row.word)
    }

    pub(super) fn kind(self) -> Kind {
        CODES.get(self as usize).map_or(Kind::Other, |row| row.kind)
    }

    /// Whether it says that a table is missing.
    pub fn is_about_a_table(self) -> bool {
        self.kind() == Kind::Table
    }

    /// Whether it is one of Prisma's.
    pub const fn is_prismas(self) -> bool {
        matches!(self, Self::PrismaTable | Self::PrismaColumn)
    }
}

/// The code of a body. Prisma's own goes before the one that it was told.
pub(super) fn find(text: &Text) -> Found {
    let mut found = Found::None;
    let codes = words(text).filter(|(start, word)| word.len() == 5 && stands_as_a_code(text, *start));
    for (_, word) in codes.take(MOST) {
        let known = CODES.iter().find(|row| row.word == word);
        match known.filter(|row| row.beside.is_empty() || row.beside.iter().any(|beside| text.contains(beside))) {
            Some(row) if row.code.is_prismas() => return Found::Code(row.code),
            Some(row) if !matches!(found, Found::Code(_)) => found = Found::Code(row.code),
            None if found == Found::None && is_sqlstate(word) => found = Found::Another,
            _ => {}
        }
    }
    found
}

/// Runs of letters, digits and `_`, with where they begin.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let ends = |letter: char| !letter.is_alphanumeric() && letter != '_';
    let mut next = 0;
    text.split_inclusive(ends).map(move |piece| {
        let start = next;
        next += piece.len();
        (start, piece.trim_end_matches(ends))
    })
}

fn is_sqlstate(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
        && word.get(..2).is_some_and(|class| CLASSES.contains(&class))
}

/// Whether what begins at `start` is named as a code: `"code":"42P01"`, `code: 'P2021'`,
/// `SQLSTATE[42P01]`, `originalCode`, … A number alone may count anything.
fn stands_as_a_code(text: &str, start: usize) -> bool {
    let before = text.get(..start).unwrap_or_default();
    let before = before.trim_end_matches(['"', '\'', '`', ' ', ':', '=', '[', '(']);
    ["code", "state"].iter().any(|name| {
        before
            .len()
            .checked_sub(name.len())
            .and_then(|from| before.get(from..))
            .is_some_and(|end| end.eq_ignore_ascii_case(name))
    })
}

/// The object in the `meta` of Prisma's error as JSON.
pub(super) fn object_of_prisma(code: SymptomCode, text: &Text) -> Option<SymptomObject> {
    let value = |key: &str| {
        let (_, after) = text.split_once(key)?;
        let (value, _) = after.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?.split_once('"')?;
        Some(value)
    };
    match code {
        SymptomCode::PrismaTable => qualified(value("\"table\"")?).map(SymptomObject::Table),
        SymptomCode::PrismaColumn => super::sentence::column(value("\"column\"")?),
        _ => None,
    }
}
