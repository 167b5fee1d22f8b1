//! Not part of pingora: a request that was sent before a session was made of it.
//!
//! Whoever sends requests by themselves over a connection that [`crate::Kept`] had may find out that an answer needs more than
//! they can do. Then the connection goes on here: what is written to it until its answer is read was sent already.

use async_trait::async_trait;
use bytes::BytesMut;
use pingora_core::protocols::raw_connect::ProxyDigest;
use pingora_core::protocols::tls::{SslDigest, TlsRef};
use pingora_core::protocols::{
    GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, Stream, TimingDigest,
    UniqueID, UniqueIDType, ALPN,
};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection on which a whole request was sent.
#[derive(Debug)]
pub struct UnderWay {
    stream: Stream,
    /// What was read of its answer.
    came: BytesMut,
}

impl UnderWay {
    /// Over `stream` a whole request without a body was sent, and so much `came` of its answer.
    pub fn new(stream: Stream, came: BytesMut) -> Self {
        Self { stream, came }
    }

    /// The connection itself, where nothing is left of what this one is for.
    pub(crate) fn unwrap(stream: Stream) -> Option<Stream> {
        if !stream.as_any().is::<Self>() {
            return Some(stream);
        }
        let under_way = stream.into_any().downcast::<Self>().ok()?;
        under_way.came.is_empty().then_some(under_way.stream)
    }
}

impl AsyncRead for UnderWay {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.came.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, into);
        }
        let given = self.came.len().min(into.remaining());
        into.put_slice(&self.came.split_to(given));
        Poll::Ready(Ok(()))
    }
}

/// The request is here once more: it was sent.
impl AsyncWrite for UnderWay {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[async_trait]
impl Shutdown for UnderWay {
    async fn shutdown(&mut self) {
        self.stream.shutdown().await;
    }
}

#[async_trait]
impl Peek for UnderWay {}

impl UniqueID for UnderWay {
    fn id(&self) -> UniqueIDType {
        self.stream.id()
    }
}

impl Ssl for UnderWay {
    fn get_ssl(&self) -> Option<&TlsRef> {
        self.stream.get_ssl()
    }

    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        self.stream.get_ssl_digest()
    }

    fn selected_alpn_proto(&self) -> Option<ALPN> {
        self.stream.selected_alpn_proto()
    }
}

impl GetTimingDigest for UnderWay {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.stream.get_timing_digest()
    }

    fn get_read_pending_time(&self) -> Duration {
        self.stream.get_read_pending_time()
    }

    fn get_write_pending_time(&self) -> Duration {
        self.stream.get_write_pending_time()
    }
}

impl GetProxyDigest for UnderWay {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.stream.get_proxy_digest()
    }
}

impl GetSocketDigest for UnderWay {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.stream.get_socket_digest()
    }
}
