//! What real migration tools left in real databases is told apart as what it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gate::ledger::{LedgerState, Lock, LockState, MigrationState, Reading, Row, Standing, TRUE, Tool, judge};
use schemagate::migrations::{Folder, detect};
use tempfile::TempDir;
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::house::{Cluster, Database, connect, eventually};

use MigrationState::{Edited, Failed, Late, Pending, Presumed, Replaced, RolledBack, Running};
use Standing::{Ahead, Behind, NeverApplied, NoLedger, UpToDate};

/// A dump, the files held against it, and what they say together.
struct Case {
    tool: &'static str,
    /// Below the fixtures of that tool; empty: an empty database.
    state: &'static str,
    folder: &'static str,
    /// Files (or folders) that were not there when the dump was made.
    without: &'static [&'static str],
    standing: Standing,
    /// Every migration that is not simply applied.
    but: &'static [(&'static str, MigrationState)],
    unknown: &'static [&'static str],
}

const CASE: Case =
    Case { tool: "", state: "", folder: "migrations", without: &[], standing: UpToDate, but: &[], unknown: &[] };

const CASES: &[Case] = &[
    // Prisma
    Case { tool: "prisma", state: "applied", ..CASE },
    Case { tool: "prisma", state: "empty", standing: NoLedger, but: ALL_OF_PRISMA, ..CASE },
    // Made by `db push`: the tables are there, and no ledger.
    Case { tool: "prisma", state: "push", standing: NoLedger, but: ALL_OF_PRISMA, ..CASE },
    Case {
        tool: "prisma",
        state: "pending",
        standing: Behind,
        but: &[
            ("20251115170000_admin_control_panel", Pending),
            ("20260209132434_add_customer_agreement_fields", Pending),
        ],
        ..CASE
    },
    Case {
        tool: "prisma",
        state: "failed",
        standing: Standing::Failed,
        but: &[
            ("20251115170000_admin_control_panel", Failed),
            ("20260209132434_add_customer_agreement_fields", Pending),
        ],
        ..CASE
    },
    Case {
        tool: "prisma",
        state: "rolled_back",
        standing: Behind,
        but: &[
            ("20251115170000_admin_control_panel", RolledBack),
            ("20260209132434_add_customer_agreement_fields", Pending),
        ],
        ..CASE
    },
    // Two rows of one name: the one that was rolled back is ignored.
    Case { tool: "prisma", state: "rolled_back_then_applied", ..CASE },
    Case {
        tool: "prisma",
        state: "resolve_applied",
        standing: Behind,
        but: &[
            ("20251029222740_change_control", Pending),
            ("20251115170000_admin_control_panel", Pending),
            ("20260209132434_add_customer_agreement_fields", Pending),
        ],
        ..CASE
    },
    Case {
        tool: "prisma",
        state: "absent_on_disk",
        without: &["20251115170000_admin_control_panel"],
        standing: Ahead,
        unknown: &["20251115170000_admin_control_panel"],
        ..CASE
    },
    Case {
        tool: "prisma",
        state: "push_over_ledger",
        standing: Standing::Failed,
        but: &[("20260209132434_add_customer_agreement_fields", Failed)],
        ..CASE
    },
    // Django
    Case { tool: "django", state: "plain_applied", folder: "plain", without: ONLY_THREE, ..CASE },
    Case {
        tool: "django",
        state: "",
        folder: "plain",
        without: ONLY_THREE,
        standing: NoLedger,
        but: &[
            ("customers.0001_initial", Pending),
            ("shop.0001_initial", Pending),
            ("shop.0002_product_price", Pending),
            ("shop.0003_product_sku", Pending),
        ],
        ..CASE
    },
    Case {
        tool: "django",
        state: "plain_pending",
        folder: "plain",
        without: ONLY_THREE,
        standing: Behind,
        but: &[("customers.0001_initial", Pending), ("shop.0003_product_sku", Pending)],
        ..CASE
    },
    // A faked migration cannot be told from an applied one by the ledger.
    Case { tool: "django", state: "plain_fake", folder: "plain", without: ONLY_THREE, ..CASE },
    Case {
        tool: "django",
        state: "plain_ghost_pruned",
        folder: "plain",
        without: &[SQUASH, BRANCH, MERGE, "shop/migrations/0003_product_sku.py"],
        ..CASE
    },
    Case {
        tool: "django",
        state: "plain_merged",
        folder: "plain",
        without: &[SQUASH],
        standing: Behind,
        but: &[("customers.0001_initial", Pending)],
        ..CASE
    },
    Case {
        tool: "django",
        state: "plain_squash_on_disk_originals_applied",
        folder: "plain",
        without: &[BRANCH, MERGE],
        ..CASE
    },
    Case { tool: "django", state: "plain_squash_recorded", folder: "plain", without: &[BRANCH, MERGE], ..CASE },
    Case {
        tool: "django",
        state: "plain_squash_fresh",
        folder: "plain",
        without: &[BRANCH, MERGE],
        standing: Behind,
        but: &[("customers.0001_initial", Pending)],
        ..CASE
    },
    Case {
        tool: "django",
        state: "plain_squash_originals_gone",
        folder: "plain",
        without: &[
            BRANCH,
            MERGE,
            "shop/migrations/0001_initial.py",
            "shop/migrations/0002_product_price.py",
            "shop/migrations/0003_product_sku.py",
        ],
        standing: Behind,
        but: &[("customers.0001_initial", Pending)],
        ..CASE
    },
    // Some originals of the squash are applied: they, and not the squash, are asked for.
    Case {
        tool: "django",
        state: "plain_pending",
        folder: "plain",
        without: &[BRANCH, MERGE],
        standing: Behind,
        but: &[
            ("customers.0001_initial", Pending),
            ("shop.0001_squashed_0003_product_sku", Replaced),
            ("shop.0003_product_sku", Pending),
        ],
        ..CASE
    },
    // Knex
    Case { tool: "knex", state: "applied", ..CASE },
    Case {
        tool: "knex",
        state: "pending_two_batches",
        standing: Behind,
        but: &[("20260209132434_agreement_fields", Pending)],
        ..CASE
    },
    // The whole batch is rolled back, so nothing tells the failure from a database never migrated.
    Case {
        tool: "knex",
        state: "failed",
        standing: NeverApplied,
        but: &[
            ("20251001090000_init", Pending),
            ("20251029222740_maintenance_windows", Pending),
            ("20260209132434_agreement_fields", Pending),
        ],
        ..CASE
    },
    Case {
        tool: "knex",
        state: "file_missing",
        without: &["20251029222740_maintenance_windows.js"],
        standing: Ahead,
        unknown: &["20251029222740_maintenance_windows.js"],
        ..CASE
    },
    // Sequelize
    Case { tool: "sequelize", state: "applied", ..CASE },
    Case {
        tool: "sequelize",
        state: "pending",
        standing: Behind,
        but: &[("20260209132434-add-agreement", Pending)],
        ..CASE
    },
    Case {
        tool: "sequelize",
        state: "failed",
        standing: Behind,
        but: &[("20260209132434-add-agreement", Pending)],
        ..CASE
    },
    Case {
        tool: "sequelize",
        state: "file_missing",
        without: &["20251029222740-create-maintenance-windows.js"],
        standing: Ahead,
        unknown: &["20251029222740-create-maintenance-windows.js"],
        ..CASE
    },
    // TypeORM
    Case { tool: "typeorm", state: "applied", ..CASE },
    Case {
        tool: "typeorm",
        state: "pending",
        standing: Behind,
        but: &[("AgreementFields1770643474000", Pending)],
        ..CASE
    },
    // Drizzle
    Case { tool: "drizzle", state: "applied", ..CASE },
    Case { tool: "drizzle", state: "pending", standing: Behind, but: &[("0002_agreement", Pending)], ..CASE },
    Case {
        tool: "drizzle",
        state: "failed",
        standing: NeverApplied,
        but: &[("0000_init", Pending), ("0001_maintenance_windows", Pending), ("0002_agreement", Pending)],
        ..CASE
    },
    // An older migration that came late: Drizzle says success and never applies it.
    Case {
        tool: "drizzle",
        state: "out_of_order",
        standing: Behind,
        but: &[("0001_maintenance_windows", Late)],
        ..CASE
    },
    Case { tool: "drizzle-1", state: "applied", ..CASE },
    // MikroORM
    Case { tool: "mikro-orm", state: "applied", ..CASE },
    Case {
        tool: "mikro-orm",
        state: "pending",
        standing: Behind,
        but: &[("Migration20261121080837_agreement", Pending)],
        ..CASE
    },
    Case {
        tool: "mikro-orm",
        state: "failed",
        standing: NeverApplied,
        but: &[("Migration20261121080834", Pending), ("Migration20261121080837_agreement", Pending)],
        ..CASE
    },
    // node-pg-migrate
    Case { tool: "node-pg-migrate", state: "applied", ..CASE },
    Case {
        tool: "node-pg-migrate",
        state: "pending",
        standing: Behind,
        but: &[("1770643474000_agreement", Pending)],
        ..CASE
    },
    // db-migrate
    Case { tool: "db-migrate", state: "applied", ..CASE },
    Case {
        tool: "db-migrate",
        state: "pending",
        standing: Behind,
        but: &[("20260209132434-agreement", Pending)],
        ..CASE
    },
    // Alembic
    Case { tool: "alembic", state: "applied", without: &["d4e5f6a7b8c9_branch.py", "e5f6a7b8c9d0_merge.py"], ..CASE },
    Case {
        tool: "alembic",
        state: "pending",
        without: &["d4e5f6a7b8c9_branch.py", "e5f6a7b8c9d0_merge.py"],
        standing: Behind,
        but: &[("c3d4e5f6a7b8_agreement", Pending)],
        ..CASE
    },
    // Alembic rolls back even the making of its table.
    Case {
        tool: "alembic",
        state: "failed",
        without: &["d4e5f6a7b8c9_branch.py", "e5f6a7b8c9d0_merge.py"],
        standing: NoLedger,
        but: &[
            ("a1b2c3d4e5f6_init", Pending),
            ("b2c3d4e5f6a7_change_control", Pending),
            ("c3d4e5f6a7b8_agreement", Pending),
        ],
        ..CASE
    },
    Case { tool: "alembic", state: "merged", ..CASE },
    // One of two branches is applied.
    Case {
        tool: "alembic",
        state: "applied",
        standing: Behind,
        but: &[("d4e5f6a7b8c9_branch", Pending), ("e5f6a7b8c9d0_merge", Pending)],
        ..CASE
    },
    // The ledger's only row names a revision of another release: what lies behind it is not told.
    Case {
        tool: "alembic",
        state: "unknown_revision",
        without: &["d4e5f6a7b8c9_branch.py", "e5f6a7b8c9d0_merge.py"],
        standing: Ahead,
        but: &[
            ("a1b2c3d4e5f6_init", Presumed),
            ("b2c3d4e5f6a7_change_control", Presumed),
            ("c3d4e5f6a7b8_agreement", Presumed),
        ],
        unknown: &["e5f6a7b8c9d0"],
        ..CASE
    },
    // The rest
    Case { tool: "rails", state: "applied", ..CASE },
    Case { tool: "dbmate", state: "applied", ..CASE },
    Case { tool: "sqlx", state: "applied", ..CASE },
    Case { tool: "diesel", state: "applied", ..CASE },
];

