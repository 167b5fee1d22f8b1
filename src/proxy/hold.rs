//! Requests that wait for the verdict to turn.
//!
//! Those of HTTP/1 wait where their heads are read ([`super::http1`]), before pingora knows of them; those
//! of HTTP/2, bodies in chunks, and those that find out late that they are to wait do so in pingora's hands.
//! The way is the same.
//!
//! Whoever waits is decided anew whenever what is known changes, and by the clock, since verdicts grow
//! old without a change; after a reload by the new configuration, with the time that it has waited.
//! Meanwhile the client is listened to: one that leaves frees its place at once.

mod cause;
mod in_session;
mod room;
mod turns;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use gate::{Decision, HoldId, Method, Moment, Outcome};
use pingora::Error;
use pingora::proxy::Session;
use tokio::time::{Instant, sleep_until};

use super::edition::{Edition, Pinned};
use super::exchange::Exchange;
use super::gateway::{Gateway, sent_method};
use super::recheck::databases;
use crate::answer::Answer;
use crate::live::Attention;

pub(super) use cause::Cause;
pub(super) use room::Room;

use in_session::InSession;
use room::Place;

/// A verdict that grows too old to count turns without anybody's being told.
const AT_LEAST_EVERY: Duration = Duration::from_secs(1);

/// How waiting ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// Another action is due by now.
    Released,
    /// It took too long.
    TimedOut,
    /// Too many wait, or too much of their bodies.
    Full,
    /// The body is larger than it may be, or may turn out to be.
    TooLarge,
    /// The process ends.
    Closing,
    /// The client left, or sent what is no request's body.
    Left(Box<Error>),
}

impl Ended {
    /// The word in metrics.
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::TimedOut => "timed_out",
            Self::Full => "full",
            Self::TooLarge => "body_too_large",
            Self::Closing => "drained",
            Self::Left(_) => "client_left",
        }
    }
}

/// A request that waits.
pub(super) trait Waits: Send {
    /// What is decided of it by what is pinned; `None` where there is nothing to decide.
    fn decide(&mut self, gateway: &Gateway, pinned: &Pinned, now: Moment) -> Option<Decision>;

    /// The method that was sent.
    fn method(&self) -> Method<'_>;

    /// How many bytes its body has; `None`: unknown.
    fn length(&mut self) -> Option<usize>;

    /// From now on its body is kept, of which so many bytes may come, and `most` of any body.
    fn keep(&mut self, bytes: usize, most: usize);

    /// Waits until the client leaves, or sends too much.
    fn notice(&mut self) -> impl Future<Output = Ended> + Send;
}

/// How a request waited.
#[derive(Debug)]
pub(super) struct Waited {
    pub(super) ended: Ended,
    pub(super) took: Duration,
}

impl Gateway {
    /// Waits until something else is decided than to wait, or for too long. What it is, the exchange has
    /// then; `None`: it goes to an upstream. An error where the client left. `before`: it has waited.
    pub(super) async fn wait(
        &self,
        session: &mut Session,
        exchange: &mut Exchange,
        before: Option<Ended>,
    ) -> pingora::Result<Option<Answer>> {
        let mut answer = None;
        let ended = if let Some(ended) = before {
            ended
        } else {
            let route = exchange.route().map_or(Box::default(), |route| route.name.clone());
            let mut request = InSession::new(session, exchange);
            let waited = self.wait_in_line(&mut request, &route).await;
            answer = request.answer.take();
            exchange.held = Some(waited.took);
            waited.ended
        };
        match ended {
            Ended::Released => Ok(answer),
            Ended::Left(error) => Err(error.into_down()),
            Ended::TimedOut | Ended::Full | Ended::TooLarge | Ended::Closing => {
                let method = sent_method(session);
                let then = exchange.decision.and_then(|decision| then(&exchange.edition, decision, method));
                Ok(then.and_then(|then| self.follow(then, &session.req_header().into(), exchange)))
            }
        }
    }

