//! A new configuration without a restart: whole or not at all, and nobody notices but by what it says.

mod files;
mod load;
mod outcome;

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use nix::sys::signal::Signal;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

use crate::house::{Answer, Client, Cluster, Database, Echo, Gateway, eventually, holds_for};

const LIMIT: Duration = Duration::from_secs(20);

/// Every request goes to this backend.
fn to(echo: &Echo) -> String {
    format!("[upstreams.api]\nservers = [\"{}\"]\n[[routes]]\nname = \"all\"\npath = \"/*\"\n", echo.address())
}

/// A route of its own for `/teapot`, which is answered here.
const TEAPOT: &str = "\n[[routes]]\nname = \"teapot\"\npath = \"/teapot\"\nneeds = [\"none\"]\n\
                      on_unknown = { respond = { status = 418, text = \"teapot\" } }\n";

/// A database that nobody has, so that a requirement of it is unknown.
const NOWHERE: &str = "[databases.none]\nurl = \"postgresql://a@127.0.0.1:1/a\"\n\
                       [requirements.none]\ndatabase = \"none\"\ntables = [\"t\"]\n";

async fn status(client: &Client, path: &str) -> u16 {
    client.get(path).await.status
}

#[tokio::test]
async fn sighup_puts_the_file_in_force_as_it_is_now() {
    let (one, other) = (Echo::start().await, Echo::start().await);
    let gateway = Gateway::start(&to(&one)).await;
    let client = gateway.client();
    client.get("/").await.expect(200);
    assert_eq!((one.requests(), other.requests()), (1, 0));
    gateway.rewrite(|text| text.replace(&one.address(), &other.address()));
    gateway.signal(Signal::SIGHUP);
    gateway.logged("the configuration was reloaded").await;
    client.get("/").await.expect(200);
    assert_eq!((one.requests(), other.requests()), (1, 1));
    gateway.counts(|line| line == "schemagate_config_last_reload_success 1").await;
}

#[tokio::test]
async fn what_is_under_way_keeps_the_backend_that_it_went_to() {
    let (one, other) = (Echo::start().await, Echo::start().await);
    let gateway = Gateway::start(&to(&one)).await;
    let url = format!("ws://127.0.0.1:{}/ws", gateway.port());
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.expect("an upgrade");
    let client = gateway.client();
    let held = tokio::spawn(async move { client.get("/hold").await });
    eventually("both are at the backend", LIMIT, async || (one.requests() == 2).then_some(())).await;
    gateway.rewrite(|text| text.replace(&one.address(), &other.address()));
    gateway.reload().await.expect(200);
    gateway.client().get("/").await.expect(200);
    assert_eq!(other.requests(), 1, "new requests go to the new one");
    socket.send(Message::text("still there?")).await.expect("sent");
    let back = tokio::time::timeout(LIMIT, socket.next()).await.expect("an answer").expect("a message");
    assert_eq!(back.expect("a message"), Message::text("still there?"));
    one.release();
    assert_eq!(held.await.expect("a task").expect(200).text(), "held");
}

#[tokio::test]
async fn a_new_requirement_is_judged_before_a_request_is_decided_by_it() {
    let database = Cluster::shared().database().await;
    database.execute("CREATE TABLE here (id int)").await;
    let echo = Echo::start().await;
    let watched = format!(
        "[databases.main]\nurl = \"{}\"\n[requirements.known]\ntables = [\"here\"]\n{}needs = [\"known\"]\n\
         on_unknown = \"block\"\n",
        database.watcher_url(),
        to(&echo)
    );
    let gateway = Gateway::start(&watched).await;
    let client = gateway.client();
    gateway.rewrite(|text| {
        let text =
            text.replace("[requirements.known]", "[requirements.missing]\ntables = [\"gone\"]\n[requirements.known]");
        let text = text.replace("tables = [\"here\"]", "columns = { here = [\"id\"] }");
        format!("{text}\n[[routes]]\nname = \"gone\"\npath = \"/gone\"\nneeds = [\"missing\"]\n")
    });
    let reloading = gateway.reload();
    tokio::pin!(reloading);
    let answer = loop {
        tokio::select! {
            answer = &mut reloading => break answer,
            status = status(&client, "/x") => assert_eq!(status, 200, "what is right is never unknown"),
        }
    };
    answer.expect(200);
    assert_eq!(status(&client, "/gone").await, 503, "the first request is refused");
    assert_eq!(status(&client, "/x").await, 200);
    assert_eq!(gateway.verdict("missing").await, "broken");
}

