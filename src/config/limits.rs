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
    /// What a client must send of a body.
    pub body: Option<BodyPace>,
    /// How large a body may be.
    pub body_bytes: Option<NonZero<u64>>,
    /// What a client must take of an answer that waits for it.
    pub send: BodyPace,
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
    /// What a client may send over HTTP/2 of one body before its backend takes it, in bytes.
    pub http2_window: u32,
    /// The same of all bodies on one connection.
    pub http2_connection_window: u32,
    /// Connections of all clients.
    pub connections: Option<NonZero<u32>>,
    /// Connections of one address that is no trusted proxy's.
    pub connections_per_address: Option<NonZero<u32>>,
}

/// How slowly a body may come, or an answer be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyPace {
    /// Bytes a second on average, beyond [`Self::patience`].
    pub rate: NonZero<u32>,
    /// How long is waited for a byte.
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
        body_bytes: None,
        send: BodyPace { rate: NonZero::<u32>::MIN, patience: Duration::from_secs(3600) },
        requests_per_connection: None,
        http2_streams: NonZero::<u32>::MAX,
        http2_resets: None,
        http2_control_frames: None,
        http2_idle: Duration::MAX,
        http2_window: 1 << 16,
        http2_connection_window: 1 << 16,
        connections: None,
        connections_per_address: None,
    };
}
