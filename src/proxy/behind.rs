//! Who is behind a proxy that says so before anything else: the PROXY protocol.

use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::BytesMut;
use pingora::listeners::PreTlsProcess;
use pingora::protocols::l4::socket::SocketAddr;
use pingora::protocols::l4::stream::Stream as Socket;
use pingora::protocols::{GetSocketDigest, SocketDigest, Stream};
use pingora::{Error, ErrorType};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;
use tracing::warn;

use super::crowd::Crowd;
use super::gateway::Gateway;
use crate::sparing::Sparing;
use crate::wire::{Ends, ProxyHeader};

/// Lines in a minute about peers that say nothing of the kind.
const LINES: u32 = 5;

pub(super) const fn lines() -> Sparing {
    Sparing::new(LINES, Duration::from_secs(60))
}

/// Reads the header before a TLS handshake, and counts the connection from there on: handshakes are the dearest part.
pub(super) struct BeforeTls {
    pub(super) gateway: Arc<Gateway>,
    pub(super) crowd: Arc<Crowd>,
}

#[async_trait]
impl PreTlsProcess for BeforeTls {
    async fn process(&self, socket: &mut Socket) -> pingora::Result<()> {
        if self.gateway.is_introduced(socket).await {
            let edition = self.gateway.pin().edition;
            if let Some(guest) = self.crowd.let_in(socket, &edition.config) {
                guest.stays_with(socket);
                return Ok(());
            }
        }
        Err(Error::new_down(ErrorType::ConnectionClosed))
    }
}

impl Gateway {
    /// The same for a connection without TLS; `None` where it ends.
    pub(super) async fn introduced(&self, stream: Stream) -> Option<Stream> {
        if self.pin().edition.config.listen.proxy_protocol.is_empty() {
            return Some(stream);
        }
        let mut socket: Box<Socket> = stream.into_any().downcast().ok()?;
        if self.is_introduced(&mut socket).await { Some(socket) } else { None }
    }

    /// Reads the header where the peer is one that begins with it, and takes the client in it for the peer. Whether
    /// there is one, or need be none.
    async fn is_introduced(&self, socket: &mut Socket) -> bool {
        let edition = self.pin().edition;
        let config = &edition.config;
        let digest = socket.get_socket_digest();
        let peer = match digest.as_ref().and_then(|digest| digest.peer_addr()) {
            Some(SocketAddr::Inet(peer)) => peer.ip().to_canonical(),
            Some(SocketAddr::Unix(_)) | None => return true,
        };
        if !config.listen.proxy_protocol.iter().any(|range| range.contains(&peer)) {
            return true;
        }
        let read = timeout(config.limits.header_time, read(socket)).await;
        let why = match read {
            Ok(Ok((ends, rest))) => {
                socket.rewind(&rest);
                if let Some(Ends { source, .. }) = ends {
                    let digest = SocketDigest::from_raw_fd(socket.as_raw_fd());
                    // It is new: nobody has set it.
                    let _ = digest.peer_addr.set(Some(SocketAddr::Inet(source)));
                    socket.set_socket_digest(digest);
                }
                return true;
            }
            Ok(Err(why)) => why,
            Err(_) => "its PROXY header did not arrive in time".to_owned(),
        };
        if let Some(unsaid) = self.headerless.may_say(std::time::Instant::now()) {
            warn!(
                peer = %peer,
                why,
                others = (unsaid > 0).then_some(unsaid),
                "a connection is closed that had to begin with a PROXY header (listen.proxy_protocol)",
            );
        }
        false
    }
}

/// What a connection begins with, and what was read beyond it.
async fn read(socket: &mut (impl AsyncRead + Unpin)) -> Result<(Option<Ends>, BytesMut), String> {
    let mut bytes = BytesMut::with_capacity(256);
    loop {
        match socket.read_buf(&mut bytes).await {
            Ok(0) => return Err("it ended before its PROXY header".to_owned()),
            Ok(_) => {}
            Err(error) => return Err(error.to_string()),
        }
        if let Some(ProxyHeader { length, ends }) = ProxyHeader::read(&bytes).map_err(|error| error.to_string())? {
            return Ok((ends, bytes.split_off(length)));
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test]
    async fn what_follows_the_header_is_the_clients_however_it_comes() {
        let bytes = b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET /";
        for first in [1, 20, bytes.len() - 1, bytes.len()] {
            let (mut peer, mut ours) = tokio::io::duplex(1024);
            let sends = async {
                peer.write_all(&bytes[..first]).await.expect("it is sent");
                tokio::task::yield_now().await;
                peer.write_all(&bytes[first..]).await.expect("it is sent");
                peer
            };
            let (read, mut peer) = tokio::join!(read(&mut ours), sends);
            let (ends, mut rest) = read.expect("a header");
            assert_eq!(ends.map(|ends| ends.source.to_string()).as_deref(), Some("192.0.2.1:1"));
            peer.shutdown().await.expect("it is closed");
            while ours.read_buf(&mut rest).await.expect("more of it") > 0 {}
            assert_eq!(&rest[..], b"GET /");
        }
    }

    #[tokio::test]
    async fn who_leaves_before_the_end_has_no_header() {
        let (mut peer, mut ours) = tokio::io::duplex(1024);
        peer.write_all(b"PROXY TCP4").await.expect("it is sent");
        drop(peer);
        assert!(read(&mut ours).await.is_err());
    }
}
