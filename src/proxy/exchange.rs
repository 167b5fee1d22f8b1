//! One request and what became of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gate::{Decision, Host, Outcome, Route, UpstreamId};
use http::{HeaderName, HeaderValue, StatusCode, header};
use pingora::protocols::l4::socket::SocketAddr;
use pingora::proxy::UnderWay;
use pingora::{Error, ErrorType};

use super::asked::Inquiry;
use super::client::Client;
use super::drain::InFlight;
use super::edition::{Decided, Edition};
use super::hold::Ended;
use super::http1::{Arrival, Switched};
use super::intake::Intake;
use super::operator::Visit;
use super::request_id::RequestId;
use super::second_thoughts::SecondThoughts;
use super::stale::Keeping;
use super::tenant::RequestTenant;
use super::trace::RequestTrace;
use super::upstreams::{Choice, Pool};
use super::window::RequestWindow;
use super::{failure, https_only};
use crate::answer::{self, Answer, UpstreamFailure};

/// Servers of an upstream that one request is tried on, the first included.
pub(super) const MAX_ATTEMPTS: usize = 4;
/// The bound on pingora's loop: a look at the catalog takes a round, and another upstream has servers too.
pub(super) const MAX_ROUNDS: usize = 2 * MAX_ATTEMPTS + 2;

/// One request and what became of it: read off the wire once, decided once, told to the log and
/// the metrics at the end.
#[derive(Debug)]
pub(super) struct Exchange {
    /// When its header had been read.
    pub(super) began: Instant,
    /// Where another protocol may follow on its connection.
    switched: Option<Switched>,
    /// How it waited before pingora knew of it, where that leads anywhere else than it would go anyway.
    pub(super) waited: Option<Ended>,
    /// Where another proxy asks what is to be done with it: how.
    pub(super) asked: Option<Inquiry>,
    /// Who asks.
    pub(super) client: Client,
    /// The id that the client, the backend and the log share.
    pub(super) id: RequestId,
    /// What it was decided by: the ids below are of this edition.
    pub(super) edition: Arc<Edition>,
    /// What is done with it; `None` if it was refused before there was anything to decide.
    pub(super) decision: Option<Decision>,
    /// The upstream that is asked, if any; it stays so where another answer takes the place of its own.
    pub(super) upstream: Option<UpstreamId>,
    /// What is written instead of the upstream's answer.
    pub(super) instead: Option<Box<Answer>>,
    /// The upstream's status, if the client is not sent it.
    pub(super) replaced: Option<StatusCode>,
    /// Whether a look at the catalog after the upstream's failure changed the decision.
    pub(super) rechecked: bool,
    /// Whose it is, where it is a tenant's.
    pub(super) tenant: Option<RequestTenant>,
    /// What keeps it out, where that is a maintenance window.
    pub(super) window: Option<RequestWindow>,
    /// As whom it comes.
    pub(super) visit: Visit,
    /// The trace that it belongs to.
    pub(super) trace: RequestTrace,
    /// The host that was asked for.
    pub(super) host: Host,
    /// The target that the backend is sent, where that is not what the client sent.
    pub(super) target: Option<Box<[u8]>>,
    /// Whether the request has a body, whatever its headers say.
    pub(super) has_body: bool,
    /// The answer, while it is read along to be kept.
    pub(super) keeping: Option<Box<Keeping>>,
    /// Whether the client wants to use its connection again.
    pub(super) keeps_alive: bool,
    /// The way to a server.
    pub(super) attempts: Attempts,
    /// What comes before it is sent once more.
    pub(super) again: Option<Again>,
    /// How long it waited for a verdict to turn.
    pub(super) held: Option<Duration>,
    /// How long it took until the upstream's answer began.
    pub(super) header_after: Option<Duration>,
    /// How long it took until it was answered here; `None` if it was not.
    pub(super) answered_after: Option<Duration>,
    /// Why no server answered.
    pub(super) failure: Option<UpstreamFailure>,
    /// Why it was refused for its form alone, in a word.
    pub(super) refused: Option<&'static str>,
    /// What came of its body, for the last server that was chosen.
    pub(super) intake: Intake,
    /// What went wrong, for the log.
    pub(super) error: Option<String>,
    /// What its failures taught.
    pub(super) thoughts: SecondThoughts,
    _in_flight: InFlight,
}

/// What comes before a request is sent once more.
#[derive(Debug)]
pub(super) enum Again {
    /// Nothing: it goes where the decision says now.
    Go,
    /// It waits for the verdict to turn.
    Wait,
    /// A look at the catalog, since no server answered.
    Look {
        /// Why none did.
        why: UpstreamFailure,
        /// The same, for the log.
        error: String,
    },
}

/// The way of one request to a server.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// Servers that could not be connected to, or that broke off.
    pub(super) failed: Vec<SocketAddr>,
    /// How often a server was chosen.
    pub(super) count: usize,
    /// Whether the last choice was made although no server was known to be healthy.
    pub(super) in_doubt: bool,
    /// The server that it goes to next, where that is chosen already.
    pub(super) chosen: Option<Choice>,
    /// Where it was sent before pingora knew of it: how.
    pub(super) sent: Option<Box<Sent>>,
    /// Until when its answer must have come whole, if it has to.
    until: Option<Instant>,
    /// What is done once alone.
    pub(super) spent: Spent,
}

/// A request that was sent, and whose answer is for pingora to read.
#[derive(Debug)]
pub(super) struct Sent {
    /// The connection, with what came on it.
    pub(super) under_way: UnderWay,
    /// Whether nothing came of an answer for as long as it is waited for.
    pub(super) was_silent: bool,
}

