//! Reading a parsed file value by value, so that one wrong value hides no other.

use serde_json::json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::errors::Problem;
use super::expand::{Environment, expand};
use super::nearest::suggestion;
use super::place::{Place, Placed};

/// A value of the file with its place.
pub(super) type Value<'i> = Spanned<DeValue<'i>>;

/// The named parts of a JSON Schema.
pub(super) type Definitions = serde_json::Map<String, serde_json::Value>;

/// What can be read from the file, and described to an editor.
pub(super) trait Read: Sized {
    /// Reads a value; what is wrong with it is reported and the rest is read on. `None` if nothing
    /// of it can be used.
    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self>;

    /// What [`Self::read`] accepts, as JSON Schema.
    fn schema(definitions: &mut Definitions) -> serde_json::Value;
}

/// Reads one file and gathers what is wrong with it.
pub(super) struct Reader<'r> {
    text: &'r str,
    env: Environment<'r>,
    /// The keys that lead to the value that is being read.
    path: Vec<String>,
    problems: Vec<Problem>,
}

/// What a key of a table holds.
#[derive(Debug)]
pub(super) enum Key<T> {
    /// It is not there and has no default.
    Absent,
    /// It is there and of no use, which was reported; or it had to be there.
    Bad,
    /// Its value, or its default.
    Set(Placed<T>),
}

/// A key that a table may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeySpec {
    pub(super) name: &'static str,
    /// The lines of its description.
    pub(super) docs: &'static [&'static str],
    pub(super) presence: Presence,
}

/// Whether a key must be there.
#[derive(Debug, Clone, Copy)]
pub(super) enum Presence {
    /// It may be left out.
    Optional,
    /// It must be there.
    Required,
    /// It may be left out; this is its value then, in a notation that TOML and JSON share.
    Default(&'static str),
}

impl<T> Key<T> {
    pub(super) const fn get(&self) -> Option<&T> {
        match self {
            Self::Set(placed) => Some(&placed.value),
            Self::Absent | Self::Bad => None,
        }
    }

    pub(super) const fn placed(&self) -> Option<&Placed<T>> {
        match self {
            Self::Set(placed) => Some(placed),
            Self::Absent | Self::Bad => None,
        }
    }

    pub(super) fn into_value(self) -> Option<T> {
        match self {
            Self::Set(placed) => Some(placed.value),
            Self::Absent | Self::Bad => None,
        }
    }

    /// Where the value stands; a default stands nowhere.
    pub(super) fn place(&self) -> Option<Place> {
        self.placed().and_then(|placed| placed.place)
    }

