//! Thousands of clients that send or read as slowly as they can, by slowhttptest, and what others notice of them.

use std::net::{IpAddr, Ipv4Addr};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval_at};

use crate::house::{Echo, Gateway, Guarded, eventually, turn};

/// How long each attack lasts, unless SLOW says otherwise.
const ATTACK: Duration = Duration::from_secs(120);
const QUIET: Duration = Duration::from_secs(30);
/// From one request of the others to the next, whatever the answers take.
const BETWEEN: Duration = Duration::from_millis(20);
const CONNECTIONS: &str = "2000";
/// What a quiet 99th percentile is taken for at least: below, the machine's own pauses are all that is measured.
const LEAST: Duration = Duration::from_millis(5);
/// What each slow connection may cost of memory. One that does not read has one piece of its answer under way, of at most
/// 64 KiB; two buffers of that size belong to its backend's connection; the rest is what any request takes.
const EACH: usize = 300 * 1024;

struct Attack {
    name: &'static str,
    path: &'static str,
    /// What slowhttptest is told of it.
    arguments: &'static str,
}

const ATTACKS: [Attack; 3] = [
    Attack { name: "slow headers", path: "/", arguments: "-H -i 10 -x 24 -t GET" },
    Attack { name: "slow bodies", path: "/mirror", arguments: "-B -i 10 -s 8192 -x 10 -t POST" },
    Attack { name: "slow reading", path: "/bytes/1000000", arguments: "-X -w 512 -y 1024 -n 5 -z 32 -k 3" },
];

/// Others ask at an even rate, from another address: how long each waited, from when it was to be sent.
async fn others(port: u16, until: impl Fn() -> bool) -> Vec<Duration> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .local_address(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)))
        .timeout(Duration::from_secs(20))
        .build()
        .expect("a client");
    let mut tick = interval_at(Instant::now() + BETWEEN, BETWEEN);
    let mut requests = JoinSet::new();
    while !until() {
        let planned = tick.tick().await;
        let asked = client.get(format!("http://127.0.0.1:{port}/bytes/1000")).send();
        requests.spawn(async move {
            let answer = asked.await.expect("an answer for those who do no harm");
            assert_eq!(answer.status(), 200);
            assert_eq!(answer.bytes().await.expect("a body").len(), 1000);
            planned.elapsed()
        });
    }
    let mut waited = requests.join_all().await;
    waited.sort_unstable();
    waited
}

fn share(waited: &[Duration], percent: usize) -> Duration {
    waited[(waited.len() * percent / 100).min(waited.len() - 1)]
}

/// What was seen while the slow ones were at it.
struct Seen {
    /// How long others waited.
    waited: Vec<Duration>,
    /// How long they waited at the same time on the same machine, where nobody attacked.
    beside: Vec<Duration>,
    /// How large the process became.
    most: usize,
    /// The tool's own last words.
    words: String,
}

/// Asks until it is over, while the slow ones are at it.
async fn under(attack: &Attack, gateway: &Gateway, spared: &Gateway, lasts: Duration) -> Seen {
    let folder = tempfile::tempdir().expect("a folder");
    let words = folder.path().join("words");
    let seconds = lasts.as_secs().to_string();
    let url = format!("http://127.0.0.1:{}{}", gateway.port(), attack.path);
    let mut command = Command::new("slowhttptest");
    command
        .args(["-c", CONNECTIONS, "-r", "50", "-l", &seconds, "-p", "5", "-u", &url])
        .args(attack.arguments.split(' '))
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&words).expect("a file"))
        .stderr(Stdio::null());
    let mut tool = Guarded::start(&mut command, Signal::SIGKILL, None);
    let start = Instant::now();
    let waiting = others(gateway.port(), || start.elapsed() >= lasts);
    let beside = others(spared.port(), || start.elapsed() >= lasts);
    let most = async {
        let mut most = 0;
        while start.elapsed() < lasts {
            most = most.max(gateway.resident_bytes());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        most
    };
    let (waited, beside, most) = tokio::join!(waiting, beside, most);
    // It may have ended by itself, when the last of its connections was closed.
    let _ = tool.ends_within(Duration::from_secs(10));
    let words = String::from_utf8_lossy(&std::fs::read(&words).expect("its words")).into_owned();
    let told = |name: &str| {
        let line = words.lines().rev().find(|line| line.contains(name));
        line.and_then(|line| line.rsplit(' ').find(|word| word.parse::<u32>().is_ok())).unwrap_or("?").to_owned()
    };
    let last = ["connected", "closed", "error"].map(|name| format!("{name} {}", told(name))).join(", ");
    Seen { waited, beside, most, words: last }
}

