use std::sync::Arc;

use crate::ledger::{Expected, Ledger, LockState, Mark, Migration, Reading, Row, Tool};
use crate::sample::{catalog, name, requirement, table};
use crate::{Catalog, Fact, Verdict, WarningKind};

/// Prisma's `1_a`, `10_b` and `2_c`: in that order, which no sorting of findings would keep.
fn expected(allow_ahead: bool) -> Expected {
    let migration = |key: &str| Migration { name: key.into(), key: key.into(), ..Migration::default() };
    Expected {
        ledger: Ledger { tool: Tool::named("prisma").expect("a tool"), table: name("_prisma_migrations") },
        migrations: ["1_a", "10_b", "2_c"].map(migration).into(),
        allow_ahead,
    }
}

fn row(key: &str, mark: Mark) -> Row {
    Row { key: key.into(), mark, checksum: None, log: None }
}

fn held(lock: LockState, rows: impl IntoIterator<Item = Row>) -> Reading {
    Reading::Rows { rows: rows.into_iter().collect(), lock }
}

fn free(rows: impl IntoIterator<Item = Row>) -> Reading {
    held(LockState::Free, rows)
}

fn judged(reading: Option<Reading>, allow_ahead: bool) -> (Verdict, Vec<String>) {
    let expected = expected(allow_ahead);
    let ledgers = reading.map(|reading| (expected.ledger.clone(), reading)).into_iter().collect();
    let catalog = Catalog { ledgers, ..catalog() };
    let judged = requirement("r", [Fact::Migrations(Arc::new(expected))]).judge(&catalog);
    (judged.verdict, judged.findings.iter().map(ToString::to_string).collect())
}

#[track_caller]
fn broken(reading: Reading, findings: &[&str]) {
    assert_eq!(judged(Some(reading), true), (Verdict::Broken, findings.iter().copied().map(str::to_owned).collect()));
}

#[test]
fn all_applied_is_ready_and_what_is_pending_stands_in_the_order_of_applying() {
    let all = ["1_a", "10_b", "2_c"].map(|key| row(key, Mark::Done));
    assert_eq!(judged(Some(free(all)), true), (Verdict::Ready, vec![]));
    broken(free([]), &["migration 1_a is pending", "migration 10_b is pending", "migration 2_c is pending"]);
    broken(free([row("1_a", Mark::Done)]), &["migration 10_b is pending", "migration 2_c is pending"]);
}

#[test]
fn a_failed_and_a_rolled_back_migration_say_so() {
    let words = Some("it\n  broke".into());
    let rows = [row("1_a", Mark::Undone), Row { log: words, ..row("10_b", Mark::Unfinished) }, row("2_c", Mark::Done)];
    broken(free(rows), &["migration 1_a is pending: it was rolled back", "migration 10_b has failed: it broke"]);
}

#[test]
fn with_the_lock_held_it_is_migrating_and_with_nothing_left_to_do_it_is_ready() {
    let begun = held(LockState::Held, [row("1_a", Mark::Done), row("10_b", Mark::Unfinished)]);
    let findings = vec!["migration 10_b is running".to_owned(), "migration 2_c is pending".to_owned()];
    assert_eq!(judged(Some(begun), true), (Verdict::Migrating, findings));
    let all = ["1_a", "10_b", "2_c"].map(|key| row(key, Mark::Done));
    assert_eq!(judged(Some(held(LockState::Held, all)), true), (Verdict::Ready, vec![]));
}

#[test]
fn a_ledger_that_was_not_read_is_never_ready() {
    for reading in [None, Some(Reading::Absent)] {
        let (verdict, findings) = judged(reading, true);
        assert_eq!(verdict, Verdict::Broken);
        assert!(matches!(&*findings, [only] if only.starts_with("ledger _prisma_migrations is missing: 3 ")));
    }
    broken(
        Reading::Denied("permission denied: GRANT it".into()),
        &["privilege SELECT on _prisma_migrations is denied: permission denied: GRANT it"],
    );
    broken(
        Reading::Unexpected("id, note".into()),
        &["ledger _prisma_migrations is different: it is not Prisma Migrate's; its columns are id, note"],
    );
}

