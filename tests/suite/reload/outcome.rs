//! What is said of a reload, and what is kept.

use std::time::Duration;

use super::{LIMIT, NOWHERE, TEAPOT, status, to};
use crate::house::{Cluster, Echo, Gateway, Receiver, eventually, free_port, holds_for};

#[tokio::test]
async fn a_broken_file_keeps_the_old_configuration_and_its_mistakes_are_told_with_their_places() {
    let echo = Echo::start().await;
    let gateway = Gateway::start(&to(&echo)).await;
    gateway.rewrite(|text| text.replace("path = \"/*\"", "path = \"/*\"\nneeds = [\"nothing\"]\nmetods = [\"GET\"]"));
    let refused = gateway.reload().await.expect(422);
    let detail = refused.json()["detail"].as_str().expect("a text").to_owned();
    assert!(detail.contains("proxy.toml:") && detail.contains("metods") && detail.contains("nothing"), "{detail}");
    gateway.logged("the one before stays in force").await;
    assert_eq!(status(&gateway.client(), "/x").await, 200);
    let metrics = gateway.metrics().await;
    assert!(metrics.contains("schemagate_config_last_reload_success 0"), "{metrics}");
    gateway.rewrite(|text| text.replace("\nneeds = [\"nothing\"]\nmetods = [\"GET\"]", ""));
    gateway.reload().await.expect(200);
    assert!(gateway.metrics().await.contains("schemagate_config_last_reload_success 1"));
}

#[tokio::test]
async fn what_needs_a_restart_is_named_and_the_rest_takes_effect() {
    let echo = Echo::start().await;
    let gateway = Gateway::start(&to(&echo)).await;
    let port = gateway.port();
    gateway.rewrite(|text| {
        let text = text.replace(&format!("127.0.0.1:{port}"), &format!("127.0.0.1:{}", free_port()));
        let text = text.replace("[log]", "[log]\nlevel = \"debug\"").replace("[listen]", "[listen]\nthreads = 1");
        format!("{text}{NOWHERE}{TEAPOT}").replace("[admin]", "[admin]\nstartup_timeout = \"1s\"")
    });
    let answer = gateway.reload().await.expect(200).json();
    assert_eq!(answer["needs_restart"], serde_json::json!(["listen.http", "listen.threads", "log.level"]));
    gateway.logged("counts from the next start on").await;
    assert_eq!(status(&gateway.client(), "/teapot").await, 418, "at the old address, by the new routes");
}

#[tokio::test]
async fn series_of_a_route_that_is_gone_are_gone() {
    let echo = Echo::start().await;
    let extra = "[[routes]]\nname = \"extra\"\npath = \"/extra\"\n";
    let gateway = Gateway::start(&format!("{}{extra}", to(&echo))).await;
    gateway.client().get("/extra").await.expect(200);
    gateway.client().get("/x").await.expect(200);
    gateway.counts(|line| line.contains("route=\"extra\"")).await;
    gateway.counts(|line| line.contains("route=\"all\"")).await;
    gateway.rewrite(|text| text.replace(extra, ""));
    gateway.reload().await.expect(200);
    let metrics = gateway.metrics().await;
    assert!(!metrics.contains("route=\"extra\"") && metrics.contains("route=\"all\""), "{metrics}");
}

#[tokio::test]
async fn an_alert_is_not_told_again_after_a_reload_and_its_end_is() {
    let database = Cluster::shared().database().await;
    let (echo, receiver) = (Echo::start().await, Receiver::start().await);
    let gateway = Gateway::start(&format!(
        "[databases.main]\nurl = \"{}\"\n[requirements.orders]\ntables = [\"orders\"]\n\
         [[alerts]]\nname = \"night\"\nwebhook = \"http://{}/hook\"\non = [\"broken\", \"recovered\"]\n{}needs = [\"orders\"]\n",
        database.watcher_url(),
        receiver.address(),
        to(&echo)
    ))
    .await;
    eventually("it is told", LIMIT, async || (receiver.received().len() == 1).then_some(())).await;
    gateway.rewrite(|text| {
        text.replace("name = \"night\"", "name = \"night\"\nafter = \"1s\"").replace("\"/*\"", "\"/a/*\"")
    });
    gateway.reload().await.expect(200);
    let told = async || receiver.received().len() == 1;
    holds_for("it is not told again", Duration::from_millis(2500), told).await;
    database.execute("CREATE TABLE orders (id int)").await;
    eventually("its end is told", LIMIT, async || (receiver.received().len() == 2).then_some(())).await;
}
