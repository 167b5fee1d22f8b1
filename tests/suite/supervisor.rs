//! systemd's notification protocol (`sd_notify(3)`): a unit of `Type=notify` is told how it goes.

use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::net::UnixDatagram;
use tokio::time::timeout;

use crate::house::{Echo, Gateway};

const LIMIT: Duration = Duration::from_secs(20);

/// Where systemd listens.
struct Supervisor(UnixDatagram);

impl Supervisor {
    /// The next message that has this line; others are of the same kind, and come between.
    async fn hears(&self, line: &str) -> String {
        let heard = async {
            loop {
                let mut message = [0; 1024];
                let length = self.0.recv(&mut message).await.expect("a message");
                let message = String::from_utf8_lossy(&message[..length]).into_owned();
                if message.lines().any(|said| said == line) {
                    return message;
                }
            }
        };
        timeout(LIMIT, heard).await.unwrap_or_else(|_| panic!("no {line} within {LIMIT:?}"))
    }
}

#[tokio::test]
async fn systemd_is_told_when_clients_are_let_in_what_a_reload_comes_to_and_when_it_ends() {
    let echo = Echo::start().await;
    let config = format!("[upstreams.api]\nservers = [\"{}\"]\n[[routes]]\npath = \"/*\"\n", echo.address());
    let mut gateway = Gateway::start(&config).await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("notify");
    let supervisor = Supervisor(UnixDatagram::bind(&path).expect("a socket"));
    gateway.restart(&[("NOTIFY_SOCKET", path.to_str().expect("a path"))]).await;
    supervisor.hears("READY=1").await;
    gateway.client().get("/").await.expect(200);

    gateway.signal(Signal::SIGHUP);
    let reloading = supervisor.hears("RELOADING=1").await;
    let time = reloading.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC="));
    assert!(time.is_some_and(|time| time.parse::<u64>().is_ok()), "{reloading}");
    assert!(supervisor.hears("READY=1").await.contains("STATUS=Serving"));

    gateway.rewrite(|text| text.replace("servers", "srvers"));
    gateway.signal(Signal::SIGHUP);
    supervisor.hears("RELOADING=1").await;
    assert!(supervisor.hears("READY=1").await.contains("has mistakes"), "and it serves on");
    gateway.client().get("/").await.expect(200);

    gateway.signal(Signal::SIGTERM);
    supervisor.hears("STOPPING=1").await;
    assert_eq!(gateway.ends_within(LIMIT).expect("it ends").code(), Some(0));
}

#[tokio::test]
async fn a_supervisor_that_does_not_listen_keeps_nobody_from_serving() {
    let echo = Echo::start().await;
    let config = format!("[upstreams.api]\nservers = [\"{}\"]\n[[routes]]\npath = \"/*\"\n", echo.address());
    let mut gateway = Gateway::start(&config).await;
    gateway.restart(&[("NOTIFY_SOCKET", "/no/such/socket")]).await;
    gateway.client().get("/").await.expect(200);
    gateway.logged("could not be told").await;
}
