//! The way of spans to the exporter.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::context::{SpanId, TraceContext, TraceId};
use super::span::Span;
use crate::metrics::SpanCounts;

/// Spans that wait at most; a further one is dropped and counted.
#[cfg(feature = "otel")]
const WAITING: usize = 4096;

/// For how long the last spans are sent when the process ends.
const AT_THE_END: Duration = Duration::from_secs(2);

/// Takes spans, where any are wanted. Cheap to clone; never waits.
#[derive(Debug, Clone, Default)]
pub struct Traces(Option<On>);

#[derive(Debug, Clone)]
struct On {
    queue: mpsc::Sender<Message>,
    counts: SpanCounts,
    /// Which share of the traces that begin here is recorded.
    sample: f64,
}

/// What is on its way.
#[cfg_attr(not(feature = "otel"), expect(dead_code, reason = "without the exporter nobody reads it"))]
#[derive(Debug)]
pub(super) enum Message {
    Span(Box<Span>),
    /// All that came before it is to be sent.
    Flush(oneshot::Sender<()>),
}

impl Traces {
    /// The two ends of the way.
    #[cfg(feature = "otel")]
    pub(super) fn open(sample: f64, counts: SpanCounts) -> (Self, mpsc::Receiver<Message>) {
        let (queue, receiver) = mpsc::channel(WAITING);
        (Self(Some(On { queue, counts, sample })), receiver)
    }

    /// Where something that begins now stands: in the trace that `came`, sampled or not as whoever began that has
    /// decided, or in one of its own. `None`: nothing is traced.
    pub fn begin(&self, came: Option<TraceContext>) -> Option<TraceContext> {
        let on = self.0.as_ref()?;
        let (trace, sampled) = match came {
            Some(parent) => (parent.trace, parent.sampled),
            None => (TraceId::new(), fastrand::f64() < on.sample),
        };
        Some(TraceContext { trace, span: SpanId::new(), sampled })
    }

    /// Hands a span over, if its trace is recorded; drops it where too many wait.
    pub fn send(&self, span: Span) {
        let Some(on) = self.0.as_ref().filter(|_| span.context.sampled) else { return };
        if on.queue.try_send(Message::Span(Box::new(span))).is_err() {
            on.counts.dropped();
        }
    }

    /// Waits until all that was handed over is sent, for two seconds at most.
    pub async fn flush(&self) {
        let Some(on) = &self.0 else { return };
        let (done, is_done) = oneshot::channel();
        let flushed = async {
            if on.queue.send(Message::Flush(done)).await.is_ok() {
                // An error means that the exporter has ended.
                let _ = is_done.await;
            }
        };
        // Nobody is left to whom it could be said.
        let _ = timeout(AT_THE_END, flushed).await;
    }
}
