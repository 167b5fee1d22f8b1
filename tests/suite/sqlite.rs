//! SQLite, the embedded default, behind the same seam.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use crate::house::{Echo, Gateway, Judged, Run, SqliteFile, eventually};

const LIMIT: Duration = Duration::from_secs(15);

fn config(file: &Path, echo: &str) -> String {
    format!(
        r#"
        [databases.main]
        url = "sqlite:{}"
        refresh = "100ms"
        max_age = "5s"
        [upstreams.api]
        servers = ["{echo}"]
        [requirements.customers]
        tables = ["totals"]
        columns = {{ customers = ["id integer", "agreementUploadedAt DATETIME"] }}
        indexes = ["customers_by_date"]
        [[routes]]
        path = "/customers/*"
        needs = ["customers"]
        [[routes]]
        path = "/*"
        "#,
        file.display()
    )
}

const BEFORE: &str =
    "CREATE TABLE customers (id INTEGER PRIMARY KEY); CREATE VIEW totals AS SELECT count(*) FROM customers;";
const MIGRATION: &str = r#"ALTER TABLE customers ADD COLUMN "agreementUploadedAt" DATETIME;
    CREATE INDEX customers_by_date ON customers ("agreementUploadedAt");"#;

#[tokio::test]
async fn a_migration_of_an_sqlite_file_opens_the_route_and_its_undoing_closes_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("app.db");
    let database = Connection::open(&file).expect("a database");
    database.execute_batch(BEFORE).expect("DDL");
    let echo = Echo::start().await;
    let gateway = Gateway::start(&config(&file, &echo.address())).await;
    let client = gateway.client();
    client.get("/customers/1").await.expect(503);
    client.get("/other").await.expect(200);

    database.execute_batch(MIGRATION).expect("DDL");
    eventually("open", LIMIT, async || (client.get("/customers/1").await.status == 200).then_some(())).await;

    database.execute_batch("DROP INDEX customers_by_date").expect("DDL");
    eventually("closed", LIMIT, async || (client.get("/customers/1").await.status == 503).then_some(())).await;
    client.get("/other").await.expect(200);
}

#[tokio::test]
async fn an_application_that_writes_is_not_disturbed() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("app.db");
    let database = Connection::open(&file).expect("a database");
    database.busy_timeout(Duration::ZERO).expect("a setting");
    database.execute_batch(&format!("PRAGMA journal_mode = WAL; {BEFORE}{MIGRATION}")).expect("DDL");
    let echo = Echo::start().await;
    let gateway = Gateway::start(&config(&file, &echo.address()).replace("100ms", "50ms")).await;
    for _ in 0..200 {
        // Without any patience: a look that held a lock would make this fail.
        database.execute_batch("INSERT INTO customers DEFAULT VALUES").expect("a write");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // An open transaction of the application's does not keep a look from reading.
    database.execute_batch("BEGIN IMMEDIATE; INSERT INTO customers DEFAULT VALUES").expect("a write");
    gateway.looks_again(5).await;
    gateway.verdict_becomes("customers", "ready", LIMIT).await;
}

#[tokio::test]
async fn a_missing_file_is_unknown_is_not_created_and_is_learnt_when_it_comes() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("later.db");
    let echo = Echo::start().await;
    let gateway = Gateway::start(&config(&file, &echo.address())).await;
    assert_eq!(gateway.verdict("customers").await, "unknown");
    assert!(!file.exists(), "schemagate never writes to a database, nor makes one");
    gateway.client().get("/customers").await.expect(200);

    let config_file = folder.path().join("proxy.toml");
    std::fs::write(&config_file, config(&file, &echo.address())).expect("a configuration");
    let check = Run::of(folder.path(), &["check", "--database"]).expect(3);
    assert!(check.stderr.contains("later.db"), "{}", check.stderr);

    Connection::open(&file).expect("a database").execute_batch(BEFORE).expect("DDL");
    gateway.verdict_becomes("customers", "broken", LIMIT).await;
}

#[test]
fn a_ledger_in_a_file_is_read_and_its_lock_too() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/ledgers/knex/migrations");
    let requirement = format!("migrations = {{ path = \"{folder}\" }}");
    let file = SqliteFile::of(
        "CREATE TABLE knex_migrations (id integer PRIMARY KEY, name text, batch int, migration_time datetime);
         CREATE TABLE knex_migrations_lock (\"index\" integer PRIMARY KEY, is_locked int);",
    );
    let judged = || Judged::with(&format!("url = \"{}\"", file.url()), &requirement);
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let pending: Vec<String> = names.iter().map(|name| format!("pending migration {name}")).collect();
    let pending: Vec<&str> = pending.iter().map(|finding| finding.trim_end_matches(".js")).collect();
    assert_eq!(
        (judged().verdict.as_str(), judged().findings),
        ("broken", pending.iter().map(ToString::to_string).collect())
    );
    file.execute("INSERT INTO knex_migrations_lock VALUES (1, 1)");
    assert_eq!(judged().verdict, "migrating");
    for name in &names {
        file.execute(&format!("INSERT INTO knex_migrations (name, batch) VALUES ('{name}', 1)"));
    }
    judged().is_ready();
}
