//! `rescue`: the backend is asked, so that who may not ask is still told so; its 5xx is replaced.

use std::time::Duration;

use http::Method;

use crate::house::{
    Answer, BACKUP_TABLES, BACKUP_TYPES, Backend, Client, Cluster, Database, Gateway, WINDOWS, eventually,
};

const LIMIT: Duration = Duration::from_secs(15);

struct House {
    database: Database,
    backend: Backend,
    gateway: Gateway,
    client: Client,
}

async fn house(sql: &str, refresh: &str) -> House {
    let database = Cluster::shared().database().await;
    database.execute(sql).await;
    let backend = Backend::start(&database).await;
    let gateway = Gateway::start(&format!(
        r#"
        [databases.main]
        url = "{database}"
        refresh = "{refresh}"
        notify = "never"
        [upstreams.api]
        servers = ["{backend}"]
        [requirements.backups]
        tables = ["AdminBackupJob"]
        [requirements.windows]
        tables = ["maintenance_windows"]
        [[routes]]
        name = "backup list"
        path = "/admin/backups/*"
        needs = ["backups"]
        on_broken = {{ rescue = {{ json = [], headers = {{ X-Source = "schemagate" }}, code = "BACKUPS_NOT_READY", retry_after = "17s" }} }}
        [[routes]]
        name = "maintenance"
        path = "/ops/maintenance/*"
        needs = ["windows"]
        on_broken = {{ rescue = {{ json = [] }} }}
        [[routes]]
        name = "written"
        host = "written.test"
        path = "/*"
        needs = ["backups"]
        on_broken = {{ rescue = {{ status = 202, json = {{ queued = true }}, methods = ["POST"] }} }}
        [[routes]]
        path = "/*"
        "#,
        database = database.watcher_url(),
        backend = backend.address(),
    ))
    .await;
    let client = gateway.client();
    House { database, backend, gateway, client }
}

fn tables() -> String {
    format!("{BACKUP_TYPES}{BACKUP_TABLES}{WINDOWS}")
}