const ALL_OF_PRISMA: &[(&str, MigrationState)] = &[
    ("20251001090000_init", Pending),
    ("20251029222740_change_control", Pending),
    ("20251115170000_admin_control_panel", Pending),
    ("20260209132434_add_customer_agreement_fields", Pending),
];
const SQUASH: &str = "shop/migrations/0001_squashed_0003_product_sku.py";
const BRANCH: &str = "shop/migrations/0003_other_branch.py";
const MERGE: &str = "shop/migrations/0004_merge_0003_other_branch_0003_product_sku.py";
const ONLY_THREE: &[&str] = &[SQUASH, BRANCH, MERGE];

fn fixtures(tool: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ledgers").join(tool)
}

/// A copy of a folder, less some of what is in it.
fn copy(from: &Path, without: &[&str]) -> TempDir {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let (path, to) = entry.map(|entry| (entry.path(), to.join(entry.file_name()))).unwrap();
            if path.is_dir() { copy(&path, &to) } else { fs::copy(&path, &to).map(|_| ()).unwrap() }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    copy(from, folder.path());
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
async fn load(tool: &str, state: &str) -> Database {
    let database = Cluster::shared().database().await;
    if !state.is_empty() {
        let dump = fixtures(tool).join("states").join(format!("{state}.sql"));
        database.execute(&fs::read_to_string(&dump).expect("a dump")).await;
    }
    database
}

async fn column(client: &Client, sql: &str) -> Result<Vec<String>, tokio_postgres::Error> {
    Ok(cells(client, sql).await?.into_iter().filter_map(|mut row| row.remove(0)).collect())
}

async fn cells(client: &Client, sql: &str) -> Result<Vec<Vec<Option<String>>>, tokio_postgres::Error> {
    let messages = client.simple_query(sql).await?;
    let row = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => Some((0..row.len()).map(|place| row.get(place).map(str::to_owned)).collect()),
        _ => None,
    };
    Ok(messages.iter().filter_map(row).collect())
}

