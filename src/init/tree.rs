//! A project's files, as far as they may be looked at.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::Place;

/// Files and folders that are looked at, at most.
const MOST: usize = 20_000;
/// A source file of people's own is smaller; what is larger was made by a program, and is not read.
const LARGEST: u64 = 256 * 1024;
/// What is read of all files together, at most.
const ALL: u64 = 32 * 1024 * 1024;
/// A folder of migrations that is larger is left to its owner: what reads it reads it whole.
const FOLDER: u64 = 64 * 1024 * 1024;

/// Folders that hold other people's sources, what was built, or what tests play with.
const FOREIGN: &[&str] = &[
    "node_modules",
    "site-packages",
    "__pycache__",
    "vendor",
    "target",
    "dist",
    "build",
    "out",
    "coverage",
    "tmp",
    "test",
    "tests",
    "__tests__",
    "spec",
    "e2e",
    "fixtures",
    "testdata",
    "examples",
    "docs",
    "log",
    "logs",
    "venv",
];

/// What begins with a dot and is looked at all the same: examples, without anybody's secrets.
const DOTTED: &[&str] =
    &[".env.example", ".env.sample", ".env.template", ".env.dist", ".env.defaults", ".sequelizerc", ".dbmate"];

/// Files that are read, by their whole name.
const NAMES: &[&str] = &[
    "package.json",
    "schema.prisma",
    "alembic.ini",
    "diesel.toml",
    "Cargo.toml",
    "go.mod",
    "Gemfile",
    "mix.exs",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "artisan",
    "Procfile",
    "Dockerfile",
    "ormconfig.json",
    "composer.json",
    "requirements.txt",
    "pyproject.toml",
];

/// And by how their names end.
const SUFFIXES: &[&str] =
    &[".js", ".ts", ".mjs", ".cjs", ".mts", ".cts", ".py", ".rb", ".go", ".rs", ".php", ".yml", ".yaml", ".ex", ".exs"];

/// A project's files: regular ones, in folders that are the project's own, found breadth first.
///
/// Links are not followed: they may lead anywhere. Names that are not UTF-8 cannot stand in a configuration.
pub(super) struct Tree {
    root: PathBuf,
    /// Sizes, by the path from the root with slashes.
    files: BTreeMap<String, u64>,
    folders: Vec<String>,
    texts: BTreeMap<String, String>,
    /// Whether there was more than is looked at.
    pub(super) is_cut: bool,
}

impl Tree {
    /// What lies below `root`.
    pub(super) fn of(root: &Path) -> io::Result<Self> {
        let mut tree = Self {
            root: root.to_owned(),
            files: BTreeMap::new(),
            folders: Vec::new(),
            texts: BTreeMap::new(),
            is_cut: false,
        };
        // Only the folder itself must be readable.
        fs::read_dir(root)?;
        let mut left = VecDeque::from([String::new()]);
        while let Some(folder) = left.pop_front() {
            let Ok(entries) = fs::read_dir(root.join(&folder)) else { continue };
            for entry in entries.flatten() {
                if tree.files.len() + tree.folders.len() >= MOST {
                    tree.is_cut = true;
                    break;
                }
                let (Ok(name), Ok(kind)) = (entry.file_name().into_string(), entry.metadata()) else { continue };
                let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
                let is_hidden = name.starts_with('.') && !DOTTED.contains(&name.as_str());
                if kind.is_file() && !is_hidden {
                    tree.files.insert(path, kind.len());
                } else if kind.is_dir() && !is_hidden && !is_foreign(&name, &entry.path()) {
                    tree.folders.push(path.clone());
                    left.push_back(path);
                }
            }
        }
        tree.read();
        Ok(tree)
    }

    /// Reads what may say something.
    fn read(&mut self) {
        let mut left = ALL;
        // Shallow ones first: they say most.
        let mut wanted: Vec<(&String, &u64)> = self.files.iter().filter(|(path, _)| is_text(path)).collect();
        wanted.sort_by_key(|(path, _)| (path.matches('/').count(), *path));
        for (path, size) in wanted {
            if *size > LARGEST || *size > left {
                continue;
            }
            let mut bytes = Vec::new();
            let read = File::open(self.root.join(path)).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes));
            if read.is_ok() {
                left = left.saturating_sub(*size);
                self.texts.insert(path.clone(), String::from_utf8_lossy(&bytes).into_owned());
            }
        }
    }

    /// Where it begins.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Whether nothing at all was found.
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.folders.is_empty()
    }

    /// Whether that file is there.
    pub(super) fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Whether that folder is there; the empty path is the root.
    pub(super) fn has_folder(&self, path: &str) -> bool {
        path.is_empty() || self.folders.iter().any(|folder| folder == path)
    }

    /// Whether that folder is there and within the project, even if it is one of those that are not looked through.
    pub(super) fn holds(&self, path: &str) -> bool {
        let real = |path: &Path| fs::canonicalize(path).ok().filter(|path| path.is_dir());
        self.has_folder(path)
            || real(&self.root.join(path)).zip(real(&self.root)).is_some_and(|(path, root)| path.starts_with(root))
    }

    /// The folders, shallow ones first.
    pub(super) fn folders(&self) -> impl Iterator<Item = &str> {
        self.folders.iter().map(String::as_str)
    }

    /// A file's text, if it is of those that are read.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// Every text with its path, shallow ones first.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut texts: Vec<_> = self.texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        texts.sort_by_key(|(path, _)| (path.matches('/').count(), *path));
        texts.into_iter()
    }

    /// The texts of files of that name.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = (&str, &str)> {
        self.texts().filter(move |(path, _)| base(path) == name)
    }

    /// The first line that holds `word` in the first text of files of that name.
    pub(super) fn line_with(&self, name: &str, word: &str) -> Option<Place> {
        self.named(name).find_map(|(path, text)| {
            let line = text.lines().position(|line| line.contains(word))?;
            Some(Place::line(path, line + 1))
        })
    }

    /// Whether what reads folders of migrations may be let loose on that one: regular files and folders of a sensible
    /// size. Anything else, such as a named pipe, could keep a reader for ever.
    pub(super) fn is_plain(&self, folder: &str) -> bool {
        let mut left = vec![self.root.join(folder)];
        let (mut count, mut size) = (0, 0);
        while let Some(folder) = left.pop() {
            let Ok(entries) = fs::read_dir(folder) else { return false };
            for entry in entries {
                // What a link leads to counts, too.
                let Ok((path, kind)) = entry.and_then(|entry| Ok((entry.path(), fs::metadata(entry.path())?))) else {
                    return false;
                };
                count += 1;
                size += kind.len();
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                if kind.is_dir() && !path.is_symlink() && !is_foreign(&name, &path) && !name.starts_with('.') {
                    left.push(path);
                } else if !kind.is_file() && !kind.is_dir() || count > MOST || size > FOLDER {
                    return false;
                }
            }
        }
        true
    }
}

/// The last part of a path.
pub(super) fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The folder that a path lies in; empty for the root.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn is_foreign(name: &str, path: &Path) -> bool {
    FOREIGN.contains(&name) || path.join("pyvenv.cfg").is_file()
}

fn is_text(path: &str) -> bool {
    let name = base(path);
    NAMES.contains(&name) || DOTTED.contains(&name) || SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}
