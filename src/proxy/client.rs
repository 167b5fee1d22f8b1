//! Who asks.

use std::net::IpAddr;

use ipnet::IpNet;
use pingora::protocols::http::ServerSession;
use pingora::protocols::l4::socket::SocketAddr;
use pingora::protocols::{GetSocketDigest, Ssl};

/// Who asks: the peer of the connection, and whether it speaks for others.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Client {
    /// The peer's address; `None` on a unix socket.
    pub(super) address: Option<IpAddr>,
    /// Whether what it says of those before it is believed.
    pub(super) trusted: bool,
    /// Whether the connection is encrypted.
    pub(super) tls: bool,
}

impl Client {
    /// Reads the connection. Who may write to a unix socket is on this machine and let in by its
    /// owner: such a peer is a proxy, and is believed.
    pub(super) fn of(session: &ServerSession, trusted: &[IpNet]) -> Self {
        Self::at(session.client_addr(), session.digest().is_some_and(|digest| digest.ssl_digest.is_some()), trusted)
    }

    /// The same, of a connection before anybody has made a session of it.
    pub(super) fn behind(stream: &(impl GetSocketDigest + Ssl + ?Sized), trusted: &[IpNet]) -> Self {
        let socket = stream.get_socket_digest();
        let peer = socket.as_ref().and_then(|socket| socket.peer_addr());
        Self::at(peer, stream.get_ssl_digest().is_some(), trusted)
    }

    fn at(peer: Option<&SocketAddr>, tls: bool, trusted: &[IpNet]) -> Self {
        match peer {
            Some(SocketAddr::Inet(address)) => {
                let address = address.ip().to_canonical();
                let trusted = trusted.iter().any(|range| range.contains(&address));
                Self { address: Some(address), trusted, tls }
            }
            Some(SocketAddr::Unix(_)) | None => Self { address: None, trusted: true, tls },
        }
    }
}
