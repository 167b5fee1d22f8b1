//! What pingora has to know of a server before it can connect.

use std::fmt::Display;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use pingora::protocols::TcpKeepalive;
use pingora::protocols::l4::socket::SocketAddr;
use pingora::protocols::tls::CaType;
use pingora::upstreams::peer::{HttpPeer, PeerOptions};
use pingora::utils::tls::{CertKey, WrappedX509, parse_x509};
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::CertifiedKey;

use super::announcing::announce;
use crate::config::{ClientIdentity, Server, Upstream};
use crate::proxy::{ProxyError, certificate};
use crate::wire::ProxyVersion;

/// A connection is not used again after so long: Node closes idle ones after five seconds, and a
/// request that meets the closing is lost unless it may be sent twice.
const IDLE: Duration = Duration::from_secs(4);

/// HTTP/2 connections say goodbye before they close, and may be kept for longer.
const HTTP2_IDLE: Duration = Duration::from_secs(60);
const HTTP2_PING: Duration = Duration::from_secs(20);
const HTTP2_STREAMS: usize = 128;
/// What of one answer a server may send before its client takes it. All answers of a connection together have room
/// for that each: one that nobody reads must not hold up the others.
const HTTP2_STREAM_WINDOW: u32 = 128 * 1024;
const HTTP2_CONNECTION_WINDOW: u32 = 128 * HTTP2_STREAM_WINDOW;

/// The servers of one upstream differ in address and name alone.
#[derive(Debug, Clone)]
pub(super) struct PeerTemplate {
    tls: bool,
    server_name: Option<String>,
    options: PeerOptions,
    identity: Option<Arc<CertKey>>,
    proxy_protocol: Option<ProxyVersion>,
    /// Connections are shared only where the roots are the same.
    group: u64,
}

impl PeerTemplate {
    pub(super) fn new(upstream: &Upstream) -> Result<Self, ProxyError> {
        let mut options = PeerOptions::new();
        options.connection_timeout = Some(upstream.connect_timeout);
        options.total_connection_timeout = Some(upstream.connect_timeout);
        options.read_timeout = upstream.read_timeout;
        options.write_timeout = upstream.write_timeout;
        options.idle_timeout = Some(IDLE);
        options.tcp_keepalive = Some(TcpKeepalive {
            idle: Duration::from_secs(60),
            interval: Duration::from_secs(5),
            count: 5,
            user_timeout: Duration::ZERO,
        });
        if upstream.http2 {
            // Without TLS there is nothing to negotiate by: HTTP/2 or nothing.
            options.set_http_version(2, if upstream.tls.is_some() { 1 } else { 2 });
            options.max_h2_streams = HTTP2_STREAMS;
            options.h2_ping_interval = Some(HTTP2_PING);
            options.h2_stream_window_size = Some(HTTP2_STREAM_WINDOW);
            options.h2_connection_window_size = Some(HTTP2_CONNECTION_WINDOW);
            options.idle_timeout = Some(HTTP2_IDLE);
        }
        let tls = upstream.tls.as_ref();
        if let Some(tls) = tls {
            options.verify_cert = tls.verify;
            options.verify_hostname = tls.verify;
        }
        let wrong = |what: &str, why: &dyn Display| {
            ProxyError(format!("upstream {}: `tls.{what}` cannot be used: {why}", upstream.name))
        };
        let mut group = 0;
        if let Some(roots) = tls.and_then(|tls| tls.roots.as_deref()) {
            options.ca = Some(trust(roots).map_err(|why| wrong("roots", &why))?);
            group = hash(roots);
        }
        let identity = tls.and_then(|tls| tls.identity.as_ref());
        let identity = identity.map(show).transpose().map_err(|why| wrong("cert", &why))?;
        let server_name = tls.and_then(|tls| tls.server_name.clone()).filter(|name| !name.is_empty());
        let template =
            Self { tls: tls.is_some(), server_name, options, identity, proxy_protocol: upstream.proxy_protocol, group };
        // Without a name pingora would not verify the certificate at all.
        let nameless = upstream.servers.iter().any(|server| template.server_name(server).is_empty());
        if tls.is_some() && nameless {
            return Err(ProxyError(format!(
                "upstream {}: TLS over a unix socket needs `server_name`, the name in the server's certificate",
                upstream.name
            )));
        }
        Ok(template)
    }

    /// The server at `address`, which is one of those that `server` names.
    pub(super) fn peer(&self, server: &Server, address: SocketAddr) -> HttpPeer {
        // The address given here is replaced; only the fields around it matter.
        let mut peer = HttpPeer::new((Ipv4Addr::UNSPECIFIED, 0), self.tls, self.server_name(server).to_owned());
        peer._address = address;
        peer.options = self.options.clone();
        peer.client_cert_key.clone_from(&self.identity);
        peer.group_key = self.group;
        if let Some(version) = self.proxy_protocol {
            // Health checks are for nobody else.
            announce(&mut peer, version, None);
        }
        peer
    }

    /// The name asked for and verified.
    fn server_name<'s>(&'s self, server: &'s Server) -> &'s str {
        match (&self.server_name, server) {
            (Some(name), _) => name,
            (None, Server::Tcp { host, .. }) => host.trim_start_matches('[').trim_end_matches(']'),
            (None, Server::Unix(_)) => "",
        }
    }
}

/// Roots in a PEM text, each of which can be one: pingora would panic over them.
fn trust(pem: &str) -> Result<Arc<CaType>, String> {
    let chain = certificate::chain(pem.as_bytes())?;
    let mut store = RootCertStore::empty();
    for root in &chain {
        store.add(root.clone()).map_err(|error| error.to_string())?;
    }
    Ok(chain.iter().map(|root| WrappedX509::new(root.to_vec(), parse_x509)).collect())
}

/// What is shown to servers, checked for the same reason.
fn show(identity: &ClientIdentity) -> Result<Arc<CertKey>, String> {
    let chain = certificate::chain(identity.cert.as_bytes())?;
    let key = PrivateKeyDer::from_pem_slice(identity.key.expose().as_bytes()).map_err(|error| error.to_string())?;
    for one in &chain {
        webpki::EndEntityCert::try_from(one).map_err(|error| error.to_string())?;
    }
    CertifiedKey::from_der(chain.clone(), key.clone_key(), &ring::default_provider())
        .map_err(|error| format!("with `tls.key`: {error}; give the pair that was issued together"))?;
    let chain = chain.iter().map(|one| one.to_vec()).collect();
    Ok(Arc::new(CertKey::new(chain, key.secret_der().to_vec())))
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Makes of a peer one that is waited for at most so long at a time, whatever its own limits are.
pub(in crate::proxy) fn at_most(peer: &mut HttpPeer, left: Duration) {
    let PeerOptions { connection_timeout, total_connection_timeout, read_timeout, write_timeout, .. } =
        &mut peer.options;
    for timeout in [connection_timeout, total_connection_timeout, read_timeout, write_timeout] {
        *timeout = Some(timeout.map_or(left, |timeout| timeout.min(left)));
    }
}

/// Makes of a peer one that is waited for without a limit: a WebSocket or an event stream.
pub(in crate::proxy) fn without_limit(peer: &mut HttpPeer) {
    peer.options.read_timeout = None;
    peer.options.write_timeout = None;
}
