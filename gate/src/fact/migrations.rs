//! Whether every migration on disk is in the ledger.

mod warnings;

use super::Evidence;
use crate::ledger::{self, Expected, LedgerState, Migration, MigrationState, Reading, Standing};
use crate::{Catalog, Finding, FindingKind};

/// What the ledger in `catalog` says.
pub(super) fn judge(catalog: &Catalog, expected: &Expected) -> Evidence {
    let Expected { ledger, migrations, allow_ahead } = expected;
    let reading = catalog.ledgers.get(ledger).unwrap_or(&Reading::Absent);
    let state = ledger::judge(ledger.tool, migrations, reading);
    let title = ledger.tool.title;
    let of_table = |kind, detail| vec![Finding::new(kind, "ledger", &ledger.table, detail)];
    let findings = match (state.standing, reading) {
        (Standing::NoLedger, _) => of_table(
            FindingKind::Missing,
            format!(
                "{} migrations of {title} are expected, and there is no such table: none was applied here, or the \
                 ledger lies elsewhere",
                migrations.len()
            ),
        ),
        (_, Reading::Denied(words)) => {
            let object = format!("SELECT on {}", ledger.table);
            vec![Finding::new(FindingKind::Denied, "privilege", &object, words.to_string())]
        }
        (_, Reading::Unexpected(columns)) => {
            of_table(FindingKind::Different, format!("it is not {title}'s; its columns are {columns}"))
        }
        _ => {
            let unmet = state.unmet().filter_map(|(place, is)| migrations.get(place).map(|migration| (migration, is)));
            let mut findings: Vec<Finding> =
                unmet.map(|(migration, is)| of_migration(title, migration, is, &state)).collect();
            if !allow_ahead {
                let detail = || "it is in the ledger and not on disk".to_owned();
                let unknown = state.unknown.iter();
                findings.extend(unknown.map(|key| Finding::new(FindingKind::Different, "migration", key, detail())));
            }
            let warnings = warnings::of(expected, &state);
            return Evidence { findings, warnings, may_be_running: state.may_be_running() };
        }
    };
    Evidence { findings, ..Evidence::default() }
}

fn of_migration(title: &str, migration: &Migration, is: MigrationState, state: &LedgerState) -> Finding {
    let (kind, detail) = match is {
        MigrationState::Running => (FindingKind::Running, String::new()),
        MigrationState::Failed => {
            let is_only = state.migrations.iter().filter(|is| **is == MigrationState::Failed).count() == 1;
            let log = state.log.as_deref().filter(|_| is_only).unwrap_or_default();
            (FindingKind::Failed, log.split_whitespace().collect::<Vec<_>>().join(" "))
        }
        MigrationState::RolledBack => (FindingKind::Pending, "it was rolled back".to_owned()),
        MigrationState::Late => {
            (FindingKind::Pending, format!("a newer one is applied, and so {title} does not apply it by itself"))
        }
        _ => (FindingKind::Pending, String::new()),
    };
    Finding::new(kind, "migration", &migration.name, detail)
}

#[cfg(test)]
mod tests;
