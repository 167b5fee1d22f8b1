//! Which tool a folder of migrations is of.

use std::path::Path;

use gate::ledger::{Migration, TOOLS, Tool};

use super::folder::{entries, scan};
use super::{Folder, FolderError, Problem, script};

/// Finds the tool whose migrations lie in the folder at `path`, and reads them.
///
/// Signs decide: files that only that tool leaves, and words that only its migrations hold. Where
/// no folder bears any, a tool whose layout alone fits is taken, if it is the only one.
pub fn detect(path: &Path) -> Result<Folder, FolderError> {
    let mut fitting = Vec::new();
    let mut failing = Vec::new();
    for tool in TOOLS {
        match scan(tool, path) {
            Ok(migrations) if migrations.is_empty() => {}
            Ok(migrations) => fitting.push((tool, weight(tool, path, &migrations))),
            Err(error) if matches!(error.problem, Problem::Missing | Problem::NotAFolder | Problem::Unreadable(_)) => {
                return Err(error);
            }
            Err(error) => failing.push(error),
        }
    }
    let heaviest = fitting.iter().map(|(_, weight)| *weight).max();
    let best: Vec<&'static Tool> =
        fitting.iter().filter(|(_, weight)| Some(*weight) == heaviest).map(|(tool, _)| *tool).collect();
    match *best.as_slice() {
        // Another tool's files may make no sense to this one; but when nobody reads them and one tool
        // alone knows why it cannot, that is the reason.
        [] => match <[FolderError; 1]>::try_from(failing) {
            Ok([error]) => Err(error),
            Err(_) => Err(FolderError::new(path, Problem::NoTool)),
        },
        [tool] => Folder::read(tool, path),
        _ => Err(FolderError::new(path, Problem::SeveralTools(best.iter().map(|tool| tool.name).collect()))),
    }
}

/// Tools other than `tool` whose signs the folder bears.
pub(super) fn others(tool: &Tool, path: &Path) -> Vec<&'static str> {
    let bears =
        |other: &Tool| scan(other, path).is_ok_and(|migrations| weight(other, path, &migrations) > Weight::Layout);
    TOOLS.iter().filter(|other| other.name != tool.name && bears(other)).map(|other| other.name).collect()
}

/// Whether any of `tool`'s signs is borne, or it has none.
pub(super) fn bears_signs(tool: &Tool, path: &Path, migrations: &[Migration]) -> bool {
    weight(tool, path, migrations) != Weight::Unsigned
}

/// How much speaks for a tool whose layout fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// It has signs, and none is there.
    Unsigned,
    /// It has no signs.
    Layout,
    /// So many of its files bear one.
    Signed(usize),
    /// A file lies there that only it leaves.
    Marked,
}

fn weight(tool: &Tool, path: &Path, migrations: &[Migration]) -> Weight {
    let is_marked = |folder: &Path| tool.marks.iter().any(|mark| folder.join(mark).is_file());
    let below = || entries(path).into_iter().flatten().any(|entry| entry.path.is_dir() && is_marked(&entry.path));
    if is_marked(path) || (!tool.marks.is_empty() && below()) {
        return Weight::Marked;
    }
    let bears = |migration: &&Migration| {
        let text = script::text(&path.join(&*migration.place)).unwrap_or_default();
        tool.signs.iter().any(|sign| text.contains(sign))
    };
    match migrations.iter().filter(bears).count() {
        0 if tool.signs.is_empty() && !migrations.is_empty() => Weight::Layout,
        0 => Weight::Unsigned,
        signed => Weight::Signed(signed),
    }
}
