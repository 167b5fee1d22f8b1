//! Requests that wait because an operator says so.

use super::*;

#[tokio::test]
async fn a_hold_keeps_requests_waiting_and_lets_them_go_when_it_is_off() {
    let shop = Shop::open("").await;
    shop.database.execute(MEND);
    shop.turns("/orders/1", 200).await;
    let given = shop.asks(&["hold", "on", "orders", "--reason", "a short migration"]);
    assert_eq!(given["routes"], json!(["orders"]));
    let client = shop.client.clone();
    let waiting = tokio::spawn(async move { client.get("/orders/1").await });
    shop.gateway.counts(|line| line == "schemagate_held_requests{route=\"orders\"} 1").await;
    shop.client.get("/free").await.expect(200);
    assert!(!waiting.is_finished());
    assert!(shop.run(&["hold", "list"]).expect(0).stdout.contains("route orders"));
    shop.run(&["hold", "off", "--all"]).expect(0);
    waiting.await.expect("it is answered").expect(200);
    shop.gateway.counts(|line| line.starts_with("schemagate_requests_total") && line.contains("action=\"pass\"")).await;
}

#[tokio::test]
async fn who_waits_for_too_long_is_refused_and_a_hold_ends_by_itself() {
    let shop = Shop::open("[hold]\nup_to = \"300ms\"").await;
    shop.database.execute(MEND);
    shop.turns("/orders/1", 200).await;
    shop.run(&["hold", "on", "--all", "--lasts", "6s"]).expect(0);
    shop.client.get("/free").await.expect(503);
    let line = shop.gateway.logged("\"reason\":\"held\"").await;
    assert!(line.contains("\"action\":\"block\""), "{line}");
    shop.turns("/free", 200).await;
    assert_eq!(shop.asks(&["hold", "list"])["holds"], json!([]));
}
