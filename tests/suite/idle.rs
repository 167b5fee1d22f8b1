//! While no requests come, a database is looked at less often, and nothing wakes the process without need.

use std::time::Duration;

use nix::unistd::Pid;

use crate::house::{Cluster, Echo, Gateway, eventually, holds_for, of_threads};

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
    client.get("/").await.expect(503);
    let before = gateway.looks().await;
    eventually("it is looked at while requests come", LIMIT, async || {
        client.get("/").await.expect(503);
        (gateway.looks().await > before + 2).then_some(())
    })
    .await;

    // No request from here on: the looks end.
    let mut last = gateway.looks().await;
    eventually("it is left alone", LIMIT, async || {
        // For longer than it takes to be idle, so that a pause of the machine's is not taken for the end of it.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let now = gateway.looks().await;
        let rests = now == last;
        last = now;
        rests.then_some(())
    })
    .await;
    database.execute("CREATE TABLE t (id int)").await;
    holds_for("it is left alone", Duration::from_millis(800), async || gateway.looks().await == last).await;

    client.get("/").await.expect(503);
    eventually("the request brought a look", LIMIT, async || (client.get("/").await.status == 200).then_some(())).await;
}

/// How often the threads of a process have gone to sleep by themselves.
fn sleeps(pid: Pid) -> u64 {
    let of_thread = |status: &str| {
        status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?.trim().parse().ok()
    };
    of_threads(pid, "status", of_thread)
}

#[tokio::test]
async fn nothing_wakes_a_process_that_has_nothing_to_do() {
    let echo = Echo::start().await;
    let gateway =
        Gateway::start(&format!("[upstreams.api]\nservers = [\"{}\"]\n[[routes]]\npath = \"/*\"", echo.address()))
            .await;
    // From the first connection on there are timers: silence, and that of the backend's.
    let client = gateway.client();
    client.get("/").await.expect(200);
    eventually("it sleeps", LIMIT, async || {
        let before = sleeps(gateway.pid());
        tokio::time::sleep(Duration::from_secs(2)).await;
        // It is some thirty of them; a clock that ticks would make it 200 more.
        (sleeps(gateway.pid()) - before < 120).then_some(())
    })
    .await;
}
