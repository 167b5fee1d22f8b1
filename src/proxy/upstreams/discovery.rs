//! Names of servers, resolved again and again.

use std::collections::{BTreeSet, HashMap};
use std::os::unix::net::SocketAddr as UnixSocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use futures_util::future::join_all;
use pingora::lb::discovery::ServiceDiscovery;
use pingora::lb::{Backend, Extensions};
use pingora::protocols::l4::socket::SocketAddr;
use tracing::{info, warn};

use super::peer::PeerTemplate;
use super::server::KnownServer;
use super::shown;
use crate::config::{Server, Upstream};

/// Every address that is known for an upstream.
pub(super) type Known = ArcSwap<Vec<Arc<KnownServer>>>;

/// How long one name may take to resolve.
const LOOKUP: Duration = Duration::from_secs(5);

/// Finds the addresses of an upstream's servers. While a name does not resolve, the addresses
/// that it last had are kept.
pub(super) struct Discovery {
    upstream: String,
    template: PeerTemplate,
    places: Vec<Place>,
    known: Arc<Known>,
}

/// One server as it was configured, and where it was last found.
struct Place {
    server: Server,
    found: Mutex<Found>,
}

#[derive(Debug, Clone, Default)]
struct Found {
    addresses: Vec<SocketAddr>,
    failing: bool,
}

impl Discovery {
    pub(super) fn new(upstream: &Upstream, template: PeerTemplate, known: Arc<Known>) -> Self {
        let places =
            upstream.servers.iter().map(|server| Place { server: server.clone(), found: Mutex::default() }).collect();
        Self { upstream: upstream.name.clone(), template, places, known }
    }

    /// The addresses of one server, as they are now or, failing that, as they last were.
    async fn find(&self, place: &Place) -> Vec<SocketAddr> {
        let now = lookup(&place.server).await;
        let mut found = place.found.lock().unwrap_or_else(PoisonError::into_inner);
        match now {
            Ok(addresses) => {
                let at = || addresses.iter().map(shown).collect::<Vec<_>>().join(" ");
                if found.failing {
                    info!(upstream = self.upstream, at = at(), "a server's name resolves again");
                } else if !found.addresses.is_empty() && found.addresses != addresses {
                    info!(upstream = self.upstream, at = at(), "a server's name resolves to other addresses");
                }
                *found = Found { addresses, failing: false };
            }
            Err(error) => {
                if !found.failing {
                    let kept = found.addresses.len();
                    warn!(
                        upstream = self.upstream,
                        error, kept, "a server's name does not resolve; its last addresses are kept"
                    );
                }
                found.failing = true;
            }
        }
        found.addresses.clone()
    }

    /// The server at an address: the one that is known there already, with what is known of it.
    fn known(&self, place: &Place, address: SocketAddr) -> Arc<KnownServer> {
        let known = self.known.load();
        match known.iter().find(|server| server.address() == &address) {
            Some(server) => Arc::clone(server),
            None => Arc::new(KnownServer::new(self.template.peer(&place.server, address))),
        }
    }
}

#[async_trait]
impl ServiceDiscovery for Discovery {
    async fn discover(&self) -> pingora::Result<(BTreeSet<Backend>, HashMap<u64, bool>)> {
        let found = join_all(self.places.iter().map(|place| self.find(place))).await;
        let mut servers: Vec<Arc<KnownServer>> = Vec::new();
        for (place, addresses) in self.places.iter().zip(found) {
            for address in addresses {
                if !servers.iter().any(|server| server.address() == &address) {
                    servers.push(self.known(place, address));
                }
            }
        }
        let backend =
            |server: &Arc<KnownServer>| Backend { addr: server.address().clone(), weight: 1, ext: Extensions::new() };
        let backends = servers.iter().map(backend).collect();
        self.known.store(Arc::new(servers));
        Ok((backends, HashMap::new()))
    }
}

/// The addresses of a server, as they are now.
pub(super) async fn lookup(server: &Server) -> Result<Vec<SocketAddr>, String> {
    match server {
        Server::Unix(path) => UnixSocketAddr::from_pathname(path)
            .map(|address| vec![SocketAddr::Unix(address)])
            .map_err(|error| format!("{}: {error}", path.display())),
        Server::Tcp { host, port } => {
            let name = host.trim_start_matches('[').trim_end_matches(']');
            let addresses = tokio::time::timeout(LOOKUP, tokio::net::lookup_host((name, *port)))
                .await
                .map_err(|_| format!("{host}: no answer within {LOOKUP:?}"))?
                .map_err(|error| format!("{host}: {error}"))?;
            let addresses: BTreeSet<_> = addresses.collect();
            Ok(addresses.into_iter().map(SocketAddr::Inet).collect())
        }
    }
}
