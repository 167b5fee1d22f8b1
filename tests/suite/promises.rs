//! What is promised, a test each: DESIGN has the promises, and the README says them to users. Other rooms go deeper.

use std::time::Duration;

use http::Method;

use crate::answers::Closed;
use crate::faults::Shop;
use crate::house::{Answer, Client, Cluster, Echo, Gateway, eventually, turn};
use crate::{detection, recheck};

const LIMIT: Duration = Duration::from_secs(15);

#[tokio::test]
async fn no_leaked_500() {
    let house = recheck::house("5s").await;
    house.client.get("/api/customers").await.expect(200);
    house.database.execute(recheck::BREAK).await;
    recheck::is_refused(&house.client.get("/api/customers").await, "CUSTOMERS_NOT_READY");
    assert_eq!(house.leaked(), 1, "the backend said 500 once: {:?}", house.backend.requests());
    assert_eq!(house.rechecks("customers", "turned").await, 1);
    // From now on by memory.
    recheck::is_refused(&house.client.get("/api/customers").await, "CUSTOMERS_NOT_READY");
    assert_eq!(house.leaked(), 1);
    let line = house.gateway.logged("schemagate::recheck").await;
    assert!(line.contains("INFO") && line.contains("\"upstream_failure\":\"500\""), "{line}");
    let line = house.gateway.logged("\"rechecked\":true").await;
    assert!(line.contains("\"upstream_status\":500") && line.contains("\"status\":503"), "{line}");
}

