//! What is odd about a ledger and leaves nothing unmet.

use crate::ledger::{Expected, LedgerState, Lock, MigrationState, Standing};
use crate::{Warning, WarningKind};

/// How many names a sentence lists.
const LISTED: usize = 5;

/// What is odd about a ledger that was read.
pub(super) fn of(expected: &Expected, state: &LedgerState) -> Vec<Warning> {
    let mut warnings: Vec<Warning> = edited(expected, state).collect();
    warnings.extend(strangers(expected, state));
    warnings.extend(lock_left(expected, state));
    warnings
}

fn edited<'e>(expected: &'e Expected, state: &'e LedgerState) -> impl Iterator<Item = Warning> + 'e {
    let title = expected.ledger.tool.title;
    let pairs = expected.migrations.iter().zip(&state.migrations);
    pairs.filter(|(_, is)| **is == MigrationState::Edited).map(move |(migration, _)| {
        let name = &migration.name;
        let text = format!(
            "migration {name} was edited after it was applied: its checksum is not the one that {title} wrote down; put \
             the edit into a migration of its own"
        );
        Warning::new(WarningKind::Edited, name, text)
    })
}

/// Rows without files. Where they are forbidden they are findings, and no advice is missing.
fn strangers(expected: &Expected, state: &LedgerState) -> Option<Warning> {
    let table = &expected.ledger.table;
    let unknown = names(&state.unknown);
    if state.is_diverged() {
        let missing = state.unmet().count();
        let text = format!(
            "ledger {table} and the folder disagree both ways: {missing} migrations are not applied, and {unknown} in \
             the ledger not on disk; the folder seems to be of another release than the database: ship schema.lock \
             with each release (`schemagate lock`) and require that"
        );
        return Some(Warning::new(WarningKind::Diverged, table, text));
    }
    if !expected.allow_ahead || state.unknown.is_empty() {
        return None;
    }
    let text =
        format!("ledger {table} is ahead: {unknown} in it and not on disk, as after a rollback of the application");
    Some(Warning::new(WarningKind::Ahead, table, text))
}

fn lock_left(expected: &Expected, state: &LedgerState) -> Option<Warning> {
    let tool = expected.ledger.tool;
    let Lock::Row { clear, .. } = tool.lock else { return None };
    if state.standing != Standing::LockLeft || state.unmet().next().is_some() {
        return None;
    }
    let (table, title) = (&expected.ledger.table, tool.title);
    let text = format!(
        "the lock beside ledger {table} says that a migration runs, and none is pending: if {title} does not run, it \
         was left behind and will refuse the next one: {clear}"
    );
    Some(Warning::new(WarningKind::LockLeft, table, text))
}

/// `a, b and 3 more are`
fn names(keys: &[Box<str>]) -> String {
    let verb = if keys.len() == 1 { "is" } else { "are" };
    let listed = keys.iter().take(LISTED).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    match keys.len().saturating_sub(LISTED) {
        0 => format!("{listed} {verb}"),
        more => format!("{listed} and {more} more {verb}"),
    }
}
