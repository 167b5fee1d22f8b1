//! Another process takes the listening sockets, and nobody notices.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use nix::sys::signal::Signal;
use tokio_tungstenite::tungstenite::Message;

use crate::house::{Echo, Gateway, Guarded, Run, eventually};

const LIMIT: Duration = Duration::from_secs(20);

fn to(echo: &Echo) -> String {
    format!("[upstreams.api]\nservers = [\"{}\"]\n[[routes]]\nname = \"all\"\npath = \"/*\"\n", echo.address())
}

/// Waits for the end of a process whose clients are on this thread.
async fn ends(process: &mut Guarded) {
    let ended = eventually("the process before has ended", LIMIT, async || process.ended()).await;
    assert_eq!(ended.code(), Some(0));
}

#[tokio::test]
async fn a_new_process_serves_and_what_is_open_in_the_old_one_ends_there() {
    let echo = Echo::start().await;
    let mut gateway = Gateway::start_with("drain = \"60s\"", "", &to(&echo)).await;
    let url = format!("ws://127.0.0.1:{}/ws", gateway.port());
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.expect("an upgrade");
    let client = gateway.client();
    let held = tokio::spawn(async move { client.get("/hold").await });
    eventually("both are at the backend", LIMIT, async || (echo.requests() == 2).then_some(())).await;
    let mut before = gateway.upgrade();
    gateway.logged("lets nobody in any more and ends with its last request").await;
    gateway.client().get("/x").await.expect(200);
    gateway.admin().get("/ready").await.expect(200);
    socket.send(Message::text("still there?")).await.expect("sent");
    let back = tokio::time::timeout(LIMIT, socket.next()).await.expect("an answer").expect("a message");
    assert_eq!(back.expect("a message"), Message::text("still there?"));
    echo.release();
    assert_eq!(held.await.expect("a task").expect(200).text(), "held");
    assert!(before.ended().is_none(), "a socket is open still");
    socket.close(None).await.expect("closed");
    ends(&mut before).await;
    // And once more: the new one can be upgraded, too.
    let mut second = gateway.upgrade();
    ends(&mut second).await;
    gateway.client().get("/x").await.expect(200);
}

#[tokio::test]
async fn a_new_process_that_fails_leaves_the_old_one_serving() {
    let echo = Echo::start().await;
    let mut gateway = Gateway::start(&to(&echo)).await;
    let right = std::fs::read_to_string(gateway.file()).expect("a file");
    // It fails after it was handed the sockets: another address is taken.
    let port = gateway.port();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let other = taken.local_addr().expect("bound");
    gateway.rewrite(|text| {
        text.replace(&format!("\"127.0.0.1:{port}\""), &format!("[\"127.0.0.1:{port}\", \"{other}\"]"))
    });
    let before = gateway.upgrade();
    gateway.logged("somebody listens there already").await;
    gateway.logged("this one serves on").await;
    gateway.client().get("/x").await.expect(200);
    gateway.admin().get("/ready").await.expect(200);
    gateway.rewrite(|_| right);
    drop(before);
}

#[tokio::test]
async fn a_process_that_is_killed_on_the_way_leaves_the_old_one_serving() {
    let echo = Echo::start().await;
    // It waits for a database that nobody has.
    let nowhere = "[databases.none]\nurl = \"postgresql://a@127.0.0.1:1/a\"\n";
    let mut gateway = Gateway::start_with("", "startup_timeout = \"1s\"", &to(&echo)).await;
    gateway
        .rewrite(|text| format!("{}{nowhere}", text.replace("startup_timeout = \"1s\"", "startup_timeout = \"60s\"")));
    let _before = gateway.upgrade();
    gateway.logged("a new process takes the listening sockets").await;
    gateway.signal(Signal::SIGKILL);
    gateway.logged("this one serves on").await;
    gateway.client().get("/x").await.expect(200);
    gateway.admin().get("/ready").await.expect(200);
}

#[test]
fn with_nobody_to_upgrade_it_says_so_and_does_not_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "admin.listen = \"127.0.0.1:1\"\nlisten.http = \"127.0.0.1:0\"\n[upstreams.api]\nservers = [\"127.0.0.1:1\"]\n\
                [[routes]]\npath = \"/*\"\n";
    std::fs::write(folder.path().join("proxy.toml"), text).expect("written");
    let run = Run::of(folder.path(), &["run", "--upgrade"]).expect(2);
    assert!(run.output().contains("there is nobody to upgrade"), "{}", run.output());
}
