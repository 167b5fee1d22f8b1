//! What a Prisma schema declares.

use std::path::PathBuf;

/// A place in a file, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

/// What all files of a schema declare together.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    /// The database's kind: `postgresql`.
    pub provider: Option<Box<str>>,
    /// The folder of the file that says so: Prisma keeps the migrations beside it.
    pub home: Option<PathBuf>,
    /// Models and views.
    pub models: Vec<Model>,
    /// Enums.
    pub enums: Vec<Enum>,
}

/// A model or a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Its name in the schema.
    pub name: Box<str>,
    /// Whether it is a view.
    pub is_view: bool,
    /// Where it is declared.
    pub source: Source,
    /// `@@map`: its table, where that is called otherwise.
    pub map: Option<Box<str>>,
    /// `@@schema`.
    pub schema: Option<Box<str>>,
    /// `@@ignore`: the client does not know it.
    pub ignored: bool,
    /// Its fields.
    pub fields: Vec<Field>,
    /// Fields of its `@@id`.
    pub id: Vec<Box<str>>,
}

/// A field of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name in the schema.
    pub name: Box<str>,
    /// Where it is declared.
    pub source: Source,
    /// Its type; `None` for `Unsupported("…")`.
    pub ty: Option<Box<str>>,
    /// Whether it is a list.
    pub list: bool,
    /// `@map`: its column, where that is called otherwise.
    pub map: Option<Box<str>>,
    /// `@ignore`: the client does not know it.
    pub ignored: bool,
    /// `@id`.
    pub id: bool,
    /// `@db.…`: the column's own type, with what stands in its parentheses.
    pub native: Option<(Box<str>, Vec<Box<str>>)>,
    /// The name that `@relation` gives.
    pub relation: Option<Box<str>>,
}

/// An enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enum {
    /// Its name in the schema.
    pub name: Box<str>,
    /// Where it is declared.
    pub source: Source,
    /// `@@map`.
    pub map: Option<Box<str>>,
    /// `@@schema`.
    pub schema: Option<Box<str>>,
    /// Its values.
    pub values: Vec<Value>,
}

/// A value of an enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// Its name in the schema.
    pub name: Box<str>,
    /// Where it is declared.
    pub source: Source,
    /// `@map`.
    pub map: Option<Box<str>>,
}

/// The file, as one of those that were read, and the place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Which of the files.
    pub file: usize,
    /// Where in it.
    pub place: Place,
}

impl Model {
    /// The name of its table.
    pub fn table(&self) -> &str {
        self.map.as_deref().unwrap_or(&self.name)
    }

    /// The field that alone is its id.
    pub fn single_id(&self) -> Option<&Field> {
        self.fields.iter().find(|field| field.id)
    }
}

impl Field {
    /// The name of its column, if it has one.
    pub fn column(&self) -> &str {
        self.map.as_deref().unwrap_or(&self.name)
    }
}

impl Schema {
    /// The model of that name.
    pub fn model(&self, name: &str) -> Option<&Model> {
        self.models.iter().find(|model| *model.name == *name)
    }

    /// The enum of that name.
    pub fn enumeration(&self, name: &str) -> Option<&Enum> {
        self.enums.iter().find(|found| *found.name == *name)
    }
}