    /// Has a request of a route wait, in pingora's hands or before.
    pub(super) async fn wait_in_line(&self, request: &mut impl Waits, route: &str) -> Waited {
        let began = Instant::now();
        let ended = {
            let _counted = self.metrics.holds.begin(route);
            self.hold_in_line(request, began).await.unwrap_or_else(|ended| ended)
        };
        let took = began.elapsed();
        self.metrics.holds.end(route, ended.as_str(), took);
        Waited { ended, took }
    }

    async fn hold_in_line(&self, request: &mut impl Waits, began: Instant) -> Result<Ended, Ended> {
        let mut place: Option<Place> = None;
        // As long as it waits the databases are looked at often.
        let mut attention: Option<(Arc<Edition>, Attention)> = None;
        let mut let_go = false;
        loop {
            // From here on no change is missed; and the clock costs nobody the place in the line.
            let mut changed = pin!(self.reader.changed());
            changed.as_mut().enable();
            loop {
                let (decision, edition) = {
                    let pinned = self.pin();
                    let decision = request.decide(self, &pinned, self.reader.now());
                    if !attention.as_ref().is_some_and(|(edition, _)| Arc::ptr_eq(edition, &pinned.edition)) {
                        let route = decision.and_then(|decision| pinned.edition.route(&decision));
                        let needed = route.map(|route| databases(route, pinned.edition.rules()));
                        let asking = pinned.live.asking(&needed.unwrap_or_default());
                        attention = Some((Arc::clone(&pinned.edition), self.reader.attend(asking)));
                    }
                    (decision, pinned.edition)
                };
                match (decision, &place) {
                    (Some(Decision { outcome: Outcome::Hold(id), .. }), Some(known))
                        if edition.room.is_for(known, id) => {}
                    (Some(decision @ Decision { outcome: Outcome::Hold(id), .. }), _) => {
                        // Its old place must not keep it from the new one.
                        drop(place.take());
                        place = Some(enter(&edition, id, decision, request)?);
                    }
                    (Some(decision), Some(place)) if decision.outcome.upstream().is_some() && !let_go => {
                        tokio::select! {
                            () = place.turn() => {}
                            // No refusal: there is nothing to wait for any more.
                            () = sleep_until(began + place.up_to()) => {}
                            () = edition.room.closing() => {}
                            ended = request.notice() => return Err(ended),
                        }
                        let_go = true;
                        continue;
                    }
                    _ => return Ok(Ended::Released),
                }
                let_go = false;
                let until = place.as_ref().map_or(began, |place| began + place.up_to());
                let now = Instant::now();
                if now >= until {
                    return Err(Ended::TimedOut);
                }
                tokio::select! {
                    () = &mut changed => break,
                    () = sleep_until(until.min(now + AT_LEAST_EVERY)) => {}
                    () = edition.room.closing() => return Err(Ended::Closing),
                    ended = request.notice() => return Err(ended),
                }
            }
        }
    }
}

/// What is due where waiting is not, or was in vain.
fn then(edition: &Edition, decision: Decision, method: Method<'_>) -> Option<Decision> {
    matches!(decision.outcome, Outcome::Hold(_)).then(|| edition.rules().instead_of_holding(decision, method))
}

/// A place in the line of a hold.
fn enter(edition: &Edition, id: HoldId, decision: Decision, request: &mut impl Waits) -> Result<Place, Ended> {
    let hold = edition.rules().hold(id).ok_or(Ended::Full)?;
    let most = usize::try_from(hold.max_body).unwrap_or(usize::MAX);
    let then = then(edition, decision, request.method());
    let forwarded_then = then.is_some_and(|then| then.outcome.upstream().is_some());
    let bytes = match request.length() {
        Some(length) if length <= most => length,
        // What was read of it in vain could not be sent to where it goes then.
        None if !forwarded_then => most,
        _ => return Err(Ended::TooLarge),
    };
    let place = edition.room.enter(id, bytes)?;
    request.keep(bytes, most);
    Ok(place)
}
