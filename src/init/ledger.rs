//! Folders of migrations, by what a project names and by what lies there.

use gate::ledger::Tool;

use super::Place;
use super::database::quoted;
use super::tree::{Tree, base, parent};
use crate::migrations::{Folder, FolderError, detect, prisma_provider};

/// A folder of migrations that can be required.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) folder: Folder,
    /// From the project's folder, with slashes; empty for that folder itself.
    pub(super) path: String,
    /// The file that names the folder or the tool; `None` where the folder speaks for itself.
    pub(super) named_by: Option<Place>,
    /// The kind of database that they are for, where the tool says so and it is not watched.
    pub(super) foreign: Option<String>,
}

/// What a file says of migrations: where they lie, and whose they are.
struct Clue {
    /// The file's name, or how it begins where it ends in a dot.
    file: &'static str,
    /// A word that must stand in it.
    word: &'static str,
    /// The tool; `None` where the folder has to tell which of several it is.
    tool: Option<&'static str>,
    /// Before the folder's name, where the file gives one.
    key: &'static str,
    /// Where they lie by default, from the file's folder.
    folders: &'static [&'static str],
}

const PLAIN: Clue = Clue { file: "", word: "", tool: None, key: "", folders: &[] };

const CLUES: &[Clue] = &[
    Clue { file: "schema.prisma", word: "datasource", tool: Some("prisma"), folders: &["migrations"], ..PLAIN },
    Clue { file: "manage.py", word: "DJANGO_SETTINGS_MODULE", tool: Some("django"), folders: &[""], ..PLAIN },
    Clue { file: "knexfile.", tool: Some("knex"), key: "directory", folders: &["migrations"], ..PLAIN },
    Clue {
        file: ".sequelizerc",
        tool: Some("sequelize"),
        key: "migrations-path",
        folders: &["migrations", "db/migrations"],
        ..PLAIN
    },
    Clue { file: "drizzle.config.", key: "out", folders: &["drizzle", "migrations"], ..PLAIN },
    Clue {
        file: "mikro-orm.config.",
        tool: Some("mikro-orm"),
        key: "pathTs",
        folders: &["migrations", "src/migrations", "../migrations"],
        ..PLAIN
    },
    Clue {
        file: "data-source.",
        word: "DataSource",
        tool: Some("typeorm"),
        key: "migrations",
        folders: &["migration", "migrations", "src/migration", "src/migrations"],
    },
    Clue {
        file: "ormconfig.",
        tool: Some("typeorm"),
        key: "migrations",
        folders: &["migration", "migrations", "src/migration", "src/migrations"],
        ..PLAIN
    },
    Clue {
        file: "alembic.ini",
        tool: Some("alembic"),
        key: "script_location",
        folders: &["alembic", "migrations"],
        ..PLAIN
    },
    Clue { file: "Gemfile", word: "rails", tool: Some("rails"), folders: &["db/migrate"], ..PLAIN },
    Clue { file: "artisan", tool: Some("laravel"), folders: &["database/migrations"], ..PLAIN },
    Clue { file: "mix.exs", word: "ecto", tool: Some("ecto"), folders: &["priv/repo/migrations"], ..PLAIN },
    Clue { file: "diesel.toml", tool: Some("diesel"), key: "dir", folders: &["migrations"], ..PLAIN },
    Clue { file: "Cargo.toml", word: "sqlx", tool: Some("sqlx"), folders: &["migrations"], ..PLAIN },
    Clue { file: "Cargo.toml", word: "refinery", tool: Some("refinery"), folders: &["migrations"], ..PLAIN },
    Clue {
        file: "go.mod",
        word: "golang-migrate",
        tool: Some("golang-migrate"),
        folders: &["migrations", "db/migrations", "db/migration"],
        ..PLAIN
    },
    Clue {
        file: "go.mod",
        word: "pressly/goose",
        tool: Some("goose"),
        folders: &["migrations", "db/migrations"],
        ..PLAIN
    },
    Clue { file: "pom.xml", word: "flyway", tool: Some("flyway"), folders: JAVA, ..PLAIN },
    Clue { file: "build.gradle", word: "flyway", tool: Some("flyway"), folders: JAVA, ..PLAIN },
    Clue {
        file: "package.json",
        word: "\"node-pg-migrate\"",
        tool: Some("node-pg-migrate"),
        folders: &["migrations"],
        ..PLAIN
    },
    Clue { file: "package.json", word: "\"db-migrate\"", tool: Some("db-migrate"), folders: &["migrations"], ..PLAIN },
    Clue { file: "package.json", word: "\"sequelize", tool: Some("sequelize"), folders: NODE, ..PLAIN },
    Clue { file: "package.json", word: "\"knex\"", tool: Some("knex"), folders: NODE, ..PLAIN },
];

