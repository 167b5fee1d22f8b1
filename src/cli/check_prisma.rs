//! `schemagate check --prisma-schema`

use std::path::{Path, PathBuf};

use gate::ledger::{Replay, Tool};
use serde_json::json;

use super::Format;
use super::console::Console;
use super::exit::Exit;
use crate::migrations::{Folder, FolderError, Problem, detect, prisma_provider};
use crate::prisma_schema::{Compare, Difference, Held, Kind, PrismaSchema, hold};

/// A schema, and the migrations that it is held against.
struct Sides<'s> {
    /// The schema as it was named.
    path: &'s Path,
    schema: PrismaSchema,
    folder: Folder,
}

/// Holds the schema at `path` against the migrations at `migrations`, or beside it.
pub(super) fn run(path: &Path, migrations: Option<PathBuf>, format: Format, console: &Console) -> Exit {
    match Sides::read(path, migrations).and_then(|sides| sides.held().map(|held| (sides, held))) {
        Ok((sides, held)) => {
            match format {
                Format::Text => sides.tell(&held, console),
                Format::Json => console.json(&sides.json(&held)),
            }
            let is_unmet = held.differences.iter().any(|difference| difference.kind != Kind::CannotTell);
            if is_unmet { Exit::NotReady } else { Exit::Ready }
        }
        Err(message) => {
            match format {
                Format::Text => console.error(format!("error: {message}")),
                Format::Json => console.json(&json!({ "error": message })),
            }
            Exit::Usage
        }
    }
}

impl<'s> Sides<'s> {
    fn read(path: &'s Path, migrations: Option<PathBuf>) -> Result<Self, String> {
        let schema = PrismaSchema::read(path).map_err(|error| error.to_string())?;
        let is_guessed = migrations.is_none();
        let place = migrations.unwrap_or_else(|| schema.migrations());
        let folder = read_folder(&place).map_err(|error| match error.problem {
            Problem::Missing if is_guessed => format!("{error}: name the one with the migrations by --migrations"),
            _ => error.to_string(),
        })?;
        Ok(Self { path, schema, folder })
    }

    fn held(&self) -> Result<Held, String> {
        let in_folder = prisma_provider(&self.folder).map_err(|error| error.to_string())?;
        let said = self.schema.schema.provider.as_deref().or(in_folder.as_deref());
        let (place, compare) = match said {
            None | Some("postgresql" | "postgres") => ("public", Compare { enums: true, types: true }),
            Some("cockroachdb") => ("public", Compare { enums: true, types: false }),
            Some("sqlite") => ("main", Compare { enums: false, types: false }),
            Some(other) => {
                return Err(format!(
                    "{}: it is for {other}: only schemas for postgresql, cockroachdb and sqlite can be checked",
                    self.path.display()
                ));
            }
        };
        let replay = Replay::of(&[place.into()], &self.folder.migrations);
        Ok(hold(&self.schema.schema, &replay, compare))
    }

    fn tell(&self, held: &Held, console: &Console) {
        for difference in &held.differences {
            let line = format!("{}: {}", self.place(difference), said(difference));
            match difference.kind {
                Kind::CannotTell => console.error(format!("warning: {line}")),
                Kind::Missing | Kind::Different => console.line(line),
            }
        }
        let [missing, different, unknown] =
            [Kind::Missing, Kind::Different, Kind::CannotTell].map(|kind| held.count(kind));
        let counted = format!("{} declared tables, columns and enums", held.looked_for);
        let where_from = format!("{} migrations in {}", self.folder.migrations.len(), self.folder.path.display());
        let cannot_tell = if unknown == 0 { String::new() } else { format!(", {unknown} cannot be told") };
        if missing + different == 0 {
            console.line(format!("{counted}: none is missing from the {where_from}{cannot_tell}"));
            return;
        }
        let different = if different == 0 { String::new() } else { format!(", {different} are of another type") };
        console.line(format!("{counted}: {missing} are in none of the {where_from}{different}{cannot_tell}"));
        console.line(format!("to write the migration: {}", self.command(held)));
    }

    fn json(&self, held: &Held) -> serde_json::Value {
        let differences = held.differences.iter().map(|difference| {
            json!({
                "kind": difference.kind.as_str(),
                "declared": difference.declared,
                "file": self.schema.file(difference.source).display().to_string(),
                "line": difference.source.place.line,
                "column": difference.source.place.column,
                "what": difference.what,
                "object": difference.object,
                "detail": difference.detail,
            })
        });
        let [missing, different, unknown] =
            [Kind::Missing, Kind::Different, Kind::CannotTell].map(|kind| held.count(kind));
        json!({
            "complete": missing + different == 0,
            "schema": self.path.display().to_string(),
            "migrations": { "path": self.folder.path.display().to_string(), "count": self.folder.migrations.len() },
            "looked_for": held.looked_for,
            "missing": missing,
            "different": different,
            "cannot_tell": unknown,
            "differences": differences.collect::<Vec<_>>(),
            "command": (missing + different > 0).then(|| self.command(held)),
        })
    }

    fn place(&self, difference: &Difference) -> String {
        let place = difference.source.place;
        format!("{}:{}:{}", self.schema.file(difference.source).display(), place.line, place.column)
    }

    /// What writes the migration that is missing.
    fn command(&self, held: &Held) -> String {
        let first = held.differences.iter().find(|difference| difference.kind != Kind::CannotTell);
        let name = first.map(|first| format!("add_{}", snake(&first.declared))).unwrap_or_default();
        let more = if held.differences.len() > 1 { "_and_more" } else { "" };
        format!("npx prisma migrate dev --name {name}{more} --schema {}", self.path.display())
    }
}

/// Prisma's migrations; or another tool's, where a project keeps them so.
fn read_folder(path: &Path) -> Result<Folder, FolderError> {
    let Some(prisma) = Tool::named("prisma") else { return detect(path) };
    Folder::read(prisma, path).or_else(|error| match error.problem {
        Problem::Empty { .. } | Problem::WrongTool { .. } => detect(path).map_err(|_| error),
        _ => Err(error),
    })
}

fn said(difference: &Difference) -> String {
    let Difference { declared, what, object, .. } = difference;
    let sentence = match difference.kind {
        Kind::Missing => format!("{declared}: no migration makes {what} {object}"),
        Kind::Different => format!("{declared}: {what} {object} is different"),
        Kind::CannotTell => format!("{declared}: cannot tell whether a migration makes {what} {object} so"),
    };
    if difference.detail.is_empty() { sentence } else { format!("{sentence}: {}", difference.detail) }
}

/// `Customer.agreementFileUrl` as `customer_agreement_file_url`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if !c.is_alphanumeric() {
            snake.push('_');
            continue;
        }
        if c.is_uppercase() && !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}
