//! A request that is done with where its head was read: answered here, or sent straight to a server and back.
//!
//! What pingora makes for a request is most of what one costs, and few need it: a body to be sent, a protocol that may
//! follow, a connection that is not there yet. All else is done here, by the decision that pingora would be told.

use std::time::Instant;

use gate::Method;
use http::{HeaderName, HeaderValue, header};
use pingora::http::RequestHeader;
use tokio::io::AsyncWriteExt;

use super::Http1;
use super::incoming::Incoming;
use super::silence::Silence;
use super::written::written;
use crate::answer::Answer;
use crate::proxy::client::Client;
use crate::proxy::exchange::Exchange;
use crate::proxy::gateway::{Gateway, streams};
use crate::proxy::{https_only, operator};
use crate::wire::{Body, Head, Parts};

/// What became of a request.
pub(super) enum AtOnce {
    /// It is over. Whether another one may come on its connection.
    Over(bool),
    /// The rest is pingora's, as is all that is known of it where it was decided.
    Rest(Option<Box<Exchange>>),
}

/// What its head says.
struct Asked<'h> {
    parts: Parts<'h>,
    request: RequestHeader,
}

impl Http1<'_> {
    /// Does with a request what can be done at once.
    pub(super) async fn at_once(
        self,
        incoming: &mut Incoming,
        head: &[u8],
        what: Head,
        silence: &mut Silence,
    ) -> AtOnce {
        let Some(Asked { parts, request }) = Asked::read(head, what).filter(|_| !self.is_ending()) else {
            return AtOnce::Rest(None);
        };
        let Some((exchange, answer)) = self.gateway.decide_at_once(incoming, &request) else {
            return AtOnce::Rest(None);
        };
        match answer {
            Some(answer) => AtOnce::Over(self.gateway.write(incoming, &request, exchange, &answer).await),
            None if exchange.waits() => AtOnce::Rest(None),
            None if !goes_straight(&request, &exchange) => AtOnce::Rest(Some(exchange)),
            None => self.send_straight(incoming, &request, &parts, exchange, silence).await,
        }
    }

    /// Whether connections end after their next answer.
    pub(super) fn is_ending(self) -> bool {
        *self.closing.borrow() || *self.shutdown.borrow()
    }
}

impl Gateway {
    /// Decides a request by its head. `None` where more is asked than can be done at once: nothing happened then.
    fn decide_at_once(&self, incoming: &Incoming, request: &RequestHeader) -> Option<(Box<Exchange>, Option<Answer>)> {
        let began = Instant::now();
        let now = self.reader.moment(began);
        let pinned = self.pin();
        let config = &pinned.edition.config;
        let client = Client::behind(incoming, &config.listen.trusted_proxies);
        // Who comes as an operator is decided otherwise, and a redirect to https goes before everything.
        if operator::may_be_operators(&pinned.edition, request, &client)
            || https_only::is_sent_on(config, request, &client).is_some()
        {
            return None;
        }
        let mut exchange = Box::new(Exchange::new(began, pinned.edition.clone(), self.in_flight()));
        self.receive(client, &request.headers, &mut exchange, now);
        let mut answer = self.decide(&pinned, request, &mut exchange, now);
        if let Some(answer) = &mut answer {
            https_only::tell(answer, config, &client);
        }
        Some((exchange, answer))
    }

    /// Writes an answer of our own: whether it could be, and another request may come.
    async fn write(
        &self,
        incoming: &mut Incoming,
        request: &RequestHeader,
        mut exchange: Box<Exchange>,
        answer: &Answer,
    ) -> bool {
        exchange.answered_after = Some(exchange.began.elapsed());
        let sent = async {
            incoming.write_all(&written(answer, &exchange.id, true)).await?;
            incoming.flush().await
        };
        let sent = sent.await;
        exchange.error = sent.as_ref().err().map(ToString::to_string);
        self.note_end(request, answer.status.as_u16(), answer.body.len(), &mut exchange);
        sent.is_ok()
    }
}

impl<'h> Asked<'h> {
    /// Reads a head that says nothing of what comes after it but what every client says.
    fn read(head: &'h [u8], what: Head) -> Option<Self> {
        if what.body != Body::Length(0) || what.upgrade {
            return None;
        }
        // Connections over HTTP/1.0 end otherwise.
        let parts = Parts::of(head).filter(|parts| parts.version == "HTTP/1.1" && parts.target.starts_with('/'))?;
        let (mut request, ()) = http::Request::new(()).into_parts();
        request.method = parts.method.parse().ok()?;
        request.headers.reserve(what.fields);
        for (name, value) in parts.fields() {
            request.headers.append(HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?);
        }
        let stays = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"keep-alive");
        if request.headers.contains_key(header::EXPECT)
            || !request.headers.get_all(header::CONNECTION).iter().all(stays)
        {
            return None;
        }
        let mut request = RequestHeader::from(request);
        request.set_raw_path(parts.target.as_bytes()).ok()?;
        Some(Self { parts, request })
    }
}

/// Whether a request goes to a server and nothing is to be done with what it answers but to pass it on, where all goes
/// well.
fn goes_straight(request: &RequestHeader, exchange: &Exchange) -> bool {
    Method::new(request.method.as_str()).is_get_or_head()
        && exchange.keeping.is_none()
        && exchange.pool().is_some_and(|pool| pool.proxy_protocol().is_none())
        && !streams(&request.headers)
}
