//! Behind PgBouncer in transaction mode: it still polls, and leaves nothing behind.

use std::time::Duration;

use crate::house::{Cluster, Echo, Gateway, PgBouncer, eventually, value};

const LIMIT: Duration = Duration::from_secs(15);
/// What a leaked setting would change for the application's next transaction.
const SETTINGS: [&str; 8] = [
    "search_path",
    "statement_timeout",
    "lock_timeout",
    "transaction_read_only",
    "default_transaction_read_only",
    "application_name",
    "extra_float_digits",
    "DateStyle",
];

async fn settings(client: &tokio_postgres::Client) -> Vec<Option<String>> {
    let mut found = Vec::new();
    for setting in SETTINGS {
        found.push(value(client, &format!("SHOW {setting}")).await);
    }
    found
}

fn config(url: &str, echo: &Echo, more: &str) -> String {
    format!(
        r#"
        [databases.main]
        url = "{url}"
        refresh = "100ms"
        {more}
        [upstreams.api]
        servers = ["{}"]
        [requirements.totals]
        tables = ["totals"]
        [[routes]]
        path = "/*"
        needs = ["totals"]
        "#,
        echo.address()
    )
}

#[tokio::test]
async fn through_a_transaction_pooler_it_polls_and_leaves_nothing_behind() {
    let database = Cluster::shared().database().await;
    let echo = Echo::start().await;
    let bouncer = PgBouncer::start(&database).await;
    // The one server connection, before schemagate ever used it.
    let fresh = settings(&bouncer.connect().await).await;

    let gateway = Gateway::start(&config(&bouncer.url(), &echo, "")).await;
    let client = gateway.client();
    let app = bouncer.connect().await;
    for _ in 0..5 {
        database.execute("CREATE TABLE totals (n int)").await;
        gateway.verdict_becomes("totals", "ready", LIMIT).await;
        client.get("/").await.expect(200);
        assert_eq!(settings(&app).await, fresh, "a setting stuck to the pooled session");
        database.execute("DROP TABLE totals").await;
        gateway.verdict_becomes("totals", "broken", LIMIT).await;
        client.get("/").await.expect(503);
        assert_eq!(settings(&bouncer.connect().await).await, fresh, "a setting stuck to the pooled session");
    }
    for (what, sql) in [
        ("named statements", "SELECT count(*) FROM pg_prepared_statements"),
        ("LISTEN", "SELECT count(*) FROM pg_listening_channels()"),
        ("cursors", "SELECT count(*) FROM pg_cursors WHERE name <> ''"),
        ("temporary tables", "SELECT count(*) FROM pg_class WHERE relpersistence = 't'"),
    ] {
        assert_eq!(value(&app, sql).await.as_deref(), Some("0"), "{what} stuck to the pooled session");
    }
}

#[tokio::test]
async fn schemagate_does_not_keep_the_pools_only_connection_from_the_application() {
    let database = Cluster::shared().database().await;
    let echo = Echo::start().await;
    let bouncer = PgBouncer::start(&database).await;
    let _gateway = Gateway::start(&config(&bouncer.url(), &echo, "")).await;
    let app = bouncer.connect().await;
    for _ in 0..200 {
        // Whoever kept the connection would keep it for good.
        let query = tokio::time::timeout(LIMIT, app.simple_query("SELECT 1"));
        query.await.expect("a transaction at a time").expect("a row");
    }
}

#[tokio::test]
async fn a_direct_url_past_the_pooler_brings_notifications() {
    let database = Cluster::shared().database().await;
    let echo = Echo::start().await;
    let bouncer = PgBouncer::start(&database).await;
    let direct = format!("direct_url = \"{}\"", database.watcher_url());
    // So seldom a poll cannot be what sees the change.
    let config = config(&bouncer.url(), &echo, &format!("{direct}\nmax_age = \"5m\"")).replace("100ms", "1m");
    let gateway = Gateway::start(&config).await;
    assert_eq!(gateway.verdict("totals").await, "broken");
    crate::house::install_trigger(&database).await;
    eventually("a notification arrives", LIMIT, async || {
        database.execute("CREATE TABLE probe (); DROP TABLE probe").await;
        gateway.metrics().await.contains("schemagate_notifications_total{database=\"main\"}").then_some(())
    })
    .await;
    database.execute("CREATE TABLE totals (n int)").await;
    gateway.verdict_becomes("totals", "ready", LIMIT).await;
}
