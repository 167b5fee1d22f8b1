//! The admin listener's socket.

use std::io;

use axum::Router;
use tokio::net::{TcpListener, UnixListener};

use crate::config::Address;

/// A bound socket, not yet served.
#[derive(Debug)]
pub enum AdminListener {
    /// On an address.
    Tcp(TcpListener),
    /// On a path.
    Unix(UnixListener),
}

impl AdminListener {
    /// Binds, or says why not and what to do.
    pub async fn bind(address: &Address) -> Result<Self, String> {
        let bound = match address {
            Address::Tcp(address) => TcpListener::bind(address).await.map(Self::Tcp),
            Address::Unix(path) => UnixListener::bind(path).map(Self::Unix),
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

    pub(super) async fn serve(self, app: Router) -> io::Result<()> {
        match self {
            Self::Tcp(listener) => axum::serve(listener, app).await,
            Self::Unix(listener) => axum::serve(listener, app).await,
        }
    }
}
