//! `TypeORM`'s migrations: the identity is a class name, or what that class calls itself.
//!
//! TypeScript is not parsed here; words, strings and marks are told apart, which is enough to find
//! `class … ` and `name = "…"`. A regular expression that holds a quote can lead this astray.

use std::path::Path;

use gate::ledger::Migration;

use super::folder::entries;
use super::{FolderError, Problem, script};

/// Digits with which a class name must end: milliseconds since 1970.
const TIMESTAMP: usize = 13;

const SCRIPTS: &[&str] = &[".ts", ".js", ".mts", ".mjs", ".cts", ".cjs"];

/// Declarations beside compiled files: the same classes once more.
const TYPES: &[&str] = &[".d.ts", ".d.mts", ".d.cts"];

/// Every migration class in the folder's files, oldest timestamp first.
pub(super) fn read(path: &Path) -> Result<Vec<Migration>, FolderError> {
    let mut migrations = Vec::new();
    for entry in entries(path)? {
        let ends = |suffixes: &[&str]| suffixes.iter().any(|suffix| entry.name.ends_with(suffix));
        if !ends(SCRIPTS) || ends(TYPES) || !entry.path.is_file() {
            continue;
        }
        let text = script::text(&entry.path)?;
        let classes = classes(&words(&text));
        for class in classes.iter().filter(|class| class.is_migration || timestamp(&class.name).is_some()) {
            if timestamp(&class.name).is_none() {
                let message =
                    format!("class {} must end in a {TIMESTAMP}-digit timestamp, or TypeORM refuses it", class.name);
                return Err(FolderError::new(&entry.path, Problem::Content(message)));
            }
            migrations.push(Migration {
                name: class.name.as_str().into(),
                key: class.name.as_str().into(),
                place: entry.name.as_str().into(),
                ..Migration::default()
            });
        }
    }
    migrations.sort_by_key(|migration| (timestamp(&migration.name).map(ToOwned::to_owned), migration.name.clone()));
    Ok(migrations)
}

fn timestamp(name: &str) -> Option<&str> {
    let end = name.get(name.len().checked_sub(TIMESTAMP)?..)?;
    end.bytes().all(|byte| byte.is_ascii_digit()).then_some(end)
}

struct Class {
    name: String,
    is_migration: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Word<'t> {
    Name(&'t str),
    Text(&'t str),
    Mark(char),
}

/// The classes, each by its own `name` if it gives itself one that ends in a timestamp.
fn classes(words: &[Word<'_>]) -> Vec<Class> {
    let mut classes: Vec<Class> = Vec::new();
    let mut rest = words;
    while let [word, tail @ ..] = rest {
        match (word, tail) {
            (Word::Name("class"), [Word::Name(name), ..]) => {
                classes.push(Class { name: (*name).to_owned(), is_migration: false });
            }
            (Word::Name("implements"), [Word::Name("MigrationInterface"), ..]) => {
                if let Some(class) = classes.last_mut() {
                    class.is_migration = true;
                }
            }
            (
                Word::Name("name"),
                [Word::Mark('='), Word::Text(text), ..]
                | [Word::Mark(':'), Word::Name("string"), Word::Mark('='), Word::Text(text), ..],
            ) if timestamp(text).is_some() => {
                if let Some(class) = classes.last_mut() {
                    (*text).clone_into(&mut class.name);
                }
            }
            _ => {}
        }
        rest = tail;
    }
    classes
}

fn words(text: &str) -> Vec<Word<'_>> {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after = |parts: Option<(&str, &str)>| parts.map_or(0, |(_, tail)| tail.len());
        let left = match first {
            _ if rest.starts_with("//") => after(rest.split_once('\n')),
            _ if rest.starts_with("/*") => after(rest.split_once("*/")),
            '"' | '\'' | '`' => {
                let inside = rest.get(1..).unwrap_or_default();
                let end = end_of_text(inside, first);
                words.push(Word::Text(inside.get(..end).unwrap_or_default()));
                inside.len().saturating_sub(end + 1)
            }
            c if is_name(c) => {
                let tail = rest.trim_start_matches(is_name);
                words.push(Word::Name(rest.get(..rest.len() - tail.len()).unwrap_or_default()));
                tail.len()
            }
            c => {
                if !c.is_whitespace() {
                    words.push(Word::Mark(c));
                }
                rest.len() - c.len_utf8()
            }
        };
        rest = rest.get(rest.len() - left..).unwrap_or_default();
    }
    words
}

/// Where the quote closes.
fn end_of_text(inside: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at,
            _ => {}
        }
    }
    inside.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        classes(&words(text)).into_iter().map(|class| class.name).collect()
    }

    #[test]
    fn a_class_is_known_by_its_name_property_or_else_by_its_own_name() {
        assert_eq!(names("export class Init1759309200000 implements MigrationInterface {}"), ["Init1759309200000"]);
        assert_eq!(names("class A { name = 'B1759309200000'; up() {} }"), ["B1759309200000"]);
        assert_eq!(names(r#"class A { constructor() { this.name = "B1759309200000"; } }"#), ["B1759309200000"]);
        assert_eq!(names("class A1759309200000 { up() { const name = 'x'; } }"), ["A1759309200000"]);
    }

    #[test]
    fn what_stands_in_comments_and_strings_is_no_class() {
        assert_eq!(names("// class A1\n/* class B1 */ const x = 'class C1', y = `class ${D} \\` E`;"), [""; 0]);
    }
}
