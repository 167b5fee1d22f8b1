//! Connections to servers that begin by saying who asks: the PROXY protocol.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Error, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pingora::connectors::L4Connect;
use pingora::protocols::l4::socket::SocketAddr;
use pingora::protocols::l4::stream::Stream;
use pingora::upstreams::peer::HttpPeer;
use pingora::{ErrorType, OrErr};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use crate::wire::{Ends, ProxyHeader, ProxyVersion};

/// Connects, and says for whom.
#[derive(Debug)]
pub(super) struct Announcing {
    pub(super) version: ProxyVersion,
    /// `None`: for nobody but itself.
    pub(super) ends: Option<Ends>,
    /// Limit of connecting.
    pub(super) within: Duration,
}

#[async_trait]
impl L4Connect for Announcing {
    async fn connect(&self, address: &SocketAddr) -> pingora::Result<Stream> {
        let connected = timeout(self.within, self.begin(address)).await;
        let connected = connected.or_err(ErrorType::ConnectTimedout, "connecting took too long")?;
        connected.map_err(|error| {
            let kind = match error.kind() {
                ErrorKind::ConnectionRefused => ErrorType::ConnectRefused,
                _ => ErrorType::ConnectError,
            };
            pingora::Error::because(kind, "connecting, to begin with a PROXY header", error)
        })
    }
}

impl Announcing {
    async fn begin(&self, address: &SocketAddr) -> Result<Stream, Error> {
        let header = ProxyHeader::write(self.version, self.ends);
        match address {
            SocketAddr::Inet(address) => {
                let mut socket = TcpStream::connect(address).await?;
                socket.write_all(&header).await?;
                Ok(socket.into())
            }
            SocketAddr::Unix(address) => {
                let path = address.as_pathname().ok_or(ErrorKind::AddrNotAvailable)?;
                let mut socket = UnixStream::connect(path).await?;
                socket.write_all(&header).await?;
                Ok(socket.into())
            }
        }
    }
}

/// Has a connection made that says for whom it is. Nobody else's requests go over it.
pub(in crate::proxy) fn announce(peer: &mut HttpPeer, version: ProxyVersion, ends: Option<Ends>) {
    let within = peer.options.connection_timeout.unwrap_or(Duration::MAX);
    peer.options.custom_l4 = Some(Arc::new(Announcing { version, ends, within }));
    let mut hasher = DefaultHasher::new();
    (peer.group_key, ends.map(|ends| (ends.source, ends.destination))).hash(&mut hasher);
    peer.group_key = hasher.finish();
}
