//! What a client may take.

use std::num::NonZero;
use std::time::Duration;

/// How much a client may take of schemagate, and for how long. `None`: as much as it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientLimits {
    /// From the first byte of a header to its last.
    pub header_time: Duration,
    /// Bytes of a header.
    pub header_bytes: usize,
    /// Silence before a request over HTTP/1.
    pub idle: Duration,
    /// What a client must send of a body over HTTP/1.
    pub body: Option<BodyPace>,
    /// How long a client may take no more of its answer.
    pub send_time: Duration,
    /// Requests that a connection over HTTP/1 may bring.
    pub requests_per_connection: Option<NonZero<u32>>,
    /// Requests at a time on a connection over HTTP/2.
    pub http2_streams: NonZero<u32>,
    /// Requests on a connection over HTTP/2 that a client may take back in ten seconds.
    pub http2_resets: Option<NonZero<u32>>,
    /// Frames on a connection over HTTP/2, in ten seconds, that bring nothing.
    pub http2_control_frames: Option<NonZero<u32>>,
    /// How long a connection over HTTP/2 may be without a request.
    pub http2_idle: Duration,
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
        http2_streams: NonZero::<u32>::MAX,
        http2_resets: None,
        http2_control_frames: None,
        http2_idle: Duration::MAX,
        connections: None,
        connections_per_address: None,
    };
}
