//! Liquibase's changesets in formatted SQL.
//!
//! The ledger also knows a changeset by its file's path, which depends on where Liquibase was
//! started; here author and id are its identity.

use std::path::Path;

use gate::ledger::Migration;

use super::folder::{entries, relative};
use super::{FolderError, Problem, script, sql};

/// Changelogs that are not SQL.
const OTHER: &[&str] = &[".xml", ".yaml", ".yml", ".json"];

/// Every changeset in the folder's SQL files and in the folders in it, in the order of names.
pub(super) fn read(path: &Path) -> Result<Vec<Migration>, FolderError> {
    let mut migrations = Vec::new();
    read_folder(path, path, &mut migrations)?;
    Ok(migrations)
}

fn read_folder(root: &Path, path: &Path, migrations: &mut Vec<Migration>) -> Result<(), FolderError> {
    for entry in entries(path)? {
        if entry.path.is_dir() {
            if !entry.path.is_symlink() {
                read_folder(root, &entry.path, migrations)?;
            }
        } else if OTHER.iter().any(|suffix| entry.name.ends_with(suffix)) {
            let text = script::text(&entry.path)?;
            // One that only includes others holds nothing of its own.
            if text.contains("databaseChangeLog") && text.contains("changeSet") {
                let message = "only changesets in formatted SQL are read, and this changelog holds others";
                return Err(FolderError::new(&entry.path, Problem::Content(message.to_owned())));
            }
        } else if entry.path.extension().is_some_and(|extension| extension == "sql") {
            let text = script::text(&entry.path)?;
            migrations.extend(changesets(&text).into_iter().map(|found| Migration {
                name: format!("{}:{}", found.author, found.id).into(),
                key: format!("{}:{}", found.author, found.id).into(),
                place: relative(root, &entry.path),
                steps: sql::steps(found.text, found.line),
                ..Migration::default()
            }));
        }
    }
    Ok(())
}

/// One changeset of a file.
struct Changeset<'t> {
    author: &'t str,
    id: &'t str,
    /// From its first line to the next one's.
    text: &'t str,
    /// The number of its first line.
    line: u32,
}

fn changesets(text: &str) -> Vec<Changeset<'_>> {
    let mut found: Vec<Changeset<'_>> = Vec::new();
    let mut at = 0;
    for (line, number) in text.split_inclusive('\n').zip(1..) {
        let rest = text.get(at..).unwrap_or_default();
        if let Some((author, id)) = changeset(line.trim_end()) {
            if let Some(before) = found.last_mut() {
                before.text = before.text.strip_suffix(rest).unwrap_or(before.text);
            }
            found.push(Changeset { author, id, text: rest, line: number });
        }
        at += line.len();
    }
    found
}

/// Author and id of `--changeset author:id attribute:value …`; either may stand in double quotes.
fn changeset(line: &str) -> Option<(&str, &str)> {
    let said = line.trim_start().strip_prefix("--")?.trim_start().strip_prefix("changeset")?;
    let (author, rest) = part(said.strip_prefix(char::is_whitespace)?.trim_start(), ':')?;
    let (id, _) = part(rest.strip_prefix(':')?, ' ')?;
    Some((author, id))
}

fn part(text: &str, end: char) -> Option<(&str, &str)> {
    match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"'),
        None => Some(text.split_at(text.find([end, ' ', '\t']).unwrap_or(text.len()))),
    }
    .filter(|(part, _)| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changeset_is_its_author_and_its_id() {
        assert_eq!(changeset("--changeset jo:1 runOnChange:true"), Some(("jo", "1")));
        assert_eq!(changeset(r#"-- changeset "jo d":"a b" splitStatements:false"#), Some(("jo d", "a b")));
        assert_eq!(changeset("--changesetless jo:1"), None);
        assert_eq!(changeset("-- a comment"), None);
    }
}
