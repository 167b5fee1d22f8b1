//! The last good answer, given while a need is unmet.
//!
//! This is no cache for speed: a ready route always asks its backend. The answer is read along on its
//! way to the client and kept; it is given only where the route's action is `stale`.
//!
//! - what two requests must have in common: `key`, of the `inputs` that an answer may depend on
//! - what may be kept, and for how long: `lifetime`; why not: `unfit`
//! - how an answer is read along: `keeping`; how it is given: `kept`
//! - where it is kept: `store`; what a write makes of it: `place`

mod inputs;
mod keeping;
mod kept;
mod key;
mod lifetime;
mod place;
mod store;
mod sweeper;
mod unfit;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gate::{Action, AnswerId, Decision, Mode, Moment, Outcome, Reason, Route, Rules, Whose};
use pingora::http::ResponseHeader;
use pingora::proxy::Session;

use super::exchange::Exchange;
use super::gateway::{Gateway, prepared, sent_method};
use super::tenant::RequestTenant;
use super::upstreams::Pool;
use crate::answer::Answer;
use crate::config::{Config, StaleKey};
use crate::head::RequestHead;
use crate::live::GateReader;
use crate::metrics::Metrics;

pub(super) use keeping::Keeping;

use kept::Kept;
use key::Asked;
use store::Store;
use unfit::Unfit;

/// What is kept, and what tells it apart.
#[derive(Debug)]
pub(super) struct Stale {
    store: Arc<Store>,
    /// In the order of [`gate::RouteId`]; `None` for routes that never give a stale answer.
    keys: Vec<Option<StaleKey>>,
}

impl Stale {
    /// What the routes need; `None` if no route ever gives a stale answer. What was kept `before` is kept on, if its
    /// bounds are as they were: what two requests must have in common is a part of each answer's key. Within a
    /// runtime.
    pub(super) fn prepare(
        config: &Config,
        before: Option<&Self>,
        reader: &GateReader,
        metrics: &Metrics,
    ) -> Option<Self> {
        let ages = || config.rules.routes().iter().map(|route| longest(route, &config.rules));
        let keys = ages().zip(&config.stale_keys).map(|(age, key)| key.clone().filter(|_| age.is_some())).collect();
        let longest = ages().flatten().max()?;
        let known = before.filter(|before| before.store.is_for(&config.stale, longest));
        let store = known.map_or_else(
            || {
                let store = Arc::new(Store::new(&config.stale, longest, metrics.clone()));
                tokio::spawn(sweeper::sweep(Arc::downgrade(&store), reader.clone()));
                store
            },
            |known| Arc::clone(&known.store),
        );
        Some(Self { store, keys })
    }

    fn key(&self, decision: &Decision) -> Option<&StaleKey> {
        self.keys.get(decision.route?.0 as usize)?.as_ref()
    }
}

impl Gateway {
    /// Listens to the answer of a ready route that may have to give it once more.
    pub(super) fn listen(&self, request: &RequestHead<'_>, exchange: &mut Exchange, now: Moment) {
        let edition = Arc::clone(&exchange.edition);
        let Some((stale, decision)) = edition.stale.as_ref().zip(exchange.decision) else { return };
        let ready = matches!(decision.reason, Reason::Ready | Reason::Version(_));
        // What operators are shown may be for them alone.
        if exchange.visit.operator().is_some() || !ready || !matches!(decision.outcome, Outcome::Forward(_)) {
            return;
        }
        let Some((key, route)) = stale.key(&decision).zip(edition.route(&decision)) else { return };
        let asked = asked(request, exchange, route, key);
        let epoch = stale.store.epoch(&exchange.host, asked.target);
        match Keeping::begin(&asked, epoch, now, &stale.store) {
            Ok(keeping) => exchange.keeping = Some(Box::new(keeping)),
            // No answer to another method was ever going to be kept.
            Err(Unfit::Method) => {}
            Err(why) => self.metrics.stale_kept(&route.name, why.as_str()),
        }
    }

