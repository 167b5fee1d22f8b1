//! What is done about an upstream's failure: looked into, held back, sent again, told.

use std::sync::Arc;

use bytes::Bytes;
use gate::{Decision, Effect, Mode, Outcome, Route, Symptom, Verdict, Whose};
use http::{StatusCode, header};
use pingora::http::ResponseHeader;
use pingora::proxy::Session;
use pingora::{Error, ErrorType};
use tracing::warn;

use super::again;
use super::edition::{Decided, Pinned};
use super::exchange::{Again, Exchange};
use super::failure_body::{FailureBody, Said};
use super::gateway::{Gateway, prepared, sent_method};
use super::held_back::{Release, Then, hold_back};
use super::own_answer;
use super::recheck::Instead;
use crate::config::ActOnSymptoms;
use crate::symptoms::{Covered, News};

/// What one request's failures taught.
#[derive(Debug, Default)]
pub(super) struct SecondThoughts {
    /// What was known when the request was decided.
    pub(super) generation: u64,
    /// The status of the last 5xx.
    status: StatusCode,
    /// The body of a 5xx, until it is read.
    body: Option<FailureBody>,
    /// What the last 5xx said of the schema.
    pub(super) symptom: Option<Symptom>,
    /// The answer is to be kept as soon as its header is ready.
    hold: Option<Then>,
    /// The answer is being kept, or was.
    held: Option<Release>,
    /// Whether a look was made after the last failure.
    pub(super) looked: bool,
    /// Whether the request was sent again, because the schema changed under it.
    replayed: bool,
    /// Whether the schema changed between the decision and the failure.
    suspected: bool,
}

impl SecondThoughts {
    /// Whether the request was sent a second time, because the schema changed under it.
    pub(super) const fn was_sent_again(&self) -> bool {
        self.replayed
    }

    /// Keeps the answer whose header is ready, if it is to be kept.
    pub(super) fn hold(&mut self, session: &mut Session) {
        if let Some(then) = self.hold.take() {
            self.held = Some(hold_back(session, then));
        }
    }

    /// Ends the keeping; what did not go out never will.
    pub(super) fn release(&mut self, session: &mut Session) {
        if let Some(held) = self.held.take() {
            held.end(session);
        }
    }
}

impl Gateway {
    /// Weighs a 5xx whose header has come: the answer that takes its place is left in the exchange.
    /// An error: this one goes no further.
    pub(super) async fn weigh(
        &self,
        answer: &ResponseHeader,
        session: &mut Session,
        exchange: &mut Exchange,
    ) -> pingora::Result<()> {
        let status = answer.status;
        exchange.thoughts.body = Some(FailureBody::new(&answer.headers));
        exchange.thoughts.status = status;
        exchange.thoughts.looked = false;
        let rescued = matches!(exchange.decision, Some(Decision { outcome: Outcome::ForwardRescued { .. }, .. }));
        if rescued && let Some(mended) = self.mended(session, exchange).filter(|_| may_repeat(session, exchange)) {
            return once_more(&mended, status, exchange);
        }
        let has_body = has_body(answer, session);
        match self.instead_of(status, session, exchange).await {
            Some(Instead::Answer(instead)) => {
                exchange.instead = Some(Box::new(instead));
                if rescued && has_body {
                    // For the log: it says which table.
                    exchange.thoughts.hold = Some(Then::Fail);
                    return Ok(());
                }
                return instead_of(status);
            }
            Some(Instead::Again(again)) => {
                exchange.again = Some(again);
                return instead_of(status);
            }
            None => {}
        }
        if let Some(mended) = self.mended(session, exchange) {
            exchange.thoughts.suspected = true;
            if may_repeat(session, exchange) {
                return once_more(&mended, status, exchange);
            }
        }
        // After many looks in vain none is made, and nothing is sent twice either.
        let replays = exchange.thoughts.looked && may_repeat(session, exchange);
        if has_body && (replays || self.refusal(session, exchange).is_some()) {
            exchange.thoughts.hold = Some(Then::Pass);
        }
        Ok(())
    }

    /// Reads a failure's body as it passes by. An error: the answer goes no further.
    pub(super) fn read_on(
        &self,
        part: Option<&Bytes>,
        end: bool,
        session: &mut Session,
        exchange: &mut Exchange,
    ) -> pingora::Result<()> {
        let complete = exchange.thoughts.body.as_mut().is_some_and(|body| body.add(part, end));
        if !complete {
            return Ok(());
        }
        let Some(covered) = self.read_body(session, exchange) else { return Ok(()) };
        if exchange.thoughts.held.is_none() || exchange.instead.is_some() || own_answer::is_begun(session) {
            return Ok(());
        }
        let status = exchange.thoughts.status;
        if exchange.thoughts.looked
            && may_repeat(session, exchange)
            && let Some(decision) = exchange.decision
        {
            let (edition, generation) = (Arc::clone(&exchange.edition), self.reader.pin().snapshot().generation());
            return once_more(&Decided { edition, decision, generation }, status, exchange);
        }
        if covered != Covered::Yes
            && let Some(refusal) = self.refusal(session, exchange)
        {
            exchange.decision = Some(refusal);
            exchange.replaced = Some(status);
            if let Outcome::Answer(id) = refusal.outcome {
                exchange.instead = Some(Box::new(prepared(&session.req_header().into(), exchange, id)));
            }
            return instead_of(status);
        }
        Ok(())
    }

