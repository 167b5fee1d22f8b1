//! The name of the variable that holds the database's URL.

use super::tree::{Tree, base, parent};
use super::{Found, Place};

/// How the names of such variables end.
const ENDINGS: &[&str] =
    &["DATABASE_URL", "DATABASE_URI", "DB_URL", "DB_URI", "POSTGRES_URL", "POSTGRESQL_URL", "PG_URL", "DATABASE_DSN"];

/// Parts of names of variables that lead elsewhere: past a pooler, to a test's or another kind of database.
const OTHERS: &[&str] =
    &["TEST", "SHADOW", "DIRECT", "UNPOOLED", "NON_POOLING", "REDIS", "MONGO", "CACHE", "READ", "REPLICA", "MYSQL"];

/// Kinds of database that schemagate watches, as Prisma calls them.
const WATCHED: &[&str] = &["postgresql", "postgres", "cockroachdb", "sqlite"];

/// How the app reaches its database.
#[derive(Debug, Default)]
pub(super) struct Connection {
    /// The variable that holds the URL.
    pub(super) variable: Option<Found<String>>,
    /// The variable that holds one past the pooler.
    pub(super) direct: Option<Found<String>>,
    /// A file that stands plainly there, as a URL.
    pub(super) file: Option<Found<String>>,
    /// A kind of database that is not watched.
    pub(super) unwatched: Option<Found<String>>,
}

impl Connection {
    pub(super) fn find(tree: &Tree) -> Self {
        let mut connection = Self::default();
        for (path, text) in tree.named("schema.prisma") {
            connection.read_prisma(path, text);
        }
        if connection.variable.is_none() && connection.file.is_none() {
            connection.variable = named_variable(tree);
        }
        if connection.variable.is_none() && connection.file.is_none() {
            connection.file = django_file(tree);
        }
        connection
    }

    /// What the rest of the configuration is told by.
    pub(super) fn found(&self) -> Option<&Found<String>> {
        self.variable.as_ref().or(self.file.as_ref())
    }

    /// A `datasource` of Prisma's, line by line.
    fn read_prisma(&mut self, path: &str, text: &str) {
        let mut inside = false;
        for (line, number) in text.lines().zip(1..) {
            let line = line.trim();
            let place = || Place::line(path, number);
            if line.starts_with("datasource ") {
                inside = true;
            } else if line.starts_with('}') {
                inside = false;
            }
            let Some((key, value)) = line.split_once('=').filter(|_| inside) else { continue };
            let (key, value) = (key.trim(), value.trim());
            let text = quoted(value);
            match key {
                "provider" if text.is_some_and(|kind| !WATCHED.contains(&kind)) => {
                    self.unwatched = text.map(|kind| Found { value: kind.to_owned(), place: place() });
                }
                "url" if value.starts_with("env(") => {
                    self.variable = variable(text).map(|value| Found { value, place: place() });
                }
                "directUrl" if value.starts_with("env(") => {
                    self.direct = variable(text).map(|value| Found { value, place: place() });
                }
                "url" => {
                    // Prisma's relative paths begin at the schema's folder.
                    let file = text.and_then(|text| text.strip_prefix("file:")).filter(|file| !file.starts_with('/'));
                    self.file = file.map(|file| {
                        let file = file.strip_prefix("./").unwrap_or(file);
                        Found { value: sqlite(parent(path), file), place: place() }
                    });
                }
                _ => {}
            }
        }
    }
}

/// The likeliest of all variables that any file names.
fn named_variable(tree: &Tree) -> Option<Found<String>> {
    let mut best: Option<((bool, bool), Found<String>)> = None;
    for (path, text) in tree.texts() {
        for (line, number) in text.lines().zip(1..) {
            for word in line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
                let fits = ENDINGS.iter().any(|ending| word.ends_with(ending));
                if !fits || OTHERS.iter().any(|other| word.contains(other)) {
                    continue;
                }
                let Some(value) = variable(Some(word)) else { continue };
                let rank = (value != "DATABASE_URL", !base(path).starts_with(".env"));
                if best.as_ref().is_none_or(|(known, _)| rank < *known) {
                    best = Some((rank, Found { value, place: Place::line(path, number) }));
                }
            }
        }
    }
    best.map(|(_, found)| found)
}

/// `BASE_DIR / "db.sqlite3"`, as Django's own first settings have it.
fn django_file(tree: &Tree) -> Option<Found<String>> {
    let (manage, _) = tree.named("manage.py").next()?;
    tree.texts().find_map(|(path, text)| {
        let mut lines = text.lines().zip(1..);
        let (line, number) = lines.find(|(line, _)| line.contains("BASE_DIR / ") && line.contains(".sqlite3"))?;
        let file = quoted(line.split_once("BASE_DIR / ")?.1)?;
        Some(Found { value: sqlite(parent(manage), file), place: Place::line(path, number) })
    })
}

fn sqlite(folder: &str, file: &str) -> String {
    if folder.is_empty() { format!("sqlite:{file}") } else { format!("sqlite:{folder}/{file}") }
}

/// What may stand between `${` and `}`.
fn variable(name: Option<&str>) -> Option<String> {
    let is_name = |name: &&str| {
        name.len() <= 64
            && name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    name.filter(is_name).map(str::to_owned)
}

/// The first text in quotes.
pub(super) fn quoted(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(['"', '\'', '`'])?;
    let quote = text.get(..text.len() - rest.len())?.chars().next_back()?;
    rest.split_once(quote).map(|(inside, _)| inside)
}
