//! A connection whose frames are counted while they are read.

use std::io;
use std::num::NonZero;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use pingora::protocols::Stream;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::frames::{Costs, Frames};
use crate::config::ClientLimits;
use crate::proxy::client::Client;
use crate::proxy::crowd::Crowd;
use crate::proxy::passes_on::passes_on;
use crate::proxy::taking::Taking;

/// What is counted is counted for so long.
const PERIOD: Duration = Duration::from_secs(10);

/// A connection over HTTP/2 that ends when its client asks for more work than it may.
#[derive(Debug)]
pub(super) struct Watched {
    stream: Stream,
    /// How slowly the client takes what is written to it.
    taking: Taking,
    frames: Frames,
    resets: Allowance,
    work: Allowance,
    header_time: Duration,
    /// Runs while a header does.
    late: Option<Pin<Box<Sleep>>>,
    client: Client,
    crowd: Arc<Crowd>,
}

/// So many in a period; `None`: any number.
#[derive(Debug)]
struct Allowance {
    most: Option<NonZero<u32>>,
    count: u32,
    since: Instant,
}

impl Allowance {
    fn new(most: Option<NonZero<u32>>) -> Self {
        Self { most, count: 0, since: Instant::now() }
    }

    /// Takes one more; whether it is one too many.
    fn is_passed_by_one_more(&mut self) -> bool {
        let Some(most) = self.most else { return false };
        let now = Instant::now();
        if now.duration_since(self.since) >= PERIOD {
            (self.count, self.since) = (0, now);
        }
        self.count = self.count.saturating_add(1);
        self.count > most.get()
    }
}

impl Watched {
    pub(super) fn new(stream: Stream, limits: ClientLimits, client: Client, crowd: Arc<Crowd>) -> Self {
        Self {
            stream,
            taking: Taking::new(limits.send),
            frames: Frames::new(),
            resets: Allowance::new(limits.http2_resets),
            work: Allowance::new(limits.http2_control_frames),
            header_time: limits.header_time,
            late: None,
            client,
            crowd,
        }
    }

    /// Counts what came; the limit that it passes.
    fn count(&mut self, came: &[u8]) -> Result<(), &'static str> {
        let (resets, work) = (&mut self.resets, &mut self.work);
        let mut passed = Ok(());
        self.frames.read(came, |costs| {
            let (allowance, limit) = match costs {
                Costs::Reset => (&mut *resets, "http2_resets"),
                Costs::Work => (&mut *work, "http2_control_frames"),
            };
            if allowance.is_passed_by_one_more() {
                passed = Err(limit);
            }
        });
        passed
    }

    /// Whether the header that is being read takes too long. Wakes when it does.
    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        if !self.frames.is_within_head() {
            self.late = None;
            return false;
        }
        let header_time = self.header_time;
        let late = self.late.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + header_time)));
        late.as_mut().poll(context).is_ready()
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = into.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, into)?;
        let came = into.filled().get(before..).unwrap_or_default();
        let mut passed = this.count(came);
        if this.is_late(context) {
            passed = Err("header_time");
        }
        if let Err(limit) = passed {
            into.set_filled(before);
            this.crowd.ends(this.client, limit);
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        read.map(Ok)
    }
}

passes_on!(Watched);