    pub(super) const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl<T: Copy> Key<T> {
    pub(super) fn copied(&self) -> Option<T> {
        self.get().copied()
    }
}

impl<'r> Reader<'r> {
    pub(super) const fn new(text: &'r str, env: Environment<'r>) -> Self {
        Self { text, env, path: Vec::new(), problems: Vec::new() }
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    pub(super) fn report(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// The keys that lead to the present value: `databases.main.url`.
    pub(super) fn path(&self) -> String {
        self.path.join(".")
    }

    /// Reports that a value is of the wrong type.
    pub(super) fn wrong_type(&mut self, value: &Value<'_>, expected: &str) {
        let found = match value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let message = format!("`{}` is {found}, expected {expected}", self.path());
        self.report(Problem::new(Some(value.span().into()), message));
    }

    /// Reports that a value is of the right type and of no use.
    pub(super) fn bad_value(&mut self, value: &Value<'_>, why: &str) {
        let message = format!("`{}` {why}", self.path());
        self.report(Problem::new(Some(value.span().into()), message));
    }

    /// The text of a string, with its variables expanded.
    pub(super) fn text(&mut self, value: &Value<'_>, expected: &str) -> Option<String> {
        let Some(raw) = value.get_ref().as_str() else {
            self.wrong_type(value, expected);
            return None;
        };
        match expand(raw, self.env) {
            Ok(text) => Some(text),
            Err(error) => {
                let place = self.find(value, &error.culprit());
                let message = format!("`{}`: {error}", self.path());
                self.report(Problem::new(Some(place), message).help(error.help()));
                None
            }
        }
    }

    /// The place of some text within a value as it was typed, or of the whole value.
    fn find(&self, value: &Value<'_>, wanted: &str) -> Place {
        let whole = Place::from(value.span());
        let start = self.text.get(whole.range()).and_then(|typed| typed.find(wanted));
        start.map_or(whole, |start| {
            let start = whole.start + start;
            let end = start + wanted.len();
            let closed = self.text.get(end..).is_some_and(|rest| rest.starts_with('}'));
            Place { start, end: end + usize::from(closed) }
        })
    }

    /// Reads a value one key deeper.
    pub(super) fn below<T: Read>(&mut self, key: &str, value: &Value<'_>) -> Option<T> {
        self.path.push(key.to_owned());
        let read = T::read(value, self);
        self.path.pop();
        read
    }

    /// The table that a value is; keys that are not known are reported.
    pub(super) fn table<'v, 'i>(&mut self, value: &'v Value<'i>, known: &[&'static str]) -> Option<&'v DeTable<'i>> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type(value, "a table");
            return None;
        };
        for key in table.keys() {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                let of = if self.path.is_empty() { String::new() } else { format!(" in `{}`", self.path()) };
                let problem = Problem::new(Some(key.span().into()), format!("unknown key `{name}`{of}"));
                self.report(problem.help(suggestion(name, known.iter().copied(), "known keys")));
            }
        }
        Some(table)
    }

    /// Reads a key of the table that stands at `place`.
    ///
    /// A wrong value is reported, and the default stands in for it, so that what depends on it is
    /// checked all the same.
    pub(super) fn key<T: Read>(&mut self, table: &DeTable<'_>, place: Place, spec: KeySpec) -> Key<T> {
        let typed = table.get(spec.name);
        if let Some(value) = typed
            && let Some(read) = self.below(spec.name, value)
        {
            return Key::Set(Placed { value: read, place: Some(value.span().into()) });
        }
        match spec.presence {
            Presence::Default(text) => DeValue::parse(text)
                .ok()
                .and_then(|value| self.below(spec.name, &value))
                .map_or(Key::Bad, |value| Key::Set(Placed { value, place: None })),
            Presence::Optional if typed.is_none() => Key::Absent,
            Presence::Required if typed.is_none() => {
                let message = format!("`{}` lacks the key `{}`", self.path(), spec.name);
                let help = format!("`{}`: {}", spec.name, spec.description());
                self.report(Problem::new(Some(place), message).help(help));
                Key::Bad
            }
            Presence::Optional | Presence::Required => Key::Bad,
        }
    }
}

impl KeySpec {
    /// The lines of the description as one.
    pub(super) fn description(&self) -> String {
        self.docs.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
    }
}

/// What describes the values of a key.
pub(super) type Describe = fn(&mut Definitions) -> serde_json::Value;

/// The JSON Schema of a table: a reference to a definition of its own.
pub(super) fn table_schema(
    name: &str,
    docs: &[&str],
    definitions: &mut Definitions,
    keys: &[(KeySpec, Describe)],
) -> serde_json::Value {
    let name = name.strip_suffix("Table").unwrap_or(name);
    let reference = json!({ "$ref": format!("#/$defs/{name}") });
    if definitions.contains_key(name) {
        return reference;
    }
    // Its name is taken before its parts are described: they may refer to it.
    definitions.insert(name.to_owned(), json!({}));
    let mut properties = serde_json::Map::new();
    let mut required = Vec::new();
    for (spec, schema) in keys {
        let mut schema = schema(definitions);
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("description".to_owned(), spec.description().into());
            match spec.presence {
                Presence::Optional => {}
                Presence::Required => required.push(spec.name),
                Presence::Default(text) => {
                    schema.insert("default".to_owned(), serde_json::from_str(text).unwrap_or_default());
                }
            }
        }
        properties.insert(spec.name.to_owned(), schema);
    }
    let mut schema = json!({
        "type": "object",
        "description": docs.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" "),
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty()
        && let Some(schema) = schema.as_object_mut()
    {
        schema.insert("required".to_owned(), required.into());
    }
    definitions.insert(name.to_owned(), schema);
    reference
}

/// Declares a table of the file: a struct whose every key is read by itself, and its description.
///
/// `key: Type` may be left out, `key: Type = required` may not, and `key: Type = "1s"` has a
/// default. The doc comments are the descriptions in the JSON Schema.
macro_rules! table {
    (
        $(#[doc = $doc:literal])*
        $name:ident {
            $( $(#[doc = $key_doc:literal])* $key:ident : $type:ty $(= $presence:tt)? , )*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug)]
        pub(in crate::config) struct $name {
            $( $(#[doc = $key_doc])* pub(in crate::config) $key: $crate::config::reader::Key<$type>, )*
        }

        impl $crate::config::reader::Read for $name {
            fn read(
                value: &$crate::config::reader::Value<'_>,
                reader: &mut $crate::config::reader::Reader<'_>,
            ) -> Option<Self> {
                let table = reader.table(value, &[$( stringify!($key) ),*])?;
                let place = value.span().into();
                Some(Self {
                    $( $key: reader.key(table, place, table!(@spec $key [$($key_doc)*] $($presence)?)), )*
                })
            }

            fn schema(definitions: &mut $crate::config::reader::Definitions) -> serde_json::Value {
                $crate::config::reader::table_schema(stringify!($name), &[$($doc),*], definitions, &[
                    $( (
                        table!(@spec $key [$($key_doc)*] $($presence)?),
                        <$type as $crate::config::reader::Read>::schema,
                    ), )*
                ])
            }
        }
    };
    (@spec $key:ident [$($doc:literal)*] $($presence:tt)?) => {
        $crate::config::reader::KeySpec {
            name: stringify!($key),
            docs: &[$($doc),*],
            presence: table!(@presence $($presence)?),
        }
    };
    (@presence) => { $crate::config::reader::Presence::Optional };
    (@presence required) => { $crate::config::reader::Presence::Required };
    (@presence $default:tt) => { $crate::config::reader::Presence::Default(stringify!($default)) };
}
pub(super) use table;
