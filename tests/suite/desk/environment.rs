//! Bypasses that a variable of the environment switches on.

use super::*;

const ENV: &str = "[bypass]\nenv = [\"DISABLE_MIGRATION_CHECK=true\", { env = \"ENABLE_WRITE_BLOCK_MIDDLEWARE=false\", skips = \"windows\" }]";

#[tokio::test]
async fn a_variable_of_the_users_naming_switches_a_bypass_on_and_nothing_else_does() {
    let mut shop = Shop::open(ENV).await;
    shop.gateway.restart(&[("DISABLE_MIGRATION_CHECK", "false")]).await;
    shop.turns("/orders/1", 503).await;
    shop.gateway.restart(&[("DISABLE_MIGRATION_CHECK", "True")]).await;
    shop.gateway.verdict_becomes("orders", "broken", LIMIT).await;
    shop.client.get("/orders/1").await.expect(200);
    let warning = shop.gateway.logged("is on from the start").await;
    assert!(warning.contains("DISABLE_MIGRATION_CHECK=true") && warning.contains("\"WARN\""), "{warning}");
    shop.gateway.logged("BYPASSED request").await;
    let refused = shop.run(&["bypass", "off", "DISABLE_MIGRATION_CHECK=true"]).expect(2).stderr;
    assert!(refused.contains("start schemagate without it"), "{refused}");
}

#[tokio::test]
async fn one_that_skips_windows_lets_writes_pass_in_a_window_and_leaves_needs_gated() {
    let mut shop = Shop::open(ENV).await;
    shop.gateway.restart(&[("ENABLE_WRITE_BLOCK_MIDDLEWARE", "false")]).await;
    shop.gateway.verdict_becomes("orders", "broken", LIMIT).await;
    shop.run(&["maintenance", "on", "--lasts", "10m"]).expect(0);
    shop.writes("/free").await.expect(200);
    shop.writes("/orders/1").await.expect(503);
    let warning = shop.gateway.logged("BYPASSED request").await;
    assert!(
        warning.contains("\"reason\":\"window\"") && warning.contains("ENABLE_WRITE_BLOCK_MIDDLEWARE"),
        "{warning}"
    );
    let line = "schemagate_bypassed_requests_total{reason=\"window\",route=\"the rest\"} 1";
    shop.gateway.counts(|metric| metric == line).await;
}

#[test]
fn mistakes_are_told_with_their_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "[upstreams.api]\nservers = [\"127.0.0.1:1\"]\n[[routes]]\npath = \"/*\"\n[bypass]\n\
                env = [\"DISABLE\", { env = \"X=1\", routes = [\"orders\"] }]\n";
    std::fs::write(folder.path().join("proxy.toml"), text).expect("it is written");
    let run = Run::of(folder.path(), &["check"]).expect(2);
    for part in
        ["proxy.toml:6:8", "`DISABLE` is no variable", "DISABLE_MIGRATION_CHECK=true", "there is no route `orders`"]
    {
        assert!(run.stderr.contains(part), "{part} in {}", run.stderr);
    }
}
