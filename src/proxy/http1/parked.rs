//! A request that waits for a verdict to turn, without anything of pingora's.

use std::time::Instant;

use gate::{Decision, Method, Moment, Outcome};
use pingora::{Error, ErrorType};

use super::Arrival;
use super::incoming::Incoming;
use super::lines::Lines;
use crate::proxy::client::Client;
use crate::proxy::edition::Pinned;
use crate::proxy::gateway::Gateway;
use crate::proxy::hold::{Ended, Waits};
use crate::proxy::{https_only, operator};
use crate::wire::{Body, Head, Parts};

/// A request that waits where its head was read.
struct Parked<'p> {
    incoming: &'p mut Incoming,
    lines: &'p Lines<'p>,
    /// How many bytes of its body are to come, or have.
    body: usize,
}

impl Gateway {
    /// Has a request wait that is to, and writes into `arrival` how it did.
    pub(super) async fn park(&self, incoming: &mut Incoming, parts: Parts<'_>, what: Head, arrival: &mut Arrival) {
        let Body::Length(body) = what.body else { return };
        // A body that is longer than anything is none that can wait.
        let Ok(body) = usize::try_from(body) else { return };
        let (began, now) = (Instant::now(), self.reader.now());
        let Some(lines) = Lines::of(parts) else { return };
        let mut parked = Parked { incoming, lines: &lines, body };
        let route = {
            let pinned = self.pin();
            let config = &pinned.edition.config;
            let client = Client::behind(parked.incoming, &config.listen.trusted_proxies);
            // It is another decision where what it brings is taken off.
            if operator::is_operators(&pinned.edition, &lines.head(), &client)
                || https_only::is_sent_on(config, &lines.head(), &client).is_some()
            {
                return;
            }
            let decision = parked.decide(self, &pinned, now);
            let waits = decision.filter(|decision| matches!(decision.outcome, Outcome::Hold(_)));
            waits.and_then(|decision| pinned.edition.route(&decision)).map(|route| route.name.clone())
        };
        let Some(route) = route else { return };
        self.reader.note_request(now);
        arrival.in_flight = Some(self.in_flight());
        arrival.began = Some(began);
        arrival.waited = Some(self.wait_in_line(&mut parked, &route).await);
    }

    /// Whether some request may have to wait, as things stand.
    pub(super) fn may_hold(&self) -> bool {
        let pinned = self.pin();
        pinned.edition.cause.is_possible(&pinned.live, self.reader.now())
    }
}

impl Waits for Parked<'_> {
    fn decide(&mut self, _gateway: &Gateway, pinned: &Pinned, now: Moment) -> Option<Decision> {
        let facts = pinned.edition.facts(&self.lines.head()).ok()?;
        Some(pinned.live.decide(&facts.request(), now))
    }

    fn method(&self) -> Method<'_> {
        Method::new(self.lines.head().method.as_str())
    }

    fn length(&mut self) -> Option<usize> {
        Some(self.body)
    }

    /// What comes is kept anyway, until pingora reads it.
    fn keep(&mut self, _bytes: usize, _most: usize) {}

    async fn notice(&mut self) -> Ended {
        // Who has sent more than its request has another one to send: that it leaves is not seen then.
        while self.incoming.ahead().len() <= self.body {
            match self.incoming.read_ahead().await {
                Ok(1..) => {}
                Ok(0) => return Ended::Left(Error::explain(ErrorType::ConnectionClosed, "while it waited")),
                Err(error) => return Ended::Left(Error::because(ErrorType::ReadError, "while it waited", error)),
            }
        }
        std::future::pending().await
    }
}
