//! Orders for a fleet, in a file that is watched.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;

const CONTROL: &str = "[control]\nfile = \"orders/control.toml\"";

const BYPASS: &str =
    "[[bypasses]]\nname = \"release night\"\nroutes = [\"orders\"]\nreason = \"the fleet's release\"\n";
const WINDOW: &str =
    "[[windows]]\nname = \"sunday\"\nblocks = \"everything\"\nroutes = [\"the rest\"]\nmessage = \"Back at four.\"\n";

/// Puts files there as the kubelet does: a folder of their own, a link `..data` to it, and links through that.
fn config_map(folder: &Path, version: &str, text: &str) {
    let (files, data) = (folder.join(format!("..{version}")), folder.join("..data"));
    fs::create_dir_all(&files).expect("a folder");
    fs::write(files.join("control.toml"), text).expect("it is written");
    let fresh = folder.join("..data_tmp");
    symlink(format!("..{version}"), &fresh).expect("a link");
    fs::rename(&fresh, &data).expect("the swap");
    if !folder.join("control.toml").exists() {
        symlink("..data/control.toml", folder.join("control.toml")).expect("a link");
    }
}

#[tokio::test]
async fn a_config_map_that_is_swapped_brings_and_takes_orders_without_a_restart() {
    let shop = Shop::open(CONTROL).await;
    shop.gateway.logged("there is no control file yet").await;
    let folder = shop.gateway.folder().join("orders");
    config_map(&folder, "1", BYPASS);
    shop.turns("/orders/1", 200).await;
    let listed = shop.asks(&["bypass", "list"]);
    assert_eq!(
        (&listed["bypasses"][0]["id"], &listed["bypasses"][0]["source"]),
        (&json!("release night"), &json!("control_file"))
    );
    let refused = shop.run(&["bypass", "off", "release night"]).expect(2).stderr;
    assert!(refused.contains("take it out there"), "{refused}");

    config_map(&folder, "2", WINDOW);
    shop.turns("/orders/1", 503).await;
    let answer = shop.client.navigate("/free").await.expect(503);
    assert!(answer.text().contains("Back at four."), "{}", answer.text());

    config_map(&folder, "3", "");
    shop.turns("/free", 200).await;
}

#[tokio::test]
async fn a_wrong_control_file_keeps_what_was_in_force_and_says_where_it_is_wrong() {
    let shop = Shop::open(CONTROL).await;
    let folder = shop.gateway.folder().join("orders");
    config_map(&folder, "1", BYPASS);
    shop.turns("/orders/1", 200).await;
    config_map(&folder, "2", &BYPASS.replace("[\"orders\"]", "[\"order\"]"));
    let told = shop.gateway.logged("the control file is wrong").await;
    assert!(told.contains("control.toml:3:11") && told.contains("did you mean `orders`?"), "{told}");
    shop.client.get("/orders/1").await.expect(200);
    config_map(&folder, "3", "");
    shop.turns("/orders/1", 503).await;
}

#[tokio::test]
async fn orders_of_the_file_are_in_force_before_the_first_request_and_end_at_their_time() {
    let mut shop = Shop::open(CONTROL).await;
    let folder = shop.gateway.folder().join("orders");
    let soon = jiff::Timestamp::now() + Duration::from_secs(6);
    config_map(&folder, "1", &format!("{BYPASS}until = \"{soon}\"\n"));
    shop.gateway.restart(&[]).await;
    let status = shop.status("/orders/1").await;
    assert!(status == 200 || jiff::Timestamp::now() >= soon, "in force still, and not {status}");
    shop.turns("/orders/1", 503).await;
}

#[tokio::test]
async fn a_window_that_recurs_is_open_in_its_hour_and_says_when_it_comes_again() {
    let shop = Shop::open(CONTROL).await;
    let folder = shop.gateway.folder().join("orders");
    // Since half an hour ago, for an hour each day.
    let began = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(30);
    let often = format!(
        "starts = \"{began}\"\nlasts = \"1h\"\nevery = \"day\"\nroutes = [\"the rest\"]\nblocks = \"everything\"\n"
    );
    config_map(&folder, "1", &format!("[[windows]]\nname = \"nightly\"\n{often}"));
    shop.turns("/free", 503).await;
    let windows = shop.asks(&["maintenance", "list"]);
    assert_eq!(
        (&windows["windows"][0]["id"], &windows["windows"][0]["source"]),
        (&json!("nightly"), &json!("control_file"))
    );
    // The same, over since an hour: the next time is tomorrow's.
    let began = began - jiff::SignedDuration::from_mins(90);
    let over = format!(
        "starts = \"{began}\"\nlasts = \"1h\"\nevery = \"day\"\nroutes = [\"the rest\"]\nblocks = \"everything\"\n"
    );
    config_map(&folder, "2", &format!("[[windows]]\nname = \"nightly\"\n{over}"));
    shop.turns("/free", 200).await;
    let status = shop.run(&["status"]).stdout;
    assert!(status.contains("window\tnightly\tplanned\tblocks everything of route the rest"), "{status}");
}
