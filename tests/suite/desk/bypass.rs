//! Bypasses by command and API.

use super::*;

#[tokio::test]
async fn a_bypass_lets_gated_requests_pass_with_a_warning_and_a_metric_and_ends_by_itself() {
    let shop = Shop::open("").await;
    shop.client.get("/orders/1").await.expect(503);
    let given = shop.asks(&["bypass", "on", "--lasts", "6s", "--reason", "the release of tonight", "--by", "ann"]);
    assert_eq!((&given["id"], &given["skips"], &given["by"]), (&json!("b1"), &json!("needs"), &json!("ann (local)")));
    // It is in force when the command returns.
    shop.client.get("/orders/1").await.expect(200);
    let warning = shop.gateway.logged("BYPASSED request").await;
    for part in
        ["\"WARN\"", "\"bypass\":\"b1\"", "the release of tonight", "\"reason\":\"broken\"", "\"route\":\"orders\""]
    {
        assert!(warning.contains(part), "{part} in {warning}");
    }
    let line = "schemagate_bypassed_requests_total{reason=\"broken\",route=\"orders\"} ";
    shop.gateway.counts(|metric| metric.starts_with(line)).await;
    shop.gateway.counts(|metric| metric == "schemagate_bypasses 1").await;
    let audit = shop.gateway.logged("schemagate::audit").await;
    assert!(audit.contains("bypass on") && audit.contains("ann"), "{audit}");

    shop.turns("/orders/1", 503).await;
    shop.gateway.logged("bypass is over").await;
    shop.gateway.counts(|metric| metric == "schemagate_bypasses 0").await;
    assert_eq!(shop.asks(&["bypass", "list"])["bypasses"], json!([]));
}

#[tokio::test]
async fn a_bypass_expires_by_default_and_is_ended_before_by_its_id_or_with_all_others() {
    let shop = Shop::open("[bypass]\nttl = \"20m\"").await;
    let text = shop.run(&["bypass", "on"]).expect(0).stdout;
    assert!(
        text.starts_with("bypass b1 is in force: needs of everything, until ") && text.contains("(in 20m)"),
        "{text}"
    );
    let listed = shop.run(&["bypass", "list"]).expect(0).stdout;
    assert!(listed.starts_with("bypass\tb1\topen\tneeds of everything\t\t20"), "{listed}");
    assert!(shop.run(&["bypass", "off", "b1"]).expect(0).stdout.starts_with("bypass b1 is off"));
    shop.client.get("/orders/1").await.expect(503);
    assert_eq!(shop.run(&["bypass", "list"]).expect(0).stdout, "");

    shop.run(&["bypass", "on", "--route", "orders"]).expect(0);
    shop.run(&["bypass", "on", "--requirement", "orders", "--ttl", "never"]).expect(0);
    let off = shop.run(&["bypass", "off", "--all"]).expect(0).stdout;
    assert!(off.contains("bypass b2 is off") && off.contains("bypass b3 is off"), "{off}");
    assert_eq!(shop.run(&["bypass", "off", "--all"]).expect(0).stdout, "There is no bypass to end.\n");
    shop.client.get("/orders/1").await.expect(503);
}

#[tokio::test]
async fn a_bypass_covers_what_it_names_and_nothing_else() {
    let more = "[requirements.bills]\ntables = [\"bills\"]\n[[routes]]\nname = \"bills\"\npath = \"/bills\"\nneeds = [\"bills\"]";
    let shop = Shop::open(more).await;
    shop.run(&["bypass", "on", "--route", "orders"]).expect(0);
    assert_eq!((shop.status("/orders/1").await, shop.status("/bills").await), (200, 503));
    shop.run(&["bypass", "off", "--all"]).expect(0);
    shop.run(&["bypass", "on", "--requirement", "bills"]).expect(0);
    assert_eq!((shop.status("/orders/1").await, shop.status("/bills").await), (503, 200));
    shop.run(&["bypass", "off", "--all"]).expect(0);
    shop.run(&["bypass", "on", "--skips", "windows"]).expect(0);
    assert_eq!((shop.status("/orders/1").await, shop.status("/bills").await), (503, 503));
}

