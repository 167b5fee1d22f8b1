use super::*;
use crate::ledger::{Order, Reading, Role, TOOLS, Tool};

use MigrationState::{Applied, Edited, Failed, Late, Pending, Presumed, Replaced, RolledBack, Running};

type Cells<'a> = &'a [&'a [Option<&'a str>]];

fn tool(name: &str) -> &'static Tool {
    Tool::named(name).unwrap_or_else(|| panic!("{name} is no tool"))
}

/// A migration whose key is its name.
fn migration(key: &str) -> Migration {
    Migration { name: key.into(), key: key.into(), ..Migration::default() }
}

fn migrations(keys: &[&str]) -> Vec<Migration> {
    keys.iter().map(|key| migration(key)).collect()
}

fn rows(tool: &Tool, rows: Cells<'_>, lock: LockState) -> Reading {
    let rows = rows.iter().filter_map(|cells| Row::read(tool, cells.iter().copied())).collect();
    Reading::Rows { rows, lock }
}

/// What `name`'s ledger, of these cells, says of migrations of these keys.
fn judged(name: &str, keys: &[&str], cells: Cells<'_>) -> LedgerState {
    let tool = tool(name);
    judge(tool, &migrations(keys), &rows(tool, cells, LockState::Free))
}

#[test]
fn every_tool_has_a_name_of_its_own_and_says_how_its_rows_are_known() {
    let mut names: Vec<&str> = TOOLS.iter().map(|tool| tool.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), TOOLS.len());
    for tool in TOOLS {
        assert!(tool.columns.iter().any(|(role, _)| *role == Role::Identity), "{}", tool.name);
        assert!(!tool.mend.is_empty() && !tool.table.is_empty() && !tool.title.is_empty(), "{}", tool.name);
    }
}

#[test]
fn tools_that_share_a_table_name_are_told_apart_by_their_columns() {
    for (table, columns, fitting) in [
        ("migrations", &["id", "timestamp", "name"][..], &["typeorm"][..]),
        ("migrations", &["id", "name", "run_on"], &["db-migrate"]),
        ("migrations", &["id", "migration", "batch"], &["laravel"]),
        ("schema_migrations", &["version"], &["rails", "dbmate"]),
        ("schema_migrations", &["version", "dirty"], &["golang-migrate"]),
        ("schema_migrations", &["version", "inserted_at"], &["ecto"]),
        ("__drizzle_migrations", &["id", "hash", "created_at"], &["drizzle"]),
        ("__drizzle_migrations", &["id", "hash", "created_at", "name", "applied_at"], &["drizzle-1"]),
        ("migrations", &["something", "else"], &[]),
    ] {
        let tools = TOOLS.iter().filter(|tool| tool.table == table && tool.fits(columns));
        assert_eq!(tools.map(|tool| tool.name).collect::<Vec<_>>(), fitting, "{columns:?}");
    }
}

#[test]
fn an_absent_table_is_no_ledger_unless_nothing_is_expected() {
    let state = judge(tool("knex"), &migrations(&["a"]), &Reading::Absent);
    assert_eq!((state.standing, state.is_met()), (Standing::NoLedger, false));
    let state = judge(tool("knex"), &[], &Reading::Absent);
    assert_eq!((state.standing, state.is_met()), (Standing::UpToDate, true));
}

#[test]
fn rows_without_files_are_ahead_and_with_pending_files_they_are_diverged() {
    let state = judged("knex", &["a"], &[&[Some("a")], &[Some("b")]]);
    assert_eq!((state.standing, state.is_met(), state.is_diverged()), (Standing::Ahead, true, false));
    // As when .ts became .js: Knex itself stops at this.
    let state = judged("knex", &["a.js"], &[&[Some("a.ts")]]);
    assert_eq!((state.standing, state.is_met(), state.is_diverged()), (Standing::Behind, false, true));
}

#[test]
fn prismas_rows_of_one_name_count_by_what_ended_well() {
    let done: &[Option<&str>] = &[Some("a"), None, Some("t"), None, None];
    let failed: &[Option<&str>] = &[Some("a"), None, None, None, Some("boom")];
    let undone: &[Option<&str>] = &[Some("a"), None, None, Some("t"), Some("boom")];
    let finished_and_undone: &[Option<&str>] = &[Some("a"), None, Some("t"), Some("t"), None];
    for (rows, state) in [
        (&[undone, done][..], Applied),
        (&[done, undone], Applied),
        (&[undone], RolledBack),
        (&[finished_and_undone], RolledBack),
        (&[undone, failed], Failed),
    ] {
        assert_eq!(judged("prisma", &["a"], rows).migrations, [state]);
    }
}

