//! The one value that requests read and one writer swaps.
//!
//! A request pins what is [`Live`] once: a configuration, and the [`Gate`] that was made of it. What else
//! is made of that configuration is found by it, so that no id is ever looked up in another one's tables.
//! [`crate::watch`] owns the only [`GateWriter`].

mod asking;
mod attention;
mod orders;
mod second_look;

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, Guard};
use futures_util::future::join_all;
use gate::{DatabaseId, Gate, Moment, Snapshot};
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

use crate::config::Config;

pub use asking::Asking;
pub use attention::Attention;
pub use orders::{Handed, OrdersReceiver, OrdersSender, orders};
pub use second_look::LookAgain;

/// Makes the two ends of the live value: nothing is known of any database yet.
pub fn live(config: Arc<Config>) -> (GateReader, GateWriter) {
    let (settled, settled_reader) = watch::channel(false);
    let (swapped, swapped_reader) = watch::channel(());
    let databases = config.databases.iter().map(|_| Asking::new()).collect();
    let gate = Gate::new(Arc::clone(&config.rules));
    let shared = Arc::new(Shared {
        live: ArcSwap::from_pointee(Live { config, databases, gate }),
        clock: Clock::start(),
        requests: Requests::default(),
        changed: Notify::new(),
        serving: AtomicBool::new(false),
        ending: AtomicBool::new(false),
    });
    let reader = GateReader { shared: Arc::clone(&shared), settled: settled_reader, swapped: swapped_reader };
    (reader, GateWriter { shared, settled, swapped })
}

/// A configuration, and what is known by it; immutable, and swapped whole.
#[derive(Debug, Clone)]
pub struct Live {
    config: Arc<Config>,
    /// Where looks are asked for, per database of the configuration.
    databases: Arc<[Arc<Asking>]>,
    gate: Gate,
}

impl Live {
    /// The configuration that the rules of the gate are of.
    pub const fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// Where looks at these databases are asked for.
    pub fn asking(&self, databases: &[DatabaseId]) -> Vec<Arc<Asking>> {
        databases.iter().filter_map(|id| self.databases.get(id.0 as usize)).map(Arc::clone).collect()
    }

    /// The same configuration over another snapshot.
    fn with_snapshot(&self, snapshot: Snapshot) -> Self {
        Self {
            config: Arc::clone(&self.config),
            databases: Arc::clone(&self.databases),
            gate: self.gate.with_snapshot(snapshot),
        }
    }
}

impl Deref for Live {
    type Target = Gate;

    fn deref(&self) -> &Gate {
        &self.gate
    }
}

#[derive(Debug)]
struct Shared {
    live: ArcSwap<Live>,
    clock: Clock,
    requests: Requests,
    /// Rung when what is known has changed.
    changed: Notify,
    /// Whether the proxy's listeners are open.
    serving: AtomicBool,
    /// Whether the process was told to end.
    ending: AtomicBool,
}

/// When the last request came.
#[derive(Debug, Default)]
struct Requests {
    /// Seconds since the clock's origin, plus one; written at most once a second.
    last: AtomicU64,
    /// Rung when [`Self::last`] is written; without anyone waiting that takes no lock.
    bell: Notify,
}

/// The origin of every [`Moment`] in this process.
#[derive(Debug, Clone, Copy)]
struct Clock {
    origin: Instant,
}

impl Clock {
    fn start() -> Self {
        Self { origin: Instant::now() }
    }

    fn now(self) -> Moment {
        self.at(Instant::now())
    }

    fn at(self, instant: Instant) -> Moment {
        Moment::from_origin(instant.saturating_duration_since(self.origin))
    }
}

/// Reads the live value. Cheap to clone.
#[derive(Debug, Clone)]
pub struct GateReader {
    shared: Arc<Shared>,
    settled: watch::Receiver<bool>,
    swapped: watch::Receiver<()>,
}

/// Swaps the live value. There is one, and it cannot be cloned.
#[derive(Debug)]
pub struct GateWriter {
    shared: Arc<Shared>,
    settled: watch::Sender<bool>,
    swapped: watch::Sender<()>,
}

/// Tells whether requests come, the time, and who asks for a look at one database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Pulse {
    shared: Arc<Shared>,
    asking: Arc<Asking>,
}

impl GateReader {
    /// What is live, pinned: one configuration, and what is known by it.
    pub fn pin(&self) -> Guard<Arc<Live>> {
        self.shared.live.load()
    }

    /// The present, on the clock that snapshots are measured by.
    pub fn now(&self) -> Moment {
        self.shared.clock.now()
    }

    /// The same time, on the clock of all moments.
    pub fn moment(&self, instant: Instant) -> Moment {
        self.shared.clock.at(instant)
    }

    /// Notes that a request came, for databases that are looked at less often while none do.
    pub fn note_request(&self, now: Moment) {
        let second = now.since_origin().as_secs() + 1;
        let requests = &self.shared.requests;
        if requests.last.load(Ordering::Relaxed) != second {
            requests.last.store(second, Ordering::Relaxed);
            requests.bell.notify_waiters();
        }
    }

    /// Whether every database was looked at, or given up on for now, since the start.
    pub fn is_settled(&self) -> bool {
        *self.settled.borrow()
    }

    /// Notes that the proxy's listeners are open.
    pub fn note_serving(&self) {
        self.shared.serving.store(true, Ordering::Relaxed);
    }

