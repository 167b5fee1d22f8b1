//! What outlives a restart.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;

const STATE: &str = "schemagate.state.json";

#[tokio::test]
async fn orders_survive_a_restart_unless_they_are_over() {
    let mut shop = Shop::open("").await;
    shop.run(&["bypass", "on", "--route", "orders", "--lasts", "10m"]).expect(0);
    shop.run(&["bypass", "on", "--requirement", "orders", "--lasts", "1s"]).expect(0);
    let mode = fs::metadata(shop.gateway.folder().join(STATE)).expect("a state file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let short_is_over = async || {
        let listed = shop.gateway.admin().get("/api/v1/bypasses").await.json();
        (listed["bypasses"].as_array()?.len() == 1).then_some(())
    };
    eventually("the short one is over", LIMIT, short_is_over).await;

    shop.gateway.restart(&[]).await;
    // Not one request is decided without.
    shop.client.get("/orders/1").await.expect(200);
    shop.gateway.logged("is on from the start").await;
    let listed = shop.asks(&["bypass", "list"]);
    assert_eq!(listed["bypasses"].as_array().unwrap().len(), 1);
    assert_eq!((&listed["bypasses"][0]["id"], &listed["bypasses"][0]["routes"]), (&json!("b1"), &json!(["orders"])));
    let next = shop.asks(&["bypass", "on"]);
    assert_eq!(next["id"], "b3", "no id is used twice");
}

#[tokio::test]
async fn a_damaged_state_file_is_put_aside_with_a_warning_and_traffic_flows() {
    let mut shop = Shop::open("").await;
    shop.run(&["bypass", "on"]).expect(0);
    let state = shop.gateway.folder().join(STATE);
    let text = fs::read_to_string(&state).expect("a state file");
    fs::write(&state, &text[..text.len() / 2]).expect("it is written");
    shop.gateway.restart(&[]).await;
    shop.turns("/orders/1", 503).await;
    shop.client.get("/free").await.expect(200);
    let warning = shop.gateway.logged("cannot be understood").await;
    assert!(warning.contains("\"WARN\"") && warning.contains(".damaged-1"), "{warning}");
    assert_eq!(fs::read_to_string(state.with_file_name(format!("{STATE}.damaged-1"))).unwrap().len(), text.len() / 2);
    shop.run(&["bypass", "on"]).expect(0);
    shop.gateway.restart(&[]).await;
    shop.client.get("/orders/1").await.expect(200);
}

#[tokio::test]
async fn an_order_that_cannot_be_written_is_in_force_and_says_that_it_will_not_last() {
    let shop = Shop::open("[control]\nstate = \"no-such-folder/state.json\"").await;
    let run = shop.run(&["bypass", "on"]).expect(0);
    assert!(run.stderr.contains("does not outlive a restart: cannot write the state file"), "{}", run.stderr);
    shop.client.get("/orders/1").await.expect(200);
}

#[tokio::test]
async fn where_the_disk_goes_with_the_instance_the_control_file_is_pointed_to() {
    let mut shop = Shop::open("").await;
    assert!(!shop.gateway.log().contains("will not outlive"), "{}", shop.gateway.log());
    shop.gateway.restart(&[("K_SERVICE", "shop")]).await;
    let warning = shop.gateway.logged("will not outlive this instance").await;
    assert!(warning.contains("Cloud Run") && warning.contains("control file"), "{warning}");
    let run = shop.run(&["bypass", "on"]).expect(0);
    assert!(run.stderr.contains("does not outlive this instance"), "{}", run.stderr);
}
