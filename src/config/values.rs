//! The kinds of value that keys hold.

use std::time::Duration;

use serde_json::json;
use toml::de::DeValue;

use super::duration;
use super::errors::Problem;
use super::nearest::suggestion;
use super::place::Placed;
use super::reader::{Definitions, Read, Reader, Value};

/// One value, or a list of them.
#[derive(Debug)]
pub(super) struct List<T>(pub(super) Vec<Placed<T>>);

/// A table whose keys are names of the user's own; in the order of the file.
#[derive(Debug)]
pub(super) struct Named<T>(pub(super) Vec<(Placed<String>, T)>);

/// One word of a few.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<T>(pub(super) T);

/// The words of a [`Word`].
pub(super) trait Words: Copy + 'static {
    /// Each word and what it stands for.
    const WORDS: &'static [(&'static str, Self)];
}

/// A length of time, or `"never"`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit(pub(super) Option<Duration>);

/// A part of a whole, from 0 to 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share(pub(super) f64);

/// One kind of value or another.
#[derive(Debug)]
pub(super) enum Either<A, B> {
    /// What is not a table.
    Plain(A),
    /// A table.
    Table(B),
}

/// Anything, as JSON.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Json(pub(super) serde_json::Value);

/// A schema that also accepts a string in which a variable stands.
fn or_variable(schema: &serde_json::Value) -> serde_json::Value {
    json!({ "anyOf": [schema, { "type": "string", "pattern": r"\$\{" }] })
}

/// The text of a value that is of another type, if it is a string with a variable in it.
fn variable(value: &Value<'_>, reader: &mut Reader<'_>, expected: &str) -> Option<String> {
    if value.get_ref().as_str().is_some_and(|text| text.contains("${")) {
        return reader.text(value, expected);
    }
    reader.wrong_type(value, expected);
    None
}

impl Read for String {
    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        reader.text(value, "a string")
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        json!({ "type": "string" })
    }
}

impl Read for bool {
    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        if let DeValue::Boolean(value) = value.get_ref() {
            return Some(*value);
        }
        let text = variable(value, reader, "true or false")?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            reader.bad_value(value, "is neither true nor false");
        }
        parsed
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        or_variable(&json!({ "type": "boolean" }))
    }
}

/// Whole numbers are read alike, each up to its largest.
macro_rules! whole_numbers {
    ($($number:ty),*) => { $(
        impl Read for $number {
            fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
                let parsed = if let DeValue::Integer(integer) = value.get_ref() {
                    Self::from_str_radix(integer.as_str(), integer.radix()).ok()
                } else {
                    variable(value, reader, "a whole number")?.parse().ok()
                };
                if parsed.is_none() {
                    reader.bad_value(value, &format!("is not a whole number from 0 to {}", Self::MAX));
                }
                parsed
            }

            fn schema(_: &mut Definitions) -> serde_json::Value {
                or_variable(&json!({ "type": "integer", "minimum": 0, "maximum": Self::MAX }))
            }
        }
    )* };
}

whole_numbers!(u16, u32);

impl Read for Share {
    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let parsed = match value.get_ref() {
            DeValue::Float(float) => float.as_str().parse().ok(),
            DeValue::Integer(integer) => integer.as_str().parse().ok(),
            _ => variable(value, reader, "a number from 0 to 1")?.parse().ok(),
        };
        let share = parsed.filter(|share| (0.0..=1.0).contains(share));
        if share.is_none() {
            reader.bad_value(value, "is not a number from 0 to 1");
        }
        share.map(Self)
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        or_variable(&json!({ "type": "number", "minimum": 0, "maximum": 1 }))
    }
}

const A_DURATION: &str = "a length of time such as \"250ms\", \"1s\" or \"10m\"";

fn read_duration(text: &str, value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Duration> {
    duration::parse(text).map_err(|error| reader.bad_value(value, &error.to_string())).ok()
}

impl Read for Duration {
    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(value, A_DURATION)?;
        read_duration(&text, value, reader)
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        json!({ "type": "string", "examples": ["250ms", "1s", "10m", "2h"] })
    }
}

