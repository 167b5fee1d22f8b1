//! Which migrations are pending, and whether it is safe to let traffic in (`NestJS`, Prisma).

use std::fs;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tokio_postgres::Client as Connection;

use crate::house::{Client, Cluster, Database, Echo, Gateway, PRISMA_LEDGER, Run, applied, prisma_ledger};

/// Refresh and 250 ms.
const T: Duration = Duration::from_millis(450);
const LIMIT: Duration = Duration::from_secs(5);

const APPLIED: &str = "20251001090000_init";

const CHANGE_CONTROL: &str = "20251029222740_change_control";

/// Some timestamps are cut to the day, so they sort as text.
const PENDING: [&str; 22] = [
    "20251118075122_m1_kds_enterprise_hardening",
    "20251118075337_migration_1",
    "20251118082922_m2_shifts_scheduling_stock_override",
    "20251118091049_m3_stock_movements_wastage_enhancements",
    "20251118093645_m3_low_stock_config",
    "20251118100000_m4_report_subscriptions",
    "20251118120523_m4_scheduled_digest_support",
    "20251119_m14_dev_portal_hardening",
    "20251120_m14_dev_portal_hardening",
    "20251120_m15_reservations_hardening",
    "20251120_m15_reservations_schema_hardening",
    "20251121_m16_idempotency_keys",
    "20251121_m16_performance_indexes",
    "20251121_m17_event_booking_tax",
    "20251122053128_m18_documents",
    "20251122061003_m19_staff_awards",
    "20251122080226_m20_feedback",
    "20251122084642_m21_idempotency_keys",
    "20251122092809_m22_promotion_suggestions",
    "20251201102614_e22_franchise_budgets",
    "20251203163419_add_org_is_demo",
    "20251204203334_mmmm",
];

/// The release's folder and a database.
struct ChefCloud {
    folder: TempDir,
    database: Database,
    url: String,
}

impl ChefCloud {
    /// A database whose ledger holds `names`, read by a role that may read the ledger.
    async fn with<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let house = Self::without_ledger().await;
        prisma_ledger(&house.database).await;
        house.database.execute(&applied(names)).await;
        house
    }

    async fn without_ledger() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let migrations = folder.path().join("migrations");
        for name in [APPLIED, CHANGE_CONTROL].iter().chain(&PENDING) {
            fs::create_dir_all(migrations.join(name)).expect("a folder");
            fs::write(migrations.join(name).join("migration.sql"), "SELECT 1;\n").expect("a file");
        }
        fs::write(migrations.join("migration_lock.toml"), "provider = \"postgresql\"\n").expect("a file");
        let database = Cluster::shared().database().await;
        let url = database.watcher_url();
        Self { folder, database, url }
    }

    fn migrations(&self) -> &Path {
        self.folder.path()
    }

    fn config(&self, upstream: &str) -> String {
        format!(
            r#"
            [databases.main]
            url = "{url}"
            refresh = "200ms"
            [upstreams.api]
            servers = ["{upstream}"]
            [requirements.release]
            migrations = {{ tool = "prisma", path = "{folder}/migrations" }}
            [[routes]]
            path = "/api/orders/*"
            needs = ["release"]
            on_migrating = {{ block = {{ code = "MIGRATING" }} }}
            [[routes]]
            path = "/*"
            "#,
            url = self.url,
            folder = self.migrations().display(),
        )
    }

    async fn gateway(&self) -> (Gateway, Client, Echo) {
        let echo = Echo::start().await;
        let gateway = Gateway::start(&self.config(&echo.address())).await;
        let client = gateway.client();
        (gateway, client, echo)
    }

    /// What `check --database` prints.
    fn check(&self, code: i32) -> String {
        fs::write(self.folder.path().join("proxy.toml"), self.config("127.0.0.1:1")).expect("a file");
        Run::of(self.folder.path(), &["check", "--database"]).expect(code).stdout
    }
}

/// The migrations that are said to be pending, in order.
fn pending(printed: &str) -> Vec<&str> {
    let name = |line: &'_ str| -> Option<(usize, usize)> {
        let line = line.trim().strip_prefix("migration ")?.strip_suffix(" is pending")?;
        let start = line.as_ptr() as usize - printed.as_ptr() as usize;
        Some((start, start + line.len()))
    };
    printed.lines().filter_map(name).map(|(start, end)| &printed[start..end]).collect()
}

