//! What a client may take.

use std::num::NonZero;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::Check;
use crate::config::file::LimitsTable;
use crate::config::reader::Key;
use crate::config::size::{self, Size};
use crate::config::{BodyPace, ClientLimits};

/// Less would refuse clients that have done nothing wrong.
const SHORTEST: Duration = Duration::from_secs(1);
const SMALLEST_HEADER: usize = 1024;
/// As much as pingora reads.
const LARGEST_HEADER: usize = 1024 * 1024 - 1;
/// Less is less than what every client starts with (RFC 9113, section 6.9.2); more is memory that one client may take.
const WINDOWS: RangeInclusive<usize> = 64 * 1024..=16 * 1024 * 1024;

impl Check<'_> {
    pub(super) fn limits(&mut self, table: &LimitsTable) -> Option<ClientLimits> {
        let header_time = self.duration("limits.header_time", &table.header_time, SHORTEST);
        let idle = self.duration("limits.idle", &table.idle, SHORTEST);
        let patience = self.duration("limits.body_time", &table.body_time, SHORTEST);
        let send_patience = self.duration("limits.send_time", &table.send_time, SHORTEST);
        let header_bytes = self.bytes("limits.header_bytes", &table.header_bytes)?;
        if !(SMALLEST_HEADER..=LARGEST_HEADER).contains(&header_bytes) {
            let typed = size::show(header_bytes as u64);
            self.error(
                table.header_bytes.place(),
                format!("`limits.header_bytes` is {typed}, and must be from 1KiB to less than 1MiB"),
            );
        }
        let body_rate = self.rate("limits.body_rate", &table.body_rate)?;
        let send_rate = self.rate("limits.send_rate", &table.send_rate)?;
        let http2_window = self.http2_window("limits.http2_window", &table.http2_window)?;
        let http2_connection_window =
            self.http2_window("limits.http2_connection_window", &table.http2_connection_window)?;
        if http2_connection_window < http2_window {
            self.error(
                table.http2_connection_window.place().or(table.http2_window.place()),
                "`limits.http2_connection_window` is less than `limits.http2_window`, and bounds it",
            );
        }
        let http2_idle = self.duration("limits.http2_idle", &table.http2_idle, SHORTEST);
        let Some(http2_streams) = NonZero::new(table.http2_streams.copied()?) else {
            self.error(table.http2_streams.place(), "`limits.http2_streams` must be at least 1");
            return None;
        };
        Some(ClientLimits {
            http2_streams,
            http2_resets: NonZero::new(table.http2_resets.copied()?),
            http2_control_frames: NonZero::new(table.http2_control_frames.copied()?),
            http2_idle,
            http2_window,
            http2_connection_window,
            header_time,
            header_bytes,
            idle,
            body: NonZero::new(body_rate).map(|rate| BodyPace { rate, patience }),
            body_bytes: NonZero::new(table.body_bytes.copied()?.0),
            // As much as it likes: a byte is enough.
            send: BodyPace { rate: NonZero::new(send_rate).unwrap_or(NonZero::<u32>::MIN), patience: send_patience },
            requests_per_connection: NonZero::new(table.requests_per_connection.copied()?),
            connections: NonZero::new(table.connections.copied()?),
            connections_per_address: NonZero::new(table.connections_per_address.copied()?),
        })
    }

    /// Bytes a second.
    fn rate(&mut self, name: &str, key: &Key<Size>) -> Option<u32> {
        let rate = key.placed()?;
        let Ok(bytes) = u32::try_from(rate.value.0) else {
            self.error(rate.place, format!("`{name}` is {} a second", size::show(rate.value.0)))
                .help("less than 4GiB; it is a rate that every client must reach, such as \"500B\"");
            return None;
        };
        Some(bytes)
    }

    /// A window of HTTP/2, in bytes.
    fn http2_window(&mut self, name: &str, key: &Key<Size>) -> Option<u32> {
        let bytes = self.bytes(name, key)?;
        if !WINDOWS.contains(&bytes) {
            let typed = size::show(bytes as u64);
            self.error(key.place(), format!("`{name}` is {typed}, and must be from 64KiB to 16MiB"));
        }
        u32::try_from(bytes).ok()
    }
}
