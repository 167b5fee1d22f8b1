//! The listener for operators and probes.

use std::time::Duration;

use http::Method;

use crate::house::{Answer, Cluster, Echo, Gateway, SqliteFile, eventually};

const LIMIT: Duration = Duration::from_secs(15);

fn config(url: &str, echo: &Echo) -> String {
    format!(
        r#"
        [databases.main]
        url = "{url}"
        refresh = "100ms"
        [upstreams.api]
        servers = ["{}"]
        [requirements.backups]
        tables = ["AdminBackupJob"]
        mend = "npx prisma migrate deploy"
        component = "admin-backups"
        [[routes]]
        name = "backup list"
        path = "/admin/backups"
        methods = ["GET"]
        needs = ["backups"]
        [[routes]]
        name = "all the rest"
        path = "/*"
        "#,
        echo.address()
    )
}

async fn house(admin: &str) -> (SqliteFile, Echo, Gateway) {
    let database = SqliteFile::of("CREATE TABLE other (id int)");
    let echo = Echo::start().await;
    let gateway = Gateway::start_with("", admin, &config(&database.url(), &echo)).await;
    (database, echo, gateway)
}

#[tokio::test]
async fn live_and_ready_answer_probes() {
    let (_database, _echo, gateway) = house("").await;
    gateway.admin().get("/live").await.expect(200);
    // The listeners are noted as open just after they are.
    let ready = eventually("ready", LIMIT, async || {
        let answer = gateway.admin().get("/ready").await;
        (answer.status == 200).then_some(answer)
    })
    .await;
    assert_eq!(ready.json()["ready"], true);
    gateway.admin().get("/nothing").await.expect(404);
}

#[tokio::test]
async fn ready_waits_for_the_needs_that_are_named() {
    let (database, _echo, gateway) = house("ready_needs = [\"backups\"]").await;
    let ready = gateway.admin().get("/ready").await.expect(503);
    assert!(ready.text().contains("backups") && !ready.text().contains("AdminBackupJob"), "{}", ready.text());
    database.execute("CREATE TABLE AdminBackupJob (id int)");
    eventually("ready", LIMIT, async || (gateway.admin().get("/ready").await.status == 200).then_some(())).await;
}

#[tokio::test]
async fn before_the_first_look_it_is_live_and_not_ready_and_takes_no_clients() {
    let cluster = Cluster::start();
    let database = cluster.database().await;
    cluster.pause();
    let echo = Echo::start().await;
    let config = config(&database.watcher_url(), &echo);
    let mut gateway = Gateway::spawn("", "startup_timeout = \"20s\"", &config);
    eventually("live", LIMIT, async || {
        let request = gateway.admin().request(Method::GET, "/live");
        Answer::try_to(request).await.ok().filter(|answer| answer.status == 200)
    })
    .await;
    gateway.admin().get("/ready").await.expect(503);
    let refused = tokio::net::TcpStream::connect(("127.0.0.1", gateway.port())).await;
    assert!(refused.is_err(), "a client came in before the first look");
    cluster.resume();
    gateway.opens().await;
    eventually("ready", LIMIT, async || (gateway.admin().get("/ready").await.status == 200).then_some(())).await;
}

#[tokio::test]
async fn operators_see_what_is_missing_what_mends_it_and_which_routes_wait() {
    let (database, _echo, gateway) = house("").await;
    let health = gateway.admin().get("/health/migrations").await.expect(200).json();
    assert_eq!(health["status"], "degraded");
    assert_eq!(health["tables"]["AdminBackupJob"], false);
    let requirement = &health["requirements"][0];
    assert_eq!(requirement["name"], "backups");
    assert_eq!(requirement["verdict"], "broken");
    assert_eq!(requirement["findings"][0]["text"], "table AdminBackupJob is missing");
    assert_eq!(requirement["mend"], "npx prisma migrate deploy");
    assert_eq!(requirement["component"], "admin-backups");
    assert_eq!(requirement["routes"], serde_json::json!(["backup list"]));
    gateway.admin().get("/health/migrations?strict").await.expect(503);

    database.execute("CREATE TABLE AdminBackupJob (id int)");
    gateway.verdict_becomes("backups", "ready", LIMIT).await;
    let health = gateway.admin().get("/health/migrations?strict").await.expect(200).json();
    assert_eq!(health["status"], "ready");
    assert_eq!(health["tables"]["AdminBackupJob"], true);
}

#[tokio::test]
async fn the_snapshot_says_what_becomes_of_each_route() {
    let (_database, _echo, gateway) = house("").await;
    let snapshot = gateway.admin().get("/api/v1/snapshot").await.expect(200).json();
    let routes = snapshot["routes"].as_array().expect("routes");
    let action = |name: &str| {
        let route = routes.iter().find(|route| route["name"] == name).expect("the route");
        (route["action"].clone(), route["reason"].clone())
    };
    assert_eq!(action("backup list"), ("block".into(), "broken".into()));
    assert_eq!(action("all the rest"), ("pass".into(), "no_needs".into()));
}

