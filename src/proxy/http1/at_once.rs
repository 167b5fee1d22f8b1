//! A request that is done with where its head was read: answered here, or sent straight to a server and back.
//!
//! What pingora makes for a request is most of what one costs, and few need it: a body to be sent, a protocol that may
//! follow, a connection that is not there yet. All else is done here, by the decision that pingora would be told.

use std::time::Instant;

use gate::Method;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, StatusCode, header};
use pingora::http::RequestHeader;
use tokio::io::AsyncWriteExt;

use super::Http1;
use super::incoming::Incoming;
use super::written::written;
use crate::answer::Answer;
use crate::proxy::client::Client;
use crate::proxy::exchange::Exchange;
use crate::proxy::gateway::{Gateway, streams};
use crate::proxy::{https_only, operator};
use crate::wire::{Body, Head, Parts};

/// What is to be done with a request.
pub(super) enum Decided<'h> {
    /// It is answered here.
    Here(OwnAnswer),
    /// It goes to a server as it came.
    Straight(Asked<'h>, Box<Exchange>),
    /// It is pingora's, as is all that is known of it where it was decided.
    Rest(Option<Box<Exchange>>),
}

/// What became of one.
pub(super) enum AtOnce {
    /// It is over. Whether another one may come on its connection.
    Over(bool),
    /// The rest is pingora's, as is all that is known of it where it was decided.
    Rest(Option<Box<Exchange>>),
}

/// What a head says.
pub(super) struct Asked<'h> {
    pub(super) parts: Parts<'h>,
    pub(super) request: Box<RequestHeader>,
}

/// An answer of our own, about to be written.
pub(super) struct OwnAnswer {
    wire: Vec<u8>,
    status: StatusCode,
    /// Bytes of its body.
    body: usize,
    request: Box<RequestHeader>,
    exchange: Box<Exchange>,
}

impl Http1<'_> {
    /// Decides what can be done with a request at once.
    pub(super) fn decide_at_once<'h>(self, incoming: &Incoming, head: &'h [u8], what: Head) -> Decided<'h> {
        if self.is_ending() {
            return Decided::Rest(None);
        }
        let Some(asked) = Asked::read(head, what) else { return Decided::Rest(None) };
        let Some((exchange, answer)) = self.gateway.decide_at_once(incoming, &asked.request) else {
            return Decided::Rest(None);
        };
        match answer {
            Some(answer) => Decided::Here(OwnAnswer::new(&answer, asked.request, exchange)),
            None if exchange.waits() => Decided::Rest(None),
            None if goes_straight(&asked.request, &exchange) => Decided::Straight(asked, exchange),
            None => Decided::Rest(Some(exchange)),
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
    pub(super) async fn write(&self, incoming: &mut Incoming, answer: OwnAnswer) -> bool {
        let OwnAnswer { wire, status, body, request, mut exchange } = answer;
        let sent = async {
            incoming.write_all(&wire).await?;
            incoming.flush().await
        };
        let sent = sent.await;
        exchange.error = sent.as_ref().err().map(ToString::to_string);
        self.note_end(&request, status.as_u16(), body, &mut exchange);
        sent.is_ok()
    }
}

impl OwnAnswer {
    fn new(answer: &Answer, request: Box<RequestHeader>, mut exchange: Box<Exchange>) -> Self {
        exchange.answered_after = Some(exchange.began.elapsed());
        let wire = written(answer, &exchange.id, true);
        Self { wire, status: answer.status, body: answer.body.len(), request, exchange }
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
        request.uri = PathAndQuery::try_from(parts.target).ok()?.into();
        request.headers.reserve(what.fields);
        for (name, value) in parts.fields() {
            let name = HeaderName::from_bytes(name).ok()?;
            if name == header::EXPECT || (name == header::CONNECTION && !value.eq_ignore_ascii_case(b"keep-alive")) {
                return None;
            }
            request.headers.append(name, HeaderValue::from_bytes(value).ok()?);
        }
        Some(Self { parts, request: Box::new(RequestHeader::from(request)) })
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
