//! Each view of the dashboard.

use std::time::Duration;

use crate::browse;
use crate::house::{Backend, Cluster, Echo, Gateway, eventually, shop};

const LIMIT: Duration = Duration::from_secs(20);

fn view(name: &str, gateway: &Gateway) {
    let url = format!("http://127.0.0.1:{}/status", gateway.admin().port());
    browse("dashboard.mjs", name, &url);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_nothing_required_it_says_so() {
    let echo = Echo::start().await;
    let upstream = format!("[upstreams.api]\nservers = [\"{}\"]\n[[routes]]\npath = \"/*\"\n", echo.address());
    let gateway = Gateway::start(&upstream).await;
    view("empty", &gateway);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_an_outage_it_tells_what_is_broken_whom_it_met_and_what_mends_it() {
    let database = Cluster::shared().database().await;
    database.execute("CREATE TABLE orders (id int); CREATE TABLE invoices (id int)").await;
    let backend = Backend::start(&database).await;
    let gateway = Gateway::start(&format!(
        r#"
        [databases.main]
        url = "{}"
        refresh = "100ms"
        [upstreams.shop]
        servers = ["{}"]
        [requirements.orders]
        tables = ["orders"]
        mend = "npm run migrate"
        component = "checkout"
        [requirements.invoices]
        tables = ["invoices"]
        [[routes]]
        name = "orders"
        path = "/storm/orders"
        needs = ["orders"]
        [[routes]]
        name = "invoices"
        path = "/storm/invoices"
        needs = ["invoices"]
        [[routes]]
        name = "everything else"
        path = "/*"
        "#,
        database.watcher_url(),
        backend.address(),
    ))
    .await;
    gateway.verdict_becomes("orders", "ready", LIMIT).await;
    let client = gateway.client();
    client.get("/storm/invoices").await;
    database.execute("DROP TABLE orders").await;
    gateway.verdict_becomes("orders", "broken", LIMIT).await;
    for _ in 0..5 {
        client.get("/storm/orders").await.expect(503);
    }
    // What no requirement covers is suggested.
    client.get("/storm/not_there").await.expect(500);
    eventually("a suggestion", LIMIT, async || {
        let suggested = gateway.admin().get("/api/v1/suggestions").await.expect(200);
        suggested.text().contains("not_there").then_some(())
    })
    .await;
    view("broken", &gateway);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_operators_ordered_is_shown_and_how_many_wait() {
    let more = "[[routes]]\nname = \"invoices\"\npath = \"/invoices\"\n";
    let (_database, _echo, gateway) = shop("CREATE TABLE orders (id int)", "", more).await;
    gateway.run(&["hold", "on", "orders", "--reason", "a short migration", "--by", "ada"]).expect(0);
    gateway.run(&["bypass", "on", "--route", "invoices", "--reason", "a false alarm", "--by", "grace"]).expect(0);
    gateway
        .run(&["maintenance", "on", "--lasts", "1h", "--host", "shop.example", "--message", "Back at four."])
        .expect(0);
    let client = gateway.client();
    let waiting: Vec<_> = (0..2)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.get("/orders/1").await })
        })
        .collect();
    gateway.counts(|line| line == "schemagate_held_requests{route=\"orders\"} 2").await;
    view("orders", &gateway);
    gateway.run(&["hold", "off", "--all"]).expect(0);
    for request in waiting {
        request.await.expect("it is answered").expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn under_another_name_it_says_what_is_wrong_with_that() {
    let (_database, _echo, gateway) = shop("CREATE TABLE orders (id int)", "", "").await;
    browse("dashboard.mjs", "refused", &format!("http://elsewhere.localhost.:{}/status", gateway.admin().port()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_tenants_are_told_by_number_and_found_by_name() {
    let database = Cluster::start();
    let database = database.database().await;
    // In parts: a transaction holds a lock for every table that it makes.
    for part in 0..10 {
        let fill = format!(
            "DO $$ BEGIN FOR i IN {}..{} LOOP
                 EXECUTE format('CREATE SCHEMA t_%s; GRANT USAGE ON SCHEMA t_%s TO {}', i, i);
                 IF i % 100 <> 0 THEN EXECUTE format('CREATE TABLE t_%s.messages (id int)', i); END IF;
             END LOOP; END $$",
            part * 100 + 1,
            part * 100 + 100,
            database.watcher(),
        );
        database.execute(&fill).await;
    }
    let echo = Echo::start().await;
    let gateway = Gateway::start(&format!(
        r#"
        [databases.main]
        url = "{}"
        [upstreams.api]
        servers = ["{}"]
        [tenants]
        host = "{{tenant}}.example.com"
        schema = "{{tenant}}"
        needs = ["messages"]
        [requirements.messages]
        per_tenant = true
        tables = ["messages"]
        mend = "python manage.py migrate_schemas --schema={{schema}}"
        [[routes]]
        path = "/*"
        "#,
        database.watcher_url(),
        echo.address(),
    ))
    .await;
    gateway.verdict_becomes("messages", "broken", LIMIT).await;
    view("tenants", &gateway);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_token_is_asked_for_it_tells_nothing_before() {
    let echo = Echo::start().await;
    let upstream = format!("[upstreams.api]\nservers = [\"{}\"]\n[[routes]]\npath = \"/*\"\n", echo.address());
    let gateway = Gateway::start_with("", "read_token = \"s3cr3t\"", &upstream).await;
    view("login", &gateway);
    view("logged-in", &gateway);
}