#[tokio::test]
async fn check_prints_the_pending_migrations_in_order_and_exits_1() {
    let house = ChefCloud::with([APPLIED, CHANGE_CONTROL]).await;
    let printed = house.check(1);
    assert_eq!(pending(&printed), PENDING);
    assert!(printed.contains("to mend it: npx prisma migrate deploy"), "{printed}");

    house
        .database
        .execute(&format!("DELETE FROM \"_prisma_migrations\" WHERE migration_name = '{CHANGE_CONTROL}'"))
        .await;
    let printed = house.check(1);
    assert_eq!(pending(&printed), [&[CHANGE_CONTROL], &PENDING[..]].concat());

    house.database.execute(&applied([CHANGE_CONTROL].into_iter().chain(PENDING))).await;
    assert!(house.check(0).contains("ready"));
}

#[tokio::test]
async fn only_the_routes_that_need_the_ledger_are_gated_and_they_open_by_themselves() {
    let house = ChefCloud::with([APPLIED]).await;
    let (gateway, client, _echo) = house.gateway().await;
    assert_eq!(gateway.verdict("release").await, "broken");
    client.get("/api/orders/7").await.expect(503);
    client.get("/api/health").await.expect(200);

    // All but the last: still closed.
    house.database.execute(&applied([CHANGE_CONTROL].into_iter().chain(PENDING).take(22))).await;
    let last = format!("migration {} is pending", PENDING[21]);
    crate::house::eventually("one is left", LIMIT, async || {
        let snapshot = gateway.admin().get("/api/v1/snapshot").await.expect(200);
        (snapshot.text().contains(&last) && !snapshot.text().contains(PENDING[20])).then_some(())
    })
    .await;
    client.get("/api/orders/7").await.expect(503);

    house.database.execute(&applied([PENDING[21]])).await;
    gateway.verdict_becomes("release", "ready", T).await;
    client.get("/api/orders/7").await.expect(200);
}

/// A migrator at work: its lock, and the row of a migration that it has begun.
async fn migrator(database: &Database) -> Connection {
    let migrator = database.connect().await;
    let begun = format!(
        "SELECT pg_advisory_lock(72707369); INSERT INTO \"_prisma_migrations\" (id, checksum, migration_name) VALUES \
         ('begun', 'x', '{CHANGE_CONTROL}')"
    );
    migrator.batch_execute(&begun).await.expect("a lock and a row");
    migrator
}

#[tokio::test]
async fn a_running_migration_is_migrating_and_one_whose_migrator_died_has_failed() {
    let house = ChefCloud::with([APPLIED]).await;
    let (gateway, client, _echo) = house.gateway().await;
    let migrator = migrator(&house.database).await;
    gateway.verdict_becomes("release", "migrating", LIMIT).await;
    assert_eq!(client.get("/api/orders").await.expect(503).json()["code"], "MIGRATING");
    client.get("/api/health").await.expect(200);

    drop(migrator);
    gateway.verdict_becomes("release", "broken", LIMIT).await;
    let snapshot = gateway.admin().get("/api/v1/snapshot").await.expect(200);
    assert!(snapshot.text().contains(&format!("migration {CHANGE_CONTROL} has failed")), "{}", snapshot.text());
}

#[tokio::test]
async fn a_failed_migration_is_broken_in_the_tools_own_words() {
    let house = ChefCloud::with([APPLIED]).await;
    let failed = format!(
        "INSERT INTO \"_prisma_migrations\" (id, checksum, migration_name, logs) VALUES ('f', 'x', '{CHANGE_CONTROL}', \
         E'A migration failed to apply.\\nDatabase error code: 42P01')"
    );
    house.database.execute(&failed).await;
    let printed = house.check(1);
    let words = "has failed: A migration failed to apply. Database error code: 42P01";
    assert!(printed.contains(&format!("migration {CHANGE_CONTROL} {words}")), "{printed}");
    assert_eq!(pending(&printed), PENDING);
}

