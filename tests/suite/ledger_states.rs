//! What real migration tools left in real databases is told apart as what it is.

mod cases;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gate::ledger::{Expected, Ledger, LedgerState, MigrationState, Reading, Standing, Tool, judge};
use gate::{DatabaseId, Fact, MatchingForm, ObjectName, Requirement, Rules, Verdict, Wanted};
use schemagate::config::Config;
use schemagate::migrations::{Folder, detect};
use schemagate::watch::look;
use tempfile::TempDir;

use crate::house::{Cluster, Database, copied, eventually};

use MigrationState::{Edited, Failed, Pending, Running};
use Standing::{Ahead, NeverApplied, NoLedger, UpToDate};
use cases::CASES;

pub(crate) fn fixtures(tool: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ledgers").join(tool)
}

/// A copy of a folder, less some of what is in it.
fn copy(from: &Path, without: &[&str]) -> TempDir {
    let folder = copied(from);
    for name in without {
        let path = folder.path().join(name);
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.expect(name);
    }
    folder
}

fn read(tool: &str, folder: &TempDir) -> Folder {
    Folder::read(Tool::named(tool).expect(tool), folder.path()).unwrap_or_else(|error| panic!("{tool}: {error}"))
}

/// A new database that holds what a tool left behind.
pub(crate) async fn load(tool: &str, state: &str) -> Database {
    let database = Cluster::shared().database().await;
    if !state.is_empty() {
        let dump = fixtures(tool).join("states").join(format!("{state}.sql"));
        database.execute(&fs::read_to_string(&dump).expect("a dump")).await;
    }
    database
}

fn config(url: &str) -> Config {
    let text = format!(
        "[databases.main]\nurl = \"{url}\"\n[upstreams.api]\nservers = [\"127.0.0.1:1\"]\n[[routes]]\npath = \"/*\""
    );
    Config::parse(&text, Path::new("proxy.toml"), &|_| None).expect("a configuration")
}

/// The ledger in `schema`, as the user of `url` is told of it.
async fn reading(url: &str, tool: &'static Tool, schema: &str) -> Reading {
    let config = config(url);
    let table = ObjectName::qualified(tool.schema.unwrap_or(schema), tool.table);
    let ledger = Ledger { tool, table: table.clone() };
    let wanted = Wanted { tables: [table].into(), ledgers: [ledger.clone()].into(), ..Wanted::default() };
    let mut catalog = look(&config.databases[0], &wanted).await.expect("a look");
    catalog.ledgers.remove(&ledger).expect("what was wanted")
}

async fn judged(database: &Database, folder: &Folder) -> LedgerState {
    judge(folder.tool, &folder.migrations, &reading(&database.url(), folder.tool, "public").await)
}

/// Every migration that is not simply applied, in order.
fn but(folder: &Folder, state: &LedgerState) -> Vec<(String, MigrationState)> {
    let states = state.migrations.iter().copied();
    let all = folder.migrations.iter().map(|migration| migration.name.to_string()).zip(states);
    all.filter(|(_, state)| *state != MigrationState::Applied).collect()
}

#[tokio::test]
async fn what_real_tools_left_behind_is_what_its_name_says() {
    for case in CASES {
        let name = format!("{} {} {:?}", case.tool, case.state, case.without);
        let files = copy(&fixtures(case.tool).join(case.folder), case.without);
        let folder = read(case.tool, &files);
        let state = judged(&load(case.tool, case.state).await, &folder).await;
        let expected: Vec<(String, MigrationState)> =
            case.but.iter().map(|(name, state)| ((*name).to_owned(), *state)).collect();
        assert_eq!(but(&folder, &state), expected, "{name}");
        assert_eq!(state.standing, case.standing, "{name}");
        assert_eq!(state.unknown.iter().map(AsRef::as_ref).collect::<Vec<_>>(), case.unknown, "{name}");
        assert_eq!(state.is_met(), matches!(case.standing, UpToDate | Ahead), "{name}");
    }
}

/// Dumps whose ledger claims what nobody made: `resolve --applied`, `--fake`.
const FAKED: &[(&str, &str)] = &[("prisma", "resolve_applied"), ("django", "plain_fake")];

#[tokio::test]
async fn only_a_ledger_that_was_told_a_lie_contradicts_the_catalog() {
    for case in CASES {
        let files = copy(&fixtures(case.tool).join(case.folder), case.without);
        let folder = read(case.tool, &files);
        let database = load(case.tool, case.state).await;
        let ledger = Ledger { tool: folder.tool, table: ObjectName::unqualified(folder.tool.table) };
        let schema = folder.tool.schema;
        let table = schema.map_or(ledger.table, |schema| ObjectName::qualified(schema, folder.tool.table));
        let expected = Arc::new(Expected::new(Ledger { tool: folder.tool, table }, folder.migrations));
        let facts = vec![Fact::Migrations(expected)];
        let requirement = Requirement { name: "release".into(), database: DatabaseId(0), facts, per_tenant: false };
        let rules = Rules::new(Vec::new(), vec![requirement.clone()], 1, MatchingForm::default(), None).expect("rules");
        let wanted = rules.wanted(DatabaseId(0));
        let catalog = look(&config(&database.url()).databases[0], &wanted).await.expect("a look");
        let judged = requirement.judge(&catalog);
        let is_lie = FAKED.contains(&(case.tool, case.state));
        assert_eq!(judged.verdict == Verdict::Contradicted, is_lie, "{} {}: {judged:#?}", case.tool, case.state);
    }
}

