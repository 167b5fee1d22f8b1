//! One header of a question.

use http::{HeaderMap, HeaderValue};

/// Why it is not known what a proxy asks about: a sentence that says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unclear(pub &'static str);

/// A header that a question must have once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    name: &'static str,
    missing: &'static str,
    repeated: &'static str,
    malformed: &'static str,
}

/// Declares a header in the letters of the language's documents, and how the proxy is told to send it.
macro_rules! field {
    ($name:literal, $how:literal) => {
        $crate::ask::field::Field::new(
            $name,
            concat!("the question has no ", $name, ": ", $how),
            concat!("the question has ", $name, " more than once: have the proxy replace what its client sends"),
            concat!("the ", $name, " of the question is not what a client can have sent: ", $how),
        )
    };
}

pub(super) use field;

impl Field {
    /// `name` in small letters or not: header names have no case.
    pub(super) const fn new(
        name: &'static str,
        missing: &'static str,
        repeated: &'static str,
        malformed: &'static str,
    ) -> Self {
        Self { name, missing, repeated, malformed }
    }

    /// Its only value. Of several, nobody knows which one the proxy means; an empty one says nothing.
    pub(super) fn only<'h>(&self, headers: &'h HeaderMap) -> Result<&'h HeaderValue, Unclear> {
        let mut values = headers.get_all(self.name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) if !value.is_empty() => Ok(value),
            (Some(_), Some(_)) => Err(Unclear(self.repeated)),
            _ => Err(Unclear(self.missing)),
        }
    }

    /// What is said of a value that says nothing sensible.
    pub(super) const fn malformed(&self) -> Unclear {
        Unclear(self.malformed)
    }
}