#[tokio::test]
async fn a_missing_ledger_is_named_and_found_when_it_comes() {
    let house = ChefCloud::without_ledger().await;
    let printed = house.check(1);
    assert!(printed.contains("ledger _prisma_migrations is missing: 24 migrations of Prisma Migrate"), "{printed}");
    assert_eq!(pending(&printed), [""; 0], "nothing is known of them");

    let (gateway, client, _echo) = house.gateway().await;
    client.get("/api/orders").await.expect(503);
    let all = [APPLIED, CHANGE_CONTROL].into_iter().chain(PENDING);
    let grant = format!("GRANT SELECT ON \"_prisma_migrations\" TO {}", house.database.watcher());
    house.database.execute(&format!("{PRISMA_LEDGER}; {} {grant}", applied(all))).await;
    gateway.verdict_becomes("release", "ready", LIMIT).await;

    house.database.execute("DROP TABLE \"_prisma_migrations\"").await;
    gateway.verdict_becomes("release", "broken", LIMIT).await;
}

#[tokio::test]
async fn a_ledger_that_may_not_be_read_names_the_grant_and_hides_nothing_else() {
    let mut house = ChefCloud::without_ledger().await;
    house.database.execute(PRISMA_LEDGER).await;
    house.database.execute(&applied([APPLIED, CHANGE_CONTROL].into_iter().chain(PENDING))).await;
    let printed = house.check(1);
    let grant = format!("GRANT SELECT ON \"public\".\"_prisma_migrations\" TO \"{}\"", house.database.watcher());
    assert!(
        printed.contains("privilege SELECT on _prisma_migrations is denied") && printed.contains(&grant),
        "{printed}"
    );

    house.database.execute(&grant).await;
    house.check(0);
    house.url = house.database.url();
    house.check(0);
}

#[tokio::test]
async fn a_table_that_is_no_ledger_of_the_tools_is_not_taken_for_one() {
    let house = ChefCloud::without_ledger().await;
    house.database.execute("CREATE TABLE \"_prisma_migrations\" (id int, note text)").await;
    let printed = house.check(1);
    let expected = "ledger _prisma_migrations is different: it is not Prisma Migrate's; its columns are id, note";
    assert!(printed.contains(expected), "{printed}");
}

#[tokio::test]
async fn a_ledger_that_is_locked_keeps_what_it_said_last() {
    let house = ChefCloud::with([APPLIED, CHANGE_CONTROL].into_iter().chain(PENDING)).await;
    let (gateway, client, _echo) = house.gateway().await;
    assert_eq!(gateway.verdict("release").await, "ready");
    let migrator = house.database.connect().await;
    migrator.batch_execute("BEGIN; LOCK TABLE \"_prisma_migrations\"").await.expect("a lock");
    let looks = async || {
        let metrics = gateway.metrics().await;
        let count = metrics
            .lines()
            .find_map(|line| line.strip_prefix("schemagate_look_duration_seconds_count{database=\"main\"} "));
        count.and_then(|count| count.parse::<u64>().ok()).unwrap_or_else(|| panic!("no looks in {metrics}"))
    };
    let before = looks().await;
    crate::house::eventually("three more looks", LIMIT, async || (looks().await >= before + 3).then_some(())).await;
    assert_eq!(gateway.verdict("release").await, "ready");
    client.get("/api/orders").await.expect(200);
}

#[tokio::test]
async fn an_unset_database_url_is_another_exit_code_than_pending_migrations() {
    let mut house = ChefCloud::without_ledger().await;
    "${DATABASE_URL}".clone_into(&mut house.url);
    house.check(2);
}

#[tokio::test]
async fn a_folder_that_is_missing_empty_or_anothers_is_an_error_at_its_place() {
    let house = ChefCloud::without_ledger().await;
    let config = house.config("127.0.0.1:1");
    let file = house.folder.path().join("proxy.toml");
    let complaint = |config: &str| {
        fs::write(&file, config).expect("a file");
        Run::of(house.folder.path(), &["check"]).expect(2).stderr
    };
    let missing = complaint(&config.replace("/migrations\"", "/migrationz\""));
    assert!(missing.contains("there is no such folder") && missing.contains("proxy.toml:8:"), "{missing}");
    let another = complaint(&config.replace("\"prisma\"", "\"knex\""));
    assert!(another.contains("no migration of Knex is in it"), "{another}");
    let typo = complaint(&config.replace("\"prisma\"", "\"prism\""));
    assert!(typo.contains("knows no tool `prism`") && typo.contains("prisma"), "{typo}");
    fs::write(house.migrations().join("migrations/migration_lock.toml"), "provider = \"mysql\"\n").expect("a file");
    let foreign = complaint(&config);
    assert!(foreign.contains("they are for mysql"), "{foreign}");
}
