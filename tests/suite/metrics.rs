//! What `/metrics` tells, and what it costs nobody.

use std::time::Duration;

use crate::house::{Cluster, Database, Echo, Gateway, Run, free_port};

const SLACK: Duration = Duration::from_secs(10);

async fn house(more_servers: &str, refresh: &str) -> (Database, Echo, Gateway) {
    let database = Cluster::shared().database().await;
    database.execute("CREATE TABLE orders (id int)").await;
    let echo = Echo::start().await;
    let gateway = Gateway::start(&format!(
        r#"
        [databases.main]
        url = "{}"
        refresh = "{refresh}"
        [upstreams.api]
        servers = ["{}"{more_servers}]
        [requirements.orders]
        tables = ["orders"]
        [[routes]]
        name = "orders"
        path = "/orders/*"
        needs = ["orders"]
        [[routes]]
        name = "all"
        path = "/*"
        "#,
        database.watcher_url(),
        echo.address(),
    ))
    .await;
    (database, echo, gateway)
}

/// The value of one series.
async fn value(gateway: &Gateway, series: &str) -> Option<f64> {
    let metrics = gateway.metrics().await;
    metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

#[tokio::test]
async fn a_request_is_timed_by_its_route_and_by_who_answered() {
    let (database, _echo, gateway) = house("", "100ms").await;
    gateway.client().get("/orders/1").await.expect(200);
    gateway
        .counts(|line| line == r#"schemagate_request_duration_seconds_count{answered_by="upstream",route="orders"} 1"#)
        .await;
    database.execute("DROP TABLE orders").await;
    gateway.verdict_becomes("orders", "broken", SLACK).await;
    gateway.client().get("/orders/1").await.expect(503);
    gateway
        .counts(|line| {
            line == r#"schemagate_request_duration_seconds_count{answered_by="schemagate",route="orders"} 1"#
        })
        .await;
    gateway.counts(|line| line == r#"schemagate_responses_total{route="orders",status="5xx"} 1"#).await;
}

#[tokio::test]
async fn a_change_that_the_database_tells_of_is_timed_from_the_telling() {
    let (database, _echo, gateway) = house("", "20s").await;
    let sql = Run::of(&std::env::temp_dir(), &["trigger-sql"]).expect(0).stdout;
    database.execute(&sql).await;
    database.execute("DROP TABLE orders").await;
    gateway.verdict_becomes("orders", "broken", SLACK).await;
    gateway.counts(|line| line == r#"schemagate_detection_delay_seconds_count{database="main"} 1"#).await;
    let sum = value(&gateway, r#"schemagate_detection_delay_seconds_sum{database="main"}"#).await.expect("a sum");
    assert!(sum > 0.0 && sum < SLACK.as_secs_f64(), "{sum}");
}

#[tokio::test]
async fn a_server_that_is_away_is_down_and_the_other_one_is_up() {
    let away = free_port();
    let (_database, echo, gateway) = house(&format!(", \"127.0.0.1:{away}\""), "1s").await;
    for _ in 0..4 {
        gateway.client().get("/").await.expect(200);
    }
    let up = |server: &str| format!("schemagate_upstream_server_up{{server=\"{server}\",upstream=\"api\"}}");
    assert_eq!(value(&gateway, &up(&echo.address())).await, Some(1.0));
    assert_eq!(value(&gateway, &up(&format!("127.0.0.1:{away}"))).await, Some(0.0));
    let failures = value(&gateway, r#"schemagate_upstream_connect_failures_total{upstream="api"}"#).await;
    assert!(failures.is_some_and(|failures| failures >= 1.0), "{failures:?}");
}

#[tokio::test]
async fn the_age_of_what_is_known_grows_while_the_database_is_not_looked_at() {
    let (_database, _echo, gateway) = house("", "20s").await;
    let age = async || value(&gateway, r#"schemagate_snapshot_age_seconds{database="main"}"#).await.expect("an age");
    let (first, second) = (age().await, age().await);
    assert!(first > 0.0 && second > first && second < SLACK.as_secs_f64(), "{first} {second}");
}

#[tokio::test]
async fn the_program_tells_its_version_its_configuration_and_what_it_takes() {
    let (_database, _echo, gateway) = house("", "1s").await;
    let metrics = gateway.metrics().await;
    let has = |start: &str| metrics.lines().any(|line| line.starts_with(start));
    assert!(has(&format!("schemagate_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"))), "{metrics}");
    assert!(has("schemagate_config_info{sha256=\""), "{metrics}");
    assert!(has("process_resident_memory_bytes ") && has("process_open_fds "), "{metrics}");
}