fn is_empty_and_marked(answer: &Answer, route: &str) {
    assert_eq!((answer.status, answer.text()), (200, "[]"), "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("schemagate-degraded"), route);
    assert_eq!(answer.header("cache-control"), "no-store");
}

impl House {
    async fn as_guest(&self, path: &str) -> Answer {
        Answer::to(self.client.request(Method::GET, path).header("x-user", "guest")).await
    }
}

#[tokio::test]
async fn while_its_table_is_missing_the_backup_list_is_empty_for_staff_and_401_for_others() {
    let house = house("", "200ms").await;
    house.gateway.verdict_becomes("backups", "broken", LIMIT).await;
    let list = house.client.get("/admin/backups").await;
    is_empty_and_marked(&list, "backup list");
    assert_eq!(list.header("x-source"), "schemagate");

    let straight = Client::new(house.backend.port());
    let straight = Answer::to(straight.request(Method::GET, "/admin/backups").header("x-user", "guest")).await;
    let guest = house.as_guest("/admin/backups").await.expect(401);
    assert_eq!(guest.body, straight.body);
    assert_eq!(guest.header("schemagate-degraded"), "");
    // What works passes, and so does what is not there.
    assert_eq!(house.client.get("/admin/backups/settings").await.expect(200).json()["keep"], 7);
    house.client.get("/admin/backups/nothing").await.expect(404);
    for (outcome, count) in [("answered", 1), ("forwarded", 3)] {
        let line = format!(
            "schemagate_requests_total{{action=\"rescue\",outcome=\"{outcome}\",reason=\"broken\",route=\"backup list\"}} {count}"
        );
        eventually(&line, LIMIT, async || house.gateway.metrics().await.contains(&line).then_some(())).await;
    }
    let line = house.gateway.logged("\"upstream_status\":500").await;
    assert!(line.contains("\"action\":\"rescue\"") && line.contains("\"upstream\":\"api\""), "{line}");
}

#[tokio::test]
async fn writes_are_refused_with_their_code_and_never_reach_the_backend() {
    let house = house("", "200ms").await;
    house.gateway.verdict_becomes("backups", "broken", LIMIT).await;
    for (method, path) in [
        (Method::POST, "/admin/backups"),
        (Method::DELETE, "/admin/backups/1"),
        (Method::POST, "/admin/backups/1/restore"),
    ] {
        let answer = house.client.fetch(method, path).await.expect(503);
        assert_eq!(answer.json()["code"], "BACKUPS_NOT_READY");
        assert_eq!(answer.header("schemagate-degraded"), "");
    }
    assert_eq!(house.backend.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn a_head_is_rescued_without_a_body_and_http2_alike() {
    let house = house("", "200ms").await;
    house.gateway.verdict_becomes("backups", "broken", LIMIT).await;
    let head = Answer::to(house.client.request(Method::HEAD, "/admin/backups")).await.expect(200);
    assert_eq!((head.header("content-length"), head.body.len()), ("2", 0));
    let client = Client::http2(house.gateway.port());
    for _ in 0..3 {
        is_empty_and_marked(&client.get("/admin/backups").await, "backup list");
    }
}

#[tokio::test]
async fn the_first_500_after_the_break_is_rescued_already() {
    let house = house(&tables(), "20s").await;
    house.client.get("/admin/backups").await.expect(200);
    house.database.execute(r#"DROP TABLE "AdminBackupJob""#).await;
    is_empty_and_marked(&house.client.get("/admin/backups").await, "backup list");
    let metrics = house.gateway.metrics().await;
    assert!(metrics.contains("schemagate_rechecks_total{result=\"turned\",route=\"backup list\"} 1"), "{metrics}");
    // A write that fails first is refused, not rescued.
    house.database.execute(r#"DROP TABLE "maintenance_windows""#).await;
    house.client.fetch(Method::POST, "/admin/backups").await.expect(503);
    assert_eq!(house.client.get("/admin/backups/settings").await.expect(200).json()["keep"], 7);
}

#[tokio::test]
async fn a_write_is_rescued_where_the_route_says_so_and_reads_are_refused_then() {
    let house = house("", "200ms").await;
    house.gateway.verdict_becomes("backups", "broken", LIMIT).await;
    let post = house.client.request(Method::POST, "/admin/backups").header("host", "written.test");
    let answer = Answer::to(post.json(&serde_json::json!({ "type": "FULL" }))).await.expect(202);
    assert_eq!(answer.json()["queued"], true);
    assert_eq!(answer.header("schemagate-degraded"), "written");
    Answer::to(house.client.request(Method::GET, "/admin/backups").header("host", "written.test")).await.expect(503);
}

#[tokio::test]
async fn a_backend_that_is_away_is_a_refusal_and_not_an_empty_list() {
    let House { database: _database, backend, gateway, client } = house("", "200ms").await;
    gateway.verdict_becomes("backups", "broken", LIMIT).await;
    drop(backend);
    let answer = client.get("/admin/backups").await.expect(503);
    assert_eq!(answer.json()["code"], "BACKUPS_NOT_READY");
    assert_eq!(answer.header("schemagate-degraded"), "");
}

#[tokio::test]
async fn after_the_migration_the_list_is_the_backends_own() {
    let house = house("", "200ms").await;
    house.gateway.verdict_becomes("backups", "broken", LIMIT).await;
    is_empty_and_marked(&house.client.get("/admin/backups").await, "backup list");
    house.database.execute(&tables()).await;
    house.gateway.verdict_becomes("backups", "ready", LIMIT).await;
    house.client.fetch(Method::POST, "/admin/backups").await.expect(202);
    let straight = Client::new(house.backend.port()).get("/admin/backups").await.expect(200);
    let through = house.client.get("/admin/backups").await.expect(200);
    assert_eq!(through.body, straight.body);
    assert_eq!(through.header("schemagate-degraded"), "");
}
