//! Why a folder of migrations cannot be read.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a folder of migrations cannot be read, and where.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {problem}", place.display(), Line(*line))]
pub struct FolderError {
    /// The folder or file.
    pub place: PathBuf,
    /// The line, from 1.
    pub line: Option<usize>,
    /// What is wrong, and what to do.
    pub problem: Problem,
}

/// What is wrong with a folder of migrations, or with a file in it.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// Nothing lies there.
    #[error("there is no such folder")]
    Missing,
    /// Something else lies there.
    #[error("it is not a folder: name the folder that holds the migrations")]
    NotAFolder,
    /// The system refuses it.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// No file in it is one of the tool's migrations.
    #[error("no migration of {tool} is in it{}", seems(.others))]
    Empty {
        /// The tool that was looked for.
        tool: &'static str,
        /// Tools that would find migrations in it.
        others: Vec<&'static str>,
    },
    /// The files are another tool's.
    #[error("its files are not of {tool}{}", seems(.others))]
    WrongTool {
        /// The tool that was looked for.
        tool: &'static str,
        /// Tools whose signs they bear.
        others: Vec<&'static str>,
    },
    /// `tool = "auto"`, and no tool finds migrations in it.
    #[error("no known tool finds migrations in it: name the tool with `tool`")]
    NoTool,
    /// `tool = "auto"`, and several tools find migrations in it.
    #[error("it may be of {}: name one of them with `tool`", list(.0))]
    SeveralTools(Vec<&'static str>),
    /// Two files claim one identity.
    #[error("it has the same identity, {key}, as {other}: rename one of them")]
    Duplicate {
        /// The identity.
        key: Box<str>,
        /// The other file.
        other: Box<str>,
    },
    /// A migration that is announced has no file.
    #[error("{file} is missing: restore it, or delete what announces it")]
    NoScript {
        /// The file that should lie there.
        file: String,
    },
    /// What the file says of itself cannot be read.
    #[error("{0}")]
    Content(String),
    /// A migration names a parent that is nowhere.
    #[error("it depends on {0}, which is not on disk")]
    NoParent(Box<str>),
    /// Migrations that come before themselves.
    #[error("these migrations depend on each other in a circle: {}", .0.join(", "))]
    Circle(Vec<Box<str>>),
}

impl FolderError {
    pub(super) fn new(place: &Path, problem: impl Into<Problem>) -> Self {
        Self { place: place.to_owned(), line: None, problem: problem.into() }
    }
}

struct Line(Option<usize>);

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

fn list(tools: &[&str]) -> String {
    tools.join(" or ")
}

fn seems(others: &[&str]) -> String {
    if others.is_empty() { String::new() } else { format!(": they look like those of {}", list(others)) }
}
