//! A fault a second, each in its turn and by a seed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::task::JoinSet;

use crate::house::{Cluster, Database, Echo, Gateway, Line, Meddler, http2_connection};

/// How long a fault of a wire or a server lasts.
const SPAN: Duration = Duration::from_millis(500);
const ON_A_WIRE: f64 = 0.3;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    /// The wire to the backend is meddled with.
    BackendWire,
    /// The wire to the database is.
    DatabaseWire,
    /// The backend is gone, with its connections, and comes back.
    BackendGone,
    /// The server of the database hangs.
    DatabaseHangs,
    /// The server of the database is started anew.
    DatabaseRestarts,
    /// Every session of the database is ended.
    SessionsEnded,
    /// A migration holds an exclusive lock.
    Locked,
    /// Clients leave within a request, an answer or a wait.
    ClientsLeave,
    /// Streams of HTTP/2 are given up by the dozen.
    StreamsReset,
    /// Bytes come that are no HTTP.
    Nonsense,
    /// The configuration is loaded anew.
    Reload,
}

const ALL: [Fault; 11] = [
    Fault::BackendWire,
    Fault::DatabaseWire,
    Fault::BackendGone,
    Fault::DatabaseHangs,
    Fault::DatabaseRestarts,
    Fault::SessionsEnded,
    Fault::Locked,
    Fault::ClientsLeave,
    Fault::StreamsReset,
    Fault::Nonsense,
    Fault::Reload,
];

const LEFT: [&str; 4] = [
    "GET /bytes/3000000 HTTP/1.1\r\nhost: a.test\r\n\r\n",
    "GET /held/x HTTP/1.1\r\nhost: a.test\r\n\r\n",
    "GET /hold HTTP/1.1\r\nhost: a.test\r\n\r\n",
    "POST /mirror HTTP/1.1\r\nhost: a.test\r\ncontent-length: 99999\r\n\r\nhalf of it",
];

const NONSENSE: [&[u8]; 4] = [
    b"\x16\x03\x01\x02\x00",
    b"GET / HTTP/1.1\nhost: a\n\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff",
    b"\0\0\0\0",
];

/// What goes wrong, second by second.
pub(super) struct Faults {
    dice: fastrand::Rng,
    cluster: Arc<Cluster>,
    database: Database,
    echo: Option<Echo>,
    backend_wire: Meddler,
    database_wire: Meddler,
    befell: BTreeMap<Fault, usize>,
    /// What takes longer than it is waited for.
    beside: JoinSet<()>,
}

impl Faults {
    pub(super) fn new(
        cluster: Arc<Cluster>,
        database: Database,
        echo: Echo,
        (backend_wire, database_wire): (Meddler, Meddler),
    ) -> Self {
        Self {
            dice: fastrand::Rng::with_seed(0x5041),
            cluster,
            database,
            echo: Some(echo),
            backend_wire,
            database_wire,
            befell: BTreeMap::new(),
            beside: JoinSet::new(),
        }
    }

    /// The next one, from its beginning to its end.
    pub(super) async fn next(&mut self, gateway: &Gateway) {
        let fault = ALL[self.dice.usize(..ALL.len())];
        *self.befell.entry(fault).or_default() += 1;
        while self.beside.try_join_next().is_some() {}
        match fault {
            Fault::BackendWire => for_a_while(&self.backend_wire).await,
            Fault::DatabaseWire => for_a_while(&self.database_wire).await,
            Fault::BackendGone => {
                let echo = self.echo.take().expect("there is always one");
                let port = echo.port();
                echo.stop();
                tokio::time::sleep(SPAN).await;
                self.echo = Some(Echo::start_at(port).await);
            }
            Fault::DatabaseHangs => {
                self.cluster.pause();
                tokio::time::sleep(SPAN).await;
                self.cluster.resume();
            }
            Fault::DatabaseRestarts => {
                let cluster = Arc::clone(&self.cluster);
                let restarted = tokio::task::spawn_blocking(move || {
                    cluster.stop();
                    cluster.run();
                });
                restarted.await.expect("the server comes back");
            }
            Fault::SessionsEnded => {
                let all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                           WHERE pid <> pg_backend_pid() AND datname IS NOT NULL";
                self.execute(all).await;
            }
            Fault::Locked => {
                self.execute("BEGIN; LOCK TABLE there IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(0.5); COMMIT").await;
            }
            Fault::ClientsLeave => self.clients_leave(gateway).await,
            Fault::StreamsReset => reset_streams(gateway).await,
            Fault::Nonsense => {
                for nonsense in NONSENSE {
                    let mut line = Line::to(gateway.port()).await;
                    line.say(nonsense).await;
                    self.leaves(line);
                }
            }
            Fault::Reload => gateway.signal(Signal::SIGHUP),
        }
    }

    /// What else befalls meanwhile may take its session away.
    async fn execute(&self, sql: &str) {
        let _ = self.database.connect().await.batch_execute(sql).await;
    }

    /// Within a request, within an answer, and while they wait; some at once and some after a while.
    async fn clients_leave(&mut self, gateway: &Gateway) {
        for request in LEFT.into_iter().cycle().take(24) {
            let mut line = Line::to(gateway.port()).await;
            line.say(request).await;
            if self.dice.bool() {
                self.leaves(line);
            }
        }
    }

    /// It is closed after a while.
    fn leaves(&mut self, line: Line) {
        let after = SPAN.mul_f64(self.dice.f64());
        self.beside.spawn(async move {
            tokio::time::sleep(after).await;
            drop(line);
        });
    }

    /// Nothing is meddled with any more.
    pub(super) fn end(&self) {
        self.backend_wire.stop();
        self.database_wire.stop();
    }

    pub(super) fn told(&self) -> String {
        let counts = self.befell.iter().map(|(fault, count)| format!("{fault:?} {count}"));
        let on_wires = [("backend", &self.backend_wire), ("database", &self.database_wire)].map(|(which, wire)| {
            let befell: Vec<_> = wire.befell().into_iter().map(|(fault, count)| format!("{fault} {count}")).collect();
            format!("on the wire to the {which}: {}", befell.join(", "))
        });
        format!("{}; {}", counts.collect::<Vec<_>>().join(", "), on_wires.join("; "))
    }
}

async fn for_a_while(wire: &Meddler) {
    wire.meddle(ON_A_WIRE);
    tokio::time::sleep(SPAN).await;
    wire.stop();
}

async fn reset_streams(gateway: &Gateway) {
    let sender = http2_connection(gateway.port()).await;
    for _ in 0..60 {
        // The connection may be closed over it.
        let Ok(mut sender) = sender.clone().ready().await else { return };
        let request = http::Request::get("http://a.test/bytes/300000").body(()).expect("a request");
        let Ok((answer, mut stream)) = sender.send_request(request, true) else { return };
        tokio::task::yield_now().await;
        stream.send_reset(h2::Reason::CANCEL);
        drop(answer);
    }
}