#[tokio::test]
async fn every_dump_is_asked_about() {
    for tool in fs::read_dir(fixtures("")).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let name = tool.file_name().unwrap().to_str().unwrap().to_owned();
        for state in fs::read_dir(tool.join("states")).unwrap() {
            let state = state.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
            let in_table = CASES.iter().any(|case| case.tool == name && case.state == state);
            let own_test = ["edited", "edited_checksum", "tenants_five_states"].contains(&&*state);
            assert!(in_table || own_test, "{name}/{state}");
        }
    }
}

#[tokio::test]
async fn the_tool_is_found_by_its_folder() {
    for tool in ["prisma", "knex", "sequelize", "typeorm", "drizzle", "mikro-orm", "node-pg-migrate", "db-migrate"]
        .into_iter()
        .chain(["alembic", "rails", "dbmate", "sqlx", "diesel"])
    {
        let found = detect(&fixtures(tool).join("migrations")).unwrap_or_else(|error| panic!("{tool}: {error}"));
        assert_eq!(found.tool.name, tool);
    }
    for app in ["plain", "tenants"] {
        assert_eq!(detect(&fixtures("django").join(app)).expect("a project").tool.name, "django");
    }
}

#[tokio::test]
async fn an_edited_file_is_seen_and_a_changed_line_ending_is_not_an_edit() {
    let files = copy(&fixtures("prisma").join("migrations"), &[]);
    let script = files.path().join("20251001090000_init/migration.sql");
    let text = fs::read_to_string(&script).unwrap();
    let database = load("prisma", "edited_checksum").await;

    fs::write(&script, text.replace('\n', "\r\n")).unwrap();
    let folder = read("prisma", &files);
    assert_eq!(but(&folder, &judged(&database, &folder).await), []);

    fs::write(&script, format!("{text}\n")).unwrap();
    let folder = read("prisma", &files);
    let state = judged(&database, &folder).await;
    assert_eq!(but(&folder, &state), [("20251001090000_init".to_owned(), Edited)]);
    assert!(state.is_met(), "an edit is a warning");
    assert_eq!(state.standing, UpToDate);

    let files = copy(&fixtures("drizzle").join("migrations"), &[]);
    fs::write(files.path().join("0001_maintenance_windows.sql"), "SELECT 1;").unwrap();
    let folder = read("drizzle", &files);
    let state = judged(&load("drizzle", "edited").await, &folder).await;
    assert_eq!(but(&folder, &state), [("0001_maintenance_windows".to_owned(), Edited)]);
}

#[tokio::test]
async fn a_running_prisma_migration_is_told_from_a_killed_one_by_its_advisory_lock() {
    let folder = read("prisma", &copy(&fixtures("prisma").join("migrations"), &[]));
    let database = load("prisma", "pending").await;
    database
        .execute(
            "INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at)
             VALUES ('x', 'c02f36f127cb43c751f091e7395278568bdf0070b211ea678d18fbba8c113b97',
                     '20251115170000_admin_control_panel', now())",
        )
        .await;
    let names = ["20251115170000_admin_control_panel", "20260209132434_add_customer_agreement_fields"];
    let states = |first| names.map(str::to_owned).into_iter().zip([first, Pending]).collect::<Vec<_>>();

    let migrator = database.connect().await;
    migrator.batch_execute("SELECT pg_advisory_lock(72707369)").await.unwrap();
    let state = judged(&database, &folder).await;
    assert_eq!((state.standing, but(&folder, &state)), (Standing::Running, states(Running)));

    drop(migrator);
    eventually("the lock is gone with its session", Duration::from_secs(10), async || {
        (judged(&database, &folder).await.standing != Standing::Running).then_some(())
    })
    .await;
    let state = judged(&database, &folder).await;
    assert_eq!((state.standing, but(&folder, &state)), (Standing::Failed, states(Failed)));
}

#[tokio::test]
async fn a_lock_keyed_on_the_databases_name_is_seen() {
    let folder = read("sqlx", &copy(&fixtures("sqlx").join("migrations"), &[]));
    let database = load("sqlx", "applied").await;
    database.execute("DELETE FROM _sqlx_migrations").await;
    assert_eq!(judged(&database, &folder).await.standing, NeverApplied);
    let migrator = database.connect().await;
    // As sqlx computes it.
    let key = 0x3d32_ad9e * i64::from(crc32fast::hash(database.name().as_bytes()));
    migrator.batch_execute(&format!("SELECT pg_advisory_lock({key})")).await.unwrap();
    assert_eq!(judged(&database, &folder).await.standing, Standing::Running);
}