#[tokio::test]
async fn unknown_names_wrong_times_and_unknown_ids_say_what_was_meant() {
    let shop = Shop::open("").await;
    for (args, says) in [
        (&["bypass", "on", "--route", "order"][..], "there is no route `order`: did you mean `orders`?"),
        (&["bypass", "on", "--requirement", "ordres"], "there is no requirement `ordres`: did you mean `orders`?"),
        (&["bypass", "on", "--tenant", "demo"], "there are no tenants"),
        (&["bypass", "on", "--lasts", "soon"], "`lasts`: `soon` is not a length of time"),
        (&["bypass", "on", "--until", "2026-11-22T02:00"], "is not a time that says its zone"),
        (&["bypass", "on", "--until", "2020-11-22T02:00Z"], "before it begins"),
        (&["bypass", "on", "--skips", "windows", "--requirement", "orders"], "skips windows alone"),
        (&["bypass", "off", "b9"], "there is no bypass `b9`"),
        (&["hold", "on", "order"], "did you mean `orders`?"),
        (&["maintenance", "on", "--host", "a b"], "`hosts`: `a b`"),
        (&["maintenance", "create", "--from", "tomorrow", "--lasts", "1h"], "`from`: `tomorrow` is not a time"),
        (&["maintenance", "create", "--from", "2026-11-22T02:00[Europe/Paris]"], "--lasts"),
        (&["maintenance", "create", "--from", "2096-11-22T02:00Z", "--lasts", "1h"], "more than"),
        (&["maintenance", "cancel", "w1"], "there is no window `w1`"),
    ] {
        let run = shop.run(args).expect(2);
        assert!(run.stderr.contains(says), "{args:?}: {}", run.stderr);
    }
    assert_eq!(shop.asks(&["bypass", "list"])["bypasses"], json!([]));
}

#[tokio::test]
async fn a_schemagate_that_is_away_or_asks_for_a_token_says_so() {
    let mut shop = Shop::open("").await;
    let path = shop.gateway.folder().join("proxy.toml");
    let text = std::fs::read_to_string(&path).expect("a configuration");
    let guarded = text.replacen("[admin]\n", "[admin]\nread_token = \"looks-and-no-more\"\n", 1);
    std::fs::write(&path, &guarded).expect("it is written");
    shop.gateway.restart(&[]).await;
    let refused = shop.run(&["bypass", "on"]).expect(3).stderr;
    assert!(refused.contains("control_token"), "{refused}");
    shop.run(&["bypass", "list"]).expect(0);

    let other = guarded.replacen("looks-and-no-more", "another", 1);
    std::fs::write(&path, &other).expect("it is written");
    assert!(shop.run(&["bypass", "list"]).expect(3).stderr.contains("another token"));

    shop.gateway.stop();
    let away = shop.run(&["bypass", "list"]).expect(3).stderr;
    assert!(away.contains("cannot ask the admin listener") && away.contains("schemagate run"), "{away}");
}

#[tokio::test]
async fn the_api_takes_orders_ends_them_and_explains_what_it_does_not_take() {
    let shop = Shop::open("").await;
    let given = shop.post("/api/v1/bypasses", &json!({ "routes": ["orders"], "lasts": "10m" })).await.expect(201);
    assert_eq!(given.json()["source"], "operator");
    let listed = shop.gateway.admin().get("/api/v1/bypasses").await.expect(200).json();
    assert_eq!(listed["bypasses"][0]["routes"], json!(["orders"]));
    shop.delete("/api/v1/bypasses/b1").await.expect(200);
    let gone = shop.delete("/api/v1/bypasses/b1").await.expect(404);
    assert_eq!(gone.header("content-type"), "application/problem+json");
    for (path, body, status) in [
        ("/api/v1/bypasses", json!({ "route": ["orders"] }), 422),
        ("/api/v1/bypasses", json!({ "skips": "everything" }), 422),
        ("/api/v1/bypasses", json!({ "routes": ["nothing"] }), 422),
        ("/api/v1/bypasses", json!([]), 422),
        ("/api/v1/windows", json!({ "blocks": "all" }), 422),
        ("/api/v1/windows", json!({ "message": "two\nlines" }), 422),
        ("/api/v1/holds", json!({ "routes": "orders" }), 422),
    ] {
        let answer = shop.post(path, &body).await.expect(status);
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path} {body}");
        assert!(answer.json()["detail"].is_string(), "{path} {body}");
    }
    let history = shop.gateway.admin().get("/api/v1/history").await.expect(200).json();
    let deeds: Vec<&str> =
        history["history"].as_array().unwrap().iter().map(|deed| deed["what"].as_str().unwrap()).collect();
    assert_eq!(deeds, ["bypass ended", "bypass on"]);
}

#[tokio::test]
async fn what_fails_under_a_bypass_is_passed_on_as_it_is() {
    let shop = Shop::open("").await;
    shop.run(&["bypass", "on"]).expect(0);
    let answer = Answer::to(shop.client.request(Method::GET, "/orders/1").header("x-echo-status", "500")).await;
    assert_ne!(answer.status, 503);
    shop.gateway.logged("\"bypass\":\"b1\"").await;
}
