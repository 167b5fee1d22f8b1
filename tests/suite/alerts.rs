//! Operators are told of changes, by webhook.

use std::time::Duration;

use crate::house::{Cluster, Database, Echo, Gateway, Receiver, eventually, free_port};

const CREATE: &str = "CREATE TABLE orders (id int)";
const DROP: &str = "DROP TABLE orders";
const LIMIT: Duration = Duration::from_secs(15);

/// A route that needs a table; `alerts` come after it.
async fn house(alerts: &str) -> (Database, Echo, Gateway) {
    let database = Cluster::shared().database().await;
    database.execute(CREATE).await;
    let echo = Echo::start().await;
    let gateway = Gateway::start(&format!(
        r#"
        [databases.main]
        url = "{database}"
        refresh = "100ms"
        [upstreams.api]
        servers = ["{echo}"]
        [requirements.orders]
        tables = ["orders"]
        mend = "npm run migrate"
        component = "shop"
        [[routes]]
        name = "orders"
        path = "/orders"
        needs = ["orders"]
        [[routes]]
        path = "/*"
        {alerts}
        "#,
        database = database.watcher_url(),
        echo = echo.address(),
    ))
    .await;
    gateway.verdict_becomes("orders", "ready", LIMIT).await;
    (database, echo, gateway)
}

#[tokio::test]
async fn a_break_and_its_mending_are_told_once_each_with_what_mends_it() {
    let receiver = Receiver::start().await;
    let (database, _echo, _gateway) =
        house(&format!("[[alerts]]\nwebhook = \"http://{}/hook\"", receiver.address())).await;
    database.execute(DROP).await;
    let broken = receiver.message(0).await;
    assert_eq!(broken["event"], "broken");
    assert_eq!(broken["status"], "firing");
    assert_eq!(broken["severity"], "error");
    assert_eq!(broken["title"], "orders is broken");
    assert_eq!(broken["findings"][0], "table orders is missing");
    assert_eq!(broken["mend"], "npm run migrate");
    assert_eq!(broken["component"], "shop");
    assert_eq!(broken["routes"][0], "orders");
    database.execute(CREATE).await;
    let mended = receiver.message(1).await;
    assert_eq!(mended["event"], "recovered");
    assert_eq!(mended["status"], "resolved");
    assert_eq!(mended["key"], broken["key"]);
    assert_eq!(receiver.received().len(), 2);
}

#[tokio::test]
async fn each_receiver_is_spoken_to_in_its_own_words() {
    let receiver = Receiver::start().await;
    let at = receiver.address();
    let (database, _echo, _gateway) = house(&format!(
        r#"
        [[alerts]]
        webhook = "http://{at}/slack"
        format = "slack"
        on = ["broken"]
        [[alerts]]
        webhook = "http://{at}/v2/enqueue"
        format = "pagerduty"
        key = "R0UT1NG"
        on = ["broken"]
        [[alerts]]
        webhook = "http://abc@{at}/42"
        format = "sentry"
        on = ["broken"]
        "#
    ))
    .await;
    database.execute(DROP).await;
    eventually("three messages", LIMIT, async || (receiver.received().len() == 3).then_some(())).await;
    let told = receiver.received();
    let of = |part: &str| told.iter().find(|(_, body)| body.contains(part)).expect("it was told").clone();
    let (_, slack) = of("rotating_light");
    assert!(slack.contains("*orders is broken*") && slack.contains("to mend it: `npm run migrate`"), "{slack}");
    let (_, pagerduty) = of("R0UT1NG");
    let pagerduty: serde_json::Value = serde_json::from_str(&pagerduty).expect("JSON");
    assert_eq!(pagerduty["event_action"], "trigger");
    assert_eq!(pagerduty["payload"]["summary"], "orders is broken");
    assert_eq!(pagerduty["payload"]["severity"], "error");
    assert_eq!(pagerduty["payload"]["custom_details"]["findings"][0], "table orders is missing");
    let (headers, envelope) = of("event_id");
    assert!(headers["x-sentry-auth"].to_str().expect("text").contains("sentry_key=abc"), "{headers:?}");
    assert_eq!(headers["content-type"], "application/x-sentry-envelope");
    let lines: Vec<serde_json::Value> =
        envelope.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines[2]["message"]["formatted"], "orders is broken");
    assert_eq!(lines[2]["event_id"], lines[0]["event_id"]);

    // An incident is a state: it is ended though nobody asked to be told of the recovery.
    database.execute(CREATE).await;
    let resolve = receiver.message(3).await;
    assert_eq!((&resolve["event_action"], &resolve["dedup_key"]), (&"resolve".into(), &pagerduty["dedup_key"]));
    assert_eq!(receiver.received().len(), 4);
}

