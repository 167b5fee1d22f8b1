//! What a client may take.

use std::num::NonZero;
use std::time::Duration;

use super::Check;
use crate::config::file::LimitsTable;
use crate::config::size;
use crate::config::{BodyPace, ClientLimits};

/// Less would refuse clients that have done nothing wrong.
const SHORTEST: Duration = Duration::from_secs(1);
const SMALLEST_HEADER: usize = 1024;
/// As much as pingora reads.
const LARGEST_HEADER: usize = 1024 * 1024 - 1;

impl Check<'_> {
    pub(super) fn limits(&mut self, table: &LimitsTable) -> Option<ClientLimits> {
        let header_time = self.duration("limits.header_time", &table.header_time, SHORTEST);
        let idle = self.duration("limits.idle", &table.idle, SHORTEST);
        let patience = self.duration("limits.body_time", &table.body_time, SHORTEST);
        let send_time = self.duration("limits.send_time", &table.send_time, SHORTEST);
        let header_bytes = self.bytes("limits.header_bytes", &table.header_bytes)?;
        if !(SMALLEST_HEADER..=LARGEST_HEADER).contains(&header_bytes) {
            let typed = size::show(header_bytes as u64);
            self.error(
                table.header_bytes.place(),
                format!("`limits.header_bytes` is {typed}, and must be from 1KiB to less than 1MiB"),
            );
        }
        let rate = table.body_rate.placed()?;
        let Ok(bytes) = u32::try_from(rate.value.0) else {
            self.error(rate.place, format!("`limits.body_rate` is {} a second", size::show(rate.value.0)))
                .help("less than 4GiB; it is a rate that every client must reach, such as \"500B\"");
            return None;
        };
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
            header_time,
            header_bytes,
            idle,
            body: NonZero::new(bytes).map(|rate| BodyPace { rate, patience }),
            send_time,
            requests_per_connection: NonZero::new(table.requests_per_connection.copied()?),
            connections: NonZero::new(table.connections.copied()?),
            connections_per_address: NonZero::new(table.connections_per_address.copied()?),
        })
    }
}
