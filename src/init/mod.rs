//! A first `proxy.toml`, from what a project's own files say.
//!
//! | file | what it finds |
//! | --- | --- |
//! | `tree` | the files that may be looked at, and how much of them |
//! | `ledger` | folders of migrations, by what a project names and by what lies there |
//! | `database` | the name of the variable that holds the database's URL |
//! | `port` | where the app listens |
//! | `free_path` | paths that need no schema: health, static files |
//! | `django` | what stands plainly in Django's settings |
//! | `draft` | all of it as TOML, with a reason for each line |
//!
//! Nothing is run, nothing outside of the folder is read, and no value of a variable but a port's.

mod database;
mod django;
mod draft;
mod free_path;
mod ledger;
mod port;
#[cfg(test)]
mod tests;
mod tree;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use database::Connection;
use django::Django;
use free_path::FreePath;
use ledger::Ledger;
use tree::Tree;

/// What was found in a project's folder.
#[derive(Debug)]
pub struct Project {
    root: PathBuf,
    /// What the app is built with.
    frameworks: Vec<Found<&'static str>>,
    connection: Connection,
    port: Option<Found<u16>>,
    ledgers: Vec<Ledger>,
    free_paths: Vec<Found<FreePath>>,
    django: Option<Django>,
    /// What was seen and not understood.
    notes: Vec<String>,
}

/// Where something stands in a project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// From the project's folder, with slashes.
    file: String,
    /// From 1.
    line: Option<usize>,
}

/// Something, and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<T> {
    value: T,
    place: Place,
}

/// Why there is nothing to write.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// Nothing lies there.
    #[error("{}: there is no such folder", .0.display())]
    Missing(PathBuf),
    /// Something else lies there.
    #[error("{}: it is not a folder; name the folder of the app", .0.display())]
    NotAFolder(PathBuf),
    /// The system refuses it.
    #[error("{}: it cannot be read: {error}", .path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Its database is of another kind.
    #[error("{0}: the database is {1}, and schemagate watches PostgreSQL and SQLite")]
    Unwatched(Place, String),
    /// Nothing in it says anything.
    #[error(
        "{}: nothing here is known to schemagate: no migrations, no package.json, manage.py, Gemfile, go.mod or the like. \
         Name the folder of the app, or begin with the example in the README",
        .0.display()
    )]
    Nothing(PathBuf),
}

/// A file that says what an app is built with: its name, a word that must stand in it, and that.
const FRAMEWORKS: &[(&str, &str, &str)] = &[
    ("package.json", "\"@nestjs/core\"", "NestJS"),
    ("package.json", "\"express\"", "Express"),
    ("package.json", "\"fastify\"", "Fastify"),
    ("package.json", "\"next\"", "Next.js"),
    ("manage.py", "DJANGO_SETTINGS_MODULE", "Django"),
    ("requirements.txt", "fastapi", "FastAPI"),
    ("requirements.txt", "Flask", "Flask"),
    ("requirements.txt", "flask", "Flask"),
    ("pyproject.toml", "fastapi", "FastAPI"),
    ("pyproject.toml", "Flask", "Flask"),
    ("pyproject.toml", "flask", "Flask"),
    ("Gemfile", "rails", "Rails"),
    ("artisan", "", "Laravel"),
    ("go.mod", "module", "Go"),
    ("mix.exs", ":phoenix", "Phoenix"),
    ("Cargo.toml", "axum", "axum"),
    ("Cargo.toml", "actix-web", "Actix"),
    ("pom.xml", "spring-boot", "Spring Boot"),
    ("build.gradle", "spring-boot", "Spring Boot"),
    ("package.json", "{", "Node.js"),
];

impl Project {
    /// Looks into the folder at `root`.
    pub fn read(root: &Path) -> Result<Self, InitError> {
        let tree = Tree::of(root).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => InitError::Missing(root.to_owned()),
            io::ErrorKind::NotADirectory => InitError::NotAFolder(root.to_owned()),
            _ => InitError::Unreadable { path: root.to_owned(), error },
        })?;
        let mut notes = Vec::new();
        if tree.is_cut {
            notes.push("there are more files than are looked at: name the folder of the app itself".to_owned());
        }
        let frameworks = frameworks(&tree);
        let django = Django::read(&tree, &mut notes);
        let ledgers = ledger::find(&tree, &mut notes);
        if tree.is_empty() || (frameworks.is_empty() && ledgers.is_empty()) {
            return Err(InitError::Nothing(root.to_owned()));
        }
        let project = Self {
            root: root.to_owned(),
            connection: Connection::find(&tree),
            port: port::find(&tree),
            free_paths: free_path::find(&tree, django.as_ref(), &mut notes),
            frameworks,
            ledgers,
            django,
            notes,
        };
        match &project.connection.unwatched {
            Some(kind) if project.required().is_none() => {
                Err(InitError::Unwatched(kind.place.clone(), kind.value.clone()))
            }
            _ => Ok(project),
        }
    }

    /// What was found, a line for each thing: what, and where it stands.
    pub fn found(&self) -> Vec<(String, String)> {
        let mut lines: Vec<(String, String)> =
            self.frameworks.iter().map(|found| (found.value.to_owned(), found.place.to_string())).collect();
        let migrations = self.ledgers.iter().map(|ledger| (ledger.summary(), ledger.folder().to_owned()));
        lines.extend(migrations);
        if let Some(found) = self.connection.found() {
            lines.push((format!("database in {}", found.value), found.place.to_string()));
        }
        lines.extend(self.port.iter().map(|found| (format!("port {}", found.value), found.place.to_string())));
        let paths = self.free_paths.iter();
        lines
            .extend(paths.map(|found| (format!("{} {}", found.value.what, found.value.path), found.place.to_string())));
        if let Some(place) = self.django.as_ref().and_then(|django| django.tenants.clone()) {
            lines.push(("django-tenants".to_owned(), place.to_string()));
        }
        lines
    }

    /// What was seen and not understood.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

/// Each once, the first place that says so; `Node.js` only where nothing says more.
fn frameworks(tree: &Tree) -> Vec<Found<&'static str>> {
    let mut found: Vec<Found<&'static str>> = Vec::new();
    for (file, word, name) in FRAMEWORKS {
        let is_known = found.iter().any(|known| known.value == *name || base_is(&known.place, file));
        if !is_known && let Some(place) = tree.line_with(file, word) {
            found.push(Found { value: name, place });
        }
    }
    found
}

fn base_is(place: &Place, name: &str) -> bool {
    tree::base(&place.file) == name
}

impl Place {
    fn file(file: &str) -> Self {
        Self { file: file.to_owned(), line: None }
    }

    fn line(file: &str, line: usize) -> Self {
        Self { file: file.to_owned(), line: Some(line) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file),
            None => f.write_str(&self.file),
        }
    }
}
