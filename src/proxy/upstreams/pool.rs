//! The servers of one upstream: which one is next.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use pingora::lb::selection::RoundRobin;
use pingora::lb::{Backends, LoadBalancer};
use pingora::protocols::l4::socket::SocketAddr;
use pingora::upstreams::peer::HttpPeer;
use tokio::task::AbortHandle;
use tracing::warn;

use super::discovery::{Discovery, Known};
use super::peer::PeerTemplate;
use super::probe::Probe;
use super::server::KnownServer;
use super::shown;
use crate::answer::UpstreamFailure;
use crate::config::{Server, Upstream};
use crate::proxy::ProxyError;
use crate::wire::ProxyVersion;

/// The servers of one upstream.
pub(in crate::proxy) struct Pool {
    /// As it is configured.
    upstream: Upstream,
    authority: String,
    known: Arc<Known>,
    balancer: Arc<LoadBalancer<RoundRobin>>,
    /// What runs beside the requests, where anything has to: names are resolved anew, health is asked.
    watching: OnceLock<Watching>,
}

/// Ends with the pool.
struct Watching(AbortHandle);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A server for one request.
#[derive(Debug)]
pub(in crate::proxy) struct Choice {
    server: Arc<KnownServer>,
    /// Whether it was chosen although no server is known to be healthy.
    pub(in crate::proxy) in_doubt: bool,
}

impl Choice {
    /// How to connect to it.
    pub(in crate::proxy) fn peer(&self) -> &HttpPeer {
        &self.server.peer
    }
}

impl Pool {
    pub(super) fn new(upstream: &Upstream) -> Result<Self, ProxyError> {
        let known = Arc::new(Known::default());
        let authority = authority(upstream);
        let template = PeerTemplate::new(upstream)?;
        let discovery = Discovery::new(upstream, template, Arc::clone(&known));
        let mut balancer = LoadBalancer::from_backends(Backends::new(Box::new(discovery)));
        let named = upstream.servers.iter().any(has_name);
        if named {
            balancer.update_frequency = Some(upstream.resolve_every);
        }
        if let Some(health) = &upstream.health {
            balancer.set_health_check(Box::new(Probe::new(upstream, health, &authority, Arc::clone(&known))?));
            balancer.health_check_frequency = Some(health.interval);
            balancer.parallel_health_check = true;
        }
        let balancer = Arc::new(balancer);
        Ok(Self { upstream: upstream.clone(), authority, known, balancer, watching: OnceLock::new() })
    }

    /// Whether it is what would be made of this one.
    pub(super) fn is_of(&self, upstream: &Upstream) -> bool {
        self.upstream == *upstream
    }

    /// Its name in the configuration.
    pub(in crate::proxy) fn name(&self) -> &str {
        &self.upstream.name
    }

    /// How long a whole exchange may take.
    pub(in crate::proxy) fn total_timeout(&self) -> Option<Duration> {
        self.upstream.total_timeout
    }

    /// Whether connections say who asks.
    pub(in crate::proxy) fn proxy_protocol(&self) -> Option<ProxyVersion> {
        self.upstream.proxy_protocol
    }

    /// The host of a request that names none.
    pub(in crate::proxy) fn authority(&self) -> &str {
        &self.authority
    }

    /// Resolves the names of its servers now.
    pub(super) async fn resolve(&self) {
        if let Err(error) = self.balancer.update().await {
            warn!(upstream = self.upstream.name, %error, "the servers' names could not be resolved");
        }
    }

    /// Begins to resolve names anew and to ask for health, where either is due. Within a runtime.
    pub(super) fn watch(&self) {
        if self.balancer.update_frequency.is_some() || self.upstream.health.is_some() {
            let balancer = Arc::clone(&self.balancer);
            // pingora would stop by it; this ends with the pool.
            let (_, never) = tokio::sync::watch::channel(false);
            let task = tokio::spawn(async move { balancer.run(never, None).await });
            self.watching.get_or_init(|| Watching(task.abort_handle()));
        }
    }

    /// The next server, none of `failed`: in turn those that are healthy and could be connected
    /// to lately; where there is none, any, because a health check can be wrong.
    pub(in crate::proxy) fn choose(&self, failed: &[SocketAddr]) -> Result<Choice, UpstreamFailure> {
        let known = self.known.load();
        let choice = |server: &Arc<KnownServer>, in_doubt| Choice { server: Arc::clone(server), in_doubt };
        match known.as_slice() {
            [] => Err(UpstreamFailure::Dns),
            [only] => Ok(choice(only, false)),
            servers => {
                let at = |address: &SocketAddr| servers.iter().find(|server| server.address() == address);
                // The turn is shared with other requests, so that one may see a server twice.
                let turns = servers.len() * 8;
                let next = |doubtful: bool| {
                    let backend = self.balancer.select_with(b"", turns, |backend, healthy| {
                        let lately = doubtful || (healthy && at(&backend.addr).is_some_and(|s| !s.is_passed_over()));
                        lately && !failed.contains(&backend.addr)
                    })?;
                    at(&backend.addr).map(|server| choice(server, doubtful))
                };
                next(false).or_else(|| next(true)).ok_or(UpstreamFailure::Unavailable)
            }
        }
    }

    /// Notes that a server could not be connected to.
    pub(in crate::proxy) fn could_not_connect(&self, address: &SocketAddr, why: &str) {
        let known = self.known.load();
        let server = known.iter().find(|server| server.address() == address);
        if server.is_some_and(|server| server.pass_over()) {
            warn!(upstream = self.upstream.name, server = shown(address), why, "a server cannot be connected to");
        }
    }

    /// Each server's address, and whether requests go there.
    pub(super) fn standing(&self) -> Vec<(String, bool)> {
        let known = self.known.load();
        let lately = |address| !known.iter().any(|server| server.address() == address && server.is_passed_over());
        let backends = self.balancer.backends();
        let all = backends.get_backend();
        all.iter().map(|server| (shown(&server.addr), backends.ready(server) && lately(&server.addr))).collect()
    }

    /// Whether there is a server that is none of `failed`.
    pub(in crate::proxy) fn has_other_than(&self, failed: &[SocketAddr]) -> bool {
        self.known.load().iter().any(|server| !failed.contains(server.address()))
    }
}

/// Whether a server's address may change behind its name.
fn has_name(server: &Server) -> bool {
    match server {
        Server::Tcp { host, .. } => host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_err(),
        Server::Unix(_) => false,
    }
}

/// The host that an upstream goes by: that of the certificate, or the first server.
pub(super) fn authority(upstream: &Upstream) -> String {
    let name = upstream.tls.as_ref().and_then(|tls| tls.server_name.clone());
    name.unwrap_or_else(|| match upstream.servers.first() {
        Some(Server::Tcp { host, port }) if host.contains(':') && !host.starts_with('[') => format!("[{host}]:{port}"),
        Some(Server::Tcp { host, port }) => format!("{host}:{port}"),
        Some(Server::Unix(_)) | None => "localhost".to_owned(),
    })
}
