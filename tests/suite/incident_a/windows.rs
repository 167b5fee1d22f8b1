//! The maintenance windows that the missing table was for.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::json;

use crate::house::{Answer, Backend, Client, Cluster, Database, Gateway, WINDOWS, eventually, holds_for};

const LIMIT: Duration = Duration::from_secs(15);
/// The promise is refresh + one read + 250 ms, and `detection` holds it; a busy machine with two cores gets five seconds more.
const T: Duration = Duration::from_millis(200 + 250 + 5000);
/// How long windows stand while nothing more is learnt of them.
const MAX_AGE: Duration = Duration::from_secs(3);

const WRITES: [Method; 4] = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

struct ChefCloud {
    database: Database,
    backend: Backend,
    gateway: Gateway,
    client: Client,
}

/// A row from so many seconds from now to so many.
fn row(id: &str, organisation: Option<&str>, from: f64, until: f64, message: Option<&str>, blocks: bool) -> String {
    let text = |text: Option<&str>| text.map_or("NULL".to_owned(), |text| format!("'{}'", text.replace('\'', "''")));
    let time = |seconds: f64| format!("clock_timestamp() AT TIME ZONE 'UTC' + {seconds} * interval '1 second'");
    format!(
        "INSERT INTO maintenance_windows (id, \"orgId\", \"startsAt\", \"endsAt\", message, \"blockWrites\") \
         VALUES ('{id}', {}, {}, {}, {}, {blocks});",
        text(organisation),
        time(from),
        time(until),
        text(message),
    )
}

/// An open window of everybody, for another hour.
fn open_for_an_hour() -> String {
    row("w1", None, -60.0, 3600.0, Some("Stocktaking until six."), true)
}

impl ChefCloud {
    async fn on(cluster: &Cluster, sql: &str) -> Self {
        Self::with(cluster, sql, "table = \"maintenance_windows\"", ("200ms", "3s")).await
    }

