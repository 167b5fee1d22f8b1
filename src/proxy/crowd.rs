//! How many connections clients have open.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pingora::protocols::l4::stream::Stream as Socket;
use pingora::protocols::{GetSocketDigest, Ssl};
use pingora::upstreams::peer::{Tracer, Tracing};
use tracing::warn;

use super::client::Client;
use crate::config::{ClientLimits, Config};
use crate::metrics::Connections as Counted;
use crate::sparing::Sparing;

/// Everybody who is connected.
#[derive(Debug)]
pub(super) struct Crowd {
    present: Mutex<Present>,
    counted: Counted,
    sparing: Sparing,
}

#[derive(Debug, Default)]
struct Present {
    all: usize,
    /// Those that are counted by where they come from.
    by_origin: HashMap<IpAddr, usize>,
}

/// A connection that was let in; it has left when this is dropped.
#[derive(Debug)]
pub(super) struct Guest {
    crowd: Arc<Crowd>,
    origin: Option<IpAddr>,
}

/// A guest in the place where a socket keeps what is told when it is closed.
#[derive(Debug, Clone)]
struct UntilClosed {
    _guest: Arc<Guest>,
}

/// Lines in a minute: who comes too often comes often.
const LINES: u32 = 5;

impl Crowd {
    pub(super) fn new(counted: Counted) -> Arc<Self> {
        let sparing = Sparing::new(LINES, Duration::from_secs(60));
        Arc::new(Self { present: Mutex::default(), counted, sparing })
    }

    /// Lets in whoever is behind a connection, unless there are too many.
    pub(super) fn let_in(
        self: &Arc<Self>,
        connection: &(impl GetSocketDigest + Ssl + ?Sized),
        config: &Config,
    ) -> Option<Guest> {
        self.admit(Client::behind(connection, &config.listen.trusted_proxies), &config.limits)
    }

    fn admit(self: &Arc<Self>, client: Client, limits: &ClientLimits) -> Option<Guest> {
        let origin = client.address.filter(|_| !client.trusted).map(origin);
        match self.present().enter(origin, limits) {
            Ok(()) => {
                self.counted.open.inc();
                Some(Guest { crowd: Arc::clone(self), origin })
            }
            Err(limit) => {
                self.counted.refused(limit);
                if let Some(unsaid) = self.sparing.may_say(Instant::now()) {
                    warn!(
                        client = client.address.map(tracing::field::display),
                        others = (unsaid > 0).then_some(unsaid),
                        "too many connections: one more is closed (limits.{limit})",
                    );
                }
                None
            }
        }
    }

    /// Notes that a client's connection is ended because it passed a limit.
    pub(super) fn ends(&self, client: Client, limit: &'static str) {
        self.counted.ended(limit);
        if let Some(unsaid) = self.sparing.may_say(Instant::now()) {
            warn!(
                client = client.address.map(tracing::field::display),
                others = (unsaid > 0).then_some(unsaid),
                "a connection over HTTP/2 is closed: its client goes too far (limits.{limit})",
            );
        }
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guest {
    /// It has left when the socket is closed, whatever becomes of it until then.
    pub(super) fn stays_with(self, socket: &mut Socket) {
        socket.tracer = Some(Tracer(Box::new(UntilClosed { _guest: Arc::new(self) })));
    }
}

/// All that matters is when it goes.
impl Tracing for UntilClosed {
    fn on_connected(&self) {}

    fn on_disconnected(&self) {}

    fn boxed_clone(&self) -> Box<dyn Tracing> {
        Box::new(self.clone())
    }
}

impl Present {
    /// Counts one more, or names the limit that it would pass.
    fn enter(&mut self, origin: Option<IpAddr>, limits: &ClientLimits) -> Result<(), &'static str> {
        let is_full = |count: usize, most: Option<std::num::NonZero<u32>>| {
            most.is_some_and(|most| count >= usize::try_from(most.get()).unwrap_or(usize::MAX))
        };
        if is_full(self.all, limits.connections) {
            return Err("connections");
        }
        if let Some(origin) = origin {
            let count = self.by_origin.entry(origin).or_default();
            if is_full(*count, limits.connections_per_address) {
                return Err("connections_per_address");
            }
            *count += 1;
        }
        self.all += 1;
        Ok(())
    }

    fn leave(&mut self, origin: Option<IpAddr>) {
        self.all = self.all.saturating_sub(1);
        if let Some(origin) = origin
            && let Some(count) = self.by_origin.get_mut(&origin)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.by_origin.remove(&origin);
            }
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.crowd.present().leave(self.origin);
        self.crowd.counted.open.dec();
    }
}

/// What counts as one: whoever has an address of IPv6 has a network of 2^64 of them.
fn origin(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZero;

    use super::*;

    fn limits(connections: u32, connections_per_address: u32) -> ClientLimits {
        let [connections, connections_per_address] = [connections, connections_per_address].map(NonZero::new);
        ClientLimits { connections, connections_per_address, ..ClientLimits::NONE }
    }

    fn at(address: &str) -> IpAddr {
        origin(address.parse().expect("an address"))
    }

    #[test]
    fn so_many_are_let_in_in_all_and_so_many_of_an_address() {
        let (mut present, limits) = (Present::default(), limits(4, 2));
        for (client, expected) in [
            (Some(at("192.0.2.1")), Ok(())),
            (Some(at("192.0.2.1")), Ok(())),
            (Some(at("192.0.2.1")), Err("connections_per_address")),
            (Some(at("192.0.2.2")), Ok(())),
            (None, Ok(())),
            (None, Err("connections")),
        ] {
            assert_eq!(present.enter(client, &limits), expected, "{client:?}");
        }
        present.leave(Some(at("192.0.2.1")));
        assert_eq!(present.enter(Some(at("192.0.2.1")), &limits), Ok(()));
        for _ in 0..2 {
            present.leave(Some(at("192.0.2.1")));
        }
        assert_eq!(present.by_origin.len(), 1, "nobody is remembered who has left");
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one() {
        assert_eq!(at("2001:db8:1:2::1"), at("2001:db8:1:2:ffff::9"));
        assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
    }

    #[test]
    fn without_limits_all_are_let_in() {
        let mut present = Present::default();
        assert!((0..10_000).all(|_| present.enter(Some(at("192.0.2.1")), &limits(0, 0)).is_ok()));
    }
}
