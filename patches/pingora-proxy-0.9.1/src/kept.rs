//! Not part of pingora: connections to servers over HTTP/1 that wait for their next request.
//!
//! pingora's own pool has a task listen to each, which is begun at the end of one request and ended at the beginning of the next.
//! That is a task, a channel, a lock and two wake-ups for every request, and now and then a connection lost, because its task
//! still held on to it. Here they lie still: whether a server has closed one is seen when it is taken, and once a second. Each is
//! used by the thread alone that opened it and is told what comes on it.

use crate::under_way::UnderWay;
use futures::future::FutureExt;
use pingora_core::protocols::l4::socket::SocketAddr;
use pingora_core::protocols::Stream;
use pingora_core::upstreams::peer::Peer;
use std::collections::{HashMap, VecDeque};
use std::io::ErrorKind;
use std::mem::ManuallyDrop;
use std::net::TcpStream;
use std::os::fd::FromRawFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;
use tokio::task::unconstrained;

/// How often those are looked for that nobody took and the server has closed.
const PERIOD: Duration = Duration::from_secs(1);

/// Connections that wait for their next request.
pub struct Kept {
    lying: Arc<Mutex<Lying>>,
    most: usize,
}

#[derive(Default)]
struct Lying {
    /// The one that was used last is the last one.
    by_use: HashMap<Use, VecDeque<Idle>>,
    count: usize,
    /// Whether somebody looks after them.
    swept: bool,
}

/// What two requests must have in common to use the same one.
type Use = (u64, ThreadId);

struct Idle {
    stream: Stream,
    /// A hash alone is not trusted with which server it leads to.
    server: SocketAddr,
    since: Instant,
    up_to: Option<Duration>,
}

/// Whether connections to `peer` are kept here: those that can be nothing but HTTP/1.
pub(crate) fn are_kept<P: Peer>(peer: &P) -> bool {
    peer.get_peer_options()
        .is_none_or(|options| options.alpn.get_max_http_version() == 1)
}

fn use_of<P: Peer>(peer: &P) -> Use {
    (peer.reuse_hash(), thread::current().id())
}

impl Kept {
    pub(crate) fn new(most: usize) -> Self {
        Self { lying: Arc::default(), most }
    }

    /// The one that was used last, among those that the server has not closed.
    pub fn take<P: Peer>(&self, peer: &P) -> Option<Stream> {
        if !are_kept(peer) {
            return None;
        }
        let of = use_of(peer);
        loop {
            let mut idle = lock(&self.lying).pop(&of)?;
            if idle.server == *peer.address() && idle.is_usable(Instant::now()) {
                return Some(idle.stream);
            }
        }
    }

    /// Keeps one. It must be between two requests.
    pub fn put<P: Peer>(&self, stream: Stream, peer: &P) {
        let Some(stream) = UnderWay::unwrap(stream) else {
            return;
        };
        let idle = Idle {
            stream,
            server: peer.address().clone(),
            since: Instant::now(),
            up_to: peer.idle_timeout(),
        };
        // Closed after the lock is given back.
        let mut _oldest = None;
        let mut lying = lock(&self.lying);
        if lying.count >= self.most {
            _oldest = lying.pop_oldest();
        }
        lying.by_use.entry(use_of(peer)).or_default().push_back(idle);
        lying.count += 1;
        if !std::mem::replace(&mut lying.swept, true) {
            tokio::spawn(sweep(Arc::downgrade(&self.lying)));
        }
    }
}

impl Lying {
    fn pop(&mut self, of: &Use) -> Option<Idle> {
        let idle = self.by_use.get_mut(of)?.pop_back()?;
        self.count -= 1;
        Some(idle)
    }

    fn pop_oldest(&mut self) -> Option<Idle> {
        let oldest = self.by_use.values_mut().filter(|idle| !idle.is_empty());
        let idle = oldest.min_by_key(|idle| idle.front().map(|idle| idle.since))?.pop_front()?;
        self.count -= 1;
        Some(idle)
    }
}

impl Idle {
    /// Whether it may be used at `now`. What a server says without being asked makes it unusable, as its end does.
    fn is_usable(&mut self, now: Instant) -> bool {
        let is_fresh = self.up_to.is_none_or(|up_to| now.duration_since(self.since) < up_to);
        is_fresh && !is_closed(&self.stream) && unconstrained(self.stream.read(&mut [0])).now_or_never().is_none()
    }
}

/// Whether the other side has closed it. The kernel is asked: that it has told the runtime may still lie unread.
fn is_closed(stream: &Stream) -> bool {
    // SAFETY: it is the descriptor of `stream`, which outlives this, and is not closed here.
    let socket = ManuallyDrop::new(unsafe { TcpStream::from_raw_fd(stream.id()) });
    match socket.peek(&mut [0]) {
        Ok(came) => came == 0,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

/// Lets go those that nobody can use any more, until there are none.
async fn sweep(lying: Weak<Mutex<Lying>>) {
    loop {
        tokio::time::sleep(PERIOD).await;
        let Some(lying) = lying.upgrade() else { return };
        let uses: Vec<Use> = lock(&lying).by_use.keys().copied().collect();
        for of in uses {
            // One at a time, so that no request waits for all of them to be looked at.
            let mut lying = lock(&lying);
            let Some(idle) = lying.by_use.get_mut(&of) else { continue };
            let (before, now) = (idle.len(), Instant::now());
            idle.retain_mut(|idle| idle.is_usable(now));
            let after = idle.len();
            if after == 0 {
                lying.by_use.remove(&of);
            }
            lying.count -= before - after;
        }
        let mut lying = lock(&lying);
        if lying.by_use.is_empty() {
            lying.swept = false;
            return;
        }
    }
}

fn lock(lying: &Mutex<Lying>) -> MutexGuard<'_, Lying> {
    lying.lock().unwrap_or_else(PoisonError::into_inner)
}