    /// Keeps the answer that has come to its end, if it was `whole`.
    pub(super) fn keep(&self, whole: bool, exchange: &mut Exchange) {
        let Some(keeping) = exchange.keeping.take() else { return };
        let edition = &exchange.edition;
        let Some((stale, decision)) = edition.stale.as_ref().zip(exchange.decision) else { return };
        let Some((key, route)) = stale.key(&decision).zip(edition.route(&decision)) else { return };
        // A backend whose table goes away may still say 200, with an empty list.
        let live = self.reader.pin();
        let ready = edition.gate(&live).is_some_and(|gate| {
            let asked_by = exchange.tenant.as_ref().map_or(Whose::Shared, |tenant| tenant.whose(gate));
            gate.in_force(route, asked_by, self.reader.now()).0 == decision.reason
        });
        let fate = keeping.end(whole, ready, key, &stale.store);
        self.metrics.stale_kept(&route.name, fate.as_str());
    }

    /// The last good answer to the same request, or the prepared one.
    pub(super) fn last_good(
        &self,
        request: &RequestHead<'_>,
        exchange: &Exchange,
        decision: &Decision,
        up_to: Duration,
        otherwise: AnswerId,
    ) -> Answer {
        let now = self.reader.now();
        let route = exchange.edition.route(decision);
        let found = route.ok_or(Unfit::Absent).and_then(|route| find(request, exchange, decision, route, now, up_to));
        let name = route.map_or("none", |route| &*route.name);
        match found {
            Ok(kept) => {
                self.metrics.stale_answer(name, "given");
                kept.answer(request, name, now)
            }
            Err(why) => {
                self.metrics.stale_answer(name, why.as_str());
                let mut answer = prepared(request, exchange, otherwise);
                let (name, value) = kept::miss(why);
                answer.headers.push(name, value);
                answer
            }
        }
    }
}

/// Notes what the backend answered, before anything of it is changed.
pub(super) fn note_answer(answer: &ResponseHeader, session: &Session, exchange: &mut Exchange) {
    let Some(stale) = exchange.edition.stale.as_ref() else { return };
    if answer.status.is_informational() {
        return;
    }
    if let Some(keeping) = &mut exchange.keeping
        && let Some(key) = exchange.decision.as_ref().and_then(|decision| stale.key(decision))
    {
        keeping.header(answer, key, &stale.store);
    }
    let succeeded = answer.status.is_success() || answer.status.is_redirection();
    if succeeded && sent_method(session).writes() {
        stale.store.note_change(&exchange.host, target(&session.req_header().into(), exchange));
    }
}

/// Notes a piece of the body.
pub(super) fn note_body(piece: &Bytes, exchange: &mut Exchange) {
    if let (Some(stale), Some(keeping)) = (exchange.edition.stale.as_ref(), &mut exchange.keeping) {
        keeping.body(piece, &stale.store);
    }
}

fn find(
    request: &RequestHead<'_>,
    exchange: &Exchange,
    decision: &Decision,
    route: &Route,
    now: Moment,
    up_to: Duration,
) -> Result<Arc<Kept>, Unfit> {
    let stale = exchange.edition.stale.as_ref();
    let (stale, key) = stale.and_then(|stale| Some((stale, stale.key(decision)?))).ok_or(Unfit::Absent)?;
    stale.store.get(&asked(request, exchange, route, key).key()?, now, up_to)
}

fn asked<'a>(request: &RequestHead<'a>, exchange: &'a Exchange, route: &'a Route, key: &'a StaleKey) -> Asked<'a> {
    Asked {
        request: *request,
        has_body: exchange.has_body,
        target: target(request, exchange),
        client: &exchange.client,
        route: &route.name,
        upstream: exchange.edition.upstreams.get(route.upstream).map_or("", Pool::name),
        tenant: exchange.tenant.as_ref().map(RequestTenant::schema),
        key,
    }
}

/// The greatest age at which a route gives a good answer once more; `None` if it never does.
fn longest(route: &Route, rules: &Rules) -> Option<Duration> {
    let last = |action| match action {
        Action::Hold(hold) => rules.hold(hold).map_or(action, |hold| hold.then),
        other => other,
    };
    let ages = route.actions.all().into_iter().filter_map(|action| match last(action) {
        Action::Stale { up_to, .. } => Some(up_to),
        _ => None,
    });
    ages.max().filter(|_| route.mode == Mode::Enforce && !route.needs.is_empty())
}

/// The path and the query that are forwarded.
fn target<'a>(request: &RequestHead<'a>, exchange: &'a Exchange) -> &'a [u8] {
    exchange.target.as_deref().unwrap_or(request.target)
}

#[cfg(test)]
mod tests;
