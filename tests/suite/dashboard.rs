//! The dashboard: what its page is given, and what it reads.

use std::time::Duration;

use futures_util::StreamExt;
use http::Method;
use serde_json::Value;

use crate::house::{Answer, Echo, Gateway, SqliteFile, eventually, shop};

const LIMIT: Duration = Duration::from_secs(15);

async fn house(admin: &str) -> (SqliteFile, Echo, Gateway) {
    shop("CREATE TABLE orders (id int)", admin, "").await
}

/// Reads boards until one is as wanted.
async fn board(gateway: &Gateway, wanted: impl Fn(&Value) -> bool) -> Value {
    let request = gateway.admin().request(Method::GET, "/api/v1/events");
    let mut bytes = request.send().await.expect("an answer").bytes_stream();
    let mut text = String::new();
    let found = async {
        while let Some(part) = bytes.next().await {
            text.push_str(&String::from_utf8_lossy(&part.expect("events go on")));
            while let Some(end) = text.find("\n\n") {
                let event: String = text.drain(..end + 2).collect();
                let data = event.lines().find_map(|line| line.strip_prefix("data: "));
                let board = data.map(|data| serde_json::from_str::<Value>(data).expect("JSON"));
                if let Some(board) = board.filter(&wanted) {
                    return board;
                }
            }
        }
        panic!("the events ended");
    };
    tokio::time::timeout(LIMIT, found).await.expect("such a board in time")
}

#[tokio::test]
async fn the_page_comes_from_this_binary_alone_and_tells_nothing_without_the_token() {
    let (_database, _echo, gateway) = house("read_token = \"s3cr3t\"").await;
    for (path, kind) in
        [("/status", "text/html"), ("/status/style.css", "text/css"), ("/status/script.js", "text/javascript")]
    {
        let asset = gateway.admin().get(path).await.expect(200);
        assert!(asset.header("content-type").starts_with(kind), "{path}");
        assert!(asset.header("content-security-policy").starts_with("default-src 'none'"), "{path}");
        assert!(!asset.text().contains("http://") && !asset.text().contains("https://"), "{path} names another server");
    }
    for path in ["/api/v1/events", "/api/v1/incidents", "/api/v1/incidents.md"] {
        gateway.admin().get(path).await.expect(401);
        let with = gateway.admin().request(Method::GET, path).bearer_auth("s3cr3t");
        assert_eq!(with.send().await.expect("an answer").status(), 200, "{path}");
    }
}

#[tokio::test]
async fn a_break_and_its_mending_are_shown_as_they_happen_and_kept_for_the_post_mortem() {
    let (database, _echo, gateway) = house("").await;
    let whole = board(&gateway, |_| true).await;
    assert_eq!((&whole["status"], &whole["routes"][0]["action"]), (&"ready".into(), &"pass".into()));
    assert_eq!(whole["incidents"], Value::Array(Vec::new()));
    assert!(gateway.admin().get("/api/v1/incidents.md").await.expect(200).text().contains("Nothing was broken"));

    database.execute("DROP TABLE orders");
    gateway.verdict_becomes("orders", "broken", LIMIT).await;
    for _ in 0..3 {
        gateway.client().get("/orders").await.expect(503);
    }
    let broken = board(&gateway, |board| board["incidents"][0]["requests"]["block"] == 3).await;
    assert_eq!(broken["status"], "degraded");
    assert_eq!(broken["requirements"][0]["findings"][0]["text"], "table orders is missing");
    assert_eq!(broken["routes"][0]["action"], "block");
    assert_eq!(broken["incidents"][0]["mended"], Value::Null);

    database.execute("CREATE TABLE orders (id int)");
    gateway.verdict_becomes("orders", "ready", LIMIT).await;
    let mended = board(&gateway, |board| board["incidents"][0]["mended"].is_string()).await;
    assert_eq!(mended["status"], "ready");
    let incident = &gateway.admin().get("/api/v1/incidents").await.expect(200).json()[0];
    assert_eq!((&incident["verdict"], &incident["requests"]["block"]), (&"broken".into(), &3.into()));
    let moments = ["broke", "first_refusal", "mended"].map(|key| incident[key].as_str().expect("a moment").to_owned());
    assert!(moments.is_sorted(), "{moments:?}");
    let text = gateway.admin().get("/api/v1/incidents.md").await.expect(200);
    for part in [
        "## orders was broken in main",
        "| requests that got `block` | 3 |",
        "`npm run migrate`",
        "- table orders is missing",
    ] {
        assert!(text.text().contains(part), "{part} is not in:\n{}", text.text());
    }
}

#[tokio::test]
async fn an_incident_that_is_over_stays_over_and_the_next_one_counts_anew() {
    let (database, _echo, gateway) = house("").await;
    for round in 1..=2 {
        database.execute("DROP TABLE orders");
        gateway.verdict_becomes("orders", "broken", LIMIT).await;
        gateway.client().get("/orders").await.expect(503);
        database.execute("CREATE TABLE orders (id int)");
        gateway.verdict_becomes("orders", "ready", LIMIT).await;
        let incidents = async || {
            let incidents: Answer = gateway.admin().get("/api/v1/incidents").await.expect(200);
            let incidents = incidents.json();
            let over = incidents[0]["mended"].is_string() && incidents.as_array()?.len() == round;
            over.then_some(incidents)
        };
        let incidents = eventually("the incident is over", LIMIT, incidents).await;
        assert_eq!(incidents[0]["requests"]["block"], 1, "{incidents}");
    }
}
