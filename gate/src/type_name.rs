//! Column types, comparable whatever spelling they came in.

use core::fmt;
use core::str::FromStr;
use std::borrow::Cow;

use crate::ObjectName;
use crate::name::{self, NameError};

/// A column's type: `timestamp(3)`, `varchar(20)[]`, `app.Status`.
///
/// SQL's spellings of one built-in type compare equal (`int` and `integer`, `timestamptz` and
/// `timestamp with time zone`); a user's own type is compared in exact case, and one that is
/// named as a built-in type is (`Line`, `Path`) stands in double quotes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeName {
    schema: Option<Box<str>>,
    base: Box<str>,
    modifier: Option<Box<str>>,
    array: bool,
    builtin: bool,
    folded: bool,
}

/// Why a text is not a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeNameError {
    /// The type's name is not a name.
    Name(NameError),
    /// A parenthesis without its counterpart.
    Parenthesis,
}

impl fmt::Display for TypeNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => error.fmt(f),
            Self::Parenthesis => f.write_str("a parenthesis is not closed"),
        }
    }
}

impl core::error::Error for TypeNameError {}

/// Spelling (lower case, without modifier) and the spelling that PostgreSQL's `format_type` prints.
const BUILTIN: &[(&str, &str)] = &[
    ("bigint", "bigint"),
    ("bigserial", "bigint"),
    ("bit", "bit"),
    ("bit varying", "bit varying"),
    ("bool", "boolean"),
    ("boolean", "boolean"),
    ("box", "box"),
    ("bpchar", "bpchar"),
    ("bytea", "bytea"),
    ("char", "character"),
    ("character", "character"),
    ("character varying", "character varying"),
    ("cidr", "cidr"),
    ("circle", "circle"),
    ("date", "date"),
    ("dec", "numeric"),
    ("decimal", "numeric"),
    ("double precision", "double precision"),
    ("float", "double precision"),
    ("float4", "real"),
    ("float8", "double precision"),
    ("inet", "inet"),
    ("int", "integer"),
    ("int2", "smallint"),
    ("int4", "integer"),
    ("int8", "bigint"),
    ("integer", "integer"),
    ("interval", "interval"),
    ("json", "json"),
    ("jsonb", "jsonb"),
    ("line", "line"),
    ("lseg", "lseg"),
    ("macaddr", "macaddr"),
    ("macaddr8", "macaddr8"),
    ("money", "money"),
    ("name", "name"),
    ("numeric", "numeric"),
    ("oid", "oid"),
    ("path", "path"),
    ("point", "point"),
    ("polygon", "polygon"),
    ("real", "real"),
    ("serial", "integer"),
    ("serial2", "smallint"),
    ("serial4", "integer"),
    ("serial8", "bigint"),
    ("smallint", "smallint"),
    ("smallserial", "smallint"),
    ("text", "text"),
    ("time", "time without time zone"),
    ("time with time zone", "time with time zone"),
    ("time without time zone", "time without time zone"),
    ("timestamp", "timestamp without time zone"),
    ("timestamp with time zone", "timestamp with time zone"),
    ("timestamp without time zone", "timestamp without time zone"),
    ("timestamptz", "timestamp with time zone"),
    ("timetz", "time with time zone"),
    ("tsquery", "tsquery"),
    ("tsvector", "tsvector"),
    ("uuid", "uuid"),
    ("varbit", "bit varying"),
    ("varchar", "character varying"),
    ("xml", "xml"),
];

impl TypeName {
    /// Whether a column of the type `actual` is what `self` asks for.
    ///
    /// What `self` leaves out matches anything: `numeric` is met by `numeric(10,2)`, and
    /// `Status` by `app.Status`.
    pub fn is_met_by(&self, actual: &Self) -> bool {
        let same_base = if self.folded || actual.folded {
            self.base.eq_ignore_ascii_case(&actual.base)
        } else {
            self.builtin == actual.builtin && self.base == actual.base
        };
        same_base
            && self.array == actual.array
            && (self.modifier.is_none() || self.modifier == actual.modifier)
            && (self.schema.is_none() || self.schema == actual.schema)
    }

