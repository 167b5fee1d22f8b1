//! How it ends: the listeners close, requests in flight end, and nothing is slept away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use pingora::server::{ShutdownSignal, ShutdownSignalWatch};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Mutex, watch};
use tracing::{info, warn};

use crate::live::GateReader;
use crate::supervisor::{self, Going};

/// Counts the requests in flight by the clones of it.
#[derive(Debug, Clone, Default)]
pub(super) struct InFlight(Arc<()>);

impl InFlight {
    /// How many others there are beside the two that the gateway and [`Drain`] keep.
    fn count(&self) -> usize {
        Arc::strong_count(&self.0).saturating_sub(2)
    }
}

/// Waits for a signal, then for the requests in flight.
pub(super) struct Drain {
    pub(super) signals: Mutex<Signals>,
    pub(super) reader: GateReader,
    pub(super) in_flight: InFlight,
    /// Connections.
    pub(super) open: InFlight,
    /// Turns true when no more connections are to be accepted.
    pub(super) closing: watch::Sender<bool>,
    /// Turns true when connections without a request are to end.
    pub(super) leaving: watch::Sender<bool>,
    /// Turns true when another process serves.
    pub(super) relieved: watch::Receiver<bool>,
}

/// Between two looks at what is in flight.
const STEP: Duration = Duration::from_millis(20);

/// For the last frames of HTTP/2 connections, which are written after their request has ended.
const FLUSH: Duration = Duration::from_millis(100);

impl Drain {
    /// Turns true when no more connections are to be accepted.
    pub(super) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Says that nobody should come any more, and lets in whoever does meanwhile.
    async fn wait(&self, again: &mut Signals) {
        self.reader.note_ending();
        supervisor::tell(Going::Stopping);
        let wait = self.reader.pin().config().listen.drain_wait;
        if wait.is_zero() {
            return;
        }
        info!(?wait, "about to close: /ready says no, and clients are still let in");
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = again.next() => info!("told again: clients are no longer let in"),
        }
    }

    /// What is still to end. Where another process serves, who is connected here may ask once more and is told then to
    /// connect anew: a request that is on its way to a connection that is just being closed would be lost.
    fn left(&self) -> usize {
        let open = if *self.relieved.borrow() { self.open.count() } else { 0 };
        self.in_flight.count().max(open)
    }

    async fn drain(&self, again: &mut Signals) {
        self.closing.send_replace(true);
        self.leaving.send_replace(!*self.relieved.borrow());
        let up_to = self.reader.pin().config().listen.drain;
        info!(in_flight = self.in_flight.count(), ?up_to, "closing: requests in flight may end");
        let until = Instant::now() + up_to;
        tokio::time::sleep(STEP).await;
        while self.left() > 0 {
            if Instant::now() >= until {
                warn!(in_flight = self.in_flight.count(), "closing: the time is up, requests in flight are cut off");
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(STEP) => {}
                () = again.next() => {
                    warn!(in_flight = self.in_flight.count(), "closing: told again, requests in flight are cut off");
                    return;
                }
            }
        }
        tokio::time::sleep(FLUSH).await;
    }
}

/// The signals that end a process.
pub(super) struct Signals {
    terminate: Signal,
    quit: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on none of them ends the process by itself. They are noticed by the runtime that this is called in.
    pub(super) fn listen() -> Result<Self, std::io::Error> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            quit: signal(SignalKind::quit())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.quit.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Waits until it turns true; for ever if it never can.
async fn turns(watched: &mut watch::Receiver<bool>) {
    if watched.wait_for(|now| *now).await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[async_trait]
impl ShutdownSignalWatch for Drain {
    async fn recv(&self) -> ShutdownSignal {
        let signals = &mut *self.signals.lock().await;
        let mut relieved = self.relieved.clone();
        tokio::select! {
            _ = signals.terminate.recv() => self.wait(signals).await,
            _ = signals.quit.recv() => self.wait(signals).await,
            _ = signals.interrupt.recv() => return ShutdownSignal::FastShutdown,
            () = turns(&mut relieved) => {}
        }
        self.drain(signals).await;
        ShutdownSignal::FastShutdown
    }
}
