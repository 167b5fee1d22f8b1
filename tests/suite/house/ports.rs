//! Ports that nobody listens on.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range that Linux takes the local ports of outgoing connections from, so that a
/// client's connection cannot sit on a port between its choice and its use.
const FIRST: u16 = 12_000;
const COUNT: u16 = 18_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A free port of 127.0.0.1, given out once in this process.
pub(crate) fn free_port() -> u16 {
    // Two runs of the suite at once begin at different places.
    let own_start = u16::try_from(u64::from(std::process::id()) * 131 % u64::from(COUNT)).unwrap();
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + u16::try_from((u32::from(own_start) + u32::from(step)) % u32::from(COUNT)).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port between {FIRST} and {} is free", FIRST + COUNT);
}
