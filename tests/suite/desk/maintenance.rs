//! Maintenance windows by command.

use super::*;

#[tokio::test]
async fn a_window_of_a_command_keeps_writes_out_until_it_is_cancelled() {
    let shop = Shop::open("").await;
    let given = shop.asks(&["maintenance", "on", "--lasts", "10m", "--message", "We move the till."]);
    assert_eq!((&given["id"], &given["blocks"]), (&json!("w1"), &json!("writes")));
    let refused = shop.writes("/free").await.expect(503);
    let seconds: u64 = refused.header("retry-after").parse().expect("a number");
    assert!((590..=600).contains(&seconds) && refused.text().contains("We move the till."), "{refused:?}");
    shop.client.get("/free").await.expect(200);
    let listed = shop.run(&["maintenance", "list"]).expect(0).stdout;
    assert!(listed.starts_with("window\tw1\topen\twrites\t\t20"), "{listed}");
    shop.run(&["maintenance", "cancel", "w1"]).expect(0);
    shop.writes("/free").await.expect(200);
}

#[tokio::test]
async fn off_ends_what_is_open_and_leaves_what_is_to_come() {
    let shop = Shop::open("").await;
    let later = jiff::Timestamp::now() + Duration::from_secs(3600);
    shop.run(&["maintenance", "create", "--from", &later.to_string(), "--lasts", "2h", "--route", "orders"]).expect(0);
    shop.run(&["maintenance", "on", "--blocks", "everything"]).expect(0);
    shop.client.get("/free").await.expect(503);
    let off = shop.run(&["maintenance", "off"]).expect(0).stdout;
    assert!(off.contains("window w2 is cancelled") && !off.contains("w1"), "{off}");
    shop.client.get("/free").await.expect(200);
    let listed = shop.asks(&["maintenance", "list"]);
    assert_eq!(listed["windows"][0]["id"], "w1");
}

#[tokio::test]
async fn a_window_opens_at_its_time_and_ends_at_its_time() {
    let shop = Shop::open("").await;
    let from = jiff::Timestamp::now() + Duration::from_secs(4);
    let args = ["maintenance", "create", "--from", &from.to_string(), "--lasts", "4s", "--blocks", "everything"];
    shop.run(&args).expect(0);
    let status = shop.status("/free").await;
    assert!(status == 200 || jiff::Timestamp::now() >= from, "not yet, and not {status}");
    shop.turns("/free", 503).await;
    shop.turns("/free", 200).await;
    assert!(jiff::Timestamp::now() >= from + Duration::from_secs(4));
}

#[tokio::test]
async fn until_ready_lifts_itself_when_everything_is_verified_ready_and_not_before() {
    let more = "[requirements.bills]\ntables = [\"bills\"]";
    let mut shop = Shop::open(more).await;
    shop.run(&["maintenance", "on", "--until-ready", "--blocks", "everything"]).expect(0);
    shop.client.get("/free").await.expect(503);
    shop.database.execute(MEND);
    shop.gateway.verdict_becomes("orders", "ready", LIMIT).await;
    shop.client.get("/free").await.expect(503);
    // It waits over a restart, too.
    shop.gateway.restart(&[]).await;
    shop.client.get("/free").await.expect(503);
    shop.database.execute("CREATE TABLE bills (id int)");
    shop.turns("/free", 200).await;
    shop.gateway.logged("window lifted, since everything is ready").await;
    shop.gateway.restart(&[]).await;
    shop.client.get("/free").await.expect(200);
}

#[tokio::test]
async fn until_ready_of_a_requirement_waits_for_that_alone_and_one_that_is_over_at_once_is_not_taken() {
    let shop = Shop::open("[requirements.other]\ntables = [\"other\"]").await;
    let refused = shop.run(&["maintenance", "on", "--until-ready", "--require", "other"]).expect(2).stderr;
    assert!(refused.contains("is ready already"), "{refused}");
    shop.run(&["maintenance", "on", "--until-ready", "--require", "orders"]).expect(0);
    shop.writes("/free").await.expect(503);
    shop.database.execute(MEND);
    let open = async || (shop.writes("/free").await.status == 200).then_some(());
    eventually("writes pass", LIMIT, open).await;
}