#[tokio::test]
async fn a_failed_migration_keeps_its_tools_words() {
    let folder = read("prisma", &copy(&fixtures("prisma").join("migrations"), &[]));
    let log = judged(&load("prisma", "failed").await, &folder).await.log.expect("a log");
    assert!(log.contains("No such table: table_that_is_not_there"), "{log}");
}

#[tokio::test]
async fn a_lock_that_was_left_behind_is_seen() {
    let folder = read("knex", &copy(&fixtures("knex").join("migrations"), &[]));
    let database = load("knex", "applied").await;
    database.execute("UPDATE knex_migrations_lock SET is_locked = 1").await;
    let state = judged(&database, &folder).await;
    assert_eq!((state.standing, state.is_met()), (Standing::LockLeft, true));
}

#[tokio::test]
async fn a_ledger_that_may_not_be_read_and_one_of_another_shape_are_not_missing_ones() {
    let knex = read("knex", &copy(&fixtures("knex").join("migrations"), &[]));
    let database = load("knex", "applied").await;
    let denied = reading(&database.watcher_url(), knex.tool, "public").await;
    assert!(matches!(&denied, Reading::Denied(words) if words.contains("permission denied")), "{denied:?}");
    let state = judge(knex.tool, &knex.migrations, &denied);
    assert_eq!((state.standing, state.is_met()), (Standing::Denied, false));

    // `migrations` is TypeORM's and db-migrate's.
    let typeorm = read("typeorm", &copy(&fixtures("typeorm").join("migrations"), &[]));
    let state = judged(&load("db-migrate", "applied").await, &typeorm).await;
    assert_eq!((state.standing, state.is_met()), (Standing::Unexpected, false));
}

#[tokio::test]
async fn each_tenant_has_a_ledger_of_its_own() {
    let folder = Folder::read(Tool::named("django").unwrap(), &fixtures("django").join("tenants")).unwrap();
    let url = load("django", "tenants_five_states").await.url();
    let pending: &[(&str, &[&str])] = &[
        ("public", &[]),
        ("acme", &[]),
        ("globex", &["messages_sys.0002_userstatus", "messages_sys.0003_userstatus_last_seen_note"]),
        ("umbrella", &["messages_sys.0003_userstatus_last_seen_note"]),
    ];
    for (schema, pending) in pending {
        let state = judge(folder.tool, &folder.migrations, &reading(&url, folder.tool, schema).await);
        let names: Vec<String> = but(&folder, &state).into_iter().map(|(name, _)| name).collect();
        assert_eq!(&names, pending, "{schema}");
    }
    let empty = judge(folder.tool, &folder.migrations, &reading(&url, folder.tool, "initech").await);
    assert_eq!(empty.standing, NeverApplied);
    let gone = judge(folder.tool, &folder.migrations, &reading(&url, folder.tool, "hooli").await);
    assert_eq!(gone.standing, NoLedger);
}

/// The 22 names of a real outage: some timestamps are cut to the day, so they sort as text.
const OUTAGE: &str = "20251118075122_m1_kds_enterprise_hardening 20251118075337_migration_1 \
    20251118082922_m2_shifts_scheduling_stock_override 20251118091049_m3_stock_movements_wastage_enhancements \
    20251118093645_m3_low_stock_config 20251118100000_m4_report_subscriptions \
    20251118120523_m4_scheduled_digest_support 20251119_m14_dev_portal_hardening 20251120_m14_dev_portal_hardening \
    20251120_m15_reservations_hardening 20251120_m15_reservations_schema_hardening 20251121_m16_idempotency_keys \
    20251121_m16_performance_indexes 20251121_m17_event_booking_tax 20251122053128_m18_documents \
    20251122061003_m19_staff_awards 20251122080226_m20_feedback 20251122084642_m21_idempotency_keys \
    20251122092809_m22_promotion_suggestions 20251201102614_e22_franchise_budgets \
    20251203163419_add_org_is_demo 20251204203334_mmmm";

#[tokio::test]
async fn the_migrations_of_incident_b_are_pending_in_their_order() {
    let files = copy(&fixtures("prisma").join("migrations"), &["20251115170000_admin_control_panel"]);
    fs::remove_dir_all(files.path().join("20260209132434_add_customer_agreement_fields")).unwrap();
    for name in OUTAGE.split_whitespace() {
        fs::create_dir(files.path().join(name)).unwrap();
        fs::write(files.path().join(name).join("migration.sql"), "SELECT 1;").unwrap();
    }
    let folder = read("prisma", &files);
    let database = load("prisma", "pending").await;
    let expected: Vec<&str> = OUTAGE.split_whitespace().collect();
    let pending = but(&folder, &judged(&database, &folder).await);
    assert_eq!(pending.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), expected);

    database.execute("DELETE FROM _prisma_migrations WHERE migration_name = '20251029222740_change_control'").await;
    let pending = but(&folder, &judged(&database, &folder).await);
    assert_eq!(pending.first().map(|(name, _)| name.as_str()), Some("20251029222740_change_control"));
    assert_eq!(pending.iter().skip(1).map(|(name, _)| name.as_str()).collect::<Vec<_>>(), expected);
}
