//! What a Prisma schema declares, held against what migrations make: nothing must be in the one
//! that is not in the other, or the first request that needs it fails in production.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `token`, `parse` | from text to declarations |
//! | `schema` | the declarations |
//! | `types` | the columns' types that Prisma gives to fields |
//! | `against` | the declarations held against a replay of the migrations |

mod against;
mod parse;
mod schema;
#[cfg(test)]
mod tests;
mod token;
mod types;

use std::fs;
use std::path::{Path, PathBuf};

pub use against::{Compare, Difference, Held, Kind, hold};
pub use schema::{Enum, Field, Model, Place, Schema, Source, Value};

/// Bytes of one file: far more than any schema has.
const LONGEST_FILE: u64 = 16 << 20;

/// A schema, and the files that it was read from.
#[derive(Debug, Clone)]
pub struct PrismaSchema {
    /// What they declare.
    pub schema: Schema,
    /// The files, in the order of [`Source::file`].
    pub files: Vec<PathBuf>,
}

/// Why a schema cannot be read: `file:line:column: what is wrong`.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {message}", file.display(), place.map(|place| format!(":{}:{}", place.line, place.column)).unwrap_or_default())]
pub struct SchemaError {
    /// The file or folder.
    pub file: PathBuf,
    /// Where in it.
    pub place: Option<Place>,
    /// What is wrong, and what to do.
    pub message: String,
}

impl PrismaSchema {
    /// Reads a file, or every `.prisma` file in a folder and below it.
    pub fn read(path: &Path) -> Result<Self, SchemaError> {
        let failed = |file: &Path, message: String| SchemaError { file: file.to_owned(), place: None, message };
        let mut files = Vec::new();
        if path.is_dir() {
            find(path, &mut files).map_err(|error| failed(path, format!("it cannot be read: {error}")))?;
            if files.is_empty() {
                return Err(failed(path, "no .prisma file is in it: name the schema's file or its folder".to_owned()));
            }
        } else {
            files.push(path.to_owned());
        }
        let mut schema = Schema::default();
        for (number, file) in files.iter().enumerate() {
            let size = fs::metadata(file).map_err(|error| failed(file, format!("it cannot be read: {error}")))?.len();
            if size > LONGEST_FILE {
                return Err(failed(file, "it is too big for a Prisma schema".to_owned()));
            }
            let bytes = fs::read(file).map_err(|error| failed(file, format!("it cannot be read: {error}")))?;
            let text = String::from_utf8(bytes).map_err(|_| failed(file, "it is not UTF-8".to_owned()))?;
            let at = |(place, message)| SchemaError { file: file.clone(), place: Some(place), message };
            if parse::add(&mut schema, &text, number).map_err(at)? {
                schema.home = file.parent().map(Path::to_owned);
            }
        }
        let read = Self { schema, files };
        read.refuse_unknown_types()?;
        Ok(read)
    }

    /// Where Prisma keeps the migrations: beside the file that names the database.
    pub fn migrations(&self) -> PathBuf {
        let first = || self.files.first().and_then(|file| file.parent()).map(Path::to_owned);
        self.schema.home.clone().or_else(first).unwrap_or_default().join("migrations")
    }

    /// The file that something is declared in.
    pub fn file(&self, source: Source) -> &Path {
        self.files.get(source.file).map_or(Path::new(""), PathBuf::as_path)
    }

    fn refuse_unknown_types(&self) -> Result<(), SchemaError> {
        let schema = &self.schema;
        for field in schema.models.iter().flat_map(|model| &model.fields) {
            let Some(ty) = &field.ty else { continue };
            let is_known =
                parse::SCALARS.contains(&&**ty) || schema.model(ty).is_some() || schema.enumeration(ty).is_some();
            if !is_known {
                let known = schema.models.iter().map(|model| &*model.name);
                let known =
                    known.chain(schema.enums.iter().map(|found| &*found.name)).chain(parse::SCALARS.iter().copied());
                let near = known.max_by(|a, b| strsim::jaro_winkler(a, ty).total_cmp(&strsim::jaro_winkler(b, ty)));
                let hint = near
                    .filter(|near| strsim::jaro_winkler(near, ty) > 0.8)
                    .map(|near| format!(": do you mean {near}?"));
                return Err(SchemaError {
                    file: self.file(field.source).to_owned(),
                    place: Some(field.source.place),
                    message: format!(
                        "{ty}, the type of {}, is no model, no enum and no type of Prisma's{}",
                        field.name,
                        hint.unwrap_or_else(|| ": name the folder where the schema is in several files".to_owned())
                    ),
                });
            }
        }
        Ok(())
    }
}

/// Adds the `.prisma` files in the folder at `path` and below it, by name.
fn find(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries =
        fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    entries.sort();
    for entry in entries {
        let is_foreign =
            entry.file_name().is_some_and(|name| name == "node_modules" || name.as_encoded_bytes().starts_with(b"."));
        if is_foreign || (entry.is_dir() && entry.is_symlink()) {
            continue;
        }
        if entry.is_dir() {
            find(&entry, files)?;
        } else if entry.extension().is_some_and(|extension| extension == "prisma") {
            files.push(entry);
        }
    }
    Ok(())
}