    /// What a failure's body says of the schema is counted, kept and logged; and whether a
    /// requirement of the route covers it.
    fn read_body(&self, session: &Session, exchange: &mut Exchange) -> Option<Covered> {
        let symptom = match exchange.thoughts.body.take()?.read() {
            Said::Symptom(symptom) => symptom,
            Said::Nothing => return None,
            Said::Unreadable => {
                self.metrics.unreadable_failure();
                return None;
            }
        };
        let edition = &exchange.edition;
        let route = exchange.route()?;
        let covered = Covered::of(&symptom, route, edition.rules());
        self.metrics.symptom(symptom.code.as_str(), covered.as_str());
        let facts = edition.facts(&session.req_header().into()).ok()?;
        match self.symptoms.note(&route.name, &facts.path.matching, &symptom, covered) {
            News::Log { count } => warn!(
                target: "schemagate::symptom",
                route = &*route.name,
                code = symptom.code.as_str(),
                what = symptom.object.as_ref().map(gate::SymptomObject::kind),
                object = symptom.object.as_ref().map(tracing::field::display),
                covered = covered.as_str(),
                count,
                request_id = exchange.id.as_str(),
                "the upstream's failure speaks of the schema; `schemagate suggest` says what no requirement covers",
            ),
            News::Known => {}
            News::TooMany => self.metrics.dropped_symptom(),
        }
        exchange.thoughts.symptom = Some(symptom);
        Some(covered)
    }

    /// Counts, when all is over, what was sent again and what nothing explains.
    pub(super) fn settle(&self, status: u16, session: &Session, exchange: &mut Exchange) {
        // Of a body that did not come to its end.
        self.read_body(session, exchange);
        let Some(route) = exchange.route() else { return };
        let own = exchange.answered_after.is_some();
        let thoughts = &exchange.thoughts;
        if thoughts.replayed {
            let result = if own {
                "answered"
            } else if status < 500 {
                "mended"
            } else {
                "failed"
            };
            self.metrics.replay(&route.name, result);
        }
        if !own
            && status >= 500
            && (thoughts.suspected || thoughts.symptom.is_some())
            && route.guards(sent_method(session))
        {
            self.metrics.unexplained_failure(&route.name);
        }
    }

    /// The request decided anew, where what is known changed since, and it is to be passed on now.
    pub(super) fn mended(&self, session: &Session, exchange: &Exchange) -> Option<Decided> {
        let Pinned { live: gate, edition } = self.pin();
        let generation = gate.snapshot().generation();
        if generation == exchange.thoughts.generation {
            return None;
        }
        let mut facts = edition.facts(&session.req_header().into()).ok()?;
        let by = edition.config.maintenance.organisation.as_ref();
        facts.read_organisation(&session.req_header().into(), by, &gate);
        let decision = gate.decide(&facts.request(), self.reader.now());
        let asked = exchange.upstream.and_then(|upstream| edition.upstream_of(&exchange.edition, upstream));
        let passes = matches!(decision.outcome, Outcome::Forward(upstream) if Some(upstream) == asked);
        let guards = passes && edition.route(&decision)?.guards(facts.method);
        guards.then_some(Decided { edition, decision, generation })
    }

    /// The refusal of a request whose failure names what no requirement covers, where the operator
    /// wishes it and the route would refuse by an unmet need.
    fn refusal(&self, session: &Session, exchange: &Exchange) -> Option<Decision> {
        let decision = exchange.decision.filter(|_| exchange.edition.config.symptoms == ActOnSymptoms::Yes)?;
        let route = exchange.route().filter(|route| route.mode == Mode::Enforce)?;
        if exchange.shows_failures() {
            return None;
        }
        if self.is_waived(route, exchange) {
            return None;
        }
        let action = route.actions.on(Verdict::Broken);
        let (Effect::Answer(answer) | Effect::Rescue { otherwise: answer, .. }) = action.effect(sent_method(session))
        else {
            return None;
        };
        Some(Decision {
            outcome: Outcome::Answer(answer),
            action: action.kind(),
            reason: gate::Reason::Symptom,
            ..decision
        })
    }

    /// Whether a bypass covers whatever the schema has against a request.
    fn is_waived(&self, route: &Route, exchange: &Exchange) -> bool {
        let live = self.reader.pin();
        exchange.edition.gate(&live).is_some_and(|gate| {
            let whose = exchange.tenant.as_ref().map_or(Whose::Shared, |tenant| tenant.whose(gate));
            gate.waiver(route, whose, self.reader.now()).is_some()
        })
    }
}

impl SecondThoughts {
    /// The request is sent again, by what is known now.
    pub(super) fn sent_again(&mut self, generation: u64) {
        *self = Self {
            generation,
            symptom: self.symptom.take(),
            held: self.held.take(),
            replayed: true,
            ..Self::default()
        };
    }
}

/// Whether a request may be sent again: a read without a body, nothing of whose answer went out,
/// and not a second time.
fn may_repeat(session: &mut Session, exchange: &Exchange) -> bool {
    again::is_repeatable(session, exchange) && !session.is_upgrade_req() && session.as_downstream_mut().is_body_empty()
}

/// Whether a failure has a body that comes to an end.
fn has_body(answer: &ResponseHeader, session: &Session) -> bool {
    let text = |name| answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    session.req_header().method != http::Method::HEAD
        && text(header::CONTENT_LENGTH) != "0"
        && !text(header::CONTENT_TYPE).starts_with("text/event-stream")
}

/// The way to `fail_to_proxy`, which writes what takes its place.
fn instead_of(status: StatusCode) -> pingora::Result<()> {
    Error::e_explain(ErrorType::HTTPStatus(status.as_u16()), "answered instead of it")
}

/// The way to another attempt.
fn once_more(decided: &Decided, status: StatusCode, exchange: &mut Exchange) -> pingora::Result<()> {
    exchange.decide_anew(decided);
    exchange.again = Some(Again::Go);
    Error::e_explain(ErrorType::HTTPStatus(status.as_u16()), "the schema changed: sent again")
}