const JAVA: &[&str] = &["src/main/resources/db/migration"];
const NODE: &[&str] = &["migrations", "db/migrations", "src/migrations", "src/db/migrations"];

/// Names of folders that are asked what they hold, where no file speaks of them.
const USUAL: &[&str] = &["migrations", "migration", "migrate", "drizzle", "versions", "changelog"];

/// Every folder of migrations that can be read, named ones first. What is named and cannot be read is noted.
pub(super) fn find(tree: &Tree, notes: &mut Vec<String>) -> Vec<Ledger> {
    let mut search = Search { tree, found: Vec::new(), failed: Vec::new() };
    for clue in CLUES {
        let is_meant = |path: &str| {
            let name = base(path);
            if clue.file.ends_with('.') { name.starts_with(clue.file) } else { name == clue.file }
        };
        for (path, text) in tree.texts().filter(|(path, text)| is_meant(path) && text.contains(clue.word)) {
            search.follow(clue, path, text);
        }
    }
    for folder in tree.folders().filter(|folder| USUAL.contains(&base(folder))) {
        search.try_folder(folder, None, None);
    }
    let Search { found, failed, .. } = search;
    // Whoever is understood in one place is not complained of in another.
    let is_known = |tool: &str| found.iter().any(|ledger| ledger.folder.tool.name == tool);
    notes.extend(failed.into_iter().filter(|(tool, _)| !tool.is_some_and(is_known)).map(|(_, note)| note));
    found
}

struct Search<'t> {
    tree: &'t Tree,
    found: Vec<Ledger>,
    failed: Vec<(Option<&'static str>, String)>,
}

impl Search<'_> {
    /// Tries the folders that a file names, or else those that are usual beside it.
    fn follow(&mut self, clue: &Clue, path: &str, text: &str) {
        let home = parent(path);
        let named = text.lines().zip(1..).filter_map(|(line, number)| {
            let folder = named_folder(line, clue.key)?;
            Some((join(home, &folder)?, Place::line(path, number)))
        });
        let named: Vec<(String, Place)> = named.filter(|(folder, _)| self.tree.holds(folder)).take(4).collect();
        let place = match text.lines().position(|line| line.contains(clue.word)) {
            Some(line) if !clue.word.is_empty() => Place::line(path, line + 1),
            _ => Place::file(path),
        };
        let usual = clue.folders.iter().filter_map(|folder| join(home, folder)).map(|folder| (folder, place.clone()));
        let candidates = if named.is_empty() { usual.collect() } else { named };
        for (folder, place) in candidates {
            self.try_folder(&folder, clue.tool, Some(place));
        }
    }

    fn try_folder(&mut self, path: &str, tool: Option<&'static str>, named_by: Option<Place>) {
        // What lies within a folder that is understood is a part of it.
        let is_within = |ledger: &Ledger| {
            // Django's folder is the project's: another tool's may lie in it, if something names it.
            let is_apart = tool.is_some_and(|tool| tool != ledger.folder.tool.name);
            let within = ledger.path.is_empty() || path.starts_with(&format!("{}/", ledger.path));
            ledger.path == path && !path.is_empty() || within && !is_apart
        };
        if !self.tree.holds(path) || self.found.iter().any(is_within) {
            return;
        }
        let shown = if path.is_empty() { "." } else { path };
        let is_named = named_by.is_some();
        if !self.tree.is_plain(path) {
            let note = format!("{shown}: it is too large to look through here, or holds more than files and folders");
            self.failed.push((tool, note));
            return;
        }
        match read(self.tree, path, tool) {
            Ok((folder, foreign)) => {
                self.found.push(Ledger { folder, path: path.to_owned(), named_by, foreign });
            }
            // A usual name may stand for anything; what is named should be there.
            Err(error) if is_named => {
                let why = format!("{shown}: {}", error.problem);
                if !self.failed.iter().any(|(_, known)| *known == why) {
                    self.failed.push((tool, why));
                }
            }
            Err(_) => {}
        }
    }
}

