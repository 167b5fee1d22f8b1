//! What a role may see and do: nothing is needed to watch, and nothing hidden reads as missing.

use std::time::Duration;

use crate::house::{Cluster, Database, Echo, Gateway, Judged, PRISMA_LEDGER, WINDOWS, applied, connect, eventually};

const LIMIT: Duration = Duration::from_secs(15);

async fn database(sql: &str) -> Database {
    let database = Cluster::shared().database().await;
    database.execute(sql).await;
    database
}

/// Judges as the application's role, or of another one by `role`.
fn judged(database: &Database, lines: &str, requirement: &str) -> Judged {
    Judged::with(&format!("url = \"{}\"\n{lines}", database.watcher_url()), requirement)
}

#[tokio::test]
async fn a_table_in_a_schema_that_was_revoked_is_there_all_the_same() {
    let database = database(
        "REVOKE ALL ON SCHEMA public FROM PUBLIC;
         CREATE SCHEMA vault; REVOKE ALL ON SCHEMA vault FROM PUBLIC;
         CREATE TABLE vault.keys (id int, secret text); CREATE TABLE public.t (id int);
         REVOKE ALL ON vault.keys, public.t FROM PUBLIC;",
    )
    .await;
    judged(&database, "", r#"columns = { "vault.keys" = ["secret text"] }"#).is_ready();
    judged(&database, "", r#"tables = ["public.t"]"#).is_ready();
    judged(&database, r#"search_path = ["public"]"#, r#"tables = ["t"]"#).is_ready();
}

#[tokio::test]
async fn an_unqualified_table_is_found_where_the_watcher_may_not_look_itself() {
    let database = database("REVOKE ALL ON SCHEMA public FROM PUBLIC; CREATE TABLE public.t (id int)").await;
    judged(&database, "", r#"tables = ["t"]"#).is_ready();
}

#[tokio::test]
async fn a_missing_privilege_is_a_finding_of_its_own_and_granting_it_mends() {
    let database = database("CREATE TABLE t (id int)").await;
    let needs = r#"privileges = { t = ["SELECT", "INSERT"] }"#;
    let findings = judged(&database, "", needs);
    assert_eq!(findings.findings, ["denied privilege SELECT on t", "denied privilege INSERT on t"]);
    database.execute(&format!("GRANT SELECT ON t TO {}", database.watcher())).await;
    judged(&database, "", needs).is_broken_by("denied privilege INSERT on t");
    database.execute(&format!("GRANT INSERT ON t TO {}", database.watcher())).await;
    judged(&database, "", needs).is_ready();
}

#[tokio::test]
async fn the_applications_role_is_judged_where_it_is_named() {
    let database = database("CREATE TABLE t (id int)").await;
    let app = format!("role_of_{}", database.name());
    database.execute(&format!("CREATE ROLE {app}; GRANT SELECT ON t TO {app}")).await;
    let lines = format!("role = \"{app}\"");
    judged(&database, &lines, r#"privileges = { t = ["SELECT"] }"#).is_ready();
    judged(&database, &lines, r#"privileges = { t = ["DELETE"] }"#).is_broken_by("denied privilege DELETE on t");
    judged(&database, "role = \"nobody_at_all\"", r#"privileges = { t = ["SELECT"] }"#)
        .is_broken_by("denied privilege SELECT on t");
}

#[tokio::test]
async fn a_schema_that_the_role_may_not_use_denies_its_tables() {
    let database =
        database("CREATE SCHEMA vault; CREATE TABLE vault.t (id int); GRANT SELECT ON vault.t TO PUBLIC").await;
    judged(&database, "", r#"privileges = { "vault.t" = ["SELECT"] }"#)
        .is_broken_by("denied privilege SELECT on vault.t");
}

#[tokio::test]
async fn a_privilege_revoked_while_running_closes_the_route() {
    let database = database("CREATE TABLE t (id int); GRANT SELECT ON t TO PUBLIC").await;
    let echo = Echo::start().await;
    let gateway = Gateway::start(&format!(
        r#"
        [databases.main]
        url = "{}"
        refresh = "200ms"
        [upstreams.api]
        servers = ["{}"]
        [requirements.reading]
        privileges = {{ t = ["SELECT"] }}
        [[routes]]
        path = "/t"
        needs = ["reading"]
        "#,
        database.watcher_url(),
        echo.address()
    ))
    .await;
    gateway.client().get("/t").await.expect(200);
    database.execute("REVOKE SELECT ON t FROM PUBLIC").await;
    gateway.verdict_becomes("reading", "broken", LIMIT).await;
    gateway.client().get("/t").await.expect(503);
    database.execute("GRANT SELECT ON t TO PUBLIC").await;
    gateway.verdict_becomes("reading", "ready", LIMIT).await;
    gateway.client().get("/t").await.expect(200);
}

/// The SQL of a part of docs/privileges.md, for a database and a role of the test's own.
fn recommended(part: &str, database: &Database, role: &str) -> String {
    let docs = include_str!("../../docs/privileges.md");
    let (begin, end) = (format!("<!-- {part} -->\n```sql\n"), format!("```\n<!-- /{part} -->"));
    let sql = docs.split_once(&begin).and_then(|(_, rest)| rest.split_once(&end)).expect("the part is there").0;
    sql.replace("schemagate", role).replace("DATABASE app", &format!("DATABASE {}", database.name()))
}

#[tokio::test]
async fn the_recommended_role_sees_all_that_is_required_and_is_told_the_grants_that_it_lacks() {
    let database = database(
        "REVOKE ALL ON SCHEMA public FROM PUBLIC;
         CREATE TYPE mood AS ENUM ('calm', 'stormy');
         CREATE TABLE orders (id int PRIMARY KEY, total numeric(10,2) NOT NULL, mood mood);
         CREATE INDEX orders_total ON orders (total);
         CREATE FUNCTION total_of(int) RETURNS int LANGUAGE sql AS 'SELECT $1';",
    )
    .await;
    database.execute(&format!("REVOKE ALL ON DATABASE {} FROM PUBLIC", database.name())).await;
    database.execute(&format!("{PRISMA_LEDGER}; {WINDOWS}")).await;
    database.execute(&applied(["1_orders"])).await;
    let role = format!("recommended_{}", database.name());
    database.execute(&recommended("role", &database, &role)).await;

    let echo = Echo::start().await;
    let config = format!(
        r#"
        [databases.main]
        url = "{}"
        refresh = "200ms"
        notify = "always"
        [upstreams.api]
        servers = ["{}"]
        [maintenance]
        table = "maintenance_windows"
        [requirements.catalog]
        tables = ["orders"]
        columns = {{ orders = ["total numeric(10,2) not null"] }}
        schemas = ["public"]
        enums = {{ mood = ["calm"] }}
        indexes = ["orders_total"]
        constraints = {{ orders = ["orders_pkey"] }}
        functions = ["total_of(integer)"]
        extensions = ["plpgsql"]
        [requirements.release]
        migrations = {{ tool = "prisma", path = "migrations" }}
        [[routes]]
        path = "/*"
        needs = ["catalog", "release"]
        "#,
        database.url_of(&format!("{role}:change-me")),
        echo.address()
    );
    let folder = tempfile::tempdir().expect("a folder");
    let migration = folder.path().join("migrations/1_orders");
    std::fs::create_dir_all(&migration).expect("a folder");
    std::fs::write(migration.join("migration.sql"), "CREATE TABLE orders (id int);").expect("a file");
    let config = config.replace("\"migrations\"", &format!("\"{}\"", folder.path().join("migrations").display()));
    let gateway = Gateway::start(&config).await;

    gateway.verdict_becomes("catalog", "ready", LIMIT).await;
    assert_eq!(gateway.verdict("release").await, "broken");
    let missing = gateway.admin().get("/health/migrations").await;
    let grant = format!("GRANT SELECT ON \\\"public\\\".\\\"_prisma_migrations\\\" TO \\\"{role}\\\"");
    assert!(String::from_utf8_lossy(&missing.body).contains(&grant), "{missing:?}");
    gateway.logged(&format!("GRANT SELECT ON \\\"public\\\".\\\"maintenance_windows\\\" TO \\\"{role}\\\"")).await;

    database.execute(&recommended("rows", &database, &role)).await;
    gateway.verdict_becomes("release", "ready", LIMIT).await;
    gateway.client().get("/orders").await.expect(200);
    // A row of the app's table is a window from the next look on.
    database
        .execute(
            "INSERT INTO maintenance_windows (id, \"startsAt\", \"endsAt\") VALUES ('w', '2020-01-01', '2099-01-01')",
        )
        .await;
    eventually("writes are kept out", LIMIT, async || {
        let answer = gateway.client().fetch(http::Method::POST, "/orders").await;
        (answer.status == 503).then_some(())
    })
    .await;

    let own = connect(&database.url_of(&format!("{role}:change-me"))).await;
    for forbidden in ["INSERT INTO orders VALUES (1, 1)", "SELECT * FROM orders", "CREATE TABLE public.mine (id int)"] {
        assert!(own.batch_execute(forbidden).await.is_err(), "{forbidden}");
    }
}