    /// Whether both are one type, to the last modifier.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.is_met_by(other) && other.is_met_by(self)
    }

    /// The same as seen from `schema`: a type that lies there needs no schema.
    #[must_use]
    pub fn seen_from(&self, schema: &str) -> Self {
        let own = self.schema.as_deref() == Some(schema);
        Self { schema: self.schema.clone().filter(|_| !own), ..self.clone() }
    }

    /// A type of a database that ignores the case of type names, as SQLite does.
    pub fn parse_folded(text: &str) -> Result<Self, TypeNameError> {
        text.parse().map(|ty| Self { folded: true, ..ty })
    }

    /// The name of the user's type that it is, or that it is an array of; `None` for a built-in one.
    pub fn users(&self) -> Option<ObjectName> {
        let name = || match &self.schema {
            Some(schema) => ObjectName::qualified(schema, &self.base),
            None => ObjectName::unqualified(&self.base),
        };
        (!self.builtin).then(name)
    }

    /// The same of the user's type of that name: its arrays stay arrays.
    #[must_use]
    pub fn called(&self, name: &ObjectName) -> Self {
        Self { schema: name.schema().map(Into::into), base: name.name().into(), builtin: false, ..self.clone() }
    }

    /// The same without what stands in parentheses: `varchar(20)` is `varchar`.
    #[must_use]
    pub fn without_modifier(&self) -> Self {
        Self { modifier: None, ..self.clone() }
    }

    /// A type that a database printed in a way that is not understood: it is only itself.
    pub fn verbatim(text: &str) -> Self {
        Self { schema: None, base: text.into(), modifier: None, array: false, builtin: false, folded: false }
    }
}

impl FromStr for TypeName {
    type Err = TypeNameError;

    fn from_str(text: &str) -> Result<Self, TypeNameError> {
        let mut text = text.trim();
        let mut array = false;
        // Every dimension is the same type to PostgreSQL: `int[3][4]` is `int[]`.
        while let Some((element, _)) = text.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')) {
            array = true;
            text = element.trim_end();
        }
        // What stands in quotes belongs to the name.
        let mut in_quotes = false;
        let parenthesis = text.find(|c| {
            in_quotes ^= c == '"';
            matches!(c, '(' | ')') && !in_quotes
        });
        let (head, modifier, tail) = match text.split_at_checked(parenthesis.unwrap_or(text.len())) {
            None | Some((_, "")) => (text, None, ""),
            Some((head, rest)) => {
                let inside = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
                let (inside, tail) = inside.ok_or(TypeNameError::Parenthesis)?;
                let inside: String = inside.chars().filter(|c| !c.is_whitespace()).collect();
                (head, Some(inside.into_boxed_str()), tail)
            }
        };
        let spelled = [head, tail].iter().flat_map(|part| part.split_whitespace()).collect::<Vec<_>>().join(" ");
        if let Some(printed) = printed_builtin(&spelled) {
            let (base, modifier) = printed_modifier(printed, modifier);
            return Ok(Self { schema: None, base: base.into(), modifier, array, builtin: true, folded: false });
        }
        let mut parts = name::split(&spelled).map_err(TypeNameError::Name)?;
        let base = parts.pop().ok_or(TypeNameError::Name(NameError::Empty))?;
        let schema = parts.pop();
        if !parts.is_empty() {
            return Err(TypeNameError::Name(NameError::TooManyParts));
        }
        Ok(Self { schema, base, modifier, array, builtin: false, folded: false })
    }
}

/// How PostgreSQL prints the built-in type of that spelling, without its modifier.
fn printed_builtin(spelled: &str) -> Option<&'static str> {
    BUILTIN.iter().find(|(name, _)| spelled.eq_ignore_ascii_case(name)).map(|(_, printed)| *printed)
}

