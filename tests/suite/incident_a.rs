//! A protective table is missing (`NestJS`, Prisma, Render): what concerns the schema.

mod windows;

use std::time::Duration;

use http::Method;
use serde_json::json;

use crate::house::{Answer, Backend, Client, Cluster, Database, Gateway, WINDOWS, eventually};

const LIMIT: Duration = Duration::from_secs(15);
/// The promise is refresh + one read + 250 ms, and `detection` holds it; a busy machine with two cores gets five seconds more.
const T: Duration = Duration::from_millis(200 + 250 + 5000);

struct ChefCloud {
    database: Database,
    backend: Backend,
    gateway: Gateway,
    client: Client,
}

impl ChefCloud {
    async fn on(cluster: &Cluster, sql: &str) -> Self {
        let database = cluster.database().await;
        database.execute(sql).await;
        let backend = Backend::start(&database).await;
        let gateway = Gateway::start(&format!(
            r#"
            [databases.main]
            url = "{database}"
            refresh = "200ms"
            max_age = "3s"
            connect_timeout = "1s"
            statement_timeout = "1s"
            [upstreams.api]
            servers = ["{backend}"]
            [requirements.change_control]
            tables = ["maintenance_windows"]
            component = "change-control"
            # The middleware of /auth takes a missing table for no window: it needs nothing.
            [[routes]]
            path = "/auth/*"
            [[routes]]
            name = "writes"
            path = "/pos/*"
            methods = ["POST", "PUT", "PATCH", "DELETE"]
            needs = ["change_control"]
            [[routes]]
            name = "maintenance"
            path = "/ops/maintenance/*"
            needs = ["change_control"]
            on_broken = {{ rescue = {{ json = [] }} }}
            on_unknown = {{ block = {{ code = "DATABASE_UNKNOWN" }} }}
            [[routes]]
            path = "/*"
            [health]
            path = "/health/migrations"
            "#,
            database = database.watcher_url(),
            backend = backend.address(),
        ))
        .await;
        let client = gateway.client();
        Self { database, backend, gateway, client }
    }

    /// As it was that night.
    async fn before_the_migration() -> Self {
        Self::on(Cluster::shared(), "").await
    }

    async fn login(&self, password: &str) -> Answer {
        Answer::to(self.client.request(Method::POST, "/auth/login").json(&json!({ "password": password }))).await
    }

    async fn as_guest(&self, path: &str) -> Answer {
        Answer::to(self.client.request(Method::GET, path).header("x-user", "guest")).await
    }

    /// Whatever is asked for meanwhile, nothing is taken for missing.
    async fn knows_that_it_does_not_know(&self) {
        self.gateway.verdict_becomes("change_control", "unknown", LIMIT).await;
        for path in ["/ops/maintenance/active", "/ops/maintenance/list"] {
            let answer = self.client.get(path).await.expect(503);
            assert_eq!(
                (answer.json()["code"].as_str(), answer.header("schemagate-degraded")),
                (Some("DATABASE_UNKNOWN"), "")
            );
        }
        let report = self.gateway.admin().get("/health/migrations").await.expect(200).json();
        assert_eq!((&report["status"], &report["tables"]), (&json!("unknown"), &json!({})), "{report}");
        assert!(!self.gateway.log().contains("\"verdict\":\"broken\""), "{}", self.gateway.log());
    }
}

#[tokio::test]
async fn a_login_whose_backend_tolerates_the_missing_table_is_the_backends_affair() {
    let house = ChefCloud::before_the_migration().await;
    assert_eq!(house.login("right").await.expect(200).json()["token"], "t");
    assert_eq!(house.login("wrong").await.expect(401).json()["error"], "wrong password");
}

