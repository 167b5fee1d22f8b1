//! What a ledger has to tell that leaves nothing unmet: told once, and nothing is refused for it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use crate::house::{Cluster, Database, Echo, Gateway, Run, eventually};

const LIMIT: Duration = Duration::from_secs(15);

/// A folder of Knex migrations, and a database in which the first of them is applied.
struct Shop {
    folder: TempDir,
    database: Database,
}

impl Shop {
    async fn with(files: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let shop = Self { folder, database: Cluster::shared().database().await };
        for file in files {
            shop.file(file);
        }
        shop.database
            .execute(
                "CREATE TABLE knex_migrations (id serial PRIMARY KEY, name text, batch int, migration_time timestamptz);
                 CREATE TABLE knex_migrations_lock (index serial PRIMARY KEY, is_locked int);
                 INSERT INTO knex_migrations_lock (is_locked) VALUES (0);
                 INSERT INTO knex_migrations (name, batch) VALUES ('1_init.js', 1)",
            )
            .await;
        let watcher = shop.database.watcher();
        shop.database.execute(&format!("GRANT SELECT ON knex_migrations, knex_migrations_lock TO {watcher}")).await;
        shop
    }

    fn file(&self, name: &str) {
        let folder = self.folder.path().join("migrations");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(name), "exports.up = (knex) => knex.schema.hasTable('orders')\n").expect("a file");
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
            migrations = {{ tool = "knex", path = "{folder}/migrations" }}
            [[routes]]
            path = "/*"
            needs = ["release"]
            "#,
            url = self.database.watcher_url(),
            folder = self.folder.path().display(),
        )
    }

    /// What `check --database` prints.
    fn check(&self, code: i32) -> String {
        fs::write(self.folder.path().join("proxy.toml"), self.config("127.0.0.1:1")).expect("a file");
        Run::of(self.folder.path(), &["check", "--database"]).expect(code).stdout
    }
}

fn lines(log: &str, text: &str) -> usize {
    log.lines().filter(|line| line.contains(text)).count()
}

#[tokio::test]
async fn a_ledger_that_is_ahead_and_a_lock_left_behind_warn_once_and_refuse_nothing() {
    let shop = Shop::with(&["1_init.js"]).await;
    assert!(!shop.check(0).contains("warning"));
    let echo = Echo::start().await;
    let gateway = Gateway::start(&shop.config(&echo.address())).await;
    shop.database
        .execute("INSERT INTO knex_migrations (name, batch) VALUES ('2_newer.js', 2); UPDATE knex_migrations_lock SET is_locked = 1")
        .await;
    let ahead = "ledger knex_migrations is ahead: 2_newer.js is in it and not on disk";
    let locked = "it was left behind and will refuse the next one: npx knex migrate:unlock";
    gateway.logged(ahead).await;
    gateway.logged(locked).await;
    let report = gateway.admin().get("/api/v1/snapshot").await.expect(200).json();
    let requirement = &report["requirements"][0];
    assert_eq!(requirement["verdict"], "ready");
    assert_eq!(requirement["findings"], serde_json::json!([]));
    let kinds: Vec<&str> =
        requirement["warnings"].as_array().unwrap().iter().map(|w| w["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["ahead", "lock_left"]);
    gateway.client().get("/orders").await.expect(200);

    let printed = shop.check(0);
    assert!(printed.contains(&format!("warning: {ahead}")) && printed.contains(locked), "{printed}");

    // Gone, and back: a change each, while looks go on.
    shop.database.execute("UPDATE knex_migrations_lock SET is_locked = 0").await;
    eventually("the lock is no longer told of", LIMIT, async || {
        let report = gateway.admin().get("/api/v1/snapshot").await.expect(200);
        (!report.text().contains("lock_left")).then_some(())
    })
    .await;
    let log = gateway.log();
    assert_eq!((lines(&log, ahead), lines(&log, locked)), (1, 1), "{log}");
}

#[tokio::test]
async fn files_without_rows_and_rows_without_files_recommend_a_lock() {
    let shop = Shop::with(&["1_init.js", "3_late.js"]).await;
    shop.database.execute("INSERT INTO knex_migrations (name, batch) VALUES ('2_newer.js', 2)").await;
    let printed = shop.check(1);
    assert!(printed.contains("migration 3_late is pending"), "{printed}");
    assert!(printed.contains("disagree both ways") && printed.contains("ship schema.lock"), "{printed}");
}

#[tokio::test]
async fn a_file_that_was_edited_after_it_was_applied_is_ready_with_a_warning() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("migrations/1_init/migration.sql");
    fs::create_dir_all(script.parent().expect("a folder")).expect("a folder");
    fs::write(&script, "SELECT 1;\n").expect("a file");
    let database = Cluster::shared().database().await;
    database
        .execute(
            "CREATE TABLE _prisma_migrations (id text, checksum text, finished_at timestamptz, migration_name text,
                logs text, rolled_back_at timestamptz, started_at timestamptz, applied_steps_count int);
             INSERT INTO _prisma_migrations VALUES ('1', 'abc', now(), '1_init', NULL, NULL, now(), 1)",
        )
        .await;
    let config = format!(
        "[databases.main]\nurl = \"{}\"\n[upstreams.api]\nservers = [\"127.0.0.1:1\"]\n\
         [requirements.release]\nmigrations = {{ tool = \"prisma\", path = \"migrations\" }}\n[[routes]]\npath = \"/*\"\nneeds = [\"release\"]\n",
        database.url()
    );
    fs::write(folder.path().join("proxy.toml"), config).expect("a file");
    let run = |arguments: &[&str]| Run::of(folder.path(), arguments).expect(0).stdout;
    let printed = run(&["check", "--database"]);
    assert!(printed.contains("warning: migration 1_init was edited after it was applied"), "{printed}");
    let printed = run(&["check", "--database", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&printed).expect("JSON");
    let warning = &report["report"]["requirements"][0]["warnings"][0];
    assert_eq!((&warning["kind"], &warning["object"]), (&"edited".into(), &"1_init".into()));
}

#[tokio::test]
async fn a_ledger_without_a_trigger_is_told_of_once_where_notifications_are_listened_for() {
    let shop = Shop::with(&["1_init.js"]).await;
    let echo = Echo::start().await;
    let gateway = Gateway::start(&shop.config(&echo.address())).await;
    let line = gateway.logged("has no trigger that notifies").await;
    assert!(line.contains("schemagate trigger-sql --ledger public.knex_migrations | psql"), "{line}");

    let sql = Run::of(Path::new("/"), &["trigger-sql", "--ledger", "public.knex_migrations"]).expect(0).stdout;
    shop.database.execute(&sql).await;
    let other = Gateway::start(&shop.config(&echo.address())).await;
    // Told right after the first look, so by the third it would have been.
    eventually("the third look", LIMIT, async || (other.looks().await >= 3).then_some(())).await;
    assert_eq!(lines(&other.log(), "has no trigger that notifies"), 0);
    assert_eq!(lines(&gateway.log(), "has no trigger that notifies"), 1);
}
