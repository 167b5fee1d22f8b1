//! One address of an upstream, and how it was to connect to it lately.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use pingora::protocols::l4::socket::SocketAddr;
use pingora::upstreams::peer::HttpPeer;

/// A server that could not be connected to is passed over for so long, where there are others.
const PASSED_OVER: Duration = Duration::from_secs(10);

/// One address of an upstream.
#[derive(Debug)]
pub(super) struct KnownServer {
    /// How to connect to it.
    pub(super) peer: HttpPeer,
    origin: Instant,
    /// Milliseconds since `origin`; until then it is passed over.
    passed_over_until: AtomicU64,
    /// Why its last health check failed.
    ailment: Mutex<String>,
}

impl KnownServer {
    pub(super) fn new(peer: HttpPeer) -> Self {
        Self { peer, origin: Instant::now(), passed_over_until: AtomicU64::new(0), ailment: Mutex::default() }
    }

    pub(super) fn address(&self) -> &SocketAddr {
        &self.peer._address
    }

    /// Whether connecting to it failed lately.
    pub(super) fn is_passed_over(&self) -> bool {
        let until = self.passed_over_until.load(Ordering::Relaxed);
        until != 0 && self.elapsed() < until
    }

    /// Notes that connecting failed; `true` if that is news.
    pub(super) fn pass_over(&self) -> bool {
        let now = self.elapsed();
        let until = now + u64::try_from(PASSED_OVER.as_millis()).unwrap_or(u64::MAX);
        self.passed_over_until.swap(until, Ordering::Relaxed) <= now
    }

    /// Notes why a health check failed.
    pub(super) fn ail(&self, why: String) {
        *self.ailment.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// Why the last health check that failed did.
    pub(super) fn ailment(&self) -> String {
        self.ailment.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
