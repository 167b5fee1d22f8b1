//! Files that change are read without anybody's asking.

use std::fs;
use std::os::unix::fs::symlink;

use super::{LIMIT, NOWHERE, TEAPOT, status, to};
use crate::house::{Client, Echo, Gateway, eventually};

async fn becomes(client: &Client, path: &str, wanted: u16) {
    let what = format!("{path} gets {wanted}");
    eventually(&what, LIMIT, async || (status(client, path).await == wanted).then_some(())).await;
}

#[tokio::test]
async fn an_edited_file_and_a_folder_exchanged_as_kubernetes_does_it_are_read_by_themselves() {
    let echo = Echo::start().await;
    let gateway = Gateway::start_with("", "startup_timeout = \"1s\"", &to(&echo)).await;
    let client = gateway.client();
    let plain = fs::read_to_string(gateway.file()).expect("a file");
    let teapot = format!("{plain}{NOWHERE}{TEAPOT}");
    assert_eq!(status(&client, "/teapot").await, 200);
    gateway.rewrite(|_| teapot.clone());
    becomes(&client, "/teapot", 418).await;

    // A ConfigMap: the file is a link into a folder that is a link itself, which is exchanged.
    let folder = gateway.file().parent().expect("a folder").to_owned();
    for (version, text) in [("..1", &plain), ("..2", &teapot)] {
        fs::create_dir(folder.join(version)).expect("a folder");
        fs::write(folder.join(version).join("proxy.toml"), text).expect("a file");
    }
    let point = |link: &str, at: &str| {
        symlink(at, folder.join("..tmp")).expect("a link");
        fs::rename(folder.join("..tmp"), folder.join(link)).expect("exchanged");
    };
    point("..data", "..1");
    point("proxy.toml", "..data/proxy.toml");
    becomes(&client, "/teapot", 200).await;
    point("..data", "..2");
    becomes(&client, "/teapot", 418).await;

    // Written in place, as a bind mount needs it; first with a mistake.
    fs::write(gateway.file(), "nonsense = ").expect("written");
    gateway.counts(|line| line == "schemagate_config_last_reload_success 0").await;
    assert_eq!(status(&client, "/teapot").await, 418);
    fs::write(gateway.file(), &plain).expect("written");
    becomes(&client, "/teapot", 200).await;
}

#[tokio::test]
async fn a_page_that_the_configuration_names_is_read_again_when_it_changes() {
    let echo = Echo::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("page.html");
    let write =
        |text: &str| fs::write(&page, format!("<!doctype html><title>t</title><h1>{text}</h1>")).expect("written");
    write("first");
    let gateway = Gateway::start_with(
        "",
        "startup_timeout = \"1s\"",
        &format!(
            "{}[[routes]]\nname = \"page\"\npath = \"/page\"\nneeds = [\"none\"]\n\
             on_unknown = {{ block = {{ page = \"{}\" }} }}\n{NOWHERE}",
            to(&echo),
            page.display()
        ),
    )
    .await;
    let client = gateway.client();
    assert!(client.navigate("/page").await.expect(503).text().contains("first"));
    write("second");
    let what = "the other page is given";
    eventually(what, LIMIT, async || client.navigate("/page").await.text().contains("second").then_some(())).await;
    // A lock that a mistake asked for and that comes later is noticed, too.
    let lock = folder.path().join("schema.lock");
    gateway.rewrite(|text| text.replace("tables = [\"t\"]", &format!("lock = \"{}\"", lock.display())));
    gateway.counts(|line| line == "schemagate_config_last_reload_success 0").await;
    fs::write(&lock, "version = 1\n[tables.orders]\nid = \"bigint not null\"\n").expect("written");
    gateway.counts(|line| line == "schemagate_config_last_reload_success 1").await;
}
