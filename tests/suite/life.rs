//! Starting and ending.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::house::{Client, Echo, Gateway, Run, free_port};

const LIMIT: Duration = Duration::from_secs(20);

fn config(echo: &Echo) -> String {
    format!("[upstreams.api]\nservers = [\"{}\"]\n[[routes]]\npath = \"/*\"\n", echo.address())
}

#[tokio::test]
async fn a_request_in_flight_is_answered_after_sigterm_and_the_process_ends_with_0() {
    let echo = Echo::start().await;
    let mut gateway = Gateway::start_with("drain = \"15s\"", "", &config(&echo)).await;
    let client = gateway.client();
    let held = tokio::spawn(async move { client.get("/hold").await });
    crate::house::eventually("the request is at the backend", LIMIT, async || (echo.requests() == 1).then_some(()))
        .await;
    gateway.signal(Signal::SIGTERM);
    gateway.logged("requests in flight may end").await;
    let refused = async || TcpStream::connect(("127.0.0.1", gateway.port())).await.is_err().then_some(());
    crate::house::eventually("who comes now is refused", LIMIT, refused).await;
    echo.release();
    assert_eq!(held.await.expect("a task").expect(200).text(), "held");
    let ended = gateway.ends_within(LIMIT).expect("it ends");
    assert_eq!(ended.code(), Some(0));
}

#[tokio::test]
async fn after_sigterm_ready_says_no_for_a_while_in_which_clients_are_still_let_in() {
    let echo = Echo::start().await;
    let mut gateway = Gateway::start_with("drain_wait = \"60s\"", "", &config(&echo)).await;
    gateway.admin().get("/ready").await.expect(200);
    gateway.signal(Signal::SIGTERM);
    let admin = gateway.admin();
    crate::house::eventually("it is not ready", LIMIT, async || {
        (admin.get("/ready").await.status == 503).then_some(())
    })
    .await;
    // Over a connection of its own each time.
    for _ in 0..3 {
        gateway.client().get("/").await.expect(200);
    }
    // Told again, it waits no longer.
    gateway.signal(Signal::SIGTERM);
    assert_eq!(gateway.ends_within(LIMIT).expect("it ends").code(), Some(0));
}

#[tokio::test]
async fn a_web_socket_outlives_sigterm_no_longer_than_drain_says() {
    let echo = Echo::start().await;
    let mut gateway = Gateway::start_with("drain = \"1s\"", "", &config(&echo)).await;
    let url = format!("ws://127.0.0.1:{}/ws", gateway.port());
    let (_socket, _) = tokio_tungstenite::connect_async(url).await.expect("an upgrade");
    let start = Instant::now();
    gateway.signal(Signal::SIGTERM);
    assert_eq!(gateway.ends_within(LIMIT).expect("it ends").code(), Some(0));
    assert!(start.elapsed() >= Duration::from_secs(1), "cut off after {:?}", start.elapsed());
}

#[tokio::test]
async fn with_nothing_in_flight_it_ends_soon() {
    let echo = Echo::start().await;
    let mut gateway = Gateway::start_with("drain = \"60s\"", "", &config(&echo)).await;
    gateway.client().get("/").await.expect(200);
    let start = Instant::now();
    gateway.signal(Signal::SIGTERM);
    let ended = gateway.ends_within(LIMIT);
    assert!(ended.is_some(), "still there {:?} after SIGTERM, with nothing to wait for", start.elapsed());
}

#[tokio::test]
async fn ctrl_c_ends_it() {
    let echo = Echo::start().await;
    let mut gateway = Gateway::start(&config(&echo)).await;
    gateway.signal(Signal::SIGINT);
    assert!(gateway.ends_within(LIMIT).is_some(), "still there after SIGINT");
}

#[tokio::test]
async fn several_addresses_and_a_unix_socket_are_listened_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("proxy.sock");
    let second = free_port();
    let echo = Echo::start().await;
    let (first, admin) = (free_port(), free_port());
    let text = format!(
        "[listen]\nhttp = [\"127.0.0.1:{first}\", \"127.0.0.1:{second}\", \"unix:{}\"]\n\
         [admin]\nlisten = \"127.0.0.1:{admin}\"\n{}",
        socket.display(),
        config(&echo)
    );
    let file = folder.path().join("proxy.toml");
    std::fs::write(&file, text).expect("a configuration");
    let _process = crate::house::Guarded::start(
        crate::house::schemagate().arg("run").arg("--config").arg(&file),
        Signal::SIGKILL,
        None,
    );
    crate::house::eventually("all listen", LIMIT, async || {
        let open = async |port| TcpStream::connect(("127.0.0.1", port)).await.is_ok();
        (open(first).await && open(second).await && socket.exists()).then_some(())
    })
    .await;
    for port in [first, second] {
        Client::new(port).get("/").await.expect(200);
    }
    let mut stream = tokio::net::UnixStream::connect(&socket).await.expect("a socket");
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.expect("taken");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn the_demos_tour_walks_through_by_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let tour = tokio::task::spawn_blocking(move || Run::of(folder.path(), &["demo", "--tour"]));
    let tour = tour.await.expect("it runs").expect(0);
    assert!(tour.stdout.contains("503") && tour.stdout.contains("200"), "{}", tour.stdout);
}
