//! Which routes a pending migration gates.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::chef_cloud::{APPLIED, CHANGE_CONTROL, ChefCloud, LIMIT, PENDING, PERFORMANCE_INDEXES};
use super::pending;
use crate::house::{Client, Echo, Gateway, Run, copied, eventually};

#[tokio::test]
async fn what_a_route_declares_beside_the_ledger_narrows_it_to_migrations_that_touch_that() {
    let house = ChefCloud::with([APPLIED]).await;
    let (gateway, client, _echo) = house.gateway().await;
    client.get("/api/orders/7").await.expect(503);
    client.get("/ops/maintenance/active").await.expect(503);
    client.get("/api/documents").await.expect(503);
    // Of 23 pending migrations one alters its table, in another column.
    client.get("/api/emails").await.expect(200);
    client.get("/api/health").await.expect(200);
    gateway.logged("requirement release is ready as far as it concerns /api/emails/*").await;

    house.migrate([CHANGE_CONTROL]).await;
    eventually("its own migration opens it", LIMIT, async || {
        (client.get("/ops/maintenance/active").await.status == 200).then_some(())
    })
    .await;
    client.get("/api/orders/7").await.expect(503);
    client.get("/api/documents").await.expect(503);
    assert_eq!(gateway.verdict("release").await, "broken", "the whole of it");
    let lines = gateway.metrics().await;
    let verdicts = lines.lines().filter(|line| line.starts_with("schemagate_verdict{requirement=\"release\""));
    assert_eq!(verdicts.count(), 5, "one for each verdict:\n{lines}");

    let report = gateway.admin().get("/api/v1/snapshot").await.expect(200).json();
    let release = &report["requirements"][0];
    assert_eq!(report["requirements"].as_array().unwrap().len(), 4, "shares are no requirements of their own");
    let routes = ["/api/orders/*", "/ops/maintenance/*", "/api/documents/*", "/api/emails/*"];
    assert_eq!(release["routes"], serde_json::json!(routes));
    assert_eq!(release["gated"], serde_json::json!(["/api/orders/*", "/api/documents/*"]));
}

#[tokio::test]
async fn explain_tells_a_route_what_concerns_it_and_check_tells_everything() {
    let house = ChefCloud::with([APPLIED]).await;
    let printed = house.check(1);
    assert_eq!(pending(&printed), [&[CHANGE_CONTROL], &PENDING[..]].concat());
    let mark = format!("migration {PERFORMANCE_INDEXES} is pending: does not gate: only indexes");
    assert!(printed.contains(&mark), "{printed}");
    assert!(printed.contains("of these it does not touch: /api/emails/*"), "{printed}");

    let explain = |path: &str, code| Run::of(house.folder.path(), &["explain", "GET", path]).expect(code).stdout;
    let printed = explain("/ops/maintenance/active", 1);
    assert_eq!(pending(&printed), [CHANGE_CONTROL], "{printed}");
    assert!(explain("/api/emails", 0).contains("need      release: ready"));
}

#[tokio::test]
async fn migrations_that_only_add_indexes_or_drop_something_gate_nobody_and_are_told_of() {
    let drop = "20260101000000_contract";
    let house = ChefCloud::with(
        [APPLIED, CHANGE_CONTROL].into_iter().chain(PENDING.into_iter().filter(|name| *name != PERFORMANCE_INDEXES)),
    )
    .await;
    write(
        house.migrations(),
        drop,
        "ALTER TABLE \"customers\" DROP COLUMN \"email\";\nDROP TABLE \"feature_flags\" CASCADE;\n",
    );
    let (gateway, client, _echo) = house.gateway().await;
    assert_eq!(gateway.verdict("release").await, "ready");
    client.get("/api/orders/7").await.expect(200);
    client.get("/ops/maintenance/active").await.expect(200);
    gateway.logged(&format!("migration {PERFORMANCE_INDEXES} is pending: does not gate: only indexes")).await;

    let printed = house.check(0);
    assert_eq!(pending(&printed.replace("warning: ", "")), [PERFORMANCE_INDEXES, drop]);
    assert!(printed.contains(&format!("{drop} is pending: does not gate: only drops")), "{printed}");
}

#[tokio::test]
async fn an_sql_file_that_cannot_be_read_gates_every_route_that_needs_the_ledger_and_is_named() {
    let house = ChefCloud::with([APPLIED, CHANGE_CONTROL].into_iter().chain(PENDING)).await;
    let odd = "20260101000000_odd";
    write(house.migrations(), odd, "CREATE INDEX i ON orders (id);\n\nFROBNICATE THE WIDGETS;\n");
    let (_gateway, client, _echo) = house.gateway().await;
    client.get("/api/orders/7").await.expect(503);
    client.get("/api/emails").await.expect(503);
    client.get("/api/health").await.expect(200);
    let printed = house.check(1);
    let told = format!("migration {odd} is pending: not read at line 3, so it counts as touching everything");
    assert!(printed.contains(&told), "{printed}");
}

