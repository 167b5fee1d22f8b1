//! What is told of a request that is over.

use super::access_log::{self, Line};
use super::exchange::Exchange;
use super::gateway::Gateway;
use super::spans;
use super::upstreams::Pool;
use crate::answer::UpstreamFailure;
use crate::head::RequestHead;
use crate::metrics::Answered;

impl Gateway {
    /// Counts, logs and traces a request that is over: the client was sent `status` (0: nothing) and `bytes` of a body.
    pub(super) fn note_end(&self, request: &RequestHead<'_>, status: u16, bytes: usize, exchange: &mut Exchange) {
        if let Some(word) = exchange.refused {
            self.metrics.wire_refusal(word);
        }
        match &exchange.decision {
            None if exchange.visit.is_errand() => {}
            None => self.metrics.malformed(),
            Some(decision) => {
                let here = exchange.answered_after.is_some();
                let after = exchange.answered_after.or(exchange.header_after);
                exchange.edition.counts.request(decision, &Answered { status, after, here });
                if exchange.upstream.is_none() {
                    self.metrics.own_answer(exchange.answered_after.unwrap_or_default());
                }
            }
        }
        exchange.trace.attempt_is_over(exchange.failure.map(UpstreamFailure::as_str));
        let line = Line {
            request,
            status,
            bytes,
            took: exchange.answered_after.unwrap_or_else(|| exchange.began.elapsed()),
            upstream: exchange.pool().map(Pool::name),
        };
        access_log::write(&line, exchange, &self.reader);
        spans::send(&line, exchange, &self.traces);
    }
}
