//! `"agreementUploadedAt timestamp(3) not null"`: a column, and what of it is required.

use core::fmt;

use crate::{Column, ObjectName, TypeName, TypeNameError};

/// A column, and what of it is required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnSpec {
    /// Its exact name.
    pub name: Box<str>,
    /// Its type, where one is given.
    pub ty: Option<TypeName>,
    /// Whether it accepts NULL, where that is said.
    pub nullable: Option<bool>,
}

/// Why a text is not a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnSpecError {
    /// It has no name.
    Empty,
    /// It has a quote that is not closed.
    Quotes,
    /// Its name is longer than PostgreSQL keeps of one.
    TooLong,
    /// Its type is not one.
    Type(TypeNameError),
}

impl fmt::Display for ColumnSpecError {
    /// In words that follow what was typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("has no name"),
            Self::Quotes => f.write_str("has a quote that is not closed"),
            Self::TooLong => {
                f.write_str("is longer than 63 bytes, where PostgreSQL cuts names; write the name as it was cut")
            }
            Self::Type(error) => write!(f, "has no type that can be read: {error}"),
        }
    }
}

impl core::error::Error for ColumnSpecError {}

impl ColumnSpec {
    /// Reads `name`, `name type`, `name type not null`, `name null`; a name with spaces stands in
    /// double quotes, and a double quote within them is doubled.
    pub fn parse(text: &str) -> Result<Self, ColumnSpecError> {
        let text = text.trim();
        let (name, rest) = if let Some(quoted) = text.strip_prefix('"') {
            quoted_name(quoted)?
        } else {
            let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
            (name.to_owned(), rest)
        };
        Self::named(&name, rest)
    }

    /// All that is known of a column.
    pub fn of(name: &str, column: &Column) -> Self {
        Self { name: name.into(), ty: Some(column.ty.clone()), nullable: Some(column.nullable) }
    }

    /// Reads what follows the name of a column: `type`, `type not null`, `null`, or nothing.
    pub fn named(name: &str, rest: &str) -> Result<Self, ColumnSpecError> {
        if name.is_empty() {
            return Err(ColumnSpecError::Empty);
        }
        if name.len() > ObjectName::LONGEST {
            return Err(ColumnSpecError::TooLong);
        }
        let mut words: Vec<&str> = rest.split_whitespace().collect();
        let ends_with = |words: &[&str], end: &[&str]| {
            words.len() >= end.len()
                && words.iter().rev().zip(end.iter().rev()).all(|(word, end)| word.eq_ignore_ascii_case(end))
        };
        let nullable = if ends_with(&words, &["not", "null"]) {
            words.truncate(words.len() - 2);
            Some(false)
        } else if ends_with(&words, &["null"]) {
            words.truncate(words.len() - 1);
            Some(true)
        } else {
            None
        };
        let ty = (!words.is_empty()).then(|| words.join(" ").parse()).transpose().map_err(ColumnSpecError::Type)?;
        Ok(Self { name: name.into(), ty, nullable })
    }
}

impl fmt::Display for ColumnSpec {
    /// What follows its name, as [`Self::named`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ty = self.ty.as_ref().map(ToString::to_string);
        let null = self.nullable.map(|nullable| if nullable { "null" } else { "not null" }.to_owned());
        f.write_str(&ty.into_iter().chain(null).collect::<Vec<_>>().join(" "))
    }
}

fn quoted_name(quoted: &str) -> Result<(String, &str), ColumnSpecError> {
    let mut name = String::new();
    let mut rest = quoted;
    loop {
        let (before, after) = rest.split_once('"').ok_or(ColumnSpecError::Quotes)?;
        name.push_str(before);
        match after.strip_prefix('"') {
            Some(next) => {
                name.push('"');
                rest = next;
            }
            None if after.is_empty() || after.starts_with(char::is_whitespace) => return Ok((name, after)),
            None => return Err(ColumnSpecError::Quotes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_type_and_nullability_in_every_form() {
        for (text, name, ty, nullable) in [
            ("email", "email", None, None),
            ("  email  ", "email", None, None),
            ("email text", "email", Some("text"), None),
            ("email null", "email", None, Some(true)),
            ("email NOT NULL", "email", None, Some(false)),
            ("at timestamp(3) not null", "at", Some("timestamp(3)"), Some(false)),
            ("at timestamp with time zone", "at", Some("timestamptz"), None),
            (r#""odd name" text"#, "odd name", Some("text"), None),
            (r#""a ""b""""#, r#"a "b""#, None, None),
            (r#"status "OrderStatus" null"#, "status", Some(r#""OrderStatus""#), Some(true)),
            ("null", "null", None, None),
        ] {
            let spec = ColumnSpec::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((&*spec.name, spec.nullable), (name, nullable), "{text}");
            assert_eq!(spec.ty, ty.map(|ty| ty.parse().expect("a type")), "{text}");
        }
    }

    #[test]
    fn what_follows_a_name_prints_as_it_is_read() {
        for text in ["text", "integer not null", "null", "", "timestamp(3) without time zone null", "null not null"] {
            let spec = ColumnSpec::named("c", text).expect("a column");
            assert_eq!(spec.to_string(), text);
            assert_eq!(ColumnSpec::named("c", &spec.to_string()), Ok(spec), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_column_says_why() {
        assert_eq!(ColumnSpec::parse(" "), Err(ColumnSpecError::Empty));
        assert_eq!(ColumnSpec::parse(r#""a"#), Err(ColumnSpecError::Quotes));
        assert_eq!(ColumnSpec::parse(r#""a"b"#), Err(ColumnSpecError::Quotes));
        assert_eq!(ColumnSpec::parse(&"x".repeat(64)), Err(ColumnSpecError::TooLong));
        assert_eq!(ColumnSpec::parse("a varchar(20"), Err(ColumnSpecError::Type(TypeNameError::Parenthesis)));
    }
}