#[test]
fn an_unfinished_row_is_running_while_the_lock_is_held_and_failed_after() {
    let unfinished: Cells<'_> = &[&[Some("a"), None, None, None, None]];
    let prisma = tool("prisma");
    let files = migrations(&["a", "b"]);
    let state = judge(prisma, &files, &rows(prisma, unfinished, LockState::Held));
    assert_eq!((state.standing, &*state.migrations), (Standing::Running, &[Running, Pending][..]));
    let state = judge(prisma, &files, &rows(prisma, unfinished, LockState::Free));
    assert_eq!((state.standing, &*state.migrations), (Standing::Failed, &[Failed, Pending][..]));
    // With something in its log it has failed, whoever holds the lock now.
    let state = judge(prisma, &files, &rows(prisma, &[&[Some("a"), None, None, None, Some("boom")]], LockState::Held));
    assert_eq!((&*state.migrations, state.log.as_deref()), (&[Failed, Pending][..], Some("boom")));
}

#[test]
fn a_held_lock_with_nothing_to_do_is_no_migration() {
    let prisma = tool("prisma");
    let done: Cells<'_> = &[&[Some("a"), None, Some("t"), None, None]];
    assert_eq!(judge(prisma, &migrations(&["a"]), &rows(prisma, done, LockState::Held)).standing, Standing::UpToDate);
}

#[test]
fn a_written_lock_may_be_running_and_may_be_left_behind() {
    let knex = tool("knex");
    let state = judge(knex, &migrations(&["a"]), &rows(knex, &[], LockState::Written));
    assert_eq!((state.standing, state.may_be_running()), (Standing::LockLeft, true));
    let state = judge(knex, &migrations(&["a"]), &rows(knex, &[&[Some("a")]], LockState::Written));
    assert_eq!((state.standing, state.may_be_running(), state.is_met()), (Standing::LockLeft, false, true));
}

#[test]
fn another_checksum_is_an_edit_and_an_edit_is_met() {
    let sqlx = tool("sqlx");
    let file = Migration { checksums: vec!["AB01".into()], ..migration("1") };
    for (checksum, state) in [(r"\xab01", Applied), (r"\xab02", Edited)] {
        let reading = rows(sqlx, &[&[Some("1"), Some(checksum), Some("true")]], LockState::Free);
        let judged = judge(sqlx, std::slice::from_ref(&file), &reading);
        assert_eq!((&*judged.migrations, judged.is_met()), (&[state][..], true));
    }
    assert_eq!(judged("sqlx", &["1"], &[&[Some("1"), None, Some("false")]]).migrations, [Failed]);
}

#[test]
fn golang_migrate_keeps_one_version_for_all() {
    assert_eq!(
        judged("golang-migrate", &["1", "2", "3"], &[&[Some("2"), Some("false")]]).migrations,
        [Applied, Applied, Pending]
    );
    let dirty = judged("golang-migrate", &["1", "2", "3"], &[&[Some("2"), Some("true")]]);
    assert_eq!((dirty.standing, &*dirty.migrations), (Standing::Failed, &[Applied, Failed, Pending][..]));
    let ahead = judged("golang-migrate", &["1", "2"], &[&[Some("9"), Some("f")]]);
    assert_eq!((ahead.standing, &*ahead.unknown), (Standing::Ahead, &["9".into()][..]));
    assert_eq!(judged("golang-migrate", &["1"], &[]).standing, Standing::NeverApplied);
}

#[test]
fn gooses_last_row_of_a_version_counts_and_its_first_row_is_no_migration() {
    let state = judged(
        "goose",
        &["1", "2", "3"],
        &[
            &[Some("0"), Some("true")],
            &[Some("1"), Some("true")],
            &[Some("2"), Some("true")],
            &[Some("2"), Some("false")],
        ],
    );
    assert_eq!((state.standing, &*state.migrations), (Standing::Behind, &[Applied, RolledBack, Pending][..]));
    assert_eq!(judged("goose", &["1"], &[&[Some("0"), Some("t")]]).standing, Standing::NeverApplied);
}

#[test]
fn flyways_baseline_stands_for_what_is_older_and_changed_repeatables_are_pending() {
    let row = |version, script, checksum, success, kind| {
        [version, Some(script), checksum, Some(success), Some(kind), Some(kind)]
    };
    let ledger = [
        row(Some("1.9"), "<< Flyway Baseline >>", None, "true", "BASELINE"),
        row(Some("1.10"), "V1_10__a.sql", Some("1"), "true", "SQL"),
        row(Some("1.11"), "V1_11__b.sql", Some("2"), "true", "SQL"),
        row(Some("1.11"), "U1_11__b.sql", Some("2"), "true", "UNDO_SQL"),
        row(None, "R__same.sql", Some("3"), "true", "SQL"),
        row(None, "R__changed.sql", Some("4"), "true", "SQL"),
        row(None, "<< Flyway Schema Creation >>", None, "true", "SCHEMA"),
    ];
    let ledger: Vec<&[Option<&str>]> = ledger.iter().map(|row| &row[..]).collect();
    let repeatable = |key| Migration { repeatable: true, checksums: vec!["3".into()], ..migration(key) };
    let mut files = migrations(&["1.2", "1.9", "1.10", "1.11"]);
    files.extend([repeatable("R__same.sql"), repeatable("R__changed.sql")]);
    let flyway = tool("flyway");
    let state = judge(flyway, &files, &rows(flyway, &ledger, LockState::Free));
    assert_eq!(state.migrations, [Presumed, Presumed, Applied, RolledBack, Applied, Pending]);
    assert_eq!(state.unknown, []);
}

