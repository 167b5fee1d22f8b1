//! Which server process a connection was promised.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf, duplex};
use tokio_postgres::CancelToken;
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

/// Bytes of an `SSLRequest`; a `CancelRequest` is longer.
const SSL_REQUEST: i32 = 8;

/// The process id that the other side announced in `BackendKeyData` when the connection began
/// (PostgreSQL protocol 3.0, section 55.2.9); `None` if it announced none.
///
/// The server announces the process that serves the connection. A pooler serves many clients by
/// few processes, so it announces a number of its own. The client library keeps what it heard to
/// itself but for requests to cancel, so one is written into memory and read from there.
pub(super) async fn announced(token: CancelToken) -> Option<i32> {
    // Length, request code, process id, secret key; and before it, where TLS is asked for, a
    // length and a request code, answered by one byte.
    let (ours, mut theirs) = duplex(64);
    let asked = token.cancel_query_raw(Plain(ours), InMemory);
    let heard = async {
        loop {
            let length = theirs.read_i32().await.ok()?;
            let _code = theirs.read_i32().await.ok()?;
            if length > SSL_REQUEST {
                return theirs.read_i32().await.ok();
            }
            theirs.write_u8(b'S').await.ok()?;
        }
    };
    let (_, process) = tokio::join!(asked, heard);
    process
}

/// A stream that calls itself encrypted: nothing of it leaves the process.
struct Plain(DuplexStream);

/// The handshake of [`Plain`].
struct InMemory;

impl TlsConnect<Plain> for InMemory {
    type Stream = Plain;
    type Error = io::Error;
    type Future = std::future::Ready<io::Result<Plain>>;

    fn connect(self, stream: Plain) -> Self::Future {
        std::future::ready(Ok(stream))
    }
}

impl TlsStream for Plain {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Plain {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Plain {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
