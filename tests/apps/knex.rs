//! Express and Knex: a release is deployed before its migration has run.

use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::house::{Backend, Client, Gateway, Guarded, eventually, holds_for, schemagate};
use crate::project::{Project, beside, home};

/// Refresh and 250 ms.
const T: Duration = Duration::from_millis(450);
const LIMIT: Duration = Duration::from_secs(20);

const INIT: &str = "20251001090000_init";
const WINDOWS: &str = "20251029222740_maintenance_windows";
const AGREEMENT: &str = "20260209132434_agreement";
const BACKFILL: &str = "20260301120000_backfill";

/// What the release needs: every migration in its folder.
fn config(project: &Project, upstream: &str) -> String {
    format!(
        r#"
        [databases.main]
        url = "{}"
        refresh = "200ms"
        notify = "never"
        [upstreams.app]
        servers = ["{upstream}"]
        [requirements.release]
        migrations = {{ path = "{}/migrations" }}
        [[routes]]
        path = "/api/*"
        needs = ["release"]
        [[routes]]
        path = "/*"
        "#,
        project.database.url(),
        project.path().display(),
    )
}

/// Where a migration lies in the project.
fn file(migration: &str) -> String {
    format!("migrations/{migration}.js")
}

struct Shop {
    project: Project,
}

impl Shop {
    async fn new() -> Self {
        let project = Project::copy("express-knex", "node_modules").await;
        project.without(&file(AGREEMENT));
        Self { project }
    }

    /// Knex's own command.
    #[track_caller]
    fn knex(&self, args: &[&str], code: i32) -> String {
        self.project.run("npx", &[&["--no-install", "knex"], args].concat(), code).output()
    }

    /// A release brings its migration, which nobody has run.
    fn bring(&self, migration: &str) {
        let homes = [home("express-knex").join("migrations"), beside().join("knex")];
        let found = homes.iter().map(|home| home.join(format!("{migration}.js"))).find(|file| file.is_file());
        self.project.bring(&found.expect("the migration"), &file(migration));
    }

    /// The app as of a release, and schemagate as it is started with that release.
    async fn deploy(&self, release: &str) -> (Backend, Gateway) {
        let app = self.project.serve(self.project.command("node", &["server.js"]).env("RELEASE", release)).await;
        let gateway = Gateway::start(&config(&self.project, &app.address())).await;
        (app, gateway)
    }

    /// What `check --database` says.
    #[track_caller]
    fn check(&self, code: i32) -> String {
        self.project.configure(&config(&self.project, "127.0.0.1:1"));
        self.project.schemagate(&["check", "--database"]).expect(code).stdout
    }
}

async fn becomes(client: &Client, path: &str, status: u16, limit: Duration) {
    let what = format!("{path} answers {status}");
    eventually(&what, limit, async || (client.get(path).await.status == status).then_some(())).await;
}

#[tokio::test]
async fn a_release_is_gated_until_its_own_command_has_migrated_and_never_answers_500() {
    let shop = Shop::new().await;
    shop.knex(&["migrate:latest"], 0);
    shop.project.database.execute("INSERT INTO customers (name) VALUES ('Ada')").await;
    let (_first, gateway) = shop.deploy("1").await;
    gateway.client().get("/api/customers").await.expect(200);

    // The next release comes up before its migration ran. By itself it answers 500.
    shop.bring(AGREEMENT);
    let (app, gateway) = shop.deploy("2").await;
    Client::new(app.port()).get("/api/customers").await.expect(500);
    let client = gateway.client();
    client.get("/api/customers").await.expect(503);
    client.get("/health").await.expect(200);
    assert!(shop.check(1).contains(&format!("migration {AGREEMENT} is pending")));
    holds_for("nothing but 503", Duration::from_secs(1), async || client.get("/api/customers").await.status == 503)
        .await;

    shop.knex(&["migrate:latest"], 0);
    becomes(&client, "/api/customers", 200, T).await;
    assert!(client.get("/api/customers").await.text().contains("Ada"));
    shop.check(0);

    // Rolled back, under the same release: its last batch, which is this one migration.
    shop.knex(&["migrate:rollback"], 0);
    becomes(&client, "/api/customers", 503, T).await;
    assert!(shop.check(1).contains(&format!("migration {AGREEMENT} is pending")));
    shop.knex(&["migrate:up"], 0);
    becomes(&client, "/api/customers", 200, T).await;
}

#[tokio::test]
async fn the_first_failure_after_a_rollback_is_already_a_503() {
    let shop = Shop::new().await;
    shop.bring(AGREEMENT);
    shop.knex(&["migrate:latest"], 0);
    let (app, gateway) = shop.deploy("2").await;
    let client = gateway.client();
    client.get("/api/customers").await.expect(200);
    let ask = async {
        let mut answers = Vec::new();
        while answers.last() != Some(&503) {
            answers.push(client.get("/api/customers").await.status);
            assert!(answers.len() < 100_000, "no rollback is seen");
        }
        answers
    };
    let mut rollback = shop.project.command("npx", &["--no-install", "knex", "migrate:rollback"]);
    let rollback = tokio::task::spawn_blocking(move || rollback.output().expect("npx runs"));
    let (answers, rollback) = tokio::join!(ask, rollback);
    assert!(rollback.expect("a thread").status.success());
    assert!(answers.iter().all(|status| matches!(status, 200 | 503)), "{answers:?}");
    Client::new(app.port()).get("/api/customers").await.expect(500);
}

