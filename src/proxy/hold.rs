//! Requests that wait for the verdict to turn.
//!
//! Whoever waits is decided anew whenever what is known changes, and by the clock, since verdicts grow
//! old without a change; after a reload by the new configuration, with the time that it has waited. Meanwhile the client is listened to: one that leaves frees its place at once.

mod room;
mod turns;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use gate::{Decision, HoldId, Outcome};
use http::header;
use pingora::Error;
use pingora::protocols::http::ServerSession;
use pingora::proxy::Session;
use tokio::time::{Instant, sleep_until};

use super::edition::Edition;
use super::exchange::Exchange;
use super::gateway::{Gateway, sent_method};
use super::recheck::databases;
use crate::answer::Answer;
use crate::live::Attention;

pub(super) use room::Room;

use room::Place;

/// A verdict that grows too old to count turns without anybody's being told.
const AT_LEAST_EVERY: Duration = Duration::from_secs(1);

/// How waiting ended.
#[derive(Debug)]
enum Ended {
    /// Another action is due by now, and this is its answer if it has one.
    Released(Option<Answer>),
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
            Self::Released(_) => "released",
            Self::TimedOut => "timed_out",
            Self::Full => "full",
            Self::TooLarge => "body_too_large",
            Self::Closing => "drained",
            Self::Left(_) => "client_left",
        }
    }
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

impl Gateway {
    /// Waits until something else is decided than to wait, or for too long. What it is, the exchange has
    /// then; `None`: it goes to an upstream. An error where the client left.
    pub(super) async fn wait(&self, session: &mut Session, exchange: &mut Exchange) -> pingora::Result<Option<Answer>> {
        let began = Instant::now();
        let name = exchange.route().map_or(Box::default(), |route| route.name.clone());
        let ended = {
            let _counted = self.metrics.holds.begin(&name);
            self.hold(session, exchange, began).await
        };
        let took = began.elapsed();
        exchange.held = Some(took);
        self.metrics.holds.end(&name, ended.as_str(), took);
        match ended {
            Ended::Released(answer) => Ok(answer),
            Ended::Left(error) => Err(error.into_down()),
            Ended::TimedOut | Ended::Full | Ended::TooLarge | Ended::Closing => {
                let then = exchange.decision.and_then(|decision| then(&exchange.edition, decision, session));
                Ok(then.and_then(|then| self.follow(then, session, exchange)))
            }
        }
    }

    async fn hold(&self, session: &mut Session, exchange: &mut Exchange, began: Instant) -> Ended {
        self.hold_in_line(session, exchange, began).await.unwrap_or_else(|ended| ended)
    }

    async fn hold_in_line(
        &self,
        session: &mut Session,
        exchange: &mut Exchange,
        began: Instant,
    ) -> Result<Ended, Ended> {
        let mut body = None;
        let mut place: Option<Place> = None;
        // As long as it waits the databases are looked at often.
        let mut attention: Option<(Arc<Edition>, Attention)> = None;
        let mut let_go = false;
        loop {
            // From here on no change is missed; and the clock costs nobody the place in the line.
            let mut changed = pin!(self.reader.changed());
            changed.as_mut().enable();
            loop {
                let answer = {
                    let pinned = self.pin();
                    let answer = self.decide(&pinned, session, exchange, self.reader.now());
                    if !attention.as_ref().is_some_and(|(edition, _)| Arc::ptr_eq(edition, &pinned.edition)) {
                        let needed = exchange.route().map(|route| databases(route, pinned.edition.rules()));
                        let asking = pinned.live.asking(&needed.unwrap_or_default());
                        attention = Some((pinned.edition, self.reader.attend(asking)));
                    }
                    answer
                };
                let edition = &exchange.edition;
                match (exchange.decision, &place) {
                    (Some(Decision { outcome: Outcome::Hold(id), .. }), Some(known))
                        if edition.room.is_for(known, id) => {}
                    (Some(decision @ Decision { outcome: Outcome::Hold(id), .. }), _) => {
                        // Its old place must not keep it from the new one.
                        drop(place.take());
                        place = Some(enter(edition, id, decision, session, &mut body)?);
                    }
                    (Some(decision), Some(place)) if decision.outcome.upstream().is_some() && !let_go => {
                        tokio::select! {
                            () = place.turn() => {}
                            // No refusal: there is nothing to wait for any more.
                            () = sleep_until(began + place.up_to()) => {}
                            () = edition.room.closing() => {}
                            ended = notice(session, &mut body) => return Err(ended),
                        }
                        let_go = true;
                        continue;
                    }
                    _ => return Ok(Ended::Released(answer)),
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
                    ended = notice(session, &mut body) => return Err(ended),
                }
            }
        }
    }
}

/// What is due where waiting is not, or was in vain.
fn then(edition: &Edition, decision: Decision, session: &Session) -> Option<Decision> {
    let method = sent_method(session);
    matches!(decision.outcome, Outcome::Hold(_)).then(|| edition.rules().instead_of_holding(decision, method))
}

/// A place in the line of a hold.
fn enter(
    edition: &Edition,
    id: HoldId,
    decision: Decision,
    session: &mut Session,
    body: &mut Option<Body>,
) -> Result<Place, Ended> {
    let hold = edition.rules().hold(id).ok_or(Ended::Full)?;
    let most = usize::try_from(hold.max_body).unwrap_or(usize::MAX);
    let length = length(session);
    let forwarded_then = then(edition, decision, session).is_some_and(|then| then.outcome.upstream().is_some());
    let bytes = match length {
        Some(length) if length <= most => length,
        // What was read of it in vain could not be sent to where it goes then.
        None if !forwarded_then => most,
        _ => return Err(Ended::TooLarge),
    };
    let place = edition.room.enter(id, bytes)?;
    if bytes > 0 {
        session.as_downstream_mut().enable_retry_buffering();
    }
    let read = body.as_ref().map_or(0, |body| body.read);
    *body = Some(Body { none: bytes == 0, read, most });
    Ok(place)
}

/// How long the body is that is still to come; `None`: unknown.
fn length(session: &mut Session) -> Option<usize> {
    if session.is_upgrade_req() || session.is_body_done() {
        return Some(0);
    }
    session.req_header().headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Waits until the client leaves, or sends too much.
async fn notice(session: &mut Session, body: &mut Option<Body>) -> Ended {
    let Some(body) = body else { return std::future::pending().await };
    let client: &mut ServerSession = session.as_downstream_mut();
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
