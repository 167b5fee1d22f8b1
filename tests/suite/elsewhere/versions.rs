//! A release goes live when its migration is done, and goes back when its schema does.

use super::*;

const NEWER: &str = "ALTER TABLE orders ADD COLUMN total int";
const OLDER: &str = "ALTER TABLE orders DROP COLUMN total";

struct Release {
    database: Database,
    /// The newest first; the last one is the route's own.
    upstreams: [Echo; 3],
    gateway: Gateway,
    client: Client,
}

impl Release {
    async fn open(lines: &str, mode: &str) -> Self {
        Self::open_on(Cluster::shared().database().await, lines, mode).await
    }

    async fn open_on(database: Database, lines: &str, mode: &str) -> Self {
        database.execute(MEND).await;
        let upstreams = [Echo::start().await, Echo::start().await, Echo::start().await];
        let [third, second, first] = upstreams.each_ref().map(Echo::address);
        let gateway = Gateway::start(&format!(
            r#"
            [databases.main]
            url = "{url}"
            {lines}
            [upstreams.third]
            servers = ["{third}"]
            [upstreams.second]
            servers = ["{second}"]
            [upstreams.first]
            servers = ["{first}"]
            [requirements.v1]
            tables = ["orders"]
            [requirements.v2]
            columns = {{ orders = ["total"] }}
            [requirements.v3]
            columns = {{ orders = ["total", "note"] }}
            [[routes]]
            name = "orders"
            path = "/*"
            upstream = "first"
            needs = ["v1"]
            {mode}
            on_broken = {{ block = {{ code = "NOT_NOW" }} }}
            [[routes.versions]]
            upstream = "third"
            needs = ["v3"]
            [[routes.versions]]
            upstream = "second"
            needs = ["v2"]
            "#,
            url = database.watcher_url(),
        ))
        .await;
        gateway.verdict_becomes("v1", "ready", LIMIT).await;
        Self { database, upstreams, client: gateway.client(), gateway }
    }

    /// Which upstream a read is answered by now: 1, 2 or 3; 0 for none.
    async fn answers(&self) -> usize {
        let before = self.upstreams.each_ref().map(Echo::requests);
        let answer = self.client.get("/orders").await;
        let after = self.upstreams.each_ref().map(Echo::requests);
        let found = before.iter().zip(after).position(|(before, after)| after > *before);
        assert_eq!(answer.status == 200, found.is_some(), "{answer:?}");
        assert_eq!(answer.header("schemagate-degraded"), "");
        found.map_or(0, |place| 3 - place)
    }

    async fn is_answered_by(&self, version: usize) {
        eventually(&format!("release {version}"), LIMIT, async || (self.answers().await == version).then_some(()))
            .await;
    }
}

#[tokio::test]
async fn a_release_goes_live_by_itself_when_its_migration_is_done_and_back_when_it_is_undone() {
    let release = Release::open("refresh = \"100ms\"", "").await;
    assert_eq!(release.answers().await, 1);
    for (change, version) in [
        (NEWER, 2),
        ("ALTER TABLE orders ADD COLUMN note text", 3),
        (OLDER, 1),
        (NEWER, 3),
        ("ALTER TABLE orders DROP COLUMN note", 2),
        // Without all that it needs none is used, and the route's own action is due.
        (BREAK, 0),
        (MEND, 1),
    ] {
        release.database.execute(change).await;
        release.is_answered_by(version).await;
    }
    let log = release.gateway.log();
    assert!(log.contains("\"reason\":\"version\",\"upstream\":\"third\""), "{log}");
    let routes = release.gateway.admin().get("/api/v1/snapshot").await.expect(200).json();
    assert_eq!(routes["routes"][0]["upstream"], "first", "{routes}");
    release.gateway.counts(|line| line.contains("reason=\"version\"") && line.contains("route=\"orders\"")).await;
}

#[tokio::test]
async fn a_read_that_the_new_release_fails_goes_to_the_one_before_and_a_write_is_refused() {
    for (method, path, status) in
        [(Method::GET, "/status/500", 500), (Method::POST, "/status/500", 503), (Method::GET, "/close", 502)]
    {
        let release = Release::open("refresh = \"20s\"\nnotify = \"never\"", "").await;
        release.database.execute(NEWER).await;
        // A failure makes it look; the read is sent to where it belongs by then.
        release.client.get("/status/500").await.expect(500);
        assert_eq!(release.upstreams.each_ref().map(Echo::requests), [0, 1, 1]);
        release.database.execute(OLDER).await;
        let answer = release.client.fetch(method.clone(), path).await;
        assert_eq!(answer.status, status, "{answer:?}");
        let asked = release.upstreams.each_ref().map(Echo::requests);
        // A kept connection that breaks lets a read be tried on a new one first.
        assert!(asked[1] == 2 || (asked[1] == 3 && path == "/close"), "{method} {path}: {asked:?}");
        assert_eq!((asked[0], asked[2]), (0, if method == Method::GET { 2 } else { 1 }), "{method} {path}");
        if status == 503 {
            assert_eq!(answer.json()["code"], "NOT_NOW");
        }
        assert_eq!(release.answers().await, 1);
    }
}

#[tokio::test]
async fn a_release_stays_while_the_database_is_away() {
    let cluster = Cluster::start();
    let release = Release::open_on(cluster.database().await, "refresh = \"200ms\"\nmax_age = \"3s\"", "").await;
    release.database.execute(NEWER).await;
    release.is_answered_by(2).await;
    cluster.stop();
    release.gateway.verdict_becomes("v2", "unknown", LIMIT).await;
    assert_eq!(release.answers().await, 2);
    cluster.run();
    release.gateway.verdict_becomes("v2", "ready", LIMIT).await;
    assert_eq!(release.answers().await, 2);
}

#[tokio::test]
async fn observe_mode_stays_with_the_routes_own_upstream_and_says_so() {
    let release = Release::open("refresh = \"100ms\"", "mode = \"observe\"").await;
    release.database.execute(NEWER).await;
    release.gateway.verdict_becomes("v2", "ready", LIMIT).await;
    assert_eq!(release.answers().await, 1);
    let line = release.gateway.logged("\"reason\":\"version\"").await;
    assert!(line.contains("\"observed\":true") && line.contains("\"upstream\":\"first\""), "{line}");
}