#[test]
fn liquibases_changesets_are_known_by_author_and_id() {
    let state = judged(
        "liquibase",
        &["jo:1", "jo:2", "al:1"],
        &[
            &[Some("jo"), Some("1"), Some("EXECUTED")],
            &[Some("jo"), Some("2"), Some("MARK_RAN")],
            &[Some("al"), Some("1"), Some("FAILED")],
        ],
    );
    assert_eq!(state.migrations, [Applied, Applied, Failed]);
}

#[test]
fn a_migration_older_than_the_newest_row_is_late_for_those_who_skip_or_refuse_it() {
    for (name, state) in [("drizzle", Late), ("node-pg-migrate", Late), ("knex", Pending)] {
        let row = |key| [Some(key), None];
        let cells = [row("1"), row("3")];
        let cells: Vec<&[Option<&str>]> = cells.iter().map(|row| &row[..tool(name).columns.len()]).collect();
        assert_eq!(judged(name, &["1", "2", "3"], &cells).migrations, [Applied, state, Applied], "{name}");
    }
    // Newer than every file, yet a row of another release makes it late for Drizzle.
    assert_eq!(judged("drizzle", &["1", "2"], &[&[Some("1"), None], &[Some("9"), None]]).migrations, [Applied, Late]);
}

#[test]
fn alembics_rows_stand_for_all_their_ancestors() {
    let child = |key, parents: &[&str]| Migration {
        parents: parents.iter().map(|&parent| parent.into()).collect(),
        ..migration(key)
    };
    let files = [child("a", &[]), child("b", &["a"]), child("c", &["a"]), child("d", &["b", "c"])];
    let alembic = tool("alembic");
    for (heads, states) in [
        (&[&[Some("d")][..]][..], [Applied; 4]),
        (&[&[Some("b")]], [Applied, Applied, Pending, Pending]),
        (&[&[Some("b")], &[Some("c")]], [Applied, Applied, Applied, Pending]),
        (&[], [Pending; 4]),
        (&[&[Some("x")]], [Presumed; 4]),
        (&[&[Some("a")], &[Some("x")]], [Applied, Presumed, Presumed, Presumed]),
    ] {
        assert_eq!(judge(alembic, &files, &rows(alembic, heads, LockState::Free)).migrations, states, "{heads:?}");
    }
}

#[test]
fn a_squash_is_applied_when_all_that_it_replaces_is() {
    let squash = Migration { replaces: vec!["shop.1".into(), "shop.2".into()], ..migration("shop.1_squashed_2") };
    let with_originals = [squash.clone(), migration("shop.1"), migration("shop.2")];
    let alone = [squash];
    let django = tool("django");
    let done = |keys: &[&'static str]| {
        let cells: Vec<[Option<&str>; 2]> = keys.iter().map(|key| [Some("shop"), Some(*key)]).collect();
        let cells: Vec<&[Option<&str>]> = cells.iter().map(|row| &row[..]).collect();
        rows(django, &cells, LockState::Free)
    };
    for (applied, states) in [
        (&["1", "2"][..], [Applied, Applied, Applied]),
        (&["1", "2", "1_squashed_2"], [Applied, Applied, Applied]),
        (&[], [Pending, Replaced, Replaced]),
        // Its own row proves nothing while it still says what it replaces.
        (&["1_squashed_2"], [Pending, Replaced, Replaced]),
        (&["1"], [Replaced, Applied, Pending]),
    ] {
        assert_eq!(judge(django, &with_originals, &done(applied)).migrations, states, "{applied:?}");
        assert_eq!(judge(django, &with_originals, &done(applied)).unknown, [], "{applied:?}");
    }
    assert_eq!(judge(django, &alone, &done(&["1", "2"])).migrations, [Applied]);
    // Half applied, and the other half is gone from disk: that must not pass as ready.
    assert_eq!(judge(django, &alone, &done(&["1"])).migrations, [Pending]);
}

#[test]
fn rows_of_apps_that_are_not_on_disk_are_none_of_ours() {
    let cells: Cells<'_> = &[
        &[Some("auth"), Some("0001_initial")],
        &[Some("shop"), Some("0001_initial")],
        &[Some("shop"), Some("0002_gone")],
    ];
    let state = judged("django", &["shop.0001_initial"], cells);
    assert_eq!(state.unknown, ["shop.0002_gone".into()]);
}

#[test]
fn what_is_pending_comes_in_the_order_in_which_it_is_to_be_applied() {
    let files = Order::Name.sort(migrations(&["20251120_b", "20251118075122_a", "20251119_c"])).expect("no circle");
    let prisma = tool("prisma");
    let state = judge(prisma, &files, &rows(prisma, &[], LockState::Free));
    let names: Vec<&str> = state.unmet().map(|(place, _)| &*files[place].name).collect();
    assert_eq!(names, ["20251118075122_a", "20251119_c", "20251120_b"]);
}
