//! Whether every migration on disk is in the ledger, and what applied ones made in the catalog.

mod warnings;

use super::Evidence;
use crate::ledger::{
    self, Claims, DeclaredObjects, Expected, Ledger, LedgerState, Migration, MigrationState, Radius, Reading, Standing,
    Steps,
};
use crate::{Catalog, Finding, FindingKind, Warning, WarningKind};

/// What the ledger in `catalog` says of all migrations, or of those that touch what is declared.
///
/// Without declared objects every migration that is not applied is found, in order, if one of them gates;
/// if none does, they are warnings. With one, only those that gate are found.
pub(super) fn judge(catalog: &Catalog, expected: &Expected, declared: Option<&DeclaredObjects>) -> Evidence {
    let Expected { ledger, migrations, .. } = expected;
    let reading = catalog.ledgers.get(ledger).unwrap_or(&Reading::Absent);
    let state = ledger::judge(ledger.tool, migrations, reading);
    if let Some(finding) = unread(expected, &state, reading) {
        return Evidence { findings: vec![finding], ..Evidence::default() };
    }
    let mut evidence = pending(expected, &state, declared);
    if !expected.allow_ahead {
        let detail = || "it is in the ledger and not on disk".to_owned();
        let unknown = state.unknown.iter();
        evidence.findings.extend(unknown.map(|key| Finding::new(FindingKind::Different, "migration", key, detail())));
    }
    if declared.is_none() {
        evidence.warnings.extend(warnings::of(expected, &state));
    }
    contradict(&mut evidence, catalog, expected, &state, declared);
    evidence
}

/// What is wrong with a ledger that tells nothing.
fn unread(expected: &Expected, state: &LedgerState, reading: &Reading) -> Option<Finding> {
    let Ledger { tool, table } = &expected.ledger;
    Some(match (state.standing, reading) {
        (Standing::NoLedger, _) => {
            let detail = format!(
                "{} migrations of {} are expected, and there is no such table: none was applied here, or the ledger \
                 lies elsewhere",
                expected.migrations.len(),
                tool.title
            );
            Finding::new(FindingKind::Missing, "ledger", table, detail)
        }
        (_, Reading::Denied(words)) => {
            Finding::new(FindingKind::Denied, "privilege", &format!("SELECT on {table}"), words.to_string())
        }
        (_, Reading::Unexpected(columns)) => {
            let detail = format!("it is not {}'s; its columns are {columns}", tool.title);
            Finding::new(FindingKind::Different, "ledger", table, detail)
        }
        _ => return None,
    })
}

/// What is not applied.
fn pending(expected: &Expected, state: &LedgerState, declared: Option<&DeclaredObjects>) -> Evidence {
    let tool = expected.ledger.tool;
    let mut evidence = Evidence::default();
    let mut harmless = Vec::new();
    for (migration, is) in state.unmet().filter_map(|(place, is)| Some((expected.migrations.get(place)?, is))) {
        let radius = Radius::of(tool, migration);
        let gates = declared.map_or_else(|| radius.gates(), |declared| radius.touches(declared));
        let finding = || of_migration(tool.title, migration, is, &radius, state);
        match (gates, declared) {
            (true, _) => {
                evidence.findings.append(&mut harmless);
                evidence.findings.push(finding());
            }
            (false, None) => harmless.push(finding()),
            (false, Some(_)) => {}
        }
    }
    if evidence.findings.is_empty() {
        let warning = |finding: Finding| Warning::new(WarningKind::Pending, &finding.object, finding.to_string());
        evidence.warnings = harmless.into_iter().map(warning).collect();
    } else {
        evidence.findings.extend(harmless);
    }
    evidence.may_be_running = state.may_be_running();
    evidence
}

fn of_migration(
    title: &str,
    migration: &Migration,
    is: MigrationState,
    radius: &Radius,
    state: &LedgerState,
) -> Finding {
    let (kind, mut details) = match is {
        MigrationState::Running => (FindingKind::Running, Vec::new()),
        MigrationState::Failed => {
            let is_only = state.migrations.iter().filter(|is| **is == MigrationState::Failed).count() == 1;
            let log = state.log.as_deref().filter(|_| is_only).unwrap_or_default();
            let log = log.split_whitespace().collect::<Vec<_>>().join(" ");
            (FindingKind::Failed, if log.is_empty() { Vec::new() } else { vec![log] })
        }
        MigrationState::RolledBack => (FindingKind::Pending, vec!["it was rolled back".to_owned()]),
        MigrationState::Late => {
            let detail = format!("a newer one is applied, and so {title} does not apply it by itself");
            (FindingKind::Pending, vec![detail])
        }
        _ => (FindingKind::Pending, Vec::new()),
    };
    details.extend(note(migration, radius));
    Finding::new(kind, "migration", &migration.name, details.join("; "))
}

/// What is to be known of a pending migration beside that.
fn note(migration: &Migration, radius: &Radius) -> Option<String> {
    match (radius, &migration.steps) {
        (Radius::Nothing(harmless), _) => Some(format!("does not gate: {}", harmless.as_str())),
        (Radius::Program, _) => Some("a program, which is not read".to_owned()),
        (Radius::Anything, Steps::NotRead { why }) => {
            Some(format!("not read, so it counts as touching everything: {why}"))
        }
        (Radius::Anything, Steps::Read(steps)) => {
            let (line, why) = steps.iter().find_map(|step| Some((step.line, step.unread()?)))?;
            Some(format!("not read at line {line}, so it counts as touching everything: {why}"))
        }
        (Radius::Rows | Radius::Objects(_), _) => None,
    }
}

/// Holds what applied migrations made against the catalog.
fn contradict(
    evidence: &mut Evidence,
    catalog: &Catalog,
    expected: &Expected,
    state: &LedgerState,
    declared: Option<&DeclaredObjects>,
) {
    if !expected.contradictions {
        return;
    }
    let path = creation_path(&expected.ledger, catalog);
    let missing = Claims::of(expected, &state.migrations, &path).missing(catalog, &path, declared);
    if state.unknown.is_empty() {
        evidence.contradicted = !missing.is_empty();
        evidence.findings.extend(missing);
    } else if declared.is_none() {
        // What is not on disk may have dropped it, as when the application was rolled back.
        let warning = |finding: Finding| {
            let text = format!("{finding}; a migration that is not on disk may have dropped it");
            Warning::new(WarningKind::Missing, &finding.object, text)
        };
        evidence.warnings.extend(missing.into_iter().map(warning));
    }
}

/// Where a migration's unqualified names lie: a tool makes its ledger where it makes its tables,
/// unless it has a schema of its own for it; then along the application's search path.
fn creation_path(ledger: &Ledger, catalog: &Catalog) -> Vec<Box<str>> {
    let beside = ledger.find(catalog).ok().filter(|_| ledger.tool.schema.is_none());
    let along = catalog.search_path.iter().map(AsRef::as_ref).filter(|schema| catalog.schemas.contains_key(*schema));
    let mut path: Vec<Box<str>> = Vec::new();
    for schema in beside.into_iter().chain(along) {
        if !path.iter().any(|known| &**known == schema) {
            path.push(schema.into());
        }
    }
    path
}

#[cfg(test)]
mod tests;