/// Breaking one table touches only the routes that need it, and breaking one tenant's schema only that tenant.
#[tokio::test]
async fn no_needless_refusal() {
    let database = Cluster::shared().database().await;
    let tenants =
        "CREATE SCHEMA one; CREATE TABLE one.messages (id int); CREATE SCHEMA two; CREATE TABLE two.messages (id int);";
    database.execute(&format!("CREATE TABLE orders (id int); CREATE TABLE invoices (id int); {tenants}")).await;
    let echo = Echo::start().await;
    let gateway = Gateway::start(&format!(
        r#"
        [databases.main]
        url = "{}"
        refresh = "100ms"
        [upstreams.api]
        servers = ["{}"]
        [tenants]
        header = "X-Tenant"
        schema = "{{tenant}}"
        [requirements.orders]
        tables = ["public.orders"]
        [requirements.invoices]
        tables = ["public.invoices"]
        [requirements.messages]
        per_tenant = true
        tables = ["messages"]
        [[routes]]
        path = "/orders/*"
        needs = ["orders"]
        [[routes]]
        path = "/invoices/*"
        needs = ["invoices"]
        [[routes]]
        path = "/messages/*"
        needs = ["messages"]
        "#,
        database.watcher_url(),
        echo.address()
    ))
    .await;
    let client = gateway.client();
    let status = async |path: &str, tenant: &str| {
        let request = client.request(Method::GET, path);
        let request = if tenant.is_empty() { request } else { request.header("x-tenant", tenant) };
        Answer::to(request).await.status
    };
    let all = async || {
        [
            status("/orders", "").await,
            status("/invoices", "").await,
            status("/messages", "one").await,
            status("/messages", "two").await,
        ]
    };
    assert_eq!(all().await, [200; 4]);
    for (breaks, mends, touched) in [
        ("DROP TABLE orders", "CREATE TABLE orders (id int)", 0),
        ("DROP TABLE one.messages", "CREATE TABLE one.messages (id int)", 2),
    ] {
        for (sql, wanted) in [(breaks, 503), (mends, 200)] {
            database.execute(sql).await;
            eventually(sql, LIMIT, async || {
                let now = all().await;
                for (other, status) in now.iter().enumerate().filter(|(other, _)| *other != touched) {
                    assert_eq!(*status, 200, "{sql}: the {other}th of {now:?} needs nothing of it");
                }
                (now[touched] == wanted).then_some(())
            })
            .await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fast_both_ways() {
    let _turn = turn().await;
    let (database, _echo, gateway) = detection::house("auto").await;
    crate::house::install_trigger(&database).await;
    let client = gateway.client();
    // Once LISTEN stands, a notification is counted.
    eventually("a notification arrives", LIMIT, async || {
        database.execute("CREATE TABLE probe (); DROP TABLE probe").await;
        let metrics = gateway.metrics().await;
        metrics.contains("schemagate_notifications_total{database=\"main\"}").then_some(())
    })
    .await;
    client.get("/orders/1").await.expect(200);
    detection::every_change_is_seen("notification", &database, &gateway, detection::T_NOTIFIED).await;
}

/// With the database frozen, thousands of requests are decided at once, and not one of them asked for a look.
#[tokio::test]
async fn no_database_work_on_a_request() {
    let shop = Shop::open().await;
    shop.cluster.pause();
    // A look may have been under way.
    let before = eventually("no look ends any more", LIMIT, async || {
        let first = shop.gateway.looks().await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        (shop.gateway.looks().await == first).then_some(first)
    })
    .await;
    for _ in 0..500 {
        assert_eq!((shop.status("/ready").await, shop.status("/open").await), (200, 200));
    }
    assert_eq!(shop.gateway.looks().await, before);
    shop.cluster.resume();
}

/// The database stopped: traffic flows by the last verdict, then by `on_unknown`, and all comes back by itself. And no
/// look holds a lock that a migration would wait for.
#[tokio::test]
async fn never_in_the_way() {
    let shop = Shop::open().await;
    shop.cluster.stop();
    shop.stands_until_max_age_and_is_then_unknown().await;
    shop.cluster.run();
    shop.recovers_without_a_restart().await;
    let migration = shop.database.connect().await;
    migration.batch_execute("SET lock_timeout = '100ms'").await.expect("a setting");
    for _ in 0..40 {
        migration
            .batch_execute("ALTER TABLE there ADD COLUMN n int; ALTER TABLE there DROP COLUMN n")
            .await
            .expect("no look holds a lock that blocks DDL");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A transition is logged once, refusals and requests that fail open are counted and logged, and a bypass warns.
#[tokio::test]
async fn loud() {
    let shop = Shop::open().await;
    let counts = |lines: &str| shop.gateway.log().lines().filter(|line| line.contains(lines)).count();
    for _ in 0..20 {
        assert_eq!(shop.status("/broken").await, 503);
    }
    shop.gateway.counts(|line| line.starts_with("schemagate_requests_total{") && line.contains("block")).await;
    shop.gateway.logged("table absent is missing").await;
    assert_eq!(counts("table absent is missing"), 1, "once a change, however many requests and looks");

    let bypass = ["bypass", "on", "--skips", "needs", "--reason", "a false alarm"];
    shop.gateway.run(&bypass).expect(0);
    assert_eq!(shop.status("/broken").await, 200);
    shop.gateway.logged("schemagate::bypass").await;
    shop.gateway.counts(|line| line.starts_with("schemagate_bypassed_requests_total{")).await;
    shop.gateway.run(&["bypass", "off", "--all"]).expect(0);

    shop.cluster.stop();
    eventually("it fails open", LIMIT, async || (shop.status("/broken").await == 200).then_some(())).await;
    shop.gateway.counts(|line| line.starts_with("schemagate_fail_opens_total{")).await;
    shop.gateway.logged("unknown").await;
    let seen = shop.gateway.admin().get("/health/migrations").await;
    assert!(seen.text().contains("unknown"), "{seen:?}");
}

/// No answer to a client names a table or a command, in whatever form it comes; operators see them all.
#[tokio::test]
async fn nothing_leaks() {
    let house = Closed::open().await;
    let http2 = Client::http2(house.gateway.port());
    for path in
        ["/blocked/1", "/coded/1", "/reads/1", "/fixed", "/health/migrations", "/health/migrations?strict", "/nowhere"]
    {
        for (name, value) in [
            ("accept", "text/html"),
            ("accept", "application/json"),
            ("accept", "text/plain"),
            ("accept-language", "fr"),
            ("content-type", "application/grpc"),
            ("origin", "https://a.test"),
        ] {
            for client in [&house.client, &http2] {
                for method in [Method::GET, Method::POST, Method::OPTIONS] {
                    let answer = Answer::to(client.request(method, path).header(name, value)).await;
                    let told = format!("{:?}{}", answer.headers, String::from_utf8_lossy(&answer.body)).to_lowercase();
                    for word in ["secret", "table", "column", "sqlite", ".db"] {
                        assert!(!told.contains(word), "{path} with {name}: {value} says {word}: {told}");
                    }
                }
            }
        }
    }
    let operators = house.gateway.admin().get("/health/migrations").await;
    let seen = operators.text();
    assert!(seen.contains("secret_table") && seen.contains("secret command"), "{seen}");
}