    async fn with(cluster: &Cluster, sql: &str, maintenance: &str, (refresh, max_age): (&str, &str)) -> Self {
        let database = cluster.database().await;
        database.execute(sql).await;
        let watcher = database.watcher();
        database
            .execute(&format!("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {watcher}"))
            .await;
        database.execute(&format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {watcher}")).await;
        let backend = Backend::start(&database).await;
        let gateway = Gateway::start(&format!(
            r#"
            [databases.main]
            url = "{database}"
            refresh = "{refresh}"
            max_age = "{max_age}"
            connect_timeout = "1s"
            statement_timeout = "1s"
            [upstreams.api]
            servers = ["{backend}"]
            [maintenance]
            organisation = {{ header = "X-Org-Id" }}
            {maintenance}
            # Whoever ends a window must get past it.
            [[routes]]
            path = "/ops/maintenance/*"
            windows = false
            [[routes]]
            path = "/observed/*"
            mode = "observe"
            [[routes]]
            name = "all"
            path = "/*"
            "#,
            database = database.watcher_url(),
            backend = backend.address(),
        ))
        .await;
        let client = gateway.client();
        Self { database, backend, gateway, client }
    }

    /// What a write gets: the backend answers 404 to what it does not know.
    async fn write(&self, method: Method, organisation: Option<&str>) -> Answer {
        let mut request = self.client.request(method, "/pos/tables/7");
        if let Some(organisation) = organisation {
            request = request.header("x-org-id", organisation);
        }
        Answer::to(request).await
    }

    async fn status(&self, organisation: Option<&str>) -> u16 {
        self.write(Method::POST, organisation).await.status
    }

    /// Waits until writes get this status.
    async fn writes_get(&self, status: u16, organisation: Option<&str>, limit: Duration) {
        eventually(&format!("writes get {status}"), limit, async || {
            (self.status(organisation).await == status).then_some(())
        })
        .await;
    }

    async fn maintenance(&self) -> serde_json::Value {
        self.gateway.admin().get("/api/v1/snapshot").await.expect(200).json()["windows"].take()
    }
}

#[tokio::test]
async fn a_row_keeps_writes_out_with_its_message_and_its_end_and_lets_reads_pass() {
    let house = ChefCloud::on(Cluster::shared(), WINDOWS).await;
    house.writes_get(404, None, LIMIT).await;
    house.database.execute(&open_for_an_hour()).await;
    house.writes_get(503, None, T).await;
    for method in WRITES {
        let answer = house.write(method, Some("org1")).await.expect(503);
        let problem = answer.json();
        assert_eq!((&problem["detail"], &problem["code"]), (&json!("Stocktaking until six."), &json!("MAINTENANCE")));
        let seconds: u64 = answer.header("retry-after").parse().expect("seconds");
        assert!((3580..=3600).contains(&seconds), "{seconds}");
        assert_eq!(problem["retry_after"], seconds);
    }
    house.client.get("/pos/orders").await.expect(200);
    let exempt = house.client.fetch(Method::POST, "/ops/maintenance/end").await;
    assert_eq!(exempt.status, 404, "the backend's");
    house.client.fetch(Method::POST, "/observed/x").await.expect(404);
    let call = house.client.request(Method::POST, "/pos/tables/7").header("content-type", "application/grpc");
    let call = Answer::to(call).await.expect(200);
    assert_eq!((call.header("grpc-status"), call.header("grpc-message")), ("14", "Stocktaking until six."));
    let posts: Vec<String> =
        house.backend.requests().into_iter().filter(|line| line.contains("/pos/tables/7")).collect();
    assert!(posts.iter().all(|line| line.ends_with("404")), "{posts:?}");
    let line = house.gateway.logged("maintenance window w1 is open").await;
    assert!(line.contains("\"source\":\"table\""), "{line}");
    house.gateway.counts(|line| line == "schemagate_windows{blocks=\"writes\",source=\"table\"} 1").await;
    let observed = |line: &str| line.contains("reason=\"window\"") && line.contains("outcome=\"observed\"");
    house.gateway.counts(observed).await;
    let report = house.maintenance().await;
    assert_eq!((&report["table"]["state"], &report["windows"][0]["name"]), (&json!("read"), &json!("w1")), "{report}");
    let told = house.gateway.run(&["explain", "POST", "/pos/tables/7"]).expect(1).stdout;
    assert!(told.contains("maintenance window w1 is open: Stocktaking until six."), "{told}");
}

#[tokio::test]
async fn a_row_without_a_message_speaks_the_clients_language_and_one_with_markup_stays_text() {
    let house = ChefCloud::on(Cluster::shared(), WINDOWS).await;
    house.database.execute(&row("w1", None, -60.0, 90.0, None, true)).await;
    house.writes_get(503, None, LIMIT).await;
    let french = house.client.request(Method::POST, "/fr/caisse").header("accept", "text/html");
    let page = Answer::to(french.header("sec-fetch-mode", "navigate")).await.expect(503);
    assert!(page.text().contains("Maintenance en cours"), "{}", page.text());
    let hostile = row("w2", Some("org1"), -60.0, 90.0, Some("<script>\"&'"), true);
    house.database.execute(&hostile).await;
    eventually("the organisation's own message", T, async || {
        let answer = house.write(Method::POST, Some("org1")).await;
        (answer.json()["detail"] == "<script>\"&'").then_some(())
    })
    .await;
    let page = house.client.request(Method::POST, "/x").header("accept", "text/html").header("x-org-id", "org1");
    let page = Answer::to(page).await.expect(503);
    assert!(
        page.text().contains("&lt;script&gt;&quot;&amp;&#39;") && !page.text().contains("<script>\""),
        "{}",
        page.text()
    );
}

#[tokio::test]
async fn a_row_of_an_organisation_keeps_out_its_writes_and_no_others() {
    let house = ChefCloud::on(Cluster::shared(), WINDOWS).await;
    house.database.execute(&row("w1", Some("org1"), -60.0, 3600.0, Some("Yours."), true)).await;
    house.writes_get(503, Some("org1"), LIMIT).await;
    assert_eq!(house.write(Method::POST, Some("org1")).await.json()["detail"], "Yours.");
    for other in [Some("org2"), Some("ORG1"), None] {
        assert_eq!(house.status(other).await, 404, "{other:?}");
    }
    house.database.execute(&row("w2", None, -60.0, 7200.0, Some("Everybody's."), true)).await;
    house.writes_get(503, Some("org2"), T).await;
    let own = house.write(Method::POST, Some("org1")).await;
    assert_eq!(own.json()["detail"], "Yours.", "the organisation's row goes first");
    let seconds: u64 = own.header("retry-after").parse().expect("seconds");
    assert!(seconds > 7000, "the latest end is told, not {seconds}");
}

#[tokio::test]
async fn a_window_opens_and_ends_by_itself_and_when_its_row_goes() {
    let house = ChefCloud::on(Cluster::shared(), WINDOWS).await;
    house.writes_get(404, None, LIMIT).await;
    let written = Instant::now();
    house.database.execute(&row("short", None, 1.0, 6.0, None, true)).await;
    let status = house.status(None).await;
    assert!(status == 404 || written.elapsed() >= Duration::from_secs(1), "not yet, and not {status}");
    house.writes_get(503, None, Duration::from_secs(1) + T).await;
    house.writes_get(404, None, Duration::from_secs(6) + T).await;
    house.gateway.logged("maintenance window short is over").await;
    house.database.execute(&open_for_an_hour()).await;
    house.writes_get(503, None, T).await;
    house.database.execute("DELETE FROM maintenance_windows WHERE id = 'w1'").await;
    house.writes_get(404, None, T).await;
}

#[tokio::test]
async fn rows_that_block_no_writes_or_are_not_open_keep_nobody_out() {
    let house = ChefCloud::on(Cluster::shared(), WINDOWS).await;
    let rows = [
        row("a", None, -60.0, 3600.0, None, false),
        row("b", None, -3600.0, -1.0, None, true),
        row("c", None, 3600.0, 7200.0, None, true),
        "INSERT INTO maintenance_windows (id, \"endsAt\", \"blockWrites\") VALUES ('d', 'infinity', true);".to_owned(),
    ];
    house.database.execute(&rows.concat()).await;
    eventually("the window to come is known", LIMIT, async || {
        (house.maintenance().await["windows"][0]["name"] == "c").then_some(())
    })
    .await;
    assert_eq!(house.status(None).await, 404);
    house.database.execute("UPDATE maintenance_windows SET \"startsAt\" = '-infinity' WHERE id = 'd'").await;
    house.writes_get(503, None, T).await;
    let seconds: u64 = house.write(Method::POST, None).await.header("retry-after").parse().expect("seconds");
    assert!((30..=36).contains(&seconds), "nobody knows when it ends: {seconds}");
}

#[tokio::test]
async fn a_missing_table_fails_open_and_says_so_once_and_then_sparingly() {
    let house = ChefCloud::on(Cluster::shared(), "").await;
    let words = "maintenance_windows table does not exist - failing open (no maintenance check)";
    house.gateway.logged(words).await;
    for _ in 0..50 {
        assert_eq!(house.status(Some("org1")).await, 404);
    }
    eventually("the line with the organisation", LIMIT, async || {
        house
            .gateway
            .log()
            .lines()
            .any(|line| line.contains(words) && line.contains("\"orgId\":\"org1\""))
            .then_some(())
    })
    .await;
    let lines = house.gateway.log().lines().filter(|line| line.contains(words)).count();
    assert_eq!(lines, 2, "one on the change, one for fifty requests");
    house
        .gateway
        .counts(|line| line == "schemagate_fail_opens_total{reason=\"window_table_missing\",route=\"all\"} 50")
        .await;
    assert_eq!(house.maintenance().await["table"]["state"], "missing");
    house.database.execute(&[WINDOWS, &open_for_an_hour()].concat()).await;
    house.writes_get(503, None, T).await;
    house.database.execute("DROP TABLE maintenance_windows").await;
    house.writes_get(404, None, T).await;
    eventually("it is said again", LIMIT, async || {
        (house.gateway.log().lines().filter(|line| line.contains(words)).count() == 3).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_table_that_may_not_be_read_is_unknown_and_never_missing() {
    let house = ChefCloud::on(Cluster::shared(), &[WINDOWS, &open_for_an_hour()].concat()).await;
    house.writes_get(503, None, LIMIT).await;
    let watcher = house.database.watcher();
    house.database.execute(&format!("REVOKE SELECT ON maintenance_windows FROM {watcher}")).await;
    let line = house.gateway.logged("cannot be read").await;
    assert!(line.contains("GRANT SELECT ON \\\"public\\\".\\\"maintenance_windows\\\""), "{line}");
    assert_eq!(house.status(None).await, 503, "what is known stands");
    house.writes_get(404, None, MAX_AGE + T).await;
    house.gateway.counts(|line| line.starts_with("schemagate_fail_opens_total{reason=\"window_table_unknown\"")).await;
    assert_eq!(house.maintenance().await["table"]["state"], "unreadable");
    assert!(!house.gateway.log().contains("does not exist"), "{}", house.gateway.log());
    house.database.execute(&format!("GRANT SELECT ON maintenance_windows TO {watcher}")).await;
    house.writes_get(503, None, T).await;
}

#[tokio::test]
async fn known_windows_stand_for_max_age_while_the_database_is_away() {
    let cluster = Cluster::start();
    let house = ChefCloud::on(&cluster, &[WINDOWS, &open_for_an_hour()].concat()).await;
    house.writes_get(503, None, LIMIT).await;
    cluster.stop();
    assert_eq!(house.status(None).await, 503);
    house.writes_get(404, None, MAX_AGE + T).await;
    house.gateway.counts(|line| line.starts_with("schemagate_fail_opens_total{reason=\"window_table_unknown\"")).await;
    assert!(!house.gateway.log().contains("does not exist"), "{}", house.gateway.log());
    cluster.run();
    house.writes_get(503, None, LIMIT).await;
}

#[tokio::test]
async fn a_table_that_is_locked_is_not_waited_for_and_keeps_its_windows() {
    let house = ChefCloud::on(Cluster::shared(), &[WINDOWS, &open_for_an_hour()].concat()).await;
    house.writes_get(503, None, LIMIT).await;
    let migrator = house.database.connect().await;
    migrator.batch_execute("BEGIN; LOCK TABLE maintenance_windows IN ACCESS EXCLUSIVE MODE").await.expect("a lock");
    let longer = MAX_AGE + Duration::from_secs(1);
    holds_for("writes are kept out", longer, async || house.status(None).await == 503).await;
    migrator.batch_execute("DELETE FROM maintenance_windows; COMMIT").await.expect("an end");
    house.writes_get(404, None, T).await;
}

#[tokio::test]
async fn the_variable_of_the_old_middleware_lets_writes_pass_in_a_window_and_no_other_bound() {
    let more = "table = \"maintenance_windows\"\n\
                [bypass]\nenv = [{ env = \"ENABLE_WRITE_BLOCK_MIDDLEWARE=false\", skips = \"windows\" }]\n\
                [requirements.flags]\ntables = [\"feature_flags\"]\n\
                [[routes]]\nname = \"flags\"\npath = \"/flags/*\"\nneeds = [\"flags\"]\n";
    let mut house = ChefCloud::with(Cluster::shared(), WINDOWS, more, ("200ms", "3s")).await;
    house.database.execute(&open_for_an_hour()).await;
    house.writes_get(503, None, LIMIT).await;
    house.gateway.restart(&[("ENABLE_WRITE_BLOCK_MIDDLEWARE", "false")]).await;
    house.write(Method::POST, None).await.expect(404);
    let warning = house.gateway.logged("BYPASSED request").await;
    assert!(warning.contains("\"WARN\"") && warning.contains("\"reason\":\"window\""), "{warning}");
    let counted = "schemagate_bypassed_requests_total{reason=\"window\",route=\"all\"} 1";
    house.gateway.counts(|line| line == counted).await;
    house.gateway.verdict_becomes("flags", "broken", LIMIT).await;
    house.client.get("/flags/1").await.expect(503);
}

#[tokio::test]
async fn a_table_of_other_names_is_read_as_the_configuration_says() {
    let sql = "CREATE SCHEMA ops; CREATE TABLE ops.\"Closed Hours\" (key int, begins timestamptz, over timestamptz NOT NULL, \
               words varchar(40), shop uuid); \
               INSERT INTO ops.\"Closed Hours\" VALUES (7, now() - interval '1 h', now() + interval '1 h', 'Closed.', \
               '6f1c5b52-6f0a-4f7f-9d0e-0f0c7a3c9d11');";
    let table = "table = { name = 'ops.\"Closed Hours\"', id = \"key\", starts = \"begins\", ends = \"over\", \
                 message = \"words\", organisation = \"shop\" }";
    let house = ChefCloud::with(Cluster::shared(), sql, table, ("200ms", "3s")).await;
    let watcher = house.database.watcher();
    house.gateway.logged("cannot be read").await;
    let grant = format!("GRANT USAGE ON SCHEMA ops TO {watcher}; GRANT SELECT ON ops.\"Closed Hours\" TO {watcher}");
    house.database.execute(&grant).await;
    let shop = Some("6f1c5b52-6f0a-4f7f-9d0e-0f0c7a3c9d11");
    house.writes_get(503, shop, T).await;
    assert_eq!(house.write(Method::PUT, shop).await.json()["detail"], "Closed.");
    assert_eq!(house.status(None).await, 404);
    house.database.execute("ALTER TABLE ops.\"Closed Hours\" RENAME COLUMN begins TO starts").await;
    let line = house.gateway.logged("has no column begins").await;
    assert!(line.contains("WARN"), "{line}");
}

#[tokio::test]
async fn a_trigger_on_the_table_makes_a_row_count_at_once() {
    let house = ChefCloud::with(Cluster::shared(), WINDOWS, "table = \"maintenance_windows\"", ("60s", "5m")).await;
    house.writes_get(404, None, LIMIT).await;
    let sql = house.gateway.run(&["trigger-sql", "--windows", "maintenance_windows"]).expect(0).stdout;
    house.database.execute(&sql).await;
    house.database.execute(&open_for_an_hour()).await;
    house.writes_get(503, None, LIMIT).await;
    let sql = house.gateway.run(&["trigger-sql", "--windows", "maintenance_windows", "--remove"]).expect(0).stdout;
    house.database.execute(&sql).await;
}