#[tokio::test]
async fn writes_whose_middleware_throws_are_refused_and_open_within_t() {
    let house = ChefCloud::before_the_migration().await;
    let answer = house.client.fetch(Method::POST, "/pos/orders").await.expect(503);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    house.client.get("/pos/orders").await.expect(200);
    assert!(!house.backend.requests().iter().any(|line| line.starts_with("POST")), "{:?}", house.backend.requests());
    house.database.execute(WINDOWS).await;
    eventually("writes are open", T, async || {
        let status = house.client.fetch(Method::POST, "/pos/orders").await.status;
        assert!(status == 503 || status == 201, "{status}");
        (status == 201).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_first_write_after_the_table_vanished_is_no_500_either() {
    let house = ChefCloud::on(Cluster::shared(), WINDOWS).await;
    house.client.fetch(Method::POST, "/pos/orders").await.expect(201);
    house.database.execute("DROP TABLE maintenance_windows").await;
    for _ in 0..20 {
        house.client.fetch(Method::POST, "/pos/orders").await.expect(503);
    }
}

#[tokio::test]
async fn the_maintenance_endpoints_answer_an_empty_list_and_keep_guests_out() {
    let house = ChefCloud::before_the_migration().await;
    for path in ["/ops/maintenance/active", "/ops/maintenance/list"] {
        let answer = house.client.get(path).await.expect(200);
        assert_eq!((answer.text(), answer.header("schemagate-degraded")), ("[]", "maintenance"));
        let straight = Client::new(house.backend.port()).request(Method::GET, path).header("x-user", "guest");
        let straight = Answer::to(straight).await.expect(401);
        let guest = house.as_guest(path).await.expect(401);
        assert_eq!((guest.body, guest.headers.get("schemagate-degraded")), (straight.body, None));
    }
    let line = house.gateway.logged("\"context.table\":\"maintenance_windows\"").await;
    assert!(line.contains("\"component\":\"change-control\"") && line.contains("\"context.code\":\"42P01\""), "{line}");
}

#[tokio::test]
async fn health_names_the_table_to_operators_and_nothing_to_the_public() {
    let house = ChefCloud::before_the_migration().await;
    let report = house.gateway.admin().get("/health/migrations").await.expect(200).json();
    assert_eq!((&report["status"], &report["tables"]), (&json!("degraded"), &json!({ "maintenance_windows": false })));
    let public = house.client.get("/health/migrations").await.expect(200);
    assert_eq!(public.json(), json!({ "status": "degraded" }));
    house.client.get("/health/migrations?strict").await.expect(503);
}

#[tokio::test]
async fn a_database_that_refuses_is_unknown_and_never_missing() {
    let cluster = Cluster::start();
    let house = ChefCloud::on(&cluster, WINDOWS).await;
    house.gateway.verdict_becomes("change_control", "ready", LIMIT).await;
    cluster.stop();
    house.knows_that_it_does_not_know().await;
    cluster.run();
    house.gateway.verdict_becomes("change_control", "ready", LIMIT).await;
    house.client.get("/ops/maintenance/active").await.expect(200);
}

#[tokio::test]
async fn a_database_that_hangs_is_unknown_and_never_missing() {
    let cluster = Cluster::start();
    let house = ChefCloud::on(&cluster, WINDOWS).await;
    house.gateway.verdict_becomes("change_control", "ready", LIMIT).await;
    cluster.pause();
    house.knows_that_it_does_not_know().await;
    cluster.resume();
    house.gateway.verdict_becomes("change_control", "ready", LIMIT).await;
}

#[tokio::test]
async fn a_database_that_lets_nobody_in_is_unknown_and_never_missing() {
    let house = ChefCloud::on(Cluster::shared(), WINDOWS).await;
    house.gateway.verdict_becomes("change_control", "ready", LIMIT).await;
    let watcher = house.database.watcher();
    let out = format!(
        "ALTER ROLE {watcher} NOLOGIN; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{watcher}'"
    );
    house.database.execute(&out).await;
    house.knows_that_it_does_not_know().await;
    house.database.execute(&format!("ALTER ROLE {watcher} LOGIN")).await;
    house.gateway.verdict_becomes("change_control", "ready", LIMIT).await;
}
