//! Names of database objects, in exact case.

use core::fmt;
use core::str::FromStr;
use std::borrow::Cow;

/// The name of a database object, with its schema where one was given.
///
/// Names are exact: `AdminBackupJob` is not `adminbackupjob`, and nothing needs quoting. A dot
/// separates schema and name; a part that itself holds a dot is written in double quotes, and a
/// double quote within quotes is doubled, as in SQL. It prints as it is read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    schema: Option<Box<str>>,
    name: Box<str>,
}

/// Why a text is not an object's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameError {
    /// Nothing there, or nothing beside a dot.
    Empty,
    /// More than `schema.name`.
    TooManyParts,
    /// A double quote was opened and not closed, or closed in the middle of a part.
    Quotes,
    /// Longer than the 63 bytes that PostgreSQL keeps of a name: no such object can exist.
    TooLong,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "a name is empty",
            Self::TooManyParts => "more than `schema.name`; a name that holds a dot is written in double quotes",
            Self::Quotes => "a double quote is not closed at the end of its part",
            Self::TooLong => "longer than 63 bytes, where PostgreSQL cuts names: write the name as it was cut",
        })
    }
}

impl core::error::Error for NameError {}

impl ObjectName {
    /// Bytes that PostgreSQL keeps of an identifier (`NAMEDATALEN - 1`).
    pub const LONGEST: usize = 63;

    /// A name that is looked for along the search path.
    pub fn unqualified(name: &str) -> Self {
        Self { schema: None, name: name.into() }
    }

    /// A name in one schema.
    pub fn qualified(schema: &str, name: &str) -> Self {
        Self { schema: Some(schema.into()), name: name.into() }
    }

    /// A name in a schema of a [`crate::Scope`]'s catalog, where `""` is the default one.
    pub fn seen_in(schema: &str, name: &str) -> Self {
        if schema.is_empty() { Self::unqualified(name) } else { Self::qualified(schema, name) }
    }

    /// The schema, where one was given.
    pub fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// The name without its schema.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{}.", readable(schema))?;
        }
        f.write_str(&readable(&self.name))
    }
}

impl FromStr for ObjectName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let mut parts = split(text)?.into_iter();
        match (parts.next(), parts.next(), parts.next()) {
            (Some(name), None, _) => Ok(Self { schema: None, name }),
            (Some(schema), Some(name), None) => Ok(Self { schema: Some(schema), name }),
            (None, ..) => Err(NameError::Empty),
            _ => Err(NameError::TooManyParts),
        }
    }
}

/// The part of a name as it is written in the configuration: quoted only where it must be.
pub(crate) fn readable(part: &str) -> Cow<'_, str> {
    // A parenthesis would read as the beginning of a type's modifier or of a function's arguments.
    let plain = !part.is_empty() && part.trim() == part && !part.contains(['.', '"', '(', ')']);
    if plain { Cow::Borrowed(part) } else { Cow::Owned(in_sql(part)) }
}

/// The part of a name as SQL wants it, whatever it holds.
pub(crate) fn in_sql(part: &str) -> String {
    format!("\"{}\"", part.replace('"', "\"\""))
}

/// The parts of a dotted name, quotes taken off.
pub(crate) fn split(text: &str) -> Result<Vec<Box<str>>, NameError> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_part(quoted)?,
            None => match rest.find('.') {
                Some(dot) => (rest.get(..dot).unwrap_or_default().to_owned(), rest.get(dot..).unwrap_or_default()),
                None => (rest.to_owned(), ""),
            },
        };
        if part.is_empty() {
            return Err(NameError::Empty);
        }
        if part.len() > ObjectName::LONGEST {
            return Err(NameError::TooLong);
        }
        parts.push(part.into_boxed_str());
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(parts),
            None => return Err(NameError::Quotes),
        }
    }
}

/// What stands up to the closing quote (the opening one is already gone), and what follows it.
fn quoted_part(text: &str) -> Result<(String, &str), NameError> {
    let mut part = String::new();
    let mut rest = text;
    loop {
        let Some((before, after)) = rest.split_once('"') else { return Err(NameError::Quotes) };
        part.push_str(before);
        match after.strip_prefix('"') {
            Some(next) => {
                part.push('"');
                rest = next;
            }
            None => return Ok((part, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_case_and_split_at_the_dot() {
        assert_eq!("AdminBackupJob".parse(), Ok(ObjectName::unqualified("AdminBackupJob")));
        assert_eq!("app.Users".parse(), Ok(ObjectName::qualified("app", "Users")));
    }

    #[test]
    fn a_dot_within_quotes_belongs_to_the_name() {
        assert_eq!(r#"app."a.b""#.parse(), Ok(ObjectName::qualified("app", "a.b")));
        assert_eq!(r#""Odd ""Name""""#.parse(), Ok(ObjectName::unqualified(r#"Odd "Name""#)));
    }

    #[test]
    fn a_name_prints_as_it_is_read() {
        for text in
            ["AdminBackupJob", "app.Users", r#"app."a.b""#, r#""Odd ""Name""".t"#, r#"" padded ""#, "Mixed Case"]
        {
            let name: ObjectName = text.parse().expect("a name");
            assert_eq!(name.to_string().parse(), Ok(name.clone()), "{text} prints as {name}");
            assert_eq!(name.to_string(), text);
        }
    }

    #[test]
    fn malformed_names_say_what_is_wrong() {
        assert_eq!("".parse::<ObjectName>(), Err(NameError::Empty));
        assert_eq!("a.".parse::<ObjectName>(), Err(NameError::Empty));
        assert_eq!("a.b.c".parse::<ObjectName>(), Err(NameError::TooManyParts));
        assert_eq!(r#""a"#.parse::<ObjectName>(), Err(NameError::Quotes));
        assert_eq!(r#""a"b"#.parse::<ObjectName>(), Err(NameError::Quotes));
        assert_eq!("x".repeat(64).parse::<ObjectName>(), Err(NameError::TooLong));
    }
}
