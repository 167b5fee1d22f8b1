//! `"agreementUploadedAt timestamp(3) not null"`: a column, and what of it is required.

use gate::{TypeName, TypeNameError};

/// A column, and what of it is required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ColumnSpec {
    pub(super) name: Box<str>,
    pub(super) ty: Option<TypeName>,
    pub(super) nullable: Option<bool>,
}

/// Why a text is not a column.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ColumnSpecError {
    #[error("has no name")]
    Empty,
    #[error("has a quote that is not closed")]
    Quotes,
    #[error("is longer than 63 bytes, where PostgreSQL cuts names; write the name as it was cut")]
    TooLong,
    #[error("has no type that can be read: {0}")]
    Type(TypeNameError),
}

impl ColumnSpec {
    /// Reads `name`, `name type`, `name type not null`, `name null`; a name with spaces stands in
    /// double quotes, and a double quote within them is doubled.
    pub(super) fn parse(text: &str) -> Result<Self, ColumnSpecError> {
        let text = text.trim();
        let (name, rest) = if let Some(quoted) = text.strip_prefix('"') {
            quoted_name(quoted)?
        } else {
            let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
            (name.to_owned(), rest)
        };
        if name.is_empty() {
            return Err(ColumnSpecError::Empty);
        }
        if name.len() > 63 {
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
    fn what_is_not_a_column_says_why() {
        assert_eq!(ColumnSpec::parse(" "), Err(ColumnSpecError::Empty));
        assert_eq!(ColumnSpec::parse(r#""a"#), Err(ColumnSpecError::Quotes));
        assert_eq!(ColumnSpec::parse(r#""a"b"#), Err(ColumnSpecError::Quotes));
        assert_eq!(ColumnSpec::parse(&"x".repeat(64)), Err(ColumnSpecError::TooLong));
        assert_eq!(ColumnSpec::parse("a varchar(20"), Err(ColumnSpecError::Type(TypeNameError::Parenthesis)));
    }
}
