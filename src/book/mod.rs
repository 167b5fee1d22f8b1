//! The book, held against what it is about: its links, its configurations, its commands, and the pages that are made of
//! the code. In tests alone.

mod command_lines;
mod commands;
mod configurations;
mod contents;
mod headers;
mod keys;
mod links;
mod log_lines;
mod markdown;

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of everything.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A page of the documentation that is made of the code: with `WRITE_DOCS` set it is written, otherwise it must be `right`
/// already. `test` is what is run to write it.
#[track_caller]
pub(crate) fn written(page: &str, right: &str, test: &str) {
    let file = root().join(page);
    if std::env::var_os("WRITE_DOCS").is_some() {
        fs::write(&file, right).expect("the documentation can be written");
    }
    let there = fs::read_to_string(&file).unwrap_or_default();
    assert!(there == right, "{page} is out of date: WRITE_DOCS=1 cargo test --lib {test}");
}

/// A text within a row of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// Files below a folder whose name ends in `.ending`, in order; nothing that is installed, built or hidden.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    const NOT_OURS: [&str; 4] = ["target", "node_modules", "corpus", "artifacts"];
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
        let (path, name) = (entry.path(), entry.file_name().into_string().expect("a plain name"));
        if name.starts_with('.') || NOT_OURS.contains(&&*name) {
            continue;
        }
        if entry.file_type().expect("a type").is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}
