//! Who asks the admin listener.

use std::fmt;
use std::net::SocketAddr;

/// The other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peer {
    /// By an address.
    Tcp(SocketAddr),
    /// By the socket's path: a process of this machine.
    Unix,
}

/// Who asks, as far as it is known: for the log of what was changed.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// The name of the token that was sent; `local` where none is asked for.
    pub(super) name: String,
    /// From where.
    pub(super) peer: Peer,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix => f.write_str("unix socket"),
        }
    }
}