fn read(tree: &Tree, path: &str, tool: Option<&'static str>) -> Result<(Folder, Option<String>), FolderError> {
    let place = tree.root().join(path);
    let folder = match tool.and_then(Tool::named) {
        Some(tool) => Folder::read(tool, &place)?,
        None => detect(&place)?,
    };
    let provider = prisma_provider(&folder)?;
    let is_watched = |kind: &String| ["postgresql", "postgres", "cockroachdb", "sqlite"].contains(&kind.as_str());
    Ok((folder, provider.filter(|kind| !is_watched(kind))))
}

impl Ledger {
    /// Such as "12 migrations of Prisma Migrate".
    pub(super) fn summary(&self) -> String {
        let count = self.folder.migrations.len();
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} migration{plural} of {}", self.folder.tool.title)
    }

    /// As it is shown.
    pub(super) fn folder(&self) -> &str {
        if self.path.is_empty() { "." } else { &self.path }
    }
}

/// What names a file, and no folder.
const SCRIPTS: &[&str] = &[".js", ".ts", ".mjs", ".cjs"];

/// The folder that a line gives for `key`: all that stands in quotes after it, as in `path.join('db', 'migrations')`, or
/// the bare rest of a line of an ini file; without what a glob begins.
fn named_folder(line: &str, key: &str) -> Option<String> {
    if key.is_empty() || line.trim_start().starts_with(['#', ';', '/', '*']) {
        return None;
    }
    let (before, rest) = line.split_once(key)?;
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    if before.ends_with(is_word) {
        return None;
    }
    let rest = rest.trim_start_matches(['"', '\'']).trim_start();
    let rest = rest.strip_prefix([':', '='])?.trim_start();
    let mut parts = Vec::new();
    let mut left = rest;
    while let Some(part) = quoted(left) {
        parts.push(part);
        let end = left.find(part)? + part.len() + 1;
        left = left.get(end..).unwrap_or_default();
        if !left.trim_start().starts_with([',', '+']) || parts.len() > 8 {
            break;
        }
    }
    let folder = if parts.is_empty() { rest.split_whitespace().next()?.to_owned() } else { parts.join("/") };
    let folder = folder.replace("%(here)s/", "");
    let folder: Vec<&str> = folder.split('/').take_while(|part| !part.contains(['*', '{', '$'])).collect();
    let folder: Vec<&str> = folder.into_iter().filter(|part| !SCRIPTS.iter().any(|end| part.ends_with(end))).collect();
    Some(folder.join("/")).filter(|folder| !folder.is_empty())
}

/// `path` seen from `home`, without dots; `None` where it leads out of the project.
fn join(home: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = home.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_as_files_of_configuration_name_it() {
        for (line, key, folder) in [
            ("    directory: './db/migrations',", "directory", Some("./db/migrations")),
            ("  'migrations-path': path.resolve('db', 'migrations'),", "migrations-path", Some("db/migrations")),
            ("  directory: path.join(__dirname, 'db/migrations')", "directory", Some("db/migrations")),
            ("script_location = %(here)s/alembic", "script_location", Some("alembic")),
            ("script_location = alembic", "script_location", Some("alembic")),
            ("  migrations: ['src/migration/*.ts'],", "migrations", Some("src/migration")),
            ("  migrations: [\"src/migration/**/*{.ts,.js}\"],", "migrations", Some("src/migration")),
            ("  \"migrations\": [\"src/migration/*.js\"]", "migrations", Some("src/migration")),
            ("dir = \"db/migrations\"", "dir", Some("db/migrations")),
            ("  out: \"./drizzle\",", "out", Some("./drizzle")),
            ("  layout: 'x',", "out", None),
            ("# script_location = x", "script_location", None),
            ("  migrations,", "migrations", None),
        ] {
            assert_eq!(named_folder(line, key).as_deref(), folder, "{line}");
        }
    }

    #[test]
    fn a_path_that_leads_out_of_the_project_is_none() {
        assert_eq!(join("server/db", "../migrations").as_deref(), Some("server/migrations"));
        assert_eq!(join("", "./a//b/"), Some("a/b".to_owned()));
        assert_eq!(join("a", "../../etc"), None);
    }
}
