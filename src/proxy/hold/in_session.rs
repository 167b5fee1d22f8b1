//! A request that waits in pingora's hands.

use gate::{Decision, Method, Moment};
use http::header;
use pingora::protocols::http::ServerSession;
use pingora::proxy::Session;

use super::{Ended, Waits};
use crate::answer::Answer;
use crate::proxy::edition::Pinned;
use crate::proxy::exchange::Exchange;
use crate::proxy::gateway::{Gateway, sent_method};

/// A request that waits in pingora's hands.
pub(super) struct InSession<'s> {
    session: &'s mut Session,
    exchange: &'s mut Exchange,
    /// What was decided last, if that is an answer.
    pub(super) answer: Option<Answer>,
    body: Option<Body>,
}

/// What comes of a request's body while it waits. It is read along, because a client that leaves is
/// noticed by reading alone, and kept, to be sent when the request is.
#[derive(Debug)]
struct Body {
    /// Whether anything is to come.
    none: bool,
    read: usize,
    most: usize,
}

impl<'s> InSession<'s> {
    pub(super) fn new(session: &'s mut Session, exchange: &'s mut Exchange) -> Self {
        Self { session, exchange, answer: None, body: None }
    }
}

impl Waits for InSession<'_> {
    fn decide(&mut self, gateway: &Gateway, pinned: &Pinned, now: Moment) -> Option<Decision> {
        self.answer = gateway.decide(pinned, &self.session.req_header().into(), self.exchange, now);
        self.exchange.decision
    }

    fn method(&self) -> Method<'_> {
        sent_method(self.session)
    }

    fn length(&mut self) -> Option<usize> {
        if self.session.is_upgrade_req() || self.session.is_body_done() {
            return Some(0);
        }
        self.session.req_header().headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }

    fn keep(&mut self, bytes: usize, most: usize) {
        if bytes > 0 {
            self.session.as_downstream_mut().enable_retry_buffering();
        }
        let read = self.body.as_ref().map_or(0, |body| body.read);
        self.body = Some(Body { none: bytes == 0, read, most });
    }

    async fn notice(&mut self) -> Ended {
        let Some(body) = &mut self.body else { return std::future::pending().await };
        let client: &mut ServerSession = self.session.as_downstream_mut();
        loop {
            match client.read_body_or_idle(body.none).await {
                Ok(Some(part)) => body.read += part.len(),
                Ok(None) => {}
                Err(error) => return Ended::Left(error),
            }
            if body.read > body.most {
                return Ended::TooLarge;
            }
        }
    }
}
