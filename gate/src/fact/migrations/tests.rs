use std::sync::Arc;

use crate::ledger::{Change, DeclaredObjects, Expected, Ledger, LockState, Mark, Reading, Row, Tool};
use crate::sample::{catalog, create, index, migration, name, requirement, table};
use crate::{Catalog, Fact, Verdict, WarningKind};

/// Prisma's `1_a`, `10_b` and `2_c`: in that order, which no sorting of findings would keep.
fn expected(allow_ahead: bool) -> Expected {
    let migration = |key| migration(key, [Change::Rows { table: name("orders"), how: "UPDATE" }]);
    let ledger = Ledger { tool: Tool::named("prisma").expect("a tool"), table: name("_prisma_migrations") };
    let mut expected = Expected::new(ledger, ["1_a", "10_b", "2_c"].map(migration).into());
    expected.allow_ahead = allow_ahead;
    expected
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
    let mut knex = expected(true);
    knex.ledger = Ledger { tool: Tool::named("knex").expect("a tool"), table: name("knex_migrations") };
    let all = ["1_a", "10_b", "2_c"].map(|key| row(key, Mark::Done));
    let warnings = warned(knex.clone(), held(LockState::Written, all));
    assert!(matches!(&*warnings, [(WarningKind::LockLeft, text)] if text.ends_with("npx knex migrate:unlock")));
    assert_eq!(warned(knex, held(LockState::Written, [])), []);
}

/// `1_init` made `customers`, of which the sample catalog has no `note`; `2_later` does this.
fn contradicting(
    later: Change,
    applied: &[&str],
    facts: impl FnOnce(Arc<Expected>) -> Vec<Fact>,
) -> (Verdict, Vec<String>, Vec<String>) {
    let migrations = vec![migration("1_init", [create("customers", &["note"])]), migration("2_later", [later])];
    let ledger = Ledger { tool: Tool::named("prisma").expect("a tool"), table: name("_prisma_migrations") };
    let expected = Arc::new(Expected::new(ledger, migrations));
    let rows = free(applied.iter().map(|key| row(key, Mark::Done)));
    let catalog = Catalog { ledgers: [(expected.ledger.clone(), rows)].into(), ..catalog() };
    let judged = requirement("r", facts(expected)).judge(&catalog);
    let texts = |texts: Vec<String>| texts;
    (
        judged.verdict,
        texts(judged.findings.iter().map(ToString::to_string).collect()),
        texts(judged.warnings.iter().map(ToString::to_string).collect()),
    )
}

const NOTE: &str = "column customers.note is missing: 1_init made it and is applied";

fn whole(expected: Arc<Expected>) -> Vec<Fact> {
    vec![Fact::Migrations(expected)]
}

fn share(fact: Fact) -> impl FnOnce(Arc<Expected>) -> Vec<Fact> {
    let declared = DeclaredObjects::of([&fact]).expect("an object");
    move |expected| vec![Fact::MigrationsTouching(expected, declared), fact]
}

#[test]
fn what_an_applied_migration_made_and_is_not_there_contradicts_and_is_worse_than_pending() {
    let later = || create("orders", &[]);
    let (verdict, findings, _) = contradicting(later(), &["1_init"], whole);
    assert_eq!(
        (verdict, findings),
        (Verdict::Contradicted, vec!["migration 2_later is pending".to_owned(), NOTE.to_owned()])
    );
    // Of two ways to say that a table is missing, the one that explains it.
    let (verdict, findings, _) = contradicting(later(), &["1_init", "2_later"], share(table("orders")));
    let explained = "table orders is missing: 2_later made it and is applied".to_owned();
    assert_eq!((verdict, findings), (Verdict::Contradicted, vec![explained]));
}

#[test]
fn a_share_is_contradicted_by_its_own_objects_alone() {
    let (verdict, findings, _) =
        contradicting(index("i", "x", false), &["1_init", "2_later"], share(table("AdminBackupJob")));
    assert_eq!((verdict, findings), (Verdict::Ready, vec![]));
    let (verdict, findings, _) =
        contradicting(index("i", "x", false), &["1_init", "2_later"], share(table("customers")));
    assert_eq!((verdict, findings), (Verdict::Contradicted, vec![NOTE.to_owned()]));
}

#[test]
fn what_a_migration_that_is_not_on_disk_may_have_dropped_is_a_warning() {
    let (verdict, findings, warnings) = contradicting(index("i", "x", false), &["1_init", "2_later", "3_newer"], whole);
    assert_eq!((verdict, findings), (Verdict::Ready, vec![]));
    assert!(warnings.iter().any(|warning| warning.starts_with(NOTE) && warning.ends_with("may have dropped it")));
}

#[test]
fn contradictions_can_be_switched_off() {
    let off = |expected: Arc<Expected>| {
        let mut expected = Arc::unwrap_or_clone(expected);
        expected.contradictions = false;
        whole(Arc::new(expected))
    };
    assert_eq!(contradicting(index("i", "x", false), &["1_init", "2_later"], off).0, Verdict::Ready);
}

#[test]
fn pending_migrations_that_nobody_can_miss_are_told_in_order_and_alone_they_warn() {
    let drops = || {
        contradicting(Change::DropIndex { name: name("i") }, &["1_init"], |expected| {
            let mut expected = Arc::unwrap_or_clone(expected);
            expected.contradictions = false;
            whole(Arc::new(expected))
        })
    };
    let text = "migration 2_later is pending: does not gate: only drops".to_owned();
    assert_eq!(drops(), (Verdict::Ready, vec![], vec![text.clone()]));
    let (verdict, findings, warnings) = contradicting(Change::DropIndex { name: name("i") }, &[], whole);
    assert_eq!(
        (verdict, findings, warnings),
        (Verdict::Broken, vec!["migration 1_init is pending".to_owned(), text], vec![])
    );
}

#[test]
fn a_share_is_gated_by_the_migrations_that_touch_it_alone() {
    let pending = |fact| contradicting(create("orders", &["id"]), &["1_init"], share(fact));
    let orders = vec!["migration 2_later is pending".to_owned(), "table orders is missing".to_owned()];
    assert_eq!(pending(table("orders")), (Verdict::Broken, orders, vec![]));
    assert_eq!(pending(table("AdminBackupJob")), (Verdict::Ready, vec![], vec![]));
}

#[test]
fn what_was_not_read_says_so_with_its_line() {
    let unread = Change::Unread { why: "FROBNICATE is not known".into(), reach: crate::ledger::Reach::Anything };
    let (verdict, findings, _) = contradicting(unread, &["1_init"], share(table("AdminBackupJob")));
    let text = "migration 2_later is pending: not read at line 1, so it counts as touching everything: FROBNICATE is not known";
    assert_eq!((verdict, findings), (Verdict::Broken, vec![text.to_owned()]));
}