async fn house(echo: &Echo) -> Gateway {
    // All from one address, which the default would let have half as many.
    let config = "access = false\n[limits]\nconnections_per_address = 4000\n[upstreams.api]\nservers = [\"SERVER\"]\n\
                  [[routes]]\npath = \"/*\"\n";
    Gateway::start(&config.replace("SERVER", &echo.address())).await
}

/// Connects with next to no room for an answer, and asks for a long one.
async fn asks_and_does_not_read(port: u16) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("it is its own");
    let mut client = socket.connect(([127, 0, 0, 1], port).into()).await.expect("it is open");
    client.write_all(b"GET /bytes/50000000 HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("it is sent");
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_clients_that_do_not_read_cost_little_and_others_are_served() {
    const CLIENTS: usize = 500;
    let _turn = turn().await;
    let echo = Echo::start().await;
    let gateway = house(&echo).await;
    gateway.client().get("/bytes/1000").await.expect(200);
    let before = gateway.resident_bytes();
    let mut silent = Vec::new();
    for _ in 0..CLIENTS {
        silent.push(asks_and_does_not_read(gateway.port()).await);
    }
    eventually("all of them are being answered", Duration::from_secs(30), async || {
        (echo.requests() > CLIENTS).then_some(())
    })
    .await;
    // It stops growing when all that is kept of each is there.
    let mut last = 0;
    eventually("no more is read of their answers", Duration::from_secs(60), async || {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = gateway.resident_bytes();
        let rests = now.abs_diff(last) < 1 << 20;
        last = now;
        rests.then_some(())
    })
    .await;
    let each = last.saturating_sub(before) / CLIENTS;
    eprintln!("{CLIENTS} clients that do not read: {} KiB each", each >> 10);
    assert!(each < EACH, "{} KiB each", each >> 10);
    for _ in 0..20 {
        gateway.client().get("/bytes/1000").await.expect(200);
    }
    // Who begins to read gets all of it.
    let mut reader = silent.pop().expect("one of them");
    let mut answer = Vec::new();
    while answer.len() < 50_000_000 {
        let read = tokio::time::timeout(Duration::from_secs(20), reader.read_buf(&mut answer)).await;
        assert_ne!(read.expect("it goes on").expect("more of it"), 0, "after {} bytes", answer.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes eight minutes: for `make proofs`"]
async fn under_two_thousand_slow_clients_others_wait_less_than_twice_as_long() {
    let _turn = turn().await;
    let lasts = std::env::var("SLOW").ok();
    let lasts = lasts.map_or(ATTACK, |lasts| schemagate::config::parse_duration(&lasts).expect("SLOW=2m"));
    let echo = Echo::start().await;
    let (gateway, spared) = (house(&echo).await, house(&echo).await);
    let mut failed = Vec::new();
    for attack in &ATTACKS {
        let start = Instant::now();
        let quiet = others(gateway.port(), || start.elapsed() >= QUIET.min(lasts)).await;
        let before = gateway.resident_bytes();
        let Seen { waited, beside, most, words } = under(attack, &gateway, &spared, lasts).await;
        let grown = most.saturating_sub(before);
        let told = |waited: &[Duration]| {
            let [half, most, all] = [50, 99, 100].map(|percent| share(waited, percent));
            format!("p50 {half:.1?} p99 {most:.1?} max {all:.1?} of {}", waited.len())
        };
        // Past the test runner's capture: these figures are wanted from runs that pass.
        eprintln!(
            "{} for {lasts:?}: {}; before it {}; meanwhile where nobody attacks {}; RSS {} MiB, {} MiB more at most; \
             slowhttptest: {words}",
            attack.name,
            told(&waited),
            told(&quiet),
            told(&beside),
            before >> 20,
            grown >> 20,
        );
        let [quiet, beside, under] = [&quiet, &beside, &waited].map(|waited| share(waited, 99));
        // Others use this machine, too: what they do meanwhile is not the slow ones' doing.
        if under >= 2 * quiet.max(beside).max(LEAST) {
            failed.push(format!("{}: p99 {under:?} where it was {quiet:?}, and {beside:?} beside", attack.name));
        }
        if grown >= 2000 * EACH {
            failed.push(format!("{}: it grew by {} MiB", attack.name, grown >> 20));
        }
        // The next one begins when all of them are gone.
        eventually("the slow ones are gone", Duration::from_secs(120), async || {
            let files = std::fs::read_dir(format!("/proc/{}/fd", gateway.pid())).expect("it runs").count();
            (files < 300).then_some(())
        })
        .await;
    }
    assert!(!gateway.log().contains("panicked"), "{}", gateway.log());
    assert!(failed.is_empty(), "{failed:#?}");
}