#[tokio::test]
async fn pending_migrations_are_named_in_their_order_and_wait_holds_the_app_until_they_ran() {
    let shop = Shop::new().await;
    shop.bring(AGREEMENT);
    assert!(shop.check(1).contains("ledger knex_migrations is missing: 3 migrations of Knex are expected"));
    shop.knex(&["migrate:up"], 0);
    let checked = shop.check(1);
    let places: Vec<_> = [WINDOWS, AGREEMENT].iter().map(|name| checked.find(name)).collect();
    assert!(places.is_sorted() && places.iter().all(Option::is_some) && !checked.contains(INIT), "{checked}");

    let mut wait = schemagate();
    let file = std::fs::File::create(shop.project.path().join("waited")).expect("a file");
    wait.args(["wait", "--interval", "100ms"]).current_dir(shop.project.path()).stdout(file.try_clone().unwrap());
    let mut wait = Guarded::start(wait.stderr(file), Signal::SIGKILL, None);
    let said = || std::fs::read_to_string(shop.project.path().join("waited")).expect("a file");
    eventually("it says what it waits for", LIMIT, async || said().contains(AGREEMENT).then_some(())).await;
    shop.knex(&["migrate:up"], 0);
    assert!(wait.ended().is_none(), "{}", said());
    shop.knex(&["migrate:latest"], 0);
    assert_eq!(wait.ends_within(LIMIT).and_then(|status| status.code()), Some(0), "{}", said());
}

#[tokio::test]
async fn a_migration_that_runs_is_told_from_one_that_is_pending() {
    let shop = Shop::new().await;
    shop.knex(&["migrate:latest"], 0);
    shop.bring(BACKFILL);
    let (_app, gateway) = shop.deploy("1").await;
    assert_eq!(gateway.verdict("release").await, "broken");
    let holder = shop.project.database.connect().await;
    holder.batch_execute("SELECT pg_advisory_lock(4711)").await.expect("a lock");
    let mut latest = shop.project.command("npx", &["--no-install", "knex", "migrate:latest"]);
    let latest = tokio::task::spawn_blocking(move || latest.output().expect("npx runs"));
    gateway.verdict_becomes("release", "migrating", LIMIT).await;
    gateway.client().get("/api/customers").await.expect(503);
    drop(holder);
    assert!(latest.await.expect("a thread").status.success());
    gateway.verdict_becomes("release", "ready", T).await;
    gateway.client().get("/api/customers").await.expect(200);
}

#[tokio::test]
async fn a_migrator_that_was_killed_counts_as_running_until_the_lock_that_it_left_is_freed() {
    let shop = Shop::new().await;
    shop.knex(&["migrate:latest"], 0);
    shop.bring(BACKFILL);
    let holder = shop.project.database.connect().await;
    holder.batch_execute("SELECT pg_advisory_lock(4711)").await.expect("a lock");
    // Knex itself and not npx, so that the signal reaches whoever holds the lock.
    let mut latest = shop.project.command("node", &["node_modules/.bin/knex", "migrate:latest"]);
    let mut latest = Guarded::start(latest.stdout(Stdio::null()).stderr(Stdio::null()), Signal::SIGKILL, None);
    // Of this database alone: pg_locks shows the whole server, and other tests wait for the same key.
    let half_done = "SELECT 1 FROM pg_locks JOIN pg_database ON oid = database \
                     WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted";
    eventually("it waits", LIMIT, async || shop.project.database.value(half_done).await).await;
    latest.signal(Signal::SIGKILL);
    assert!(latest.ends_within(LIMIT).is_some());
    drop(holder);
    // Knex itself cannot tell either: it refuses.
    let checked = shop.check(1);
    assert!(checked.contains("migrating    release"), "{checked}");
    assert!(shop.knex(&["migrate:latest"], 1).contains("already locked"));
    shop.knex(&["migrate:unlock"], 0);
    let checked = shop.check(1);
    assert!(checked.contains("broken       release"), "{checked}");
}

#[tokio::test]
async fn init_finds_the_migrations_and_what_it_writes_passes_check() {
    let shop = Shop::new().await;
    let said = shop.project.schemagate(&["init"]).expect(0).stdout;
    assert!(said.contains("2 migrations of Knex"), "{said}");
    shop.project.schemagate(&["check"]).expect(0);
    shop.project.schemagate(&["check", "--database"]).expect(1);
    shop.knex(&["migrate:latest"], 0);
    shop.project.schemagate(&["check", "--database"]).expect(0);
}