impl Read for Limit {
    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(value, A_DURATION)?;
        if text == "never" {
            return Some(Self(None));
        }
        read_duration(&text, value, reader).map(|duration| Self(Some(duration)))
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        json!({ "type": "string", "examples": ["1s", "10m", "never"] })
    }
}

impl<T: Words> Read for Word<T> {
    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let words = || T::WORDS.iter().map(|(word, _)| *word);
        let expected = words().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" or ");
        let text = reader.text(value, &expected)?;
        let found = T::WORDS.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let message = format!("`{}` knows no `{text}`", reader.path());
            let problem = Problem::new(Some(value.span().into()), message);
            reader.report(problem.help(suggestion(&text, words(), "known words")));
        }
        found.map(|(_, value)| Self(*value))
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        let words: Vec<&str> = T::WORDS.iter().map(|(word, _)| *word).collect();
        or_variable(&json!({ "enum": words }))
    }
}

impl<T: Read> Read for List<T> {
    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let one = std::slice::from_ref(value);
        let values = value.get_ref().as_array().map_or(one, |array| array.as_ref());
        let read =
            |value: &Value<'_>| Some(Placed { value: T::read(value, reader)?, place: Some(value.span().into()) });
        let list: Vec<Placed<T>> = values.iter().filter_map(read).collect();
        // Nothing of use was typed: that is another thing than an empty list.
        (values.is_empty() || !list.is_empty()).then_some(Self(list))
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        let one = T::schema(definitions);
        json!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}

impl<T: Read> Read for Named<T> {
    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let Some(table) = value.get_ref().as_table() else {
            reader.wrong_type(value, "a table");
            return None;
        };
        let mut named = Vec::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let place = Some(key.span().into());
            if name.is_empty() || name.len() > 200 || name.contains(char::is_control) {
                let message = format!(
                    "a name in `{}` is empty, has control characters or is longer than 200 bytes",
                    reader.path()
                );
                reader.report(Problem::new(place, message));
            }
            if let Some(read) = reader.below(name, value) {
                named.push((Placed { value: name.to_owned(), place }, read));
            }
        }
        named.sort_by_key(|(name, _)| name.place);
        Some(Self(named))
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        json!({ "type": "object", "additionalProperties": T::schema(definitions) })
    }
}

impl<A: Read, B: Read> Read for Either<A, B> {
    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        if value.get_ref().is_table() {
            return B::read(value, reader).map(Self::Table);
        }
        A::read(value, reader).map(Self::Plain)
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        json!({ "anyOf": [A::schema(definitions), B::schema(definitions)] })
    }
}

impl Read for Json {
    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let json = match value.get_ref() {
            DeValue::String(_) => reader.text(value, "a string")?.into(),
            DeValue::Boolean(value) => (*value).into(),
            DeValue::Datetime(datetime) => datetime.to_string().into(),
            DeValue::Integer(integer) => {
                let signed = i64::from_str_radix(integer.as_str(), integer.radix()).map(serde_json::Value::from);
                let number = signed.or_else(|_| u64::from_str_radix(integer.as_str(), integer.radix()).map(Into::into));
                return number.map(Self).map_err(|_| reader.bad_value(value, "is too large a number")).ok();
            }
            DeValue::Float(float) => {
                let number = float.as_str().parse().ok().and_then(serde_json::Number::from_f64);
                if number.is_none() {
                    reader.bad_value(value, "has a number that JSON cannot hold");
                }
                serde_json::Value::Number(number?)
            }
            DeValue::Array(array) => {
                array.iter().filter_map(|value| Self::read(value, reader)).map(|Self(json)| json).collect()
            }
            DeValue::Table(table) => table
                .iter()
                .filter_map(|(key, value)| {
                    Some((key.get_ref().to_string(), reader.below::<Self>(key.get_ref(), value)?.0))
                })
                .collect(),
        };
        Some(Self(json))
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        json!({})
    }
}
