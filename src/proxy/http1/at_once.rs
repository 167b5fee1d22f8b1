//! A request that is done with where its head was read: answered here, or sent straight to a server and back.
//!
//! What pingora makes for a request is most of what one costs, and few need it: a body to be sent, a protocol that may
//! follow, a connection that is not there yet. All else is done here, by the decision that pingora would be told.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Instant;

use gate::Method;
use http::{StatusCode, Version, header};
use tokio::io::AsyncWriteExt;

use super::Http1;
use super::incoming::Incoming;
use super::lines::Lines;
use super::written::written;
use crate::answer::Answer;
use crate::head::RequestHead;
use crate::proxy::client::Client;
use crate::proxy::exchange::Exchange;
use crate::proxy::gateway::{Gateway, streams};
use crate::proxy::{https_only, operator};
use crate::wire::{Body, Head, Parts};

/// What is to be done with a request.
pub(super) enum Decided<'h> {
    /// It is answered here.
    Here(OwnAnswer<'h>),
    /// It goes to a server as it came.
    Straight(Lines<'h>, Box<Exchange>),
    /// It is pingora's, as is all that is known of it where it was decided.
    Rest(Option<Box<Exchange>>),
}

/// What became of one.
pub(super) enum AtOnce {
    /// It is over. Since when another one may come on its connection; `None`: none may.
    Over(Option<Instant>),
    /// The rest is pingora's, as is all that is known of it where it was decided.
    Rest(Option<Box<Exchange>>),
}

/// An answer of our own, about to be written.
pub(super) struct OwnAnswer<'h> {
    wire: Vec<u8>,
    status: StatusCode,
    /// Bytes of its body.
    body: usize,
    lines: Lines<'h>,
    /// When it was ready.
    at: Instant,
    exchange: Box<Exchange>,
}

impl Http1<'_> {
    /// Decides what can be done with a request at once.
    pub(super) fn decide_at_once<'h>(self, incoming: &Incoming, parts: Parts<'h>, what: Head) -> Decided<'h> {
        if self.is_ending() {
            return Decided::Rest(None);
        }
        let Some(lines) = read(parts, what) else { return Decided::Rest(None) };
        let Some((exchange, answer)) = self.gateway.decide_at_once(incoming, &lines.head()) else {
            return Decided::Rest(None);
        };
        match answer {
            Some(answer) => Decided::Here(OwnAnswer::new(&answer, lines, exchange)),
            None if exchange.waits() => Decided::Rest(None),
            None if goes_straight(&lines.head(), &exchange) => Decided::Straight(lines, exchange),
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
    fn decide_at_once(
        &self,
        incoming: &Incoming,
        request: &RequestHead<'_>,
    ) -> Option<(Box<Exchange>, Option<Answer>)> {
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
        self.receive(client, request.fields, &mut exchange, now);
        let mut answer = self.decide(&pinned, request, &mut exchange, now);
        if let Some(answer) = &mut answer {
            https_only::tell(answer, config, &client);
        }
        Some((exchange, answer))
    }

    /// Writes an answer of our own: since when another request may come, if it could be.
    pub(super) async fn write(&self, incoming: &mut Incoming, answer: OwnAnswer<'_>) -> Option<Instant> {
        let OwnAnswer { wire, status, body, lines, at, mut exchange } = answer;
        let mut writing = pin!(async {
            incoming.write_all(&wire).await?;
            incoming.flush().await
        });
        // Nearly every answer is taken at once, and the clock need not be asked again.
        let mut waited = false;
        let sent = poll_fn(|context| {
            let written = writing.as_mut().poll(context);
            waited |= written.is_pending();
            written
        });
        let sent = sent.await;
        exchange.error = sent.as_ref().err().map(ToString::to_string);
        self.note_end(&lines.head(), status.as_u16(), body, &mut exchange);
        sent.is_ok().then(|| if waited { Instant::now() } else { at })
    }
}

impl<'h> OwnAnswer<'h> {
    fn new(answer: &Answer, lines: Lines<'h>, mut exchange: Box<Exchange>) -> Self {
        let at = Instant::now();
        exchange.answered_after = Some(at.saturating_duration_since(exchange.began));
        let wire = written(answer, &exchange.id, at, true);
        Self { wire, status: answer.status, body: answer.body.len(), lines, at, exchange }
    }
}

/// Reads a head that says nothing of what comes after it but what every client says.
fn read(parts: Parts<'_>, what: Head) -> Option<Lines<'_>> {
    if what.body != Body::Length(0) || what.upgrade {
        return None;
    }
    // Connections over HTTP/1.0 end otherwise.
    Lines::of(parts).filter(|lines| {
        let RequestHead { version, fields, .. } = lines.head();
        let mut options = fields.all(&header::CONNECTION);
        version == Version::HTTP_11
            && options.all(|option| option.eq_ignore_ascii_case(b"keep-alive"))
            && !fields.has(&header::EXPECT)
    })
}

/// Whether a request goes to a server and nothing is to be done with what it answers but to pass it on, where all goes
/// well.
fn goes_straight(request: &RequestHead<'_>, exchange: &Exchange) -> bool {
    Method::new(request.method.as_str()).is_get_or_head()
        && exchange.keeping.is_none()
        && exchange.pool().is_some_and(|pool| pool.proxy_protocol().is_none())
        && !streams(request.fields)
}
