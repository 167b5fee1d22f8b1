//! The commands that a person or CI runs, and their exit codes.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use crate::house::{Cluster, Database, Echo, Gateway, Run, connect, eventually, free_port, holds_for, schemagate};

const LIMIT: Duration = Duration::from_secs(15);

fn config(url: &str, upstream: &str) -> String {
    format!(
        r#"
        [databases.main]
        url = "{url}"
        connect_timeout = "10s"
        [upstreams.api]
        servers = ["{upstream}"]
        [requirements.agreements]
        columns = {{ customers = ["agreementFileUrl text"] }}
        mend = "npx prisma migrate deploy"
        [[routes]]
        name = "customers"
        path = "/api/customers/*"
        needs = ["agreements"]
        [[routes]]
        name = "rest"
        path = "/*"
        "#
    )
}

async fn house() -> (Database, TempDir) {
    let database = Cluster::shared().database().await;
    database.execute("CREATE TABLE customers (id int)").await;
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder, &config(&database.watcher_url(), "127.0.0.1:3000"));
    (database, folder)
}

fn write(folder: &TempDir, config: &str) {
    fs::write(folder.path().join("proxy.toml"), config).expect("a configuration");
}

#[tokio::test]
async fn check_alone_asks_no_database() {
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder, &config(&format!("postgresql://a@127.0.0.1:{}/a", free_port()), "127.0.0.1:3000"));
    let run = Run::of(folder.path(), &["check"]).expect(0);
    assert!(run.stdout.contains("valid"), "{}", run.stdout);
    let json = Run::of(folder.path(), &["check", "--format", "json"]).expect(0);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json.stdout).expect("JSON")["valid"], true);
}

#[tokio::test]
async fn check_database_exits_1_with_every_finding_and_0_once_it_is_mended() {
    let (database, folder) = house().await;
    let run = Run::of(folder.path(), &["check", "--database"]).expect(1);
    for expected in ["agreements", "customers.agreementFileUrl", "npx prisma migrate deploy"] {
        assert!(run.stdout.contains(expected), "no {expected} in {}", run.stdout);
    }
    database.execute(r#"ALTER TABLE customers ADD COLUMN "agreementFileUrl" text"#).await;
    let run = Run::of(folder.path(), &["check", "--database"]).expect(0);
    assert!(run.stdout.contains("ready"), "{}", run.stdout);
}

#[tokio::test]
async fn check_database_exits_3_where_nothing_listens() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = free_port();
    write(&folder, &config(&format!("postgresql://app:hunter2@127.0.0.1:{port}/app"), "127.0.0.1:3000"));
    let run = Run::of(folder.path(), &["check", "--database"]).expect(3);
    assert!(run.stderr.contains("main") && run.stderr.contains(&port.to_string()), "{}", run.stderr);
    assert!(!run.output().contains("hunter2"), "{}", run.output());
}

#[tokio::test]
async fn check_database_exits_3_where_there_is_no_such_database() {
    let (database, folder) = house().await;
    let url =
        database.watcher_url().replace(database.name(), "nowhere").replace("watcher_nowhere", &database.watcher());
    write(&folder, &config(&url, "127.0.0.1:3000"));
    let run = Run::of(folder.path(), &["check", "--database"]).expect(3);
    assert!(run.stderr.contains("nowhere"), "{}", run.stderr);
}

