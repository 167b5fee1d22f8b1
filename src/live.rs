//! The one value that requests read and one writer swaps.
//!
//! A request pins the current [`Gate`] once and reads nothing else; [`crate::watch`] owns the only
//! [`GateWriter`]. There is no second shared value that could disagree with the first.

mod attention;
mod second_look;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, Guard};
use futures_util::future::join_all;
use gate::{DatabaseId, Extent, Gate, Moment, Snapshot};
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

pub use attention::Attention;
pub use second_look::LookAgain;

use attention::Attended;
use second_look::SecondLook;

/// Makes the two ends of the live value.
pub fn live(gate: Gate) -> (GateReader, GateWriter) {
    let (settled, settled_reader) = watch::channel(false);
    let (swapped, swapped_reader) = watch::channel(());
    let databases = gate.rules().databases();
    let second_looks = (0..databases).map(|_| SecondLook::new()).collect();
    let attended = (0..databases).map(|_| Attended::new()).collect();
    let shared = Arc::new(Shared {
        gate: ArcSwap::from_pointee(gate),
        clock: Clock::start(),
        requests: Requests::default(),
        second_looks,
        attended,
        changed: Notify::new(),
        serving: AtomicBool::new(false),
    });
    let reader = GateReader { shared: Arc::clone(&shared), settled: settled_reader, swapped: swapped_reader };
    (reader, GateWriter { shared, settled, swapped })
}

#[derive(Debug)]
struct Shared {
    gate: ArcSwap<Gate>,
    clock: Clock,
    requests: Requests,
    /// Per database.
    second_looks: Vec<SecondLook>,
    /// Per database.
    attended: Vec<Attended>,
    /// Rung when what is known has changed.
    changed: Notify,
    /// Whether the proxy's listeners are open.
    serving: AtomicBool,
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
        Moment::from_origin(self.origin.elapsed())
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

/// Tells whether requests come, and the time. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Pulse {
    shared: Arc<Shared>,
}

impl GateReader {
    /// The current gate, pinned: a request decides by one and the same to its end.
    pub fn pin(&self) -> Guard<Arc<Gate>> {
        self.shared.gate.load()
    }

    /// The present, on the clock that snapshots are measured by.
    pub fn now(&self) -> Moment {
        self.shared.clock.now()
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
    pub fn attend(&self, databases: Vec<DatabaseId>) -> Attention {
        Attention::begin(Arc::clone(&self.shared), databases)
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
    pub async fn look_after(&self, failure: Moment, databases: &[DatabaseId], limit: Duration) -> LookAgain {
        let asked: Vec<(DatabaseId, &SecondLook)> = {
            let (gate, now) = (self.pin(), self.now());
            let generation = gate.snapshot().generation();
            let with_looks =
                databases.iter().filter_map(|id| Some((*id, self.shared.second_looks.get(id.0 as usize)?)));
            with_looks.filter(|(_, looks)| looks.ask(failure, now, generation)).collect()
        };
        // Each for itself: one that fails must not hide what another one sees.
        let looks = asked.into_iter().map(|(id, looks)| self.look_at(id, looks, failure, limit));
        join_all(looks).await.into_iter().max().unwrap_or(LookAgain::Skipped)
    }

    async fn look_at(&self, id: DatabaseId, looks: &SecondLook, failure: Moment, limit: Duration) -> LookAgain {
        let mut swapped = self.swapped.clone();
        let looked = async {
            while !self.pin().snapshot().looked_since(id, failure, &Extent::Everything) {
                if swapped.changed().await.is_err() {
                    return LookAgain::Failed;
                }
            }
            LookAgain::Looked
        };
        tokio::select! {
            outcome = looked => outcome,
            () = looks.failed_after(failure) => LookAgain::Failed,
            () = sleep(limit) => {
                looks.count_slow(failure, self.now());
                LookAgain::TooSlow
            }
        }
    }
}

impl GateWriter {
    /// The current gate.
    pub fn current(&self) -> Arc<Gate> {
        self.shared.gate.load_full()
    }

    /// The present.
    pub fn now(&self) -> Moment {
        self.shared.clock.now()
    }

    /// What those who look at databases may know of the requests.
    pub fn pulse(&self) -> Pulse {
        Pulse { shared: Arc::clone(&self.shared) }
    }

    /// Puts a snapshot in force: the next request sees it.
    pub fn swap(&mut self, snapshot: Snapshot) {
        let current = self.current();
        let changed = current.snapshot().generation() != snapshot.generation();
        self.shared.gate.store(Arc::new(current.with_snapshot(snapshot)));
        self.swapped.send_replace(());
        if changed {
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

    /// Waits until a look at `database` is asked for that begins after `began`, and counts it; or
    /// until one is due because somebody waits for its verdicts to turn.
    pub async fn asked_after(&self, database: DatabaseId, began: Moment) {
        let place = database.0 as usize;
        let (Some(looks), Some(attended)) = (self.shared.second_looks.get(place), self.shared.attended.get(place))
        else {
            return std::future::pending().await;
        };
        tokio::select! {
            () = looks.asked_after(began) => looks.count(self.now()),
            () = attended.due(began, self.shared.clock) => {}
        }
    }

    /// Says that a look at `database` failed; those who wait for it wait no longer.
    pub fn note_failed_look(&self, database: DatabaseId, began: Moment) {
        if let Some(looks) = self.shared.second_looks.get(database.0 as usize) {
            looks.note_failed(began);
        }
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
