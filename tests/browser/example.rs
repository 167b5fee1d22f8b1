//! An application behind schemagate, as its users see it.

use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::net::TcpStream;

use crate::browse_with;
use crate::house::{Guarded, eventually, free_port, schemagate};
use crate::project::{Project, home};

const LIMIT: Duration = Duration::from_secs(30);
const KNEX: [&str; 2] = ["--no-install", "knex"];

#[tokio::test(flavor = "multi_thread")]
async fn a_tab_that_was_refused_shows_the_app_once_the_schema_is_mended_and_needs_no_hard_refresh() {
    let shop = Project::copy("express-knex", "node_modules").await;
    for _ in 0..2 {
        shop.run("npx", &[&KNEX[..], &["migrate:up"]].concat(), 0);
    }
    shop.database.execute("INSERT INTO customers (name) VALUES ('Ada')").await;
    let app = shop.serve(&mut shop.command("node", &["server.js"])).await;
    let port = free_port();
    // By the example's own configuration.
    let mut gateway = schemagate();
    gateway
        .args(["run", "--config"])
        .arg(home("express-knex").join("proxy.toml"))
        .env("DATABASE_URL", shop.database.url())
        .env("PORT", port.to_string())
        .env("APP_PORT", app.port().to_string())
        .env("ADMIN_PORT", free_port().to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let _gateway = Guarded::start(&mut gateway, Signal::SIGKILL, None);
    eventually("schemagate listens", LIMIT, async || TcpStream::connect(("127.0.0.1", port)).await.ok()).await;

    let mend = format!(
        "cd '{}' && DATABASE_URL='{}' npx {} migrate:latest",
        shop.path().display(),
        shop.database.url(),
        KNEX.join(" ")
    );
    let url = format!("http://127.0.0.1:{port}/");
    tokio::task::spawn_blocking(move || browse_with("example.mjs", "mended", &url, &[("MEND", &mend)]))
        .await
        .expect("the browser sees what it should");
}
