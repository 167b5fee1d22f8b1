//! What a client may take.

use std::num::NonZero;
use std::time::Duration;

/// How much a client may take of schemagate, and for how long. `None`: as much as it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientLimits {
    /// From the first byte of a header over HTTP/1 to its last.
    pub header_time: Duration,
    /// Bytes of a header over HTTP/1.
    pub header_bytes: usize,
    /// Silence before a request over HTTP/1.
    pub idle: Duration,
    /// What a client must send of a body over HTTP/1.
    pub body: Option<BodyPace>,
    /// How long a client may take no more of its answer.
    pub send_time: Duration,
    /// Requests that a connection over HTTP/1 may bring.
    pub requests_per_connection: Option<NonZero<u32>>,
    /// Connections of all clients.
    pub connections: Option<NonZero<u32>>,
    /// Connections of one address that is no trusted proxy's.
    pub connections_per_address: Option<NonZero<u32>>,
}

/// How slowly a body may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyPace {
    /// Bytes a second on average, beyond [`Self::patience`].
    pub rate: NonZero<u32>,
    /// How long is waited without a byte.
    pub patience: Duration,
}

#[cfg(test)]
impl ClientLimits {
    /// Next to none.
    pub(crate) const NONE: Self = Self {
        header_time: Duration::MAX,
        header_bytes: usize::MAX,
        idle: Duration::MAX,
        body: None,
        send_time: Duration::MAX,
        requests_per_connection: None,
        connections: None,
        connections_per_address: None,
    };
}
