//! Nobody's request fails or waits because the configuration is read anew.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use tokio_tungstenite::tungstenite::Message;

use super::to;
use crate::house::{Client, Cluster, Echo, Gateway, eventually};

/// What came of requests that were sent at a steady rate.
struct Sent {
    failed: usize,
    took: Vec<Duration>,
}

impl Sent {
    /// The time that 99 of 100 took at most.
    fn p99(&self) -> Duration {
        let mut took = self.took.clone();
        took.sort();
        took[took.len() * 99 / 100]
    }
}

/// Sends requests at so many a second while `meanwhile` goes on, each whether or not others are answered.
async fn send(client: &Client, per_second: u32, meanwhile: impl Future<Output = ()>) -> Sent {
    let client = Arc::new(Client::new(client.port()));
    let mut tick = interval(Duration::from_secs(1) / per_second);
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut requests = JoinSet::new();
    tokio::pin!(meanwhile);
    loop {
        tokio::select! {
            () = &mut meanwhile => break,
            _ = tick.tick() => {
                let client = Arc::clone(&client);
                requests.spawn(async move {
                    let began = Instant::now();
                    let answer = crate::house::Answer::try_to(client.request(http::Method::GET, "/x")).await;
                    (answer.is_ok_and(|answer| answer.status == 200), began.elapsed())
                });
            }
        }
    }
    let all = requests.join_all().await;
    let failed = all.iter().filter(|(right, _)| !right).count();
    Sent { failed, took: all.into_iter().map(|(_, took)| took).collect() }
}

/// Reloads so often, every fifth time with a broken file, and each time with something else in it.
async fn reload(gateway: &Gateway, times: usize, pause: Duration) {
    let text = std::fs::read_to_string(gateway.file()).expect("a file");
    for time in 0..times {
        let broken = time % 5 == 4;
        let more = if broken {
            "[nonsense]\n".to_owned()
        } else {
            format!("[[routes]]\nname = \"number {time}\"\npath = \"/number/{time}\"\nneeds = [\"here\"]\n")
        };
        gateway.rewrite(|_| format!("{text}{more}"));
        gateway.reload().await.expect(if broken { 422 } else { 200 });
        tokio::time::sleep(pause).await;
    }
    gateway.rewrite(|_| text);
    gateway.reload().await.expect(200);
}

async fn house() -> (Echo, Gateway) {
    let database = Cluster::shared().database().await;
    database.execute("CREATE TABLE here (id int)").await;
    let echo = Echo::start().await;
    let gateway = Gateway::start(&format!(
        "[databases.main]\nurl = \"{}\"\n[requirements.here]\ntables = [\"here\"]\n{}needs = [\"here\"]\n\
         on_unknown = \"block\"\n",
        database.watcher_url(),
        to(&echo)
    ))
    .await;
    (echo, gateway)
}

#[tokio::test]
async fn not_one_request_fails_while_the_configuration_is_read_ten_times() {
    let (_echo, gateway) = house().await;
    let client = gateway.client();
    let sent = send(&client, 100, reload(&gateway, 10, Duration::from_millis(50))).await;
    assert_eq!(sent.failed, 0, "of {}", sent.took.len());
    assert!(sent.took.len() > 20, "only {} were sent", sent.took.len());
}

#[tokio::test]
async fn not_one_request_fails_while_a_new_process_takes_over() {
    let (_echo, mut gateway) = house().await;
    let client = gateway.client();
    let mut before = None;
    let sent = send(&client, 100, async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        before = Some(gateway.upgrade());
        gateway.logged("lets nobody in any more and ends with its last request").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    })
    .await;
    assert_eq!(sent.failed, 0, "of {}", sent.took.len());
    let mut before = before.expect("one");
    let ended = eventually("it ends", Duration::from_secs(90), async || before.ended()).await;
    assert_eq!(ended.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "wants the machine for itself: for `make proofs`"]
async fn five_hundred_a_second_and_a_web_socket_notice_nothing_of_an_upgrade() {
    const PER_SECOND: u32 = 500;
    let (_echo, mut gateway) = house().await;
    gateway.rewrite(|text| text.replace("[listen]", "[listen]\ndrain = \"60s\""));
    gateway.reload().await.expect(200);
    let url = format!("ws://127.0.0.1:{}/ws", gateway.port());
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.expect("an upgrade");
    let client = gateway.client();
    let quiet = send(&client, PER_SECOND, tokio::time::sleep(Duration::from_secs(15))).await;
    let mut before = None;
    let upgrading = send(&client, PER_SECOND, async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        before = Some(gateway.upgrade());
        gateway.logged("lets nobody in any more and ends with its last request").await;
        tokio::time::sleep(Duration::from_secs(10)).await;
    })
    .await;
    socket.send(Message::text("still there?")).await.expect("sent");
    let back = socket.next().await.expect("an answer").expect("a message");
    assert_eq!(back, Message::text("still there?"));
    println!(
        "upgrade: {} requests at {PER_SECOND}/s: {} failed; p99 {:?}, quiet {:?}; an open WebSocket lived on",
        upgrading.took.len(),
        upgrading.failed,
        upgrading.p99(),
        quiet.p99(),
    );
    assert_eq!((quiet.failed, upgrading.failed), (0, 0));
    assert!(upgrading.p99() <= quiet.p99() * 2, "{:?}, and {:?} in quiet", upgrading.p99(), quiet.p99());
    drop(socket);
    let mut before = before.expect("one");
    let ended = eventually("it ends", Duration::from_secs(90), async || before.ended()).await;
    assert_eq!(ended.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "wants the machine for itself: for `make proofs`"]
async fn five_hundred_a_second_notice_nothing_of_a_hundred_reloads() {
    const PER_SECOND: u32 = 500;
    let (_echo, gateway) = house().await;
    let client = gateway.client();
    let quiet = send(&client, PER_SECOND, tokio::time::sleep(Duration::from_secs(15))).await;
    let reloading = send(&client, PER_SECOND, reload(&gateway, 100, Duration::from_millis(100))).await;
    println!(
        "reload: {} requests at {PER_SECOND}/s over 100 reloads, every fifth broken: {} failed; p99 {:?}, quiet {:?}",
        reloading.took.len(),
        reloading.failed,
        reloading.p99(),
        quiet.p99(),
    );
    assert_eq!((quiet.failed, reloading.failed), (0, 0));
    assert!(reloading.p99() <= quiet.p99() * 2, "{:?}, and {:?} in quiet", reloading.p99(), quiet.p99());
}