/// The ledger in `schema`, as the tool's row of the table says how to read it.
async fn reading(client: &Client, tool: &Tool, schema: &str) -> Reading {
    let schema = tool.schema.unwrap_or(schema);
    let columns = format!(
        "SELECT attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
         WHERE nspname = '{schema}' AND relname = '{}' AND attnum > 0 AND NOT attisdropped",
        tool.table
    );
    let columns = column(client, &columns).await.expect("catalogs are readable");
    if columns.is_empty() {
        return Reading::Absent;
    }
    if !tool.fits(&columns.iter().map(String::as_str).collect::<Vec<_>>()) {
        return Reading::Unexpected(columns.join(", ").into());
    }
    let rows = match cells(client, &tool.query(Some(schema), tool.table)).await {
        Ok(rows) => rows.iter().filter_map(|row| Row::read(tool, row.iter().map(Option::as_deref))).collect(),
        Err(error) => return Reading::Denied(error.as_db_error().expect("the server says so").message().into()),
    };
    let (held, state) = match tool.lock {
        Lock::Advisory(key) => (
            format!(
                "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted
                 AND (classid::int8 << 32) | objid::int8 = {key}
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            ),
            LockState::Held,
        ),
        Lock::Row { table, column } => (format!("SELECT CAST({column} AS text) FROM {table}"), LockState::Written),
        Lock::Unseen | Lock::AdvisoryOfDatabase(_) => return Reading::Rows { rows, lock: LockState::Free },
    };
    let is_held =
        column(client, &held).await.expect("locks are readable").iter().any(|cell| TRUE.contains(&cell.as_str()));
    Reading::Rows { rows, lock: if is_held { state } else { LockState::Free } }
}

async fn judged(database: &Database, folder: &Folder) -> LedgerState {
    judge(folder.tool, &folder.migrations, &reading(&database.connect().await, folder.tool, "public").await)
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
    let watcher = connect(&database.watcher_url()).await;
    let denied = reading(&watcher, knex.tool, "public").await;
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
    let client = load("django", "tenants_five_states").await.connect().await;
    let pending: &[(&str, &[&str])] = &[
        ("public", &[]),
        ("acme", &[]),
        ("globex", &["messages_sys.0002_userstatus", "messages_sys.0003_userstatus_last_seen_note"]),
        ("umbrella", &["messages_sys.0003_userstatus_last_seen_note"]),
    ];
    for (schema, pending) in pending {
        let state = judge(folder.tool, &folder.migrations, &reading(&client, folder.tool, schema).await);
        let names: Vec<String> = but(&folder, &state).into_iter().map(|(name, _)| name).collect();
        assert_eq!(&names, pending, "{schema}");
    }
    let empty = judge(folder.tool, &folder.migrations, &reading(&client, folder.tool, "initech").await);
    assert_eq!(empty.standing, NeverApplied);
    let gone = judge(folder.tool, &folder.migrations, &reading(&client, folder.tool, "hooli").await);
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
