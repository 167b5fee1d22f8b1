//! What a client may take, as it is typed.

use std::time::Duration;

use crate::config::reader::table;
use crate::config::size::Size;

table! {
    /// How much a client may take of schemagate, and for how long. 0 of what is counted: as much as it likes.
    LimitsTable {
        /// From the first byte of a request's header to its last.
        header_time: Duration = "20s",
        /// How large a request's header may be; 1KiB to 1MiB.
        header_bytes: Size = "64KiB",
        /// Over HTTP/1: how long a connection may be silent before a request, the first one included.
        idle: Duration = "75s",
        /// How large a request's body may be; then 413.
        body_bytes: Size = "0B",
        /// Bytes a second of a request's body that a client must send on average, beyond `body_time`.
        body_rate: Size = "500B",
        /// How long a body may be waited for without any of it; what comes earns time by `body_rate`.
        body_time: Duration = "30s",
        /// Bytes a second of an answer that a client must take on average while some of it waits, beyond `send_time`.
        send_rate: Size = "500B",
        /// How long a client may take nothing of an answer that waits; what it takes earns time by `send_rate`.
        send_time: Duration = "60s",
        /// Over HTTP/1: requests that a connection may bring.
        requests_per_connection: u32 = 10000,
        /// Over HTTP/2: requests at a time on one connection.
        http2_streams: u32 = 100,
        /// Over HTTP/2: requests that a client may take back in ten seconds on one connection; then it is closed.
        http2_resets: u32 = 200,
        /// Over HTTP/2: frames that a client may send in ten seconds on one connection and that bring nothing, such as PING; then it is closed.
        http2_control_frames: u32 = 10000,
        /// Over HTTP/2: how long a connection may be without a request.
        http2_idle: Duration = "5m",
        /// Over HTTP/2: bytes of one body that a client may send before its backend takes them; 64KiB to 16MiB.
        http2_window: Size = "256KiB",
        /// Over HTTP/2: the same of all bodies on one connection; at least `http2_window`.
        http2_connection_window: Size = "1MiB",
        /// Connections of all clients together.
        connections: u32 = 20000,
        /// Connections of one address; of IPv6, of a /64 network. Trusted proxies may have any number.
        connections_per_address: u32 = 1000,
    }
}
