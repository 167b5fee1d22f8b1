//! `schemagate explain` and `/api/v1/explain`: what becomes of a request, operators' orders among the reasons.

use std::time::Duration;

use serde_json::Value;

use crate::house::{Answer, Run, schemagate, shop};

const LIMIT: Duration = Duration::from_secs(15);

#[tokio::test]
async fn orders_that_are_in_force_are_among_the_reasons() {
    let (_database, _echo, gateway) = shop("CREATE TABLE other (id int)", "", "").await;
    gateway.verdict_becomes("orders", "broken", LIMIT).await;
    let refused = gateway.run(&["explain", "GET", "/orders/1"]).expect(1).stdout;
    assert!(refused.contains("requirement orders is broken"), "{refused}");
    gateway.run(&["bypass", "on", "--route", "orders", "--reason", "a false alarm"]).expect(0);
    gateway.run(&["hold", "on", "the rest", "--reason", "one index"]).expect(0);
    gateway
        .run(&["maintenance", "on", "--lasts", "1h", "--host", "shop.example", "--message", "Back at four."])
        .expect(0);
    let passed = gateway.run(&["explain", "GET", "/orders/1"]).expect(0).stdout;
    assert!(passed.contains("because of a bypass; otherwise block") && passed.contains("b1 by"), "{passed}");
    assert!(passed.contains("a false alarm"), "{passed}");
    let held = gateway.run(&["explain", "GET", "/free"]).expect(1).stdout;
    assert!(held.contains("the hold h2 by") && held.contains("one index"), "{held}");
    let closed = gateway.run(&["explain", "POST", "http://shop.example/free"]).expect(1).stdout;
    assert!(closed.contains("maintenance window w3 is open: Back at four."), "{closed}");

    let address = format!("127.0.0.1:{}", gateway.admin().port());
    let elsewhere = |args: &[&str]| {
        let mut command = schemagate();
        Run::command(command.args(["explain"]).args(args).args(["--admin", &address]).current_dir("/"))
    };
    assert_eq!(elsewhere(&["GET", "/orders/1"]).expect(0).stdout, passed);
    let json: Value =
        serde_json::from_str(&elsewhere(&["GET", "/free", "--format", "json"]).expect(1).stdout).expect("JSON");
    assert_eq!((&json["action"], &json["reason"]), (&"hold".into(), &"held".into()));
    let bad = elsewhere(&["GET", "/a%2Fb"]).expect(2);
    assert!(bad.stderr.contains("refused with 400"), "{}", bad.stderr);
}

#[tokio::test]
async fn the_api_explains_a_request_and_what_is_no_request() {
    let (_database, _echo, gateway) = shop("CREATE TABLE orders (id int)", "", "").await;
    let explained =
        Answer::to(gateway.admin().request(http::Method::GET, "/api/v1/explain?method=POST&url=%2Forders%2F1")).await;
    let explained = explained.expect(200).json();
    assert_eq!(
        (&explained["route"], &explained["action"], &explained["passes"]),
        (&"orders".into(), &"pass".into(), &true.into())
    );
    let explained = gateway.admin().get("/api/v1/explain").await.expect(200).json();
    assert_eq!(explained["route"], "the rest");
    gateway.admin().get("/api/v1/explain?method=GET&url=%25%25").await.expect(422);
}