#[tokio::test]
async fn an_action_that_is_taken_three_times_is_told_and_by_itself_no_longer() {
    let receiver = Receiver::start().await;
    let (database, _echo, gateway) = house(&format!(
        "[[alerts]]\nwebhook = \"http://{}/hook\"\n\
         on = [\"recovered\", {{ action = \"block\", count = 3, within = \"8s\" }}]",
        receiver.address()
    ))
    .await;
    database.execute(DROP).await;
    gateway.verdict_becomes("orders", "broken", LIMIT).await;
    for _ in 0..3 {
        gateway.client().get("/orders").await.expect(503);
    }
    let often = receiver.message(0).await;
    assert_eq!(
        (&often["event"], &often["route"], &often["action"]),
        (&"often".into(), &"orders".into(), &"block".into())
    );
    assert_eq!((&often["count"], &often["within_seconds"]), (&3.into(), &8.into()));
    let over = receiver.message(1).await;
    assert_eq!((&over["status"], &over["key"]), (&"resolved".into(), &often["key"]));
}

#[tokio::test]
async fn a_receiver_that_fails_is_told_again_and_one_that_refuses_is_not() {
    let receiver = Receiver::start().await;
    let (database, _echo, gateway) =
        house(&format!("[[alerts]]\nwebhook = \"http://{}/hook\"", receiver.address())).await;
    receiver.answers(&[503, 200, 404]);
    database.execute(DROP).await;
    let first = receiver.message(0).await;
    assert_eq!(receiver.message(1).await, first);
    gateway.counts(|line| line == "schemagate_alerts_total{result=\"delivered\",webhook=\"json-1\"} 1").await;
    database.execute(CREATE).await;
    assert_eq!(receiver.message(2).await["status"], "resolved");
    gateway.counts(|line| line == "schemagate_alerts_total{result=\"refused\",webhook=\"json-1\"} 1").await;
    gateway.logged("given up").await;
    assert_eq!(receiver.received().len(), 3);
}

#[tokio::test]
async fn a_receiver_that_is_away_delays_nothing_and_learns_the_newest_of_it_later() {
    let port = free_port();
    let secret = "s3cr3t";
    let (database, _echo, gateway) =
        house(&format!("[[alerts]]\nwebhook = \"http://127.0.0.1:{port}/{secret}\"")).await;
    database.execute(DROP).await;
    gateway.verdict_becomes("orders", "broken", LIMIT).await;
    let line = gateway.logged("cannot be delivered yet").await;
    assert!(!line.contains(secret) && line.contains("refused"), "{line}");
    gateway.client().get("/orders").await.expect(503);
    gateway.client().get("/").await.expect(200);

    database.execute(CREATE).await;
    gateway.verdict_becomes("orders", "ready", LIMIT).await;
    let receiver = Receiver::start_at(port).await;
    assert_eq!(receiver.message(0).await["status"], "resolved");
    gateway.counts(|line| line == "schemagate_alerts_total{result=\"delivered\",webhook=\"json-1\"} 1").await;
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn a_probe_that_gets_another_answer_than_it_should_is_told_after_two_and_so_is_its_end() {
    let receiver = Receiver::start().await;
    let (database, _echo, gateway) = house(&format!(
        r#"
        [[alerts]]
        webhook = "http://{}/hook"
        on = ["probe", "recovered"]
        [[probes]]
        name = "orders as a client"
        path = "/orders"
        every = "1s"
        headers = {{ Authorization = "Bearer s3cr3t" }}
        "#,
        receiver.address()
    ))
    .await;
    gateway
        .counts(|line| line.starts_with("schemagate_probes_total{probe=\"orders as a client\",result=\"right\"}"))
        .await;
    database.execute(DROP).await;
    let failing = receiver.message(0).await;
    assert_eq!((&failing["event"], &failing["probe"]), (&"failing".into(), &"orders as a client".into()));
    let finding = failing["findings"][0].as_str().expect("a finding");
    assert!(
        finding.starts_with("GET http://127.0.0.1:") && finding.ends_with("gets 503 Service Unavailable"),
        "{finding}"
    );
    // There may have been more of them until here.
    let wrong = "schemagate_probes_total{probe=\"orders as a client\",result=\"wrong\"} ";
    let twice = |line: &str| line.strip_prefix(wrong)?.parse::<u32>().ok().filter(|wrong| *wrong >= 2);
    gateway.counts(|line| twice(line).is_some()).await;
    database.execute(CREATE).await;
    let over = receiver.message(1).await;
    assert_eq!((&over["status"], &over["key"]), (&"resolved".into(), &failing["key"]));
    assert!(!gateway.log().contains("s3cr3t"));
}
