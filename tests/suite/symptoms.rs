//! What failures say of the schema: counted, logged, proposed, and acted upon where told to.

use std::fs;
use std::time::Duration;

use http::Method;

use crate::house::{Answer, Backend, Cluster, Database, Gateway, Run, Scripted, Step, eventually, plain};

const LIMIT: Duration = Duration::from_secs(15);

fn config(database: &Database, server: &str, more: &str) -> String {
    format!(
        r#"
        [databases.main]
        url = "{database}"
        refresh = "20s"
        [upstreams.api]
        servers = ["{server}"]
        health = false
        [requirements.customers]
        tables = ["customers"]
        [[routes]]
        name = "gated"
        path = "/gated/*"
        needs = ["customers"]
        [[routes]]
        name = "all"
        path = "/*"
        {more}
        "#,
        database = database.watcher_url(),
    )
}

/// The real Express application, whose orders have no table and no requirement.
async fn orders(more: &str) -> (Database, Backend, Gateway) {
    let database = Cluster::shared().database().await;
    database.execute("CREATE TABLE customers (id int)").await;
    let backend = Backend::start(&database).await;
    let gateway = Gateway::start(&config(&database, &backend.address(), more)).await;
    (database, backend, gateway)
}

async fn scripted(more: &str, steps: Vec<Step>) -> (Gateway, Scripted) {
    let database = Cluster::shared().database().await;
    database.execute("CREATE TABLE customers (id int)").await;
    let backend = Scripted::start(steps).await;
    let gateway = Gateway::start(&config(&database, backend.address(), more)).await;
    (gateway, backend)
}

fn says(body: &str) -> Step {
    Step::Answer(plain(500, "content-type: text/plain\r\n", body))
}

