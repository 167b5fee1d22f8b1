//! A database that may fall asleep: while no requests come it is looked at less often.

use std::time::Duration;

use crate::house::{Cluster, Echo, Gateway, eventually, holds_for};

const LIMIT: Duration = Duration::from_secs(15);

#[tokio::test]
async fn an_idle_database_is_left_alone_and_the_next_request_brings_a_look() {
    let database = Cluster::shared().database().await;
    let echo = Echo::start().await;
    let gateway = Gateway::start(&format!(
        r#"
        [databases.main]
        url = "{}"
        refresh = "100ms"
        max_age = "5m"
        notify = "never"
        idle = {{ after = "1s", refresh = "1m" }}
        [upstreams.api]
        servers = ["{}"]
        [requirements.it]
        tables = ["t"]
        [[routes]]
        path = "/*"
        needs = ["it"]
        "#,
        database.watcher_url(),
        echo.address()
    ))
    .await;
    let client = gateway.client();
    let looks = async || {
        let metrics = gateway.metrics().await;
        let line = metrics.lines().find_map(|line| {
            line.strip_prefix("schemagate_look_duration_seconds_count{database=\"main\"} ")?.parse::<u64>().ok()
        });
        line.expect("looks are counted")
    };
    client.get("/").await.expect(503);
    let before = looks().await;
    eventually("it is looked at while requests come", LIMIT, async || (looks().await > before + 2).then_some(())).await;

    // No request from here on: the looks end.
    let mut last = looks().await;
    eventually("it is left alone", LIMIT, async || {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = looks().await;
        let rests = now == last;
        last = now;
        rests.then_some(())
    })
    .await;
    database.execute("CREATE TABLE t (id int)").await;
    holds_for("it is left alone", Duration::from_millis(800), async || looks().await == last).await;

    client.get("/").await.expect(503);
    eventually("the request brought a look", Duration::from_secs(2), async || {
        (client.get("/").await.status == 200).then_some(())
    })
    .await;
}
