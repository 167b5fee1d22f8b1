//! Another upstream while a need is unmet, and releases that go live by themselves.

mod versions;

use std::time::Duration;

use http::Method;
use serde_json::Value;

use crate::house::{Answer, Client, Cluster, Database, Echo, Gateway, eventually};

const LIMIT: Duration = Duration::from_secs(15);
const MEND: &str = "CREATE TABLE orders (id int)";
const BREAK: &str = "DROP TABLE orders";

struct Shop {
    database: Database,
    api: Echo,
    previous: Echo,
    gateway: Gateway,
    client: Client,
}

impl Shop {
    /// The table is there; nothing notifies, and the next tick is far.
    async fn open(route: &str) -> Self {
        let database = Cluster::shared().database().await;
        database.execute(MEND).await;
        let (api, previous) = (Echo::start().await, Echo::start().await);
        let gateway = Gateway::start(&format!(
            r#"
            [databases.main]
            url = "{url}"
            refresh = "20s"
            notify = "never"
            [upstreams.api]
            servers = ["{api}"]
            [upstreams.previous]
            servers = ["{previous}"]
            [requirements.orders]
            tables = ["orders"]
            [[routes]]
            name = "orders"
            path = "/*"
            upstream = "api"
            needs = ["orders"]
            {route}
            "#,
            url = database.watcher_url(),
            api = api.address(),
            previous = previous.address(),
        ))
        .await;
        gateway.verdict_becomes("orders", "ready", LIMIT).await;
        Self { database, api, previous, client: gateway.client(), gateway }
    }

    /// The same, where it is known that the table is not there.
    async fn broken(route: &str) -> Self {
        let shop = Self::open(route).await;
        shop.database.execute(BREAK).await;
        // A failure is what makes it look.
        shop.client.fetch(Method::POST, "/status/500").await;
        shop.gateway.verdict_becomes("orders", "broken", LIMIT).await;
        shop
    }

    /// How many requests reached the main upstream, and the previous one.
    fn asked(&self) -> [usize; 2] {
        [self.api.requests(), self.previous.requests()]
    }

    /// The access log's last line on a path.
    async fn line(&self, path: &str) -> Value {
        let path = format!("\"path\":\"{path}\"");
        self.gateway.logged(&path).await;
        let log = self.gateway.log();
        let line = log.lines().rfind(|line| line.contains(&path)).expect("a line");
        serde_json::from_str(line).expect("a line of JSON")
    }
}

const PREVIOUS: &str = "on_broken = { upstream = { name = \"previous\", otherwise = { code = \"NOT_NOW\" } } }";

#[track_caller]
fn is_refused(answer: &Answer) {
    assert_eq!((answer.status, answer.json()["code"].as_str()), (503, Some("NOT_NOW")), "{answer:?}");
}

#[tokio::test]
async fn while_a_need_is_unmet_another_upstream_answers_and_its_answers_are_marked() {
    let shop = Shop::broken(PREVIOUS).await;
    let before = shop.asked();
    for method in [Method::GET, Method::POST, Method::DELETE] {
        let answer = shop.client.fetch(method, "/orders").await.expect(200);
        assert_eq!(answer.header("schemagate-degraded"), "orders");
    }
    shop.client.get("/status/404").await.expect(404);
    assert_eq!(shop.asked(), [before[0], before[1] + 4]);
    let line = shop.line("/orders").await;
    assert_eq!(
        (&line["upstream"], &line["action"], &line["reason"]),
        (&"previous".into(), &"upstream".into(), &"broken".into())
    );
    shop.gateway.counts(|line| line.contains("action=\"upstream\"") && line.ends_with(" 4")).await;
}

#[tokio::test]
async fn neither_a_5xx_nor_the_silence_of_the_other_upstream_is_passed_on() {
    let shop = Shop::broken(PREVIOUS).await;
    for method in [Method::GET, Method::POST] {
        for path in ["/status/500", "/status/503", "/close"] {
            is_refused(&shop.client.fetch(method.clone(), path).await);
        }
    }
    let Shop { previous, client, api: _api, gateway: _gateway, .. } = shop;
    previous.stop();
    is_refused(&client.fetch(Method::GET, "/orders").await);
}

#[tokio::test]
async fn a_read_that_fails_because_of_a_need_just_broken_is_sent_to_the_other_upstream_once() {
    for (path, there) in [("/status/500", 503), ("/close", 503)] {
        let shop = Shop::open(PREVIOUS).await;
        shop.database.execute(BREAK).await;
        let answer = shop.client.get(path).await;
        // There it fails as well, and no third is asked.
        assert_eq!((answer.status, shop.asked()), (there, [1, 1]), "{path}");
        let line = shop.line(path).await;
        assert_eq!((&line["upstream"], &line["rechecked"]), (&"previous".into(), &true.into()), "{line}");
    }
    // A server that is not there at all.
    let Shop { database, api, previous, client, gateway: _gateway } = Shop::open(PREVIOUS).await;
    database.execute(BREAK).await;
    api.stop();
    let answer = client.get("/orders").await.expect(200);
    assert_eq!((answer.header("schemagate-degraded"), previous.requests()), ("orders", 1));
}

#[tokio::test]
async fn a_write_that_fails_because_of_a_need_just_broken_is_refused_and_not_sent_twice() {
    for path in ["/status/500", "/close"] {
        let shop = Shop::open(PREVIOUS).await;
        shop.database.execute(BREAK).await;
        is_refused(&shop.client.fetch(Method::POST, path).await);
        assert_eq!(shop.asked(), [1, 0], "{path}");
    }
}

#[tokio::test]
async fn a_failure_that_is_not_the_schemas_stays_the_main_upstreams() {
    let shop = Shop::open(PREVIOUS).await;
    shop.client.get("/status/500").await.expect(500);
    shop.client.get("/close").await.expect(502);
    assert_eq!(shop.previous.requests(), 0);
}

#[tokio::test]
async fn observe_mode_leads_nobody_elsewhere() {
    let shop = Shop::open(&format!("{PREVIOUS}\nmode = \"observe\"")).await;
    shop.database.execute(BREAK).await;
    shop.client.get("/status/500").await.expect(500);
    shop.client.get("/orders").await.expect(200);
    assert_eq!(shop.asked(), [2, 0]);
}