/// What is done once alone with a request.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spent {
    /// It was tried once more, since a server broke off.
    pub(super) retry: bool,
    /// It was sent once more, since a need turned out to be unmet.
    pub(super) again: bool,
    /// It was found out what takes the place of silence, if anything does.
    pub(super) look: bool,
}

/// An exchange has taken all the time that its upstream gives it.
fn too_late<T>() -> pingora::Result<T> {
    Err(Error::explain(ErrorType::ReadTimedout, "the whole exchange takes too long (total_timeout)").into_up())
}

impl Attempts {
    /// Why no server answered: as an error has it, or as it was known before.
    pub(super) fn why(&self, read: UpstreamFailure, known: Option<UpstreamFailure>) -> UpstreamFailure {
        if self.in_doubt && failure::is_before_sending(read) {
            UpstreamFailure::Unavailable
        } else {
            known.unwrap_or(read)
        }
    }

    /// How long it may go on, where a whole exchange has so much time; an error: it has taken that.
    pub(super) fn left(&mut self, total: Option<Duration>) -> pingora::Result<Option<Duration>> {
        let Some(total) = total else { return Ok(None) };
        let until = *self.until.get_or_insert_with(|| Instant::now() + total);
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() { too_late() } else { Ok(Some(left)) }
    }

    /// Another piece of the answer came: an error if it is too late.
    pub(super) fn goes_on(&self) -> pingora::Result<()> {
        if self.until.is_some_and(|until| until <= Instant::now()) { too_late() } else { Ok(()) }
    }

    /// It is sent once more, perhaps to other servers.
    pub(super) fn start_again(&mut self) {
        *self = Self { spent: Spent { again: true, look: false, ..self.spent }, ..Self::default() };
    }
}

impl Exchange {
    /// It is to be sent once more, because the schema changed under it, by what is known now.
    pub(super) fn decide_anew(&mut self, decided: &Decided) {
        self.move_to(&decided.edition);
        self.decision = Some(decided.decision);
        self.thoughts.sent_again(decided.generation);
    }

    /// It is decided by this edition from here on: the decision is about to be another one.
    pub(super) fn move_to(&mut self, edition: &Arc<Edition>) {
        if Arc::ptr_eq(&self.edition, edition) {
            return;
        }
        self.upstream = self.upstream.and_then(|upstream| edition.upstream_of(&self.edition, upstream));
        self.keeping = None;
        self.edition = Arc::clone(edition);
    }

    /// The route that it was decided by.
    pub(super) fn route(&self) -> Option<&Route> {
        self.edition.route(self.decision.as_ref()?)
    }

    /// The upstream that it is passed on to.
    pub(super) fn pool(&self) -> Option<&Pool> {
        self.edition.upstreams.get(self.upstream?)
    }

    /// Chooses the server that it goes to next.
    pub(super) fn choose_server(&mut self) -> Result<Choice, UpstreamFailure> {
        let pool = self.pool().ok_or(UpstreamFailure::Unavailable)?;
        let choice = pool.choose(&self.attempts.failed)?;
        self.attempts.count += 1;
        self.attempts.in_doubt = choice.in_doubt;
        self.trace.attempt(|| choice.peer()._address.to_string());
        Ok(choice)
    }

    /// What its client is told beside what a backend answers.
    pub(super) fn told_with_answers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let policy = https_only::policy(&self.edition.config, &self.client);
        let policy = policy.map(|policy| (header::STRICT_TRANSPORT_SECURITY, policy.clone()));
        policy.into_iter().chain(self.degraded().map(answer::degraded))
    }

    /// The route whose requests another upstream answers, because of an unmet need.
    pub(super) fn degraded(&self) -> Option<&str> {
        let elsewhere = self.decision.is_some_and(|it| matches!(it.outcome, Outcome::ForwardElsewhere { .. }));
        self.route().filter(|_| elsewhere).map(|route| &*route.name)
    }

    /// Another protocol follows on its connection.
    pub(super) fn switches(&self) {
        if let Some(switched) = &self.switched {
            switched.set();
        }
    }

    /// Takes over what its connection knows of it.
    pub(super) fn arrive(&mut self, arrival: Arrival) {
        if let Some(exchange) = arrival.exchange {
            *self = *exchange;
        }
        self.switched = arrival.switched;
        self.began = arrival.began.unwrap_or(self.began);
        if let Some(waited) = arrival.waited {
            self.held = Some(waited.took);
            self.waited = Some(waited.ended).filter(|ended| !matches!(ended, Ended::Released));
        }
    }

    /// Whether the client gets an answer of our own.
    pub(super) fn is_answered_here(&self) -> bool {
        self.answered_after.is_some() && !self.asked.as_ref().is_some_and(|inquiry| inquiry.passed)
    }

    /// Whether it is to wait for a verdict to turn.
    pub(super) fn waits(&self) -> bool {
        self.decision.is_some_and(|decision| matches!(decision.outcome, Outcome::Hold(_)))
    }

    pub(super) fn new(began: Instant, edition: Arc<Edition>, in_flight: InFlight) -> Self {
        Self {
            began,
            switched: None,
            waited: None,
            asked: None,
            client: Client::default(),
            id: RequestId::default(),
            edition,
            decision: None,
            upstream: None,
            instead: None,
            replaced: None,
            rechecked: false,
            tenant: None,
            window: None,
            visit: Visit::default(),
            trace: RequestTrace::default(),
            host: Host::default(),
            target: None,
            has_body: false,
            keeping: None,
            keeps_alive: false,
            attempts: Attempts::default(),
            again: None,
            held: None,
            header_after: None,
            answered_after: None,
            failure: None,
            refused: None,
            intake: Intake::default(),
            error: None,
            thoughts: SecondThoughts::default(),
            _in_flight: in_flight,
        }
    }
}
