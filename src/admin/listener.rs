//! The admin listener's socket, and who comes in by it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fs::{self, Permissions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream as Probe;
use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, SockAddr, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::task::AbortHandle;
use tokio::time::sleep;
use tower::ServiceExt;

use super::bounds;
use super::caller::Peer;
use crate::config::Address;

/// Connections that the kernel holds until they are accepted.
const BACKLOG: i32 = 128;

/// After an error of accepting: mostly there are too many open files, which passes.
const PAUSE: Duration = Duration::from_millis(200);

/// A bound socket, not yet served.
#[derive(Debug)]
pub enum AdminListener {
    /// On an address.
    Tcp(TcpListener),
    /// On a path.
    Unix(UnixListener),
}

impl AdminListener {
    /// Binds, or says why not and what to do. What another process handed over is used as it is.
    pub async fn bind(address: &Address, inherited: Option<OwnedFd>) -> Result<Self, String> {
        let bound = match (address, inherited) {
            (Address::Tcp(_), Some(socket)) => TcpListener::from_std(socket.into()).map(Self::Tcp),
            (Address::Unix(_), Some(socket)) => UnixListener::from_std(socket.into()).map(Self::Unix),
            (Address::Tcp(address), None) => TcpListener::bind(address).await.map(Self::Tcp),
            (Address::Unix(path), None) => bind_unix(path).map(Self::Unix),
        };
        bound.map_err(|error| {
            let advice = match error.kind() {
                io::ErrorKind::AddrInUse => ": stop what listens there, or set another `listen` under [admin]",
                io::ErrorKind::PermissionDenied => ": choose an address that this user may bind",
                _ => ": check `listen` under [admin]",
            };
            format!("cannot listen on {address} for the admin listener: {error}{advice}")
        })
    }

    /// The same socket once more, for the process after this one.
    pub fn offered(&self) -> io::Result<OwnedFd> {
        match self {
            Self::Tcp(listener) => listener.as_fd().try_clone_to_owned(),
            Self::Unix(listener) => listener.as_fd().try_clone_to_owned(),
        }
    }

    /// Serves whoever comes.
    pub(super) async fn serve(self, router: Router) -> Infallible {
        let mut connections = Connections::default();
        loop {
            let accepted = match &self {
                Self::Tcp(listener) => listener.accept().await.map(|(stream, peer)| {
                    connections.make_room();
                    connections.add(stream, Peer::Tcp(peer), router.clone());
                }),
                Self::Unix(listener) => listener.accept().await.map(|(stream, _)| {
                    connections.make_room();
                    connections.add(stream, Peer::Unix, router.clone());
                }),
            };
            if accepted.is_err() {
                sleep(PAUSE).await;
            }
        }
    }
}

/// Binds a socket that its owner alone can open. It takes nobody in before it is so, and takes the place of one that a
/// process left behind which is gone.
fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    let nobody = || Probe::connect(path).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    if is_socket && nobody() {
        fs::remove_file(path)?;
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    UnixListener::from_std(socket.into())
}

/// Those who are in, the oldest first.
#[derive(Default)]
struct Connections(VecDeque<AbortHandle>);

impl Connections {
    /// Where there are too many, the oldest one has to go.
    fn make_room(&mut self) {
        if self.0.len() >= bounds::CONNECTIONS {
            self.0.retain(|connection| !connection.is_finished());
        }
        if self.0.len() >= bounds::CONNECTIONS
            && let Some(oldest) = self.0.pop_front()
        {
            oldest.abort();
        }
    }

    fn add<S>(&mut self, stream: S, peer: Peer, router: Router)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(peer);
            router.clone().oneshot(request)
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(bounds::HEADER_TIME)
            .max_buf_size(bounds::HEADER)
            .max_headers(bounds::HEADERS);
        let connection = http.serve_connection(TokioIo::new(stream), service);
        let task = tokio::spawn(async move {
            // What a client does to its connection is its own affair.
            let _ = connection.await;
        });
        self.0.push_back(task.abort_handle());
    }
}
