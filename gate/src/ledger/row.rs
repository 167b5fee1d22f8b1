//! One row of a ledger.

use super::{Role, Tool};

/// One row of a ledger, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Which migration it speaks of.
    pub key: Box<str>,
    /// What became of it.
    pub mark: Mark,
    /// The checksum of the file as it was applied.
    pub checksum: Option<Box<str>>,
    /// What went wrong, in the tool's words.
    pub log: Option<Box<str>>,
}

/// What a row says became of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// It was taken back, or declared so.
    Undone,
    /// It was begun and has not ended well.
    Unfinished,
    /// It was applied.
    Done,
    /// It and every version before it are taken as applied.
    Baseline,
}

impl Row {
    /// Reads the cells of one row, in the order of [`Tool::columns`], each as text.
    ///
    /// `None` if no cell tells which migration it is.
    pub fn read<'a>(tool: &Tool, cells: impl IntoIterator<Item = Option<&'a str>>) -> Option<Self> {
        let mut parts = Vec::new();
        let mut row = Self { key: Box::default(), mark: Mark::Done, checksum: None, log: None };
        for ((role, _), cell) in tool.columns.iter().zip(cells) {
            let is = |words: &[&str]| cell.is_some_and(|cell| words.contains(&cell.to_ascii_lowercase().as_str()));
            match role {
                Role::Identity => parts.extend(cell),
                Role::IdentityElse if parts.is_empty() => parts.extend(cell),
                Role::Checksum => row.checksum = cell.map(Into::into),
                Role::Log => row.log = cell.filter(|cell| !cell.is_empty()).map(Into::into),
                Role::FinishedAt if cell.is_none() => row.lower(Mark::Unfinished),
                Role::DoneIf(words) if !is(words) => row.lower(Mark::Unfinished),
                Role::BrokenIf(words) if is(words) => row.lower(Mark::Unfinished),
                Role::RolledBackAt if cell.is_some() => row.lower(Mark::Undone),
                Role::UndoneIf(words) if is(words) => row.lower(Mark::Undone),
                Role::BaselineIf(words) if row.mark == Mark::Done && is(words) => row.mark = Mark::Baseline,
                _ => {}
            }
        }
        row.key = parts.join(tool.joint).into_boxed_str();
        (!parts.is_empty()).then_some(row)
    }

    /// A row is what the worst of its columns says.
    fn lower(&mut self, mark: Mark) {
        self.mark = self.mark.min(mark);
    }
}