#[tokio::test]
async fn metrics_count_requests_refusals_changes_and_looks() {
    let (database, _echo, gateway) = house("").await;
    gateway.client().get("/admin/backups").await.expect(503);
    gateway.client().get("/else").await.expect(200);
    gateway.client().get("/a%00b").await.expect(400);
    database.execute("CREATE TABLE AdminBackupJob (id int)");
    gateway.verdict_becomes("backups", "ready", LIMIT).await;
    gateway.client().get("/admin/backups").await.expect(200);
    let answer = gateway.admin().get("/metrics").await.expect(200);
    assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
    for line in [
        r#"schemagate_requests_total{action="block",outcome="answered",reason="broken",route="backup list"} 1"#,
        r#"schemagate_requests_total{action="pass",outcome="forwarded",reason="ready",route="backup list"} 1"#,
        r#"schemagate_requests_total{action="pass",outcome="forwarded",reason="no_needs",route="all the rest"} 1"#,
        r#"schemagate_verdict_changes_total{requirement="backups",verdict="ready"} 1"#,
        r#"schemagate_verdict{requirement="backups",verdict="broken"} 0"#,
        "schemagate_malformed_requests_total 1",
    ] {
        gateway.counts(|found| found == line).await;
    }
    assert!(answer.text().contains("schemagate_look_duration_seconds_count{database=\"main\"}"));
}

#[tokio::test]
async fn with_a_read_token_details_are_for_those_who_bring_it() {
    let (_database, _echo, gateway) = house("read_token = \"let-me-read\"").await;
    gateway.admin().get("/live").await.expect(200);
    gateway.admin().get("/ready").await.expect(200);
    for path in ["/metrics", "/health/migrations", "/api/v1/snapshot"] {
        let request = |token: &str| gateway.admin().request(Method::GET, path).bearer_auth(token);
        gateway.admin().get(path).await.expect(401);
        Answer::to(request("wrong")).await.expect(401);
        Answer::to(request("let-me-read")).await.expect(200);
    }
    assert!(!gateway.log().contains("let-me-read"), "{}", gateway.log());
}

#[tokio::test]
async fn whoever_is_refused_is_told_what_to_do_and_the_refusal_is_counted_and_logged() {
    let admin = "control_token = \"the-control-token\"\n\
                 tokens = [{ name = \"prometheus\", token = \"the-token-of-prometheus\" }]\n\
                 hosts = [\"schemagate.internal\"]";
    let (_database, _echo, gateway) = house(admin).await;
    let ask = |token: &str| gateway.admin().request(Method::GET, "/api/v1/snapshot").bearer_auth(token);
    for token in ["the-control-token", "the-token-of-prometheus"] {
        Answer::to(ask(token)).await.expect(200);
        Answer::to(ask(token).header("Host", "schemagate.internal")).await.expect(200);
    }
    for (name, value, status, code, advice) in [
        ("Host", "evil.example", 421, "host", "`hosts` under [admin]"),
        ("Origin", "http://evil.example", 403, "origin", "pages from elsewhere"),
        ("Sec-Fetch-Site", "cross-site", 403, "site", "Sec-Fetch-Site"),
        ("Authorization", "Bearer wrong", 401, "no_token", "Authorization: Bearer TOKEN"),
    ] {
        let answer = Answer::to(ask("the-control-token").header(name, value)).await.expect(status);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.json()["code"], code);
        assert!(answer.json()["detail"].as_str().is_some_and(|detail| detail.contains(advice)), "{}", answer.text());
        gateway.logged(&format!("\"reason\":\"{code}\"")).await;
    }
    let metrics = Answer::to(gateway.admin().request(Method::GET, "/metrics").bearer_auth("the-token-of-prometheus"));
    let metrics = metrics.await.expect(200);
    assert!(metrics.text().contains("schemagate_admin_refusals_total{reason=\"host\"} 1"), "{}", metrics.text());
    for secret in ["the-control-token", "the-token-of-prometheus"] {
        assert!(!gateway.log().contains(secret));
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_in_json_too() {
    let (_database, _echo, gateway) = house("").await;
    let nothing = gateway.admin().get("/api/v2/snapshot").await.expect(404);
    assert_eq!(nothing.json()["code"], "no_such_path");
    let answer = Answer::to(gateway.admin().request(Method::DELETE, "/api/v1/snapshot")).await.expect(405);
    assert_eq!((answer.json()["code"].as_str(), answer.header("allow")), (Some("method"), "GET,HEAD"));
}

#[tokio::test]
async fn a_unix_socket_is_its_owners_alone_and_one_left_behind_is_no_hindrance() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("admin.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket that is left behind"));
    let echo = Echo::start().await;
    let database = SqliteFile::of("CREATE TABLE other (id int)");
    let gateway = Gateway::with_admin_socket(&path, &config(&database.url(), &echo)).await;
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).expect("a socket").permissions());
    assert_eq!(mode & 0o777, 0o600);
    let client = reqwest::Client::builder().unix_socket(path.as_path()).build().expect("a client");
    let answer = client.get("http://localhost/api/v1/snapshot").send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    gateway.client().get("/else").await.expect(200);
}

#[tokio::test]
async fn a_full_house_of_idle_connections_lets_probes_in() {
    let (_database, _echo, gateway) = house("").await;
    let mut idle = Vec::new();
    for _ in 0..300 {
        idle.push(tokio::net::TcpStream::connect(("127.0.0.1", gateway.admin().port())).await.expect("a connection"));
    }
    for _ in 0..20 {
        gateway.admin().get("/live").await.expect(200);
    }
    let mut streams = Vec::new();
    let crowded = eventually("there are no more event streams", LIMIT, async || {
        let request = gateway.admin().request(Method::GET, "/api/v1/events");
        let answer = request.send().await.expect("an answer");
        let crowded = (answer.status() == 429).then_some(());
        streams.push(answer);
        crowded
    });
    crowded.await;
    gateway.admin().get("/live").await.expect(200);
    assert_eq!(streams.len(), 33);
}