#[tokio::test]
async fn of_programs_that_nobody_reads_the_declared_objects_decide() {
    let house = ChefCloud::without_ledger().await;
    let folder = house.folder.path().join("knex");
    fs::create_dir_all(&folder).unwrap();
    for name in ["1_init.js", "2_pending.js"] {
        fs::write(folder.join(name), "exports.up = (knex) => knex.schema.hasTable('orders')\n").unwrap();
    }
    let watcher = house.database.watcher();
    house
        .database
        .execute(&format!(
            "CREATE TABLE knex_migrations (id serial PRIMARY KEY, name text, batch int, migration_time timestamptz);
             INSERT INTO knex_migrations (name, batch) VALUES ('1_init.js', 1);
             CREATE TABLE customers (email text);
             GRANT SELECT ON knex_migrations TO {watcher}"
        ))
        .await;
    let knex = format!("tool = \"knex\", path = \"{}\"", folder.display());
    let prisma = format!("tool = \"prisma\", path = \"{}/migrations\"", house.migrations().display());
    let echo = Echo::start().await;
    let gateway = Gateway::start(&house.config(&echo.address()).replace(&prisma, &knex)).await;
    let client = gateway.client();
    client.get("/api/orders/7").await.expect(503);
    client.get("/api/emails").await.expect(200);
    client.get("/ops/maintenance/active").await.expect(503);
    house.database.execute("CREATE TABLE maintenance_windows (id text)").await;
    eventually("what it declares opens it", LIMIT, async || {
        (client.get("/ops/maintenance/active").await.status == 200).then_some(())
    })
    .await;
    let report = gateway.admin().get("/api/v1/snapshot").await.expect(200);
    assert!(
        report.text().contains("migration 2_pending is pending: a program, which is not read"),
        "{}",
        report.text()
    );
}

/// Requests on end, and how many were not answered with 200.
struct Load {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU32>,
    task: tokio::task::JoinHandle<u32>,
}

impl Load {
    fn start(client: &Client, paths: &'static [&'static str]) -> Self {
        let (stop, sent, client) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)), client.clone());
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&sent));
        let task = tokio::spawn(async move {
            let mut refused = 0;
            while !stopped.load(Ordering::Relaxed) {
                for path in paths {
                    refused += u32::from(client.get(path).await.status != 200);
                    count.fetch_add(1, Ordering::Relaxed);
                }
            }
            refused
        });
        Self { stop, sent, task }
    }

    /// How many were sent, and how many refused.
    async fn end(self) -> (u32, u32) {
        self.stop.store(true, Ordering::Relaxed);
        let refused = self.task.await.expect("the load runs to its end");
        (self.sent.load(Ordering::Relaxed), refused)
    }
}

#[tokio::test]
async fn a_deployment_that_expands_and_later_contracts_is_refused_not_one_request() {
    let (expand, contract) = ("20260101000000_expand", "20260102000000_contract");
    let drop = "ALTER TABLE \"customers\" DROP COLUMN \"email\";\n";
    let all = || [APPLIED, CHANGE_CONTROL].into_iter().chain(PENDING);
    let house = ChefCloud::with(all()).await;
    write(house.migrations(), expand, "ALTER TABLE \"customers\" ADD COLUMN \"mail\" text;\n");
    house.database.execute("ALTER TABLE \"customers\" ADD COLUMN \"mail\" text").await;
    house.database.execute(&row(expand)).await;
    let config = house.config("the.echo:1").replace("customers = [\"email\"]", "customers = [\"mail\"]");
    let echo = Echo::start().await;
    let start = async |config: &str| Gateway::start(&config.replace("the.echo:1", &echo.address())).await;
    let paths: &[&str] = &["/api/orders/7", "/api/emails", "/ops/maintenance/active"];

    // The old release, whose folder ends here, and the new one, whose contracting migration is pending.
    let before = copied(house.migrations());
    let [theirs, own] = [before.path(), house.migrations()].map(|folder| folder.display().to_string());
    let old = start(&config.replace(&own, &theirs)).await;
    write(house.migrations(), contract, drop);
    let new = start(&config).await;
    let loads = [&old, &new].map(|gateway| Load::start(&gateway.client(), paths));
    new.logged(&format!("migration {contract} is pending: does not gate: only drops")).await;
    // As Prisma does it: a row that is begun, the column, the end of the row.
    let begun = row(contract).replace("now(), ", "NULL, ");
    house.database.execute(&begun).await;
    new.looks_again(3).await;
    old.looks_again(3).await;
    house.database.execute(drop).await;
    old.logged("may have dropped it").await;
    new.looks_again(3).await;
    house.database.execute("UPDATE \"_prisma_migrations\" SET finished_at = now() WHERE finished_at IS NULL").await;
    old.looks_again(3).await;
    new.looks_again(3).await;
    for load in loads {
        let (sent, refused) = load.end().await;
        assert!(sent > 20, "{sent}");
        assert_eq!(refused, 0, "of {sent}");
    }
}