    /// Whether the proxy's listeners are open.
    pub fn is_serving(&self) -> bool {
        self.shared.serving.load(Ordering::Relaxed)
    }

    /// Notes that the process was told to end.
    pub fn note_ending(&self) {
        self.shared.ending.store(true, Ordering::Relaxed);
    }

    /// Whether the process was told to end: traffic had better go elsewhere.
    pub fn is_ending(&self) -> bool {
        self.shared.ending.load(Ordering::Relaxed)
    }

    /// Waits until [`Self::is_settled`].
    pub async fn settled(&mut self) {
        // An error means that the writer is gone: nothing more will be learnt.
        let _ = self.settled.wait_for(|settled| *settled).await;
    }

    /// Tells of every swap from now on.
    pub fn swaps(&self) -> watch::Receiver<()> {
        self.swapped.clone()
    }

    /// Has each of `databases` looked at often, while what is returned lives.
    pub fn attend(&self, databases: Vec<Arc<Asking>>) -> Attention {
        Attention::begin(databases)
    }

    /// Waits until what is known changes after this call. Those who wait are woken in the order in
    /// which they began to.
    pub fn changed(&self) -> Notified<'_> {
        self.shared.changed.notified()
    }

    /// Waits for a look at each of `databases` that begins after `failure`, at most for `limit`.
    ///
    /// All that wait share the looks, which are made one after another. Of several databases, what
    /// came of the least fortunate one; the gate has what was seen of the others.
    pub async fn look_after(&self, failure: Moment, databases: Vec<Arc<Asking>>, limit: Duration) -> LookAgain {
        let generation = self.pin().snapshot().generation();
        let asked = databases.iter().filter(|asking| asking.second_look.ask(failure, self.now(), generation));
        // Each for itself: one that fails must not hide what another one sees.
        let looks = asked.map(|asking| self.look_at(asking, failure, limit));
        join_all(looks).await.into_iter().max().unwrap_or(LookAgain::Skipped)
    }

    async fn look_at(&self, asking: &Asking, failure: Moment, limit: Duration) -> LookAgain {
        tokio::select! {
            () = asking.second_look.looked_after(failure) => LookAgain::Looked,
            () = asking.second_look.failed_after(failure) => LookAgain::Failed,
            () = sleep(limit) => {
                asking.second_look.count_slow(failure, self.now());
                LookAgain::TooSlow
            }
        }
    }
}

impl GateWriter {
    /// What is live.
    pub fn current(&self) -> Arc<Live> {
        self.shared.live.load_full()
    }

    /// The present.
    pub fn now(&self) -> Moment {
        self.shared.clock.now()
    }

    /// What whoever looks at a database may know of the requests.
    pub fn pulse(&self, asking: Arc<Asking>) -> Pulse {
        Pulse { shared: Arc::clone(&self.shared), asking }
    }

    /// Puts a snapshot in force: the next request sees it.
    pub fn swap(&mut self, snapshot: Snapshot) {
        let current = self.current();
        self.put(current.with_snapshot(snapshot), &current);
    }

    /// Puts a configuration in force, with what is known by it and where looks at its databases are asked for.
    pub fn renew(&mut self, config: Arc<Config>, databases: Vec<Arc<Asking>>, snapshot: Snapshot) {
        let gate = Gate::new(Arc::clone(&config.rules)).with_snapshot(snapshot);
        self.put(Live { config, databases: databases.into(), gate }, &self.current());
    }

    fn put(&mut self, live: Live, before: &Live) {
        let live = Arc::new(live);
        self.shared.live.store(Arc::clone(&live));
        for (id, asking) in (0..).map(DatabaseId).zip(&*live.databases) {
            asking.second_look.note_looked(live.snapshot().last_look(id));
        }
        self.swapped.send_replace(());
        if before.snapshot().generation() != live.snapshot().generation() {
            self.shared.changed.notify_waiters();
        }
    }

    /// Says that the first look at every database has ended, one way or the other.
    pub fn settle(&mut self) {
        self.settled.send_replace(true);
    }
}

impl Pulse {
    /// The present, on the clock that snapshots are measured by.
    pub fn now(&self) -> Moment {
        self.shared.clock.now()
    }

    /// Waits until a look is asked for that begins after `began`, and counts it; or until one is due
    /// because somebody waits for its verdicts to turn.
    pub async fn asked_after(&self, began: Moment) {
        tokio::select! {
            () = self.asking.second_look.asked_after(began) => self.asking.second_look.count(self.now()),
            () = self.asking.attended.due(began, self.shared.clock) => {}
        }
    }

    /// Says that a look failed; those who wait for it wait no longer.
    pub fn note_failed_look(&self, began: Moment) {
        self.asking.second_look.note_failed(began);
    }

    /// How long no request has come, to the second; before the first one, since the start.
    pub fn quiet_for(&self) -> Duration {
        let last = self.shared.requests.last.load(Ordering::Relaxed).saturating_sub(1);
        self.now().since(Moment::from_origin(Duration::from_secs(last)))
    }

    /// Waits for a request that comes after this call, even if the future is polled later. One in
    /// the same second as the last is not noticed.
    pub fn next_request(&self) -> impl Future<Output = ()> + '_ {
        self.shared.requests.bell.notified()
    }
}
