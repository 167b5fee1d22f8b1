//! The admin page of a table that is not there yet (Express, Prisma, Cloud Run): the rows that
//! are answered with a refusal.

use std::time::Duration;

use http::Method;

use crate::house::{Backend, Client, Cluster, Database, Gateway};

const LIMIT: Duration = Duration::from_secs(5);

/// `20251115170000_admin_control_panel`.
const TYPES: &str = r#"
    CREATE TYPE "AdminBackupType" AS ENUM ('FULL', 'INCREMENTAL');
    CREATE TYPE "AdminBackupStatus" AS ENUM ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED');
"#;
const TABLES: &str = r#"
    CREATE TABLE "AdminBackupJob" ("id" serial PRIMARY KEY, "type" "AdminBackupType" NOT NULL,
                                   "status" "AdminBackupStatus" NOT NULL);
    CREATE TABLE "ServiceApiKey" ("id" serial PRIMARY KEY, "hash" text NOT NULL);
"#;

struct Biohax {
    database: Database,
    backend: Backend,
    gateway: Gateway,
    client: Client,
}

impl Biohax {
    async fn before_the_migration() -> Self {
        let database = Cluster::shared().database().await;
        let backend = Backend::start(&database).await;
        let gateway = Gateway::start(&format!(
            r#"
            [databases.main]
            url = "{database}"
            refresh = "200ms"
            [upstreams.api]
            servers = ["{backend}"]
            [requirements.backups]
            tables = ["AdminBackupJob", "ServiceApiKey"]
            columns = {{ AdminBackupJob = ["id", "type AdminBackupType", "status AdminBackupStatus not null"] }}
            enums = {{ AdminBackupType = ["FULL", "INCREMENTAL"],
                       AdminBackupStatus = ["QUEUED", "RUNNING", "SUCCEEDED", "FAILED"] }}
            [[routes]]
            path = "/admin/backups/*"
            needs = ["backups"]
            on_broken = {{ block = {{ code = "BACKUPS_NOT_READY" }} }}
            [[routes]]
            path = "/admin/backups/settings"
            [[routes]]
            path = "/*"
            "#,
            database = database.watcher_url(),
            backend = backend.address(),
        ))
        .await;
        let client = gateway.client();
        Self { database, backend, gateway, client }
    }

    async fn refuses_every_write(&self) {
        for (method, path) in [
            (Method::POST, "/admin/backups"),
            (Method::DELETE, "/admin/backups/1"),
            (Method::POST, "/admin/backups/1/restore"),
        ] {
            let answer = self.client.fetch(method, path).await.expect(503);
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert_eq!(answer.json()["code"], "BACKUPS_NOT_READY");
        }
        let settings = self.client.get("/admin/backups/settings").await.expect(200);
        assert_eq!(settings.json()["schedule"], "daily");
    }

    /// Waits for the verdict after the last change, whatever it was before it.
    async fn stays_broken(&self, finding: &str) {
        crate::house::eventually(finding, LIMIT, async || {
            let snapshot = self.gateway.admin().get("/api/v1/snapshot").await.expect(200);
            snapshot.text().contains(finding).then_some(())
        })
        .await;
        assert_eq!(self.gateway.verdict("backups").await, "broken");
    }
}

#[tokio::test]
async fn writes_below_backups_are_refused_with_their_code_and_settings_pass() {
    let house = Biohax::before_the_migration().await;
    house.refuses_every_write().await;
    let asked = house.backend.requests();
    assert!(asked.iter().all(|line| line == "GET /admin/backups/settings 200"), "{asked:?}");
}

#[tokio::test]
async fn both_missing_tables_are_named_in_the_log() {
    let house = Biohax::before_the_migration().await;
    for table in ["AdminBackupJob", "ServiceApiKey"] {
        house.gateway.logged(table).await;
    }
}

#[tokio::test]
async fn an_unquoted_create_makes_another_table() {
    let house = Biohax::before_the_migration().await;
    house.database.execute(TYPES).await;
    house.database.execute(&TABLES.replace("\"AdminBackupJob\"", "AdminBackupJob")).await;
    house.stays_broken("AdminBackupJob").await;
    house.refuses_every_write().await;
}

#[tokio::test]
async fn a_missing_enum_value_keeps_it_closed_and_adding_it_opens() {
    let house = Biohax::before_the_migration().await;
    house.database.execute(&TYPES.replace(", 'FAILED'", "")).await;
    house.database.execute(TABLES).await;
    house.stays_broken("FAILED").await;
    house.refuses_every_write().await;

    house.database.execute(r#"ALTER TYPE "AdminBackupStatus" ADD VALUE 'FAILED'"#).await;
    house.gateway.verdict_becomes("backups", "ready", LIMIT).await;
    house.client.fetch(Method::POST, "/admin/backups").await.expect(202);
}

#[tokio::test]
async fn a_column_of_text_instead_of_the_enum_keeps_it_closed() {
    let house = Biohax::before_the_migration().await;
    house.database.execute(TYPES).await;
    house.database.execute(&TABLES.replace("\"AdminBackupStatus\" NOT NULL", "text NOT NULL")).await;
    house.stays_broken("AdminBackupJob.status").await;
    house.refuses_every_write().await;
}

#[tokio::test]
async fn after_the_migration_backups_work_byte_for_byte() {
    let house = Biohax::before_the_migration().await;
    house.refuses_every_write().await;
    house.database.execute(&format!("{TYPES}{TABLES}")).await;
    house.gateway.verdict_becomes("backups", "ready", LIMIT).await;
    house.client.fetch(Method::POST, "/admin/backups").await.expect(202);
    house.client.fetch(Method::POST, "/admin/backups/1/restore").await.expect(202);
    let straight = Client::new(house.backend.port()).get("/admin/backups").await.expect(200);
    let through = house.client.get("/admin/backups").await.expect(200);
    assert_eq!(through.body, straight.body);
    assert_eq!(through.json()[0]["status"], "RUNNING");
    house.client.fetch(Method::DELETE, "/admin/backups/1").await.expect(204);
}
