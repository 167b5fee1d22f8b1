//! The description of the admin API, held against what is answered.

use std::time::Duration;

use futures_util::StreamExt;
use http::Method;
use serde_json::{Value, json};

use crate::house::{Answer, Echo, Gateway, SqliteFile, mistakes};

const LIMIT: Duration = Duration::from_secs(15);
const TOKEN: &str = "the-control-token-of-the-tests";

/// One of everything that an answer can tell: a broken requirement with a command, a ready one, an unmet need that
/// requests met, a symptom.
async fn house() -> (SqliteFile, Echo, Gateway) {
    let database = SqliteFile::of("CREATE TABLE orders (id int)");
    let echo = Echo::start().await;
    let config = format!(
        r#"
        [databases.main]
        url = "{}"
        refresh = "100ms"
        [upstreams.api]
        servers = ["{}"]
        [requirements.orders]
        tables = ["orders"]
        [requirements.backups]
        tables = ["backups"]
        mend = "npm run migrate"
        component = "backups"
        release = "1"
        [[routes]]
        name = "backups"
        path = "/backups"
        needs = ["backups"]
        [[routes]]
        path = "/*"
        needs = ["orders"]
        "#,
        database.url(),
        echo.address()
    );
    let gateway = Gateway::start_with("", &format!("control_token = \"{TOKEN}\""), &config).await;
    gateway.client().get("/backups").await.expect(503);
    (database, echo, gateway)
}

#[track_caller]
fn holds(document: &Value, schema: &Value, value: &Value, what: &str) {
    let mistakes = mistakes(document, schema, value);
    assert!(mistakes.is_empty(), "{what}: {mistakes:#?}\n{value:#}");
}

/// The first event of a stream.
async fn first_event(answer: reqwest::Response) -> Value {
    let mut bytes = answer.bytes_stream();
    let mut text = String::new();
    let event = async {
        while !text.contains("\n\n") {
            text.push_str(&String::from_utf8_lossy(&bytes.next().await.expect("an event").expect("it goes on")));
        }
    };
    tokio::time::timeout(LIMIT, event).await.expect("an event in time");
    let data = text.lines().find_map(|line| line.strip_prefix("data: ")).expect("data");
    serde_json::from_str(data).expect("JSON")
}

#[tokio::test]
async fn each_endpoint_that_reads_answers_as_it_is_described() {
    let (_database, _echo, gateway) = house().await;
    let document = gateway.admin().get("/api/v1/openapi.json").await.expect(200).json();
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().expect("paths");
    assert!(paths.len() >= 14, "{paths:?}");
    for (path, operations) in paths {
        let Some(operation) = operations.get("get") else { continue };
        let request = gateway.admin().request(Method::GET, path).bearer_auth(TOKEN);
        let answer = request.send().await.expect("an answer");
        let (status, described) = (answer.status().as_u16(), &operation["responses"]);
        let described = &described[status.to_string()];
        assert!(described.is_object(), "{path} answers {status}, which is not described");
        let Some(content) = described["content"].as_object() else { continue };
        let (media_type, body) = content.iter().next().expect("a type");
        let sent = answer.headers()["content-type"].to_str().expect("a type").to_owned();
        assert_eq!(sent.split(';').next(), Some(media_type.as_str()), "{path}");
        match media_type.as_str() {
            "application/json" => {
                let value = answer.json().await.expect("JSON");
                holds(&document, &body["schema"], &value, path);
            }
            "text/event-stream" => {
                holds(&document, &body["schema"]["contentSchema"], &first_event(answer).await, path);
            }
            _ => {}
        }
    }
    // What holds whatever is answered would say nothing.
    let snapshot = &document["paths"]["/api/v1/snapshot"]["get"]["responses"]["200"]["content"]["application/json"];
    assert!(mistakes(&document, &snapshot["schema"], &json!({ "status": 3 })).len() > 3);
}

#[tokio::test]
async fn each_endpoint_refuses_whoever_may_not_ask_it_as_it_is_described() {
    let (_database, _echo, gateway) = house().await;
    let document = gateway.admin().get("/api/v1/openapi.json").await.expect(200).json();
    let mut asked = 0;
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("methods") {
            let method: Method = method.to_uppercase().parse().expect("a method");
            let ask = |name: &str, value: &str| {
                let request = gateway.admin().request(method.clone(), path).header("Content-Type", "application/json");
                let request = if name == "Authorization" { request } else { request.bearer_auth(TOKEN) };
                request.header(name, value).body(if method == Method::GET { "" } else { "{}" })
            };
            if operation["security"] == json!([]) {
                continue;
            }
            for (name, value, status) in [
                ("Authorization", "Bearer wrong", 401),
                ("Authorization", "Basic YTpi", 401),
                ("Authorization", "", 401),
                ("Host", "evil.example", 421),
                ("Host", "127.0.0.1.evil.example", 421),
                ("Origin", "http://evil.example", 403),
                ("Origin", "null", 403),
                ("Sec-Fetch-Site", "cross-site", 403),
                ("Sec-Fetch-Site", "same-site", 403),
            ] {
                let answer = Answer::to(ask(name, value)).await;
                let what = format!("{method} {path} with {name}: {value}");
                assert_eq!(answer.status, status, "{what}");
                assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
                let refusal = &operation["responses"]["default"]["content"]["application/problem+json"]["schema"];
                holds(&document, refusal, &answer.json(), &what);
                asked += 1;
            }
        }
    }
    assert!(asked >= 7 * 9, "{asked}");
}
