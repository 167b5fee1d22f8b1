//! Half an hour of everything at once, and a fault every second: to the wires, the database, the backend, the clients and
//! the configuration. No panic, no leak, no wrong verdict, no answer that is somebody else's.

mod clients;
mod faults;
mod process;
mod tables;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::house::{Client, Cluster, Echo, Gateway, Meddler, eventually, free_port, turn};
use clients::Asking;
use faults::Faults;
use process::Watch;
use tables::Tables;

/// How long, unless SOAK says otherwise (`SOAK=30m`).
const USUAL: Duration = Duration::from_secs(60);
const LIMIT: Duration = Duration::from_secs(60);
/// What the process may seem to grow by, in all of the time and by the straight line through its sizes: what is left of
/// noise. A leak of 100 bytes a request is more after a few minutes.
const GROWTH: f64 = 16.0 * 1024.0 * 1024.0;

/// What the clients of all kinds found.
#[derive(Debug, Default)]
struct Tally {
    /// How often each end was met by each kind.
    ends: Mutex<BTreeMap<(&'static str, &'static str), usize>>,
    /// What must never happen, in words.
    wrong: Mutex<Vec<String>>,
    asked: AtomicUsize,
}

impl Tally {
    fn count(&self, kind: &'static str, end: &'static str) {
        self.asked.fetch_add(1, Ordering::Relaxed);
        *self.ends.lock().unwrap_or_else(PoisonError::into_inner).entry((kind, end)).or_default() += 1;
    }

    fn wrong(&self, what: String) {
        eprintln!("wrong: {what}");
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }
}

/// What the parts of the soak share.
struct Soak {
    gateway: Gateway,
    tables: Tables,
    tally: Tally,
    over: AtomicBool,
}

impl Soak {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

fn config(database_url: &str, backend_port: u16) -> String {
    let toggled = (0..tables::TOGGLED).map(|table| {
        format!(
            "[requirements.toggled{table}]\ntables = [\"toggled{table}\"]\n\
             [[routes]]\npath = \"/toggled{table}/*\"\nneeds = [\"toggled{table}\"]\n"
        )
    });
    format!(
        r#"
        level = "warn"
        [databases.main]
        url = "{database_url}"
        refresh = "100ms"
        max_age = "1h"
        connect_timeout = "500ms"
        statement_timeout = "500ms"
        [upstreams.api]
        servers = ["127.0.0.1:{backend_port}"]
        connect_timeout = "500ms"
        read_timeout = "1s"
        [requirements.there]
        tables = ["there"]
        [requirements.absent]
        tables = ["absent"]
        [[routes]]
        path = "/bytes/*"
        needs = ["there"]
        [[routes]]
        path = "/mirror"
        needs = ["there"]
        [[routes]]
        path = "/absent/*"
        needs = ["absent"]
        [[routes]]
        path = "/held/*"
        needs = ["toggled0"]
        on_broken = {{ hold = {{ up_to = "1s", then = "block" }} }}
        [[routes]]
        path = "/stale/*"
        needs = ["toggled1"]
        on_broken = {{ stale = {{ up_to = "10m" }} }}
        [[routes]]
        path = "/ws"
        [[routes]]
        path = "/*"
        {}"#,
        toggled.collect::<Vec<_>>().concat()
    )
}

async fn soak(lasts: Duration) {
    let _turn = turn().await;
    let cluster = Arc::new(Cluster::start());
    let database = cluster.database().await;
    let tables = Tables::create(&database).await;
    let echo_port = free_port();
    let echo = Echo::start_at(echo_port).await;
    let backend_wire = Meddler::before(echo_port, 0x5041_0001).await;
    let database_wire = Meddler::before(database.port(), 0x5041_0002).await;
    let url = database.watcher_url().replace(&format!(":{}/", database.port()), &format!(":{}/", database_wire.port()));
    let gateway = Gateway::start(&config(&url, backend_wire.port())).await;
    let soak = Arc::new(Soak { gateway, tables, tally: Tally::default(), over: AtomicBool::new(false) });

    let start = Instant::now();
    let mut parts = JoinSet::new();
    for (seed, asking) in (1..).zip(Asking::ALL) {
        parts.spawn(asking.goes_on(Arc::clone(&soak), seed));
    }
    let flips = Arc::clone(&soak);
    parts.spawn(async move { flips.tables.flip(|| flips.is_over()).await });
    let mut faults = Faults::new(Arc::clone(&cluster), database.clone(), echo, (backend_wire, database_wire));
    let mut watch = Watch::of(soak.gateway.pid());
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    while start.elapsed() < lasts {
        tick.tick().await;
        watch.look(start.elapsed());
        faults.next(&soak.gateway).await;
    }
    faults.end();
    soak.over.store(true, Ordering::Relaxed);
    while let Some(ended) = parts.join_next().await {
        ended.expect("a part's own checks");
    }
    soak.settles().await;
    watch.rest(start.elapsed());
    let figures = soak.figures(lasts, &faults, &watch);
    // Past the test runner's capture: these figures are wanted from runs that pass.
    std::io::stderr().write_all(figures.as_bytes()).expect("standard error is open");

    let wrong = soak.tally.wrong.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(wrong.is_empty(), "{} wrong answers: {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
    let log = soak.gateway.log();
    assert!(!log.contains("panicked"), "{}", log.lines().filter(|line| line.contains("panicked")).collect::<String>());
    let grown = watch.slope() * lasts.as_secs_f64();
    // A short run has not left the time in which everything is used for the first time.
    assert!(lasts <= 2 * USUAL || grown < GROWTH, "it grew by {grown:.0} bytes\n{figures}");
    assert!(watch.files_at_rest() <= watch.files_at_start() + 40, "file descriptors leak\n{figures}");
}

impl Soak {
    /// When nothing meddles any more, everything is well soon.
    async fn settles(&self) {
        let client = self.gateway.client();
        for table in 0..tables::TOGGLED {
            let wanted = if self.tables.is_met(table) { 200 } else { 503 };
            eventually(&format!("toggled{table} gets {wanted}"), LIMIT, async || {
                let answer = client.get(&format!("/toggled{table}/settled")).await;
                (answer.status == wanted).then_some(())
            })
            .await;
        }
        let http2 = Client::http2(self.gateway.port());
        for client in [&client, &http2] {
            for length in 1..50 {
                assert_eq!(client.get(&format!("/bytes/{length}")).await.expect(200).body.len(), length);
            }
            client.get("/absent/settled").await.expect(503);
        }
    }

    fn figures(&self, lasts: Duration, faults: &Faults, watch: &Watch) -> String {
        let mut told = format!(
            "soak of {lasts:?}: {} requests and messages, {} schema changes\nfaults: {}\n{watch}",
            self.tally.asked.load(Ordering::Relaxed),
            self.tables.changes(),
            faults.told(),
        );
        for ((kind, end), count) in &*self.tally.ends.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = writeln!(told, "  {kind}: {end} {count}");
        }
        let wrong = self.tally.wrong.lock().unwrap_or_else(PoisonError::into_inner).len();
        let panics = self.gateway.log().matches("panicked").count();
        let _ = writeln!(told, "wrong: {wrong}, panics: {panics}");
        told
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute, or as long as SOAK says: for `make proofs`"]
async fn everything_at_once_with_a_fault_every_second_panics_leaks_and_errs_never() {
    let lasts = std::env::var("SOAK").ok();
    let lasts = lasts.map_or(USUAL, |lasts| schemagate::config::parse_duration(&lasts).expect("SOAK=30m"));
    soak(lasts).await;
}
