//! Sending a request once more: when that is allowed, and what comes before it.

use std::sync::Arc;

use gate::Outcome;
use pingora::proxy::Session;
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, ErrorType};

use super::exchange::{Again, Exchange};
use super::failure::{self, Failing};
use super::gateway::{Gateway, sent_method};
use super::own_answer;
use super::recheck::Instead;
use crate::answer::{Answer, UpstreamFailure};

/// Whether a request that an upstream failed can be sent once more at all: nothing of an answer was
/// passed on, and all that was read of its body is still there.
fn is_unanswered_and_whole(session: &Session) -> bool {
    !session.as_downstream().retry_buffer_truncated() && !own_answer::is_begun(session)
}

/// Whether it may be sent once more although an upstream has acted on it: GET and HEAD alone, and once.
pub(super) fn is_repeatable(session: &Session, exchange: &Exchange) -> bool {
    sent_method(session).is_get_or_head() && !exchange.attempts.spent.again && is_unanswered_and_whole(session)
}

/// Whether a request whose server broke off before it answered is tried once on another server: that
/// may have acted on it, so that only what does the same twice is. Where there is one server alone, it
/// is tried again if its kept connection may have been dying already when the request was sent on it.
pub(super) fn try_another(
    peer: &HttpPeer,
    session: &Session,
    error: &Error,
    exchange: &mut Exchange,
    reused: bool,
) -> bool {
    let edition = Arc::clone(&exchange.edition);
    let Some(pool) = exchange.upstream.and_then(|id| edition.upstreams.get(id)) else { return false };
    let attempts = &mut exchange.attempts;
    if attempts.spent.retry || !session.req_header().method.is_idempotent() || !is_unanswered_and_whole(session) {
        return false;
    }
    attempts.failed.push(peer._address.clone());
    let others = pool.has_other_than(&attempts.failed);
    if !others {
        attempts.failed.pop();
    }
    attempts.spent.retry = error.retry() || (failure::is_torn(error) && (reused || others));
    attempts.spent.retry
}

/// Whether a request that no server answered may have another fate than to be told so: then the
/// catalog is looked at before that.
pub(super) fn look_before_giving_up(session: &Session, error: &Error, exchange: &mut Exchange) -> bool {
    let Failing::Upstream(why) = failure::read(error) else { return false };
    let may_turn = exchange
        .decision
        .filter(|decision| matches!(decision.outcome, Outcome::Forward(_)))
        .and_then(|_| exchange.route())
        .is_some_and(|route| route.may_send_again() || route.guards(sent_method(session)));
    let look = may_turn && !exchange.attempts.spent.look && is_repeatable(session, exchange);
    if look {
        let why = exchange.attempts.why(why, exchange.failure);
        exchange.again = Some(Again::Look { why, error: error.to_string() });
    }
    look
}

impl Gateway {
    /// Does what comes before a request is sent once more; an error where it is not.
    pub(super) async fn before_sending_again(
        &self,
        session: &mut Session,
        exchange: &mut Exchange,
    ) -> pingora::Result<()> {
        let Some(mut again) = exchange.again.take() else { return Ok(()) };
        if let Again::Look { why, error } = again {
            let instead = if let Some(instead) = self.instead_of_none(why, session, exchange).await {
                instead
            } else {
                let Some(mended) = self.mended(session, exchange) else { return gave_up(exchange, why, error) };
                exchange.decide_anew(&mended);
                Instead::Again(Again::Go)
            };
            self.note_failure(why, exchange);
            exchange.error = Some(error);
            again = match instead {
                Instead::Again(again) => again,
                Instead::Answer(answer) => return answered(exchange, answer),
            };
        }
        if let Again::Wait = again
            && let Some(answer) = self.wait(session, exchange, None).await?
        {
            return answered(exchange, answer);
        }
        exchange.attempts.start_again();
        exchange.upstream = exchange.decision.and_then(|decision| decision.outcome.upstream());
        Ok(())
    }
}

/// The way to `fail_to_proxy`, which writes it.
fn answered(exchange: &mut Exchange, answer: Answer) -> pingora::Result<()> {
    exchange.instead = Some(Box::new(answer));
    Error::e_explain(ErrorType::InternalError, "answered instead of sending it once more")
}

fn gave_up(exchange: &mut Exchange, why: UpstreamFailure, error: String) -> pingora::Result<()> {
    exchange.failure = Some(why);
    exchange.attempts.in_doubt = false;
    Err(Error::explain(ErrorType::InternalError, error).into_up())
}