#[tokio::test]
async fn what_is_known_of_a_database_that_is_away_stands_over_a_reload() {
    let database = Cluster::start();
    let shop = database.database().await;
    shop.execute("CREATE TABLE here (id int)").await;
    let echo = Echo::start().await;
    let gateway = Gateway::start(&format!(
        "[databases.main]\nurl = \"{}\"\nmax_age = \"60s\"\n[requirements.known]\ntables = [\"here\"]\n{}\
         needs = [\"known\"]\non_unknown = \"block\"\n",
        shop.watcher_url(),
        to(&echo)
    ))
    .await;
    database.stop();
    gateway.rewrite(|text| format!("{text}\n[[routes]]\nname = \"other\"\npath = \"/other\"\nneeds = [\"known\"]\n"));
    gateway.reload().await.expect(200);
    assert_eq!(gateway.verdict("known").await, "ready");
    assert_eq!(status(&gateway.client(), "/other").await, 200);
    // What is new is not known, and is not waited for without an end.
    gateway.rewrite(|text| {
        text.replace("[requirements.known]", "[requirements.new]\ntables = [\"new\"]\n[requirements.known]")
            .replace("[admin]", "[admin]\nstartup_timeout = \"1s\"")
    });
    gateway.reload().await.expect(200);
    assert_eq!(gateway.verdict("known").await, "ready");
    assert_eq!(gateway.verdict("new").await, "unknown");
}

/// A gateway, and a request that waits there until there is a table `orders`.
async fn with_a_request_that_waits(database: &Database, echo: &Echo) -> (Gateway, JoinHandle<Answer>) {
    let gateway = Gateway::start(&format!(
        "[databases.main]\nurl = \"{}\"\n[requirements.orders]\ntables = [\"orders\"]\n{}needs = [\"orders\"]\n\
         on_broken = {{ hold = {{ up_to = \"60s\", then = \"block\" }} }}\n",
        database.watcher_url(),
        to(echo)
    ))
    .await;
    gateway.verdict_becomes("orders", "broken", LIMIT).await;
    let client = gateway.client();
    let held = tokio::spawn(async move { client.get("/x").await });
    gateway.counts(|line| line == "schemagate_held_requests{route=\"all\"} 1").await;
    (gateway, held)
}

#[tokio::test]
async fn a_request_that_waits_is_let_go_by_the_new_configuration() {
    let database = Cluster::shared().database().await;
    let echo = Echo::start().await;
    let (gateway, held) = with_a_request_that_waits(&database, &echo).await;
    // As it was: it waits on, and its database is looked at still.
    gateway.rewrite(|text| format!("{text}\n# more\n"));
    gateway.reload().await.expect(200);
    holds_for("it waits", Duration::from_millis(300), async || !held.is_finished()).await;
    gateway.rewrite(|text| {
        text.replace("on_broken = { hold = { up_to = \"60s\", then = \"block\" } }", "on_broken = \"pass\"")
    });
    gateway.reload().await.expect(200);
    held.await.expect("a task").expect(200);
}

#[tokio::test]
async fn a_request_that_waits_over_a_reload_goes_when_the_schema_is_right() {
    let database = Cluster::shared().database().await;
    let echo = Echo::start().await;
    let (gateway, held) = with_a_request_that_waits(&database, &echo).await;
    // Another watcher watches from here on, for one thing more.
    gateway.rewrite(|text| {
        text.replace("[requirements.orders]", "[requirements.more]\ntables = [\"more\"]\n[requirements.orders]")
    });
    gateway.reload().await.expect(200);
    database.execute("CREATE TABLE orders (id int)").await;
    held.await.expect("a task").expect(200);
}
