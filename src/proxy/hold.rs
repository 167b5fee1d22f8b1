//! Requests that wait for the verdict to turn.
//!
//! Those of HTTP/1 wait where their heads are read ([`super::http1`]), before pingora knows of them; those
//! of HTTP/2, bodies in chunks, and those that find out late that they are to wait do so in pingora's hands.
//! The way is the same.
//!
//! Whoever waits is decided anew whenever what is known changes, and by the clock, since verdicts grow
//! old without a change. Meanwhile the client is listened to: one that leaves frees its place at once.

mod in_session;
mod room;
mod turns;

use std::pin::pin;
use std::time::Duration;

use gate::{Decision, HoldId, Method, Moment, Outcome, Route};
use pingora::Error;
use pingora::proxy::Session;
use tokio::time::{Instant, sleep_until};

use super::exchange::Exchange;
use super::gateway::{Gateway, sent_method};
use super::recheck::databases;
use crate::answer::Answer;

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
    const fn as_str(&self) -> &'static str {
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
    /// What is decided of it now; `None` where there is nothing to decide.
    fn decide(&mut self, gateway: &Gateway, now: Moment) -> Option<Decision>;

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
            let route = exchange.decision.and_then(|decision| self.route(&decision));
            let mut request = InSession::new(session, exchange);
            let waited = self.wait_in_line(&mut request, route).await;
            answer = request.answer.take();
            exchange.held = Some(waited.took);
            waited.ended
        };
        match ended {
            Ended::Released => Ok(answer),
            Ended::Left(error) => Err(error.into_down()),
            Ended::TimedOut | Ended::Full | Ended::TooLarge | Ended::Closing => {
                let then = exchange.decision.and_then(|decision| self.then(decision, sent_method(session)));
                Ok(then.and_then(|then| self.follow(then, session, exchange)))
            }
        }
    }

    /// Has a request wait, in pingora's hands or before.
    pub(super) async fn wait_in_line(&self, request: &mut impl Waits, route: Option<&Route>) -> Waited {
        let began = Instant::now();
        let name = route.map_or("", |route| &*route.name);
        let ended = {
            let _counted = self.metrics.holds.begin(name);
            // As long as it waits the databases are looked at often.
            let _attention = route.map(|route| self.reader.attend(databases(route, &self.config.rules)));
            self.hold_in_line(request, began).await.unwrap_or_else(|ended| ended)
        };
        let took = began.elapsed();
        self.metrics.holds.end(name, ended.as_str(), took);
        Waited { ended, took }
    }

    /// What is due where waiting is not, or was in vain.
    fn then(&self, decision: Decision, method: Method<'_>) -> Option<Decision> {
        matches!(decision.outcome, Outcome::Hold(_)).then(|| self.config.rules.instead_of_holding(decision, method))
    }

    async fn hold_in_line(&self, request: &mut impl Waits, began: Instant) -> Result<Ended, Ended> {
        let mut place: Option<Place<'_>> = None;
        let mut let_go = false;
        loop {
            // From here on no change is missed; and the clock costs nobody the place in the line.
            let mut changed = pin!(self.reader.changed());
            changed.as_mut().enable();
            loop {
                match (request.decide(self, self.reader.now()), &place) {
                    (Some(Decision { outcome: Outcome::Hold(id), .. }), Some(known)) if known.id == id => {}
                    (Some(decision @ Decision { outcome: Outcome::Hold(id), .. }), _) => {
                        // Its old place must not keep it from the new one.
                        drop(place.take());
                        place = Some(self.enter(id, decision, request)?);
                    }
                    (Some(decision), Some(place)) if decision.outcome.upstream().is_some() && !let_go => {
                        tokio::select! {
                            () = place.turn() => {}
                            // No refusal: there is nothing to wait for any more.
                            () = sleep_until(began + place.up_to()) => {}
                            () = self.room.closing() => {}
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
                    () = self.room.closing() => return Err(Ended::Closing),
                    ended = request.notice() => return Err(ended),
                }
            }
        }
    }

    /// A place in the line of a hold.
    fn enter(&self, id: HoldId, decision: Decision, request: &mut impl Waits) -> Result<Place<'_>, Ended> {
        let hold = self.config.rules.hold(id).ok_or(Ended::Full)?;
        let most = usize::try_from(hold.max_body).unwrap_or(usize::MAX);
        let then = self.then(decision, request.method());
        let forwarded_then = then.is_some_and(|then| then.outcome.upstream().is_some());
        let bytes = match request.length() {
            Some(length) if length <= most => length,
            // What was read of it in vain could not be sent to where it goes then.
            None if !forwarded_then => most,
            _ => return Err(Ended::TooLarge),
        };
        let place = self.room.enter(id, bytes)?;
        request.keep(bytes, most);
        Ok(place)
    }
}