/// The modifier that PostgreSQL fills in or does away with, and the type where that decides it.
fn printed_modifier(printed: &'static str, modifier: Option<Box<str>>) -> (&'static str, Option<Box<str>>) {
    match (printed, modifier) {
        ("character", None) => (printed, Some("1".into())),
        ("numeric", Some(precision)) if !precision.contains(',') => (printed, Some(format!("{precision},0").into())),
        ("double precision", Some(bits)) if bits.parse::<u8>().is_ok_and(|bits| bits <= 24) => ("real", None),
        ("double precision", _) => (printed, None),
        (_, modifier) => (printed, modifier),
    }
}

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{}.", name::readable(schema))?;
        }
        let base = match &*self.base {
            taken if !self.builtin && printed_builtin(taken).is_some() => Cow::Owned(name::in_sql(taken)),
            base => name::readable(base),
        };
        // The modifier of a time stands within its name: timestamp(3) without time zone.
        let (head, tail) = base.split_once(' ').filter(|(head, _)| head.starts_with("time")).unwrap_or((&base, ""));
        f.write_str(head)?;
        if let Some(modifier) = &self.modifier {
            write!(f, "({modifier})")?;
        }
        if !tail.is_empty() {
            write!(f, " {tail}")?;
        }
        f.write_str(if self.array { "[]" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ty(text: &str) -> TypeName {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn spellings_of_one_type_are_one_type() {
        for (a, b) in [
            ("int", "integer"),
            ("TIMESTAMP(3)", "timestamp(3) without time zone"),
            ("timestamptz", "timestamp with time zone"),
            ("varchar(20)", "character varying(20)"),
            ("decimal(10, 2)", "numeric(10,2)"),
            ("text[]", "text[]"),
            ("int[3][4]", "integer[]"),
            ("char", "character(1)"),
            ("numeric(10)", "numeric(10,0)"),
            ("float", "double precision"),
            ("float(53)", "double precision"),
            ("float(24)", "real"),
            ("bpchar", "bpchar"),
        ] {
            assert!(ty(a).is_met_by(&ty(b)), "{a} should be met by {b}");
        }
        // Unlike `character`, PostgreSQL's own `bpchar` without a length has no limit.
        assert!(!ty("char").is_met_by(&ty("bpchar")));
    }

    #[test]
    fn what_is_left_out_matches_anything_and_what_is_said_must_match() {
        assert!(ty("numeric").is_met_by(&ty("numeric(10,2)")));
        assert!(!ty("numeric(12,2)").is_met_by(&ty("numeric(10,2)")));
        assert!(!ty("timestamp(3)").is_met_by(&ty("timestamp without time zone")));
        assert!(!ty("text").is_met_by(&ty("text[]")));
        assert!(!ty("timestamp").is_met_by(&ty("timestamp with time zone")));
    }

    #[test]
    fn a_users_type_is_exact_unless_the_database_folds() {
        assert!(ty("Status").is_met_by(&ty(r#"public."Status""#)));
        assert!(!ty("status").is_met_by(&ty(r#"public."Status""#)));
        assert!(!ty("app.Status").is_met_by(&ty(r#"public."Status""#)));
        assert!(ty("DateTime").is_met_by(&TypeName::parse_folded("DATETIME").expect("a type")));
    }

    #[test]
    fn types_print_as_postgresql_prints_them() {
        assert_eq!(ty("timestamp(3)").to_string(), "timestamp(3) without time zone");
        assert_eq!(ty("varchar(20)[]").to_string(), "character varying(20)[]");
        assert_eq!(ty("app.Status").to_string(), "app.Status");
    }

    #[test]
    fn a_users_type_named_as_a_built_in_one_is_quoted() {
        let users = ty(r#"public."Line""#);
        assert!(ty(r#""Line""#).is_met_by(&users));
        assert!(!ty("Line").is_met_by(&users));
        assert_eq!(ty(r#""Line""#).to_string(), r#""Line""#);
    }

    #[test]
    fn a_type_prints_as_it_is_read() {
        for text in BUILTIN.iter().map(|(name, _)| *name).chain([
            "numeric(10,2)[]",
            "time(3) with time zone",
            "Status",
            r#"app."a.b"[]"#,
            r#""Line""#,
            "interval day to second(3)",
            "vector(1536)",
        ]) {
            let once = ty(text);
            assert_eq!(ty(&once.to_string()), once, "{text} prints as {once}");
        }
    }

    #[test]
    fn malformed_types_are_refused() {
        assert_eq!("varchar(20".parse::<TypeName>(), Err(TypeNameError::Parenthesis));
        assert_eq!("".parse::<TypeName>(), Err(TypeNameError::Name(NameError::Empty)));
    }
}