#[tokio::test]
async fn what_no_requirement_covers_passes_is_counted_and_logged_once() {
    let (_database, _backend, gateway) = orders("").await;
    let client = gateway.client();
    for id in 1..=3 {
        let answer = client.get(&format!("/api/orders/{id}")).await.expect(500);
        assert_eq!(answer.json()["error"], r#"relation "orders" does not exist"#);
    }
    gateway.counts(|line| line == "schemagate_symptoms_total{code=\"42P01\",covered=\"false\"} 3").await;
    let line = gateway.logged("schemagate::symptom").await;
    assert!(line.contains("\"level\":\"WARN\"") && line.contains("\"object\":\"orders\""), "{line}");
    assert!(line.contains("\"route\":\"all\"") && line.contains("\"covered\":\"false\""), "{line}");
    assert_eq!(gateway.log().matches("schemagate::symptom").count(), 1);
}

#[tokio::test]
async fn suggest_prints_what_can_be_pasted_and_then_the_route_is_gated() {
    let (database, backend, gateway) = orders("").await;
    let none = gateway.run(&["suggest"]).expect(0);
    assert!(none.stdout.starts_with("# Nothing to suggest"), "{}", none.stdout);
    let client = gateway.client();
    client.get("/api/orders/17").await.expect(500);
    client.get("/api/orders").await.expect(500);
    client.fetch(Method::POST, "/api/orders").await.expect(500);
    let suggested = gateway.run(&["suggest"]).expect(0).stdout;
    let toml =
        "[requirements.orders]\ntables = [\"orders\"]\n\n[[routes]]\npath = \"/api/orders/*\"\nneeds = [\"orders\"]";
    assert!(suggested.starts_with("# 42P01: table orders is missing, seen 3 times on route all"), "{suggested}");
    assert!(suggested.trim_end().ends_with(toml), "{suggested}");
    let json: serde_json::Value =
        serde_json::from_str(&gateway.run(&["suggest", "--format", "json"]).expect(0).stdout).expect("JSON");
    assert_eq!(json["symptoms"][0]["object"], "orders");
    assert_eq!(json["symptoms"][0]["paths"], serde_json::json!(["/api/orders/*"]));

    let gated = Gateway::start(&config(&database, &backend.address(), &suggested)).await;
    gated.verdict_becomes("orders", "broken", LIMIT).await;
    gated.client().get("/api/orders/17").await.expect(503);
    database.execute("CREATE TABLE orders (id serial PRIMARY KEY)").await;
    drop(gated);
    let gated = Gateway::start(&config(&database, &backend.address(), &suggested)).await;
    gated.client().get("/api/orders").await.expect(200);
}

#[tokio::test]
async fn names_that_somebody_made_up_are_data_and_what_is_printed_still_loads() {
    let hostile = [
        r#"relation "x\"]\n[admin]\nlisten = \"0.0.0.0:1" does not exist"#,
        r#"relation "${HOME}" does not exist"#,
        r#"relation "$${a}" does not exist"#,
        "relation \"a'b`c\" does not exist",
        r#"relation "]]" does not exist"#,
        r##"relation "# no comment" does not exist"##,
        r#"column "a b" of relation "${t}" does not exist"#,
        r#"column "drop\u0007table" of relation "t" does not exist"#,
        r#"invalid input value for enum "e": "${v}\"""#,
        r#"schema "s $" does not exist"#,
        "function f$(int) does not exist",
        r#"relation "customers" does not exist"#,
        r#"type "nowhere" does not exist"#,
        r#"column "alone" does not exist"#,
    ];
    let (gateway, _backend) = scripted("", hostile.iter().map(|text| says(text)).collect()).await;
    for index in 0..hostile.len() {
        gateway.client().get(&format!("/x{index}y/%7Bz%7D/*")).await.expect(500);
    }
    let suggested = gateway.run(&["suggest"]).expect(0).stdout;
    assert!(suggested.matches("[requirements.").count() >= 9, "{suggested}");
    gateway.append(&suggested);
    let checked = gateway.run(&["check"]).expect(0);
    assert!(checked.stdout.contains("is valid"), "{}", checked.output());
    // Read back as they were said, dollars and all.
    let judged = gateway.run(&["check", "--database"]).expect(1).stdout;
    for name in ["table ${HOME} is missing", "table # no comment is missing", "schema s $ is missing"] {
        assert!(judged.contains(name), "{name}: {judged}");
    }
}

#[tokio::test]
async fn where_the_path_is_a_route_already_a_comment_says_what_to_add() {
    let (gateway, _backend) = scripted("", vec![says(r#"relation "invoices" does not exist"#)]).await;
    gateway.client().get("/gated/1").await.expect(500);
    let suggested = gateway.run(&["suggest"]).expect(0).stdout;
    assert!(suggested.contains("# Add to the needs of the route gated: [\"invoices\"]"), "{suggested}");
    assert!(!suggested.contains("[[routes]]"), "{suggested}");
    gateway.append(&suggested);
    gateway.run(&["check"]).expect(0);
}

#[tokio::test]
async fn suggest_says_what_to_do_where_nobody_can_be_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = crate::house::free_port();
    let text = format!(
        "[admin]\nlisten = \"127.0.0.1:{port}\"\n[upstreams.a]\nservers = [\"127.0.0.1:1\"]\n[[routes]]\npath = \"/*\"\n"
    );
    fs::write(folder.path().join("proxy.toml"), text).expect("a file");
    let run = Run::of(folder.path(), &["suggest"]).expect(3);
    assert!(run.stderr.contains("does `schemagate run` run with this configuration?"), "{}", run.stderr);
}

#[tokio::test]
async fn suggestions_are_for_those_with_the_token_and_the_command_brings_it() {
    let database = Cluster::shared().database().await;
    let backend = Scripted::start(vec![says(r#"relation "invoices" does not exist"#)]).await;
    let config = config(&database, backend.address(), "");
    let gateway = Gateway::start_with("", "read_token = \"a-token-of-the-tests-own\"", &config).await;
    gateway.client().get("/x").await.expect(500);
    gateway.admin().get("/api/v1/suggestions").await.expect(401);
    assert!(gateway.run(&["suggest"]).expect(0).stdout.contains("[requirements.invoices]"));
}

#[tokio::test]
async fn compressed_failures_are_read_and_pass_as_they_are() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, br#"relation "zipped" does not exist"#).expect("memory");
    let body = gzip.finish().expect("memory");
    let mut answer = plain(500, "content-encoding: gzip\r\n", "");
    let text = String::from_utf8(answer.clone())
        .expect("text")
        .replace("content-length: 0", &format!("content-length: {}", body.len()));
    answer = [text.as_bytes(), &body].concat();
    let strange = plain(500, "content-encoding: zstd\r\n", "what?");
    let (gateway, _backend) = scripted("", vec![Step::Answer(answer), Step::Answer(strange)]).await;
    assert_eq!(gateway.client().get("/a").await.expect(500).body, body);
    gateway.client().get("/a").await.expect(500);
    assert!(gateway.run(&["suggest"]).expect(0).stdout.contains("zipped"));
    gateway.counts(|line| line == "schemagate_unreadable_failures_total 1").await;
}

#[tokio::test]
async fn a_flood_of_made_up_names_is_kept_within_bounds_and_counted_beyond() {
    let steps = (0..300).map(|number| says(&format!("relation \"made_up_{number}\" does not exist"))).collect();
    let (gateway, _backend) = scripted("", steps).await;
    for _ in 0..300 {
        gateway.client().get("/a").await.expect(500);
    }
    gateway.counts(|line| line == "schemagate_symptoms_dropped_total 100").await;
    gateway.counts(|line| line == "schemagate_symptoms_total{code=\"42P01\",covered=\"false\"} 300").await;
    let suggested = gateway.run(&["suggest"]).expect(0).stdout;
    gateway.append(&suggested);
    gateway.run(&["check"]).expect(0);
}

#[tokio::test]
async fn told_to_act_a_symptom_is_refused_with_the_routes_refusal() {
    let more = "[symptoms]\nact = true\n[defaults]\ncode = \"BACK_SOON\"\n[[routes]]\npath = \"/passes\"\non_broken = \"pass\"\n\
                [[routes]]\npath = \"/watched\"\nmode = \"observe\"";
    let (_database, backend, gateway) = orders(more).await;
    let client = gateway.client();
    for method in [Method::GET, Method::POST] {
        let answer = client.fetch(method, "/api/orders").await.expect(503);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.json()["code"], "BACK_SOON");
        assert!(!answer.text().contains("orders"), "{}", answer.text());
    }
    let over_http2 = crate::house::Client::http2(gateway.port());
    over_http2.get("/api/orders/1").await.expect(503);
    // It writes each down when it has answered it.
    eventually("each arrived", LIMIT, async || (backend.requests().len() >= 3).then_some(())).await;
    assert_eq!(backend.requests().len(), 3, "each once: {:?}", backend.requests());
    let line = gateway.logged("\"reason\":\"symptom\"").await;
    assert!(line.contains("\"context.code\":\"42P01\"") && line.contains("\"context.table\":\"orders\""), "{line}");
    assert!(line.contains("\"upstream_status\":500"), "{line}");
    // What says nothing of the schema passes, and so does what is fine.
    client.get("/nowhere").await.expect(404);
    client.get("/api/health").await.expect(200);
    // It is proposed all the same.
    assert!(gateway.run(&["suggest"]).expect(0).stdout.contains("[requirements.orders]"));
}

#[tokio::test]
async fn told_to_act_the_operators_wish_to_pass_still_goes_before_it() {
    let more = "[symptoms]\nact = true\n[[routes]]\npath = \"/passes\"\non_broken = \"pass\"\n\
                [[routes]]\npath = \"/watched\"\nmode = \"observe\"\n[[routes]]\npath = \"/read\"\non_broken = \"read_only\"";
    let (gateway, _backend) = scripted(more, vec![says(r#"relation "orders" does not exist"#)]).await;
    for path in ["/passes", "/watched", "/read"] {
        gateway.client().get(path).await.expect(500);
    }
    Answer::to(gateway.client().request(Method::POST, "/read")).await.expect(503);
    gateway.client().get("/other").await.expect(503);
    // Covered: the look at the catalog knows better, so it is sent again, and passes.
    let covered = says(r#"relation "customers" does not exist"#);
    let (gateway, backend) = scripted("[symptoms]\nact = true", vec![covered]).await;
    gateway.client().get("/gated").await.expect(500);
    assert_eq!(backend.requests(), 2);
}