#[tokio::test]
async fn explain_says_the_route_the_decision_and_what_is_missing() {
    let (database, folder) = house().await;
    let refused = Run::of(folder.path(), &["explain", "POST", "https://crm.example/API/customers/7?x=1"]).expect(1);
    for expected in ["customers", "block", "agreements", "broken", "customers.agreementFileUrl"] {
        assert!(refused.stdout.contains(expected), "no {expected} in {}", refused.stdout);
    }
    let passed = Run::of(folder.path(), &["explain", "GET", "/api/health"]).expect(0);
    assert!(passed.stdout.contains("rest") && passed.stdout.contains("pass"), "{}", passed.stdout);

    database.execute(r#"ALTER TABLE customers ADD COLUMN "agreementFileUrl" text"#).await;
    let json = Run::of(folder.path(), &["explain", "get", "/api/customers", "--format", "json"]).expect(0);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(
        (&json["route"], &json["action"], &json["reason"]),
        (&"customers".into(), &"pass".into(), &"ready".into())
    );

    let refused = Run::of(folder.path(), &["explain", "GET", "/a%2Fb"]).expect(2);
    assert!(refused.stderr.contains("400"), "{}", refused.stderr);
}

#[tokio::test]
async fn the_trigger_brings_notifications_and_removing_it_leaves_nothing() {
    let (database, _folder) = house().await;
    let echo = Echo::start().await;
    // Seldom enough that a poll cannot be what sees the change.
    let seldom = config(&database.watcher_url(), &echo.address())
        .replace("connect_timeout", "refresh = \"1m\"\nmax_age = \"5m\"\nconnect_timeout");
    let gateway = Gateway::start(&seldom).await;
    assert_eq!(gateway.verdict("agreements").await, "broken");
    crate::house::install_trigger(&database).await;
    // Installing it twice is no error: an operator may not remember.
    crate::house::install_trigger(&database).await;
    let heard = async || {
        let metrics = gateway.metrics().await;
        let line = metrics.lines().find_map(|line| {
            line.strip_prefix("schemagate_notifications_total{database=\"main\"} ")?.parse::<u64>().ok()
        });
        line.unwrap_or(0)
    };
    eventually("a notification arrives", LIMIT, async || {
        database.execute("CREATE TABLE probe (); DROP TABLE probe").await;
        (heard().await > 0).then_some(())
    })
    .await;

    database.execute(r#"ALTER TABLE customers ADD COLUMN "agreementFileUrl" text"#).await;
    gateway.verdict_becomes("agreements", "ready", LIMIT).await;
    database.execute(r#"ALTER TABLE customers RENAME COLUMN "agreementFileUrl" TO other"#).await;
    gateway.verdict_becomes("agreements", "broken", LIMIT).await;

    // What is rolled back, or only a session's own, is no news.
    let before = heard().await;
    let session = database.connect().await;
    session.batch_execute("BEGIN; CREATE TABLE never (id int); ROLLBACK").await.expect("a transaction");
    session.batch_execute("CREATE TEMPORARY TABLE mine (id int); DROP TABLE mine").await.expect("a temporary table");
    holds_for("no notification", Duration::from_secs(1), async || heard().await == before).await;

    let folder = tempfile::tempdir().expect("a folder");
    let remove = Run::of(folder.path(), &["trigger-sql", "--remove"]).expect(0);
    database.execute(&remove.stdout).await;
    for (what, sql) in [
        ("event triggers", "SELECT count(*) FROM pg_event_trigger"),
        ("functions", "SELECT count(*) FROM pg_proc WHERE proname LIKE '%schemagate%'"),
        ("schemas", "SELECT count(*) FROM pg_namespace WHERE nspname LIKE '%schemagate%'"),
    ] {
        assert_eq!(database.value(sql).await.as_deref(), Some("0"), "{what} are left");
    }
    database.execute(&remove.stdout).await;
}

#[tokio::test]
async fn a_broken_trigger_breaks_no_migration() {
    let (database, _folder) = house().await;
    crate::house::install_trigger(&database).await;
    // A role that may do next to nothing migrates, with a search path of its own.
    let role = format!("migrator_{}", database.name());
    database
        .execute(&format!(
            "CREATE ROLE {role} LOGIN; CREATE SCHEMA own AUTHORIZATION {role}; REVOKE ALL ON SCHEMA public FROM PUBLIC"
        ))
        .await;
    let migrator = connect(&database.url_of(&role)).await;
    migrator
        .batch_execute(
            "SET search_path = own; SET statement_timeout = '2s';
             CREATE TABLE t (id int); ALTER TABLE t ADD COLUMN n int; DROP TABLE t;
             CREATE FUNCTION pg_notify(text, text) RETURNS void LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''mine''; END';
             SET search_path = own, pg_catalog;
             CREATE TABLE t (id int); DROP TABLE t;",
        )
        .await
        .expect("the trigger lets the migration through");
    // In a read-only or prepared transaction NOTIFY itself fails: the migration must not.
    migrator
        .batch_execute("SET default_transaction_read_only = off; BEGIN; CREATE TABLE u (id int); DROP TABLE u; COMMIT")
        .await
        .expect("the trigger lets the migration through");
}

#[tokio::test]
async fn a_ledger_trigger_is_made_by_a_role_that_is_no_superuser() {
    let (database, _folder) = house().await;
    let role = format!("owner_{}", database.name());
    database.execute(&format!("CREATE ROLE {role} LOGIN; GRANT ALL ON SCHEMA public TO {role}")).await;
    let owner = connect(&database.url_of(&role)).await;
    owner
        .batch_execute("CREATE TABLE \"_prisma_migrations\" (id text); CREATE TABLE mine (id int)")
        .await
        .expect("DDL");
    let folder = tempfile::tempdir().expect("a folder");
    let sql = Run::of(folder.path(), &["trigger-sql", "--ledger", "_prisma_migrations"]).expect(0).stdout;
    owner.batch_execute(&sql).await.expect("no superuser is needed");

    let echo = Echo::start().await;
    let seldom = config(&database.watcher_url(), &echo.address())
        .replace("connect_timeout", "refresh = \"1m\"\nmax_age = \"5m\"\nconnect_timeout")
        .replace("customers = [\"agreementFileUrl text\"]", "mine = [\"n int\"]");
    let gateway = Gateway::start(&seldom).await;
    assert_eq!(gateway.verdict("agreements").await, "broken");
    eventually("LISTEN stands", LIMIT, async || {
        owner.batch_execute("INSERT INTO \"_prisma_migrations\" VALUES ('probe')").await.expect("a row");
        gateway.metrics().await.contains("schemagate_notifications_total{database=\"main\"}").then_some(())
    })
    .await;
    owner
        .batch_execute(
            "BEGIN; ALTER TABLE mine ADD COLUMN n int; INSERT INTO \"_prisma_migrations\" VALUES ('1'); COMMIT",
        )
        .await
        .expect("a migration");
    gateway.verdict_becomes("agreements", "ready", LIMIT).await;

    let remove =
        Run::of(folder.path(), &["trigger-sql", "--ledger", "_prisma_migrations", "--remove"]).expect(0).stdout;
    owner.batch_execute(&remove).await.expect("its removal");
    let left = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal";
    assert_eq!(database.value(left).await.as_deref(), Some("0"));
}

#[test]
fn the_committed_schema_is_the_one_that_the_program_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let printed = Run::of(root, &["schema"]).expect(0).stdout;
    let committed = fs::read_to_string(root.join("proxy.schema.json")).expect("proxy.schema.json");
    let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
    assert_eq!(parse(&printed), parse(&committed), "run `schemagate schema > proxy.schema.json`");
}

#[test]
fn the_shipped_reference_is_valid() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = schemagate();
    command
        .args(["check", "--config", "proxy.toml"])
        .env("DATABASE_URL", "postgresql://app:secret@127.0.0.1:5432/app")
        .current_dir(root);
    Run::command(&mut command).expect(0);
}

#[test]
fn help_and_version_are_no_errors() {
    let folder = tempfile::tempdir().expect("a folder");
    let help = Run::of(folder.path(), &["--help"]).expect(0);
    for command in ["init", "run", "check", "wait", "explain", "trigger-sql", "schema", "demo"] {
        assert!(help.stdout.contains(command), "{}", help.stdout);
    }
    assert!(help.stdout.contains("Exit codes"), "{}", help.stdout);
    let version = Run::of(folder.path(), &["--version"]).expect(0);
    assert_eq!(version.stdout.trim(), format!("schemagate {}", env!("CARGO_PKG_VERSION")));
}