#[tokio::test]
async fn a_running_migration_gates_the_routes_that_it_touches_alone() {
    let house = ChefCloud::with([APPLIED]).await;
    let (gateway, client, _echo) = house.gateway().await;
    let _migrator = super::migrator(&house.database).await;
    gateway.verdict_becomes("release", "migrating", LIMIT).await;
    assert_eq!(client.get("/api/orders").await.expect(503).json()["code"], "MIGRATING");
    client.get("/ops/maintenance/active").await.expect(503);
    client.get("/api/emails").await.expect(200);
}

#[tokio::test]
async fn impact_names_the_routes_that_a_migration_will_gate() {
    let house = ChefCloud::with([APPLIED]).await;
    fs::write(house.folder.path().join("proxy.toml"), house.config("127.0.0.1:1")).unwrap();
    let impact =
        |arguments: &[&str], code| Run::of(house.folder.path(), &[&["impact"], arguments].concat()).expect(code);
    let printed = impact(&[&format!("migrations/{CHANGE_CONTROL}")], 0).stdout;
    insta_like(
        &printed,
        &[
            "20251029222740_change_control (Prisma Migrate)",
            "  creates  enum FlagAction  (migrations/20251029222740_change_control/migration.sql:2)",
            "  creates  table maintenance_windows  (migrations/20251029222740_change_control/migration.sql:5)",
            "  creates  table feature_flags  (migrations/20251029222740_change_control/migration.sql:11)",
            "  creates  table flag_audits  (migrations/20251029222740_change_control/migration.sql:12)",
            "  indexes  index maintenance_windows_orgId_idx on maintenance_windows  (migrations/20251029222740_change_control/migration.sql:15)",
            "  creates  constraint flag_audits.flag_audits_flagId_fkey  (migrations/20251029222740_change_control/migration.sql:18)",
            "While it is pending it gates 2 of 5 routes:",
            "  block     /api/orders/*       needs release and declares nothing beside it",
            "  block     /ops/maintenance/*  needs release; touched: table maintenance_windows",
            "  pass      /api/documents/*    needs release; declares table 20251122053128_m18_documents",
            "  pass      /api/emails/*       needs release; declares column customers.email",
        ],
    );

    let printed = impact(&[&format!("migrations/{PERFORMANCE_INDEXES}/migration.sql")], 0).stdout;
    assert!(printed.contains("does not gate: only indexes"), "{printed}");
    assert!(printed.contains("While it is pending it gates none of 5 routes."), "{printed}");

    // One that is not in the release's folder, and two at once.
    let elsewhere = tempfile::tempdir().unwrap();
    write(elsewhere.path(), "20270101_new", "CREATE TABLE \"x\" (id int);\nFROBNICATE;\n");
    let path = elsewhere.path().join("migrations/20270101_new");
    let json = impact(&[path.to_str().unwrap(), &format!("migrations/{}", PENDING[0]), "--format", "json"], 0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let migrations = json["migrations"].as_array().unwrap();
    assert_eq!(migrations.len(), 2);
    assert_eq!((&migrations[0]["name"], &migrations[0]["gates"]), (&"20270101_new".into(), &true.into()));
    let gated = migrations[0]["routes"].as_array().unwrap().iter().filter(|route| route["gated"] == true);
    assert_eq!(gated.count(), 4, "what is not read counts as everything: {json}");
    let unread = &migrations[0]["steps"][1];
    assert_eq!((&unread["verb"], &unread["line"]), (&"unread".into(), &2.into()), "{json}");

    let complaint = impact(&["migrations/nowhere"], 2).stderr;
    assert!(complaint.contains("migrations/nowhere"), "{complaint}");
    assert!(impact(&[], 2).stderr.contains("MIGRATION"));
    fs::create_dir_all(house.folder.path().join("empty")).unwrap();
    assert!(impact(&["empty"], 2).stderr.contains("empty"));
}

/// Compares line by line, so that a difference shows at once.
#[track_caller]
fn insta_like(printed: &str, expected: &[&str]) {
    assert_eq!(printed.trim_end().lines().collect::<Vec<_>>(), expected);
}

fn write(folder: &Path, name: &str, sql: &str) {
    let folder = folder.join("migrations").join(name);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("migration.sql"), sql).expect("a file");
}

/// The row of a migration that is none of [`PENDING`].
fn row(name: &str) -> String {
    format!(
        "INSERT INTO \"_prisma_migrations\" (id, checksum, finished_at, migration_name, applied_steps_count) \
         VALUES (gen_random_uuid(), 'x', now(), '{name}', 1)"
    )
}