#[test]
fn a_ledger_that_is_ahead_is_ready_unless_that_is_forbidden() {
    let rows = || free(["1_a", "10_b", "2_c", "3_d"].map(|key| row(key, Mark::Done)));
    assert_eq!(judged(Some(rows()), true), (Verdict::Ready, vec![]));
    let finding = "migration 3_d is different: it is in the ledger and not on disk".to_owned();
    assert_eq!(judged(Some(rows()), false), (Verdict::Broken, vec![finding]));
}

#[test]
fn what_is_declared_beside_the_ledger_must_hold_as_well() {
    let expected = expected(true);
    let applied = ["1_a", "10_b", "2_c"].map(|key| row(key, Mark::Done));
    let catalog = Catalog { ledgers: [(expected.ledger.clone(), free(applied))].into(), ..catalog() };
    let judged = requirement("r", [table("orders"), Fact::Migrations(Arc::new(expected))]).judge(&catalog);
    assert_eq!((judged.verdict, judged.findings.len()), (Verdict::Broken, 1));
}

#[test]
fn a_lock_that_is_a_row_is_named_after_the_ledger() {
    let tool = Tool::named("knex").expect("a tool");
    let lock = |table: &str| Ledger { tool, table: name(table) }.lock_query("app");
    let plain = r#"SELECT CAST("is_locked" AS text) FROM "app"."knex_migrations_lock""#;
    assert_eq!(lock("knex_migrations").as_deref(), Some(plain));
    let own = r#"SELECT CAST("is_locked" AS text) FROM "app"."schema_log_lock""#;
    assert_eq!(lock("schema_log").as_deref(), Some(own));
}

/// What an operator is told of a ledger that holds these.
fn warned(expected: Expected, reading: Reading) -> Vec<(WarningKind, String)> {
    let catalog = Catalog { ledgers: [(expected.ledger.clone(), reading)].into(), ..catalog() };
    let judged = requirement("r", [Fact::Migrations(Arc::new(expected))]).judge(&catalog);
    judged.warnings.iter().map(|warning| (warning.kind, warning.to_string())).collect()
}

#[test]
fn what_leaves_nothing_unmet_is_a_warning() {
    let mut edited = expected(true);
    edited.migrations[1].checksums = vec!["abc".into()];
    let rows = ["1_a", "10_b", "2_c"].map(|key| Row { checksum: Some("def".into()), ..row(key, Mark::Done) });
    let warnings = warned(edited, free(rows));
    assert!(matches!(&*warnings, [(WarningKind::Edited, text)] if text.starts_with("migration 10_b was edited")));

    let rows = || free(["1_a", "10_b", "2_c", "3_d"].map(|key| row(key, Mark::Done)));
    let warnings = warned(expected(true), rows());
    let text =
        "ledger _prisma_migrations is ahead: 3_d is in it and not on disk, as after a rollback of the application";
    assert_eq!(warnings, [(WarningKind::Ahead, text.to_owned())]);
    assert_eq!(warned(expected(false), rows()), [], "it is a finding");

    let warnings = warned(expected(true), free(["1_a", "3_d", "4_e"].map(|key| row(key, Mark::Done))));
    assert!(matches!(&*warnings, [(WarningKind::Diverged, text)]
        if text.contains("2 migrations are not applied, and 3_d, 4_e are in the ledger") && text.contains("schema.lock")));
}

#[test]
fn a_lock_left_behind_is_a_warning_only_where_nothing_is_pending() {
    let knex = Expected {
        ledger: Ledger { tool: Tool::named("knex").expect("a tool"), table: name("knex_migrations") },
        ..expected(true)
    };
    let all = ["1_a", "10_b", "2_c"].map(|key| row(key, Mark::Done));
    let warnings = warned(knex.clone(), held(LockState::Written, all));
    assert!(matches!(&*warnings, [(WarningKind::LockLeft, text)] if text.ends_with("npx knex migrate:unlock")));
    assert_eq!(warned(knex, held(LockState::Written, [])), []);
}
