//! What takes the place of an upstream's failure: what the route has in store for it, where a need
//! turns out to be unmet.

use std::fmt;
use std::time::Duration;

use gate::{DatabaseId, Decision, Method, Outcome, Reason, Route, Rules, UpstreamId, Verdict};
use http::StatusCode;
use pingora::proxy::Session;
use tracing::info;

use super::again;
use super::edition::{Edition, Pinned};
use super::exchange::{Again, Exchange};
use super::gateway::{Gateway, sent_method};
use super::tenant::RequestTenant;
use super::window::RequestWindow;
use crate::answer::{Answer, UpstreamFailure};
use crate::live::LookAgain;

/// How long an upstream's failure is held back at most.
const LIMIT: Duration = Duration::from_millis(250);

/// How an upstream failed a request.
#[derive(Debug, Clone, Copy)]
enum Failure {
    /// Its answer says so.
    Status(StatusCode),
    /// There is no answer: a process that died of a missing table, perhaps.
    Silence(UpstreamFailure),
}

/// A request that an upstream failed.
#[derive(Debug, Clone, Copy)]
struct Failed<'r> {
    method: Method<'r>,
    /// Whom it was sent to.
    upstream: Option<UpstreamId>,
    /// Whether it may be sent once more.
    repeatable: bool,
    /// Whether it waited for the verdict to turn already.
    waited: bool,
}

/// What takes a failure's place.
#[derive(Debug)]
pub(super) enum Instead {
    /// This is written.
    Answer(Answer),
    /// The request is sent once more, as the decision that was noted says.
    Again(Again),
}

/// The same, before it is put into words.
#[derive(Debug)]
enum Place {
    /// By an answer of schemagate's own.
    Taken(Outcome),
    /// By what is sent once more.
    Again(Again),
}

/// What came of holding a failure back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Recheck {
    /// A need is unmet: the route's answer takes the failure's place.
    Turned,
    /// The failure is not the schema's.
    Unchanged,
    /// No look could be made in time.
    Failed,
    /// None was made: of late, too many changed nothing.
    Skipped,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{}", status.as_u16()),
            Self::Silence(failure) => f.write_str(failure.as_str()),
        }
    }
}

impl Recheck {
    /// The word in metrics.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Turned => "turned",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

impl Gateway {
    /// What takes the place of a 5xx whose header has come. `None`: it passes.
    pub(super) async fn instead_of(
        &self,
        status: StatusCode,
        session: &Session,
        exchange: &mut Exchange,
    ) -> Option<Instead> {
        let instead = self.replacement(Failure::Status(status), session, exchange).await?;
        exchange.replaced = Some(status);
        Some(instead)
    }

    /// What takes the place of no answer at all. `None`: that, in schemagate's own words.
    pub(super) async fn instead_of_none(
        &self,
        why: UpstreamFailure,
        session: &Session,
        exchange: &mut Exchange,
    ) -> Option<Instead> {
        exchange.attempts.spent.look = true;
        self.replacement(Failure::Silence(why), session, exchange).await
    }

    async fn replacement(&self, failure: Failure, session: &Session, exchange: &mut Exchange) -> Option<Instead> {
        let before = exchange.decision?;
        if exchange.shows_failures() {
            return None;
        }
        let decision = match before.outcome {
            // The operator's word: what fails under a bypass is the operator's to see.
            // Where a window alone is passed over, needs are not.
            Outcome::Forward(_) if before.bypassed.is_some() && !matches!(before.reason, Reason::Window(_)) => {
                return None;
            }
            Outcome::Forward(_) => {
                let turned = self.recheck(failure, session, exchange).await?;
                exchange.rechecked = true;
                turned
            }
            _ => before,
        };
        let failed = Failed::of(session, exchange, &exchange.edition);
        let (decision, instead) = instead(exchange.edition.rules(), decision, failure, failed)?;
        Some(match instead {
            Place::Taken(outcome) => {
                let decision = Decision { outcome, ..decision };
                exchange.decision = Some(decision);
                Instead::Answer(self.answer_by(&decision, &session.req_header().into(), exchange)?)
            }
            Place::Again(again) => {
                exchange.decision = Some(decision);
                Instead::Again(again)
            }
        })
    }

    /// Decides a request that an upstream failed once more, after a look that began after the
    /// failure, and moves it to the edition that this is of. `None`: the failure stands.
    async fn recheck(&self, failure: Failure, session: &Session, exchange: &mut Exchange) -> Option<Decision> {
        let failed = self.reader.now();
        let asking = {
            // The edition may be another one by now than the request was decided by.
            let Pinned { live, edition } = self.pin();
            let facts = edition.facts(&session.req_header().into()).ok()?;
            let route = edition.rules().route(live.decide(&facts.request(), failed).route?)?;
            if !route.guards(facts.method) {
                return None;
            }
            live.asking(&databases(route, edition.rules()))
        };
        let looked = self.reader.look_after(failed, asking, LIMIT).await;
        exchange.thoughts.looked = looked == LookAgain::Looked;
        let now = self.reader.now();
        // Also where no look came in time: another one may have found the same meanwhile.
        let Pinned { live, edition } = self.pin();
        let failing = Failed::of(session, exchange, &edition);
        let mut facts = edition.facts(&session.req_header().into()).ok()?;
        let by = edition.config.maintenance.organisation.as_ref();
        facts.read_organisation(&session.req_header().into(), by, &live);
        let after = live.decide(&facts.request(), now);
        let route = edition.route(&after)?;
        // A window that opened meanwhile explains no failure, and hides no unmet need.
        let reason = match after.reason {
            Reason::Window(_) => live.in_force(route, live.whose(&facts.request(), now), now).0,
            reason => reason,
        };
        let explained = explains(reason, after.outcome, failing.upstream);
        let turned = (explained && instead(edition.rules(), after, failure, failing).is_some()).then_some(after);
        let recheck = match looked {
            _ if turned.is_some() => Recheck::Turned,
            LookAgain::Looked => Recheck::Unchanged,
            LookAgain::Failed | LookAgain::TooSlow => Recheck::Failed,
            LookAgain::Skipped => Recheck::Skipped,
        };
        self.metrics.recheck(&route.name, recheck.as_str());
        if let Some(turned) = &turned {
            exchange.move_to(&edition);
            exchange.tenant = RequestTenant::of(turned, &live);
            exchange.window = RequestWindow::of(turned, &live);
            self.note_refusal(turned, exchange);
            tell(turned, failure, now.since(failed), route, exchange);
        }
        turned
    }
}

impl<'r> Failed<'r> {
    /// As one of `edition` sees it.
    fn of(session: &'r Session, exchange: &Exchange, edition: &Edition) -> Self {
        Self {
            method: sent_method(session),
            upstream: exchange.upstream.and_then(|upstream| edition.upstream_of(&exchange.edition, upstream)),
            repeatable: again::is_repeatable(session, exchange),
            waited: exchange.held.is_some(),
        }
    }
}

/// Whether a decision after a failure can explain it: a need is known to be unmet, or another release
/// is the right one by now. That nothing is known explains no failure.
fn explains(reason: Reason, outcome: Outcome, failed: Option<UpstreamId>) -> bool {
    let unmet = [Verdict::Migrating, Verdict::Broken, Verdict::Contradicted];
    match (reason, outcome) {
        (Reason::Need { verdict, .. }, _) if unmet.contains(&verdict) => true,
        (_, Outcome::Forward(upstream)) => failed.is_some_and(|failed| failed != upstream),
        _ => false,
    }
}

/// What takes the place of a failure by this decision, and the decision that says so.
fn instead(rules: &Rules, decision: Decision, failure: Failure, failed: Failed<'_>) -> Option<(Decision, Place)> {
    let repeated = |again: Again| failed.repeatable.then_some(Place::Again(again));
    let place = match (decision.outcome, failure) {
        (outcome @ (Outcome::Answer(_) | Outcome::Maintenance { .. } | Outcome::Stale { .. }), _) => {
            Some(Place::Taken(outcome))
        }
        (Outcome::ForwardRescued { answer, .. }, Failure::Status(_))
        | (Outcome::ForwardRescued { otherwise: answer, .. }, Failure::Silence(_)) => {
            Some(Place::Taken(Outcome::Answer(answer)))
        }
        (Outcome::ForwardElsewhere { upstream, otherwise }, _) => {
            let other = failed.upstream != Some(upstream);
            repeated(Again::Go).filter(|_| other).or(Some(Place::Taken(Outcome::Answer(otherwise))))
        }
        (Outcome::Forward(upstream), _) if failed.upstream.is_some_and(|failed| failed != upstream) => {
            let version = decision.route.and_then(|route| rules.route(route)?.versions.first());
            repeated(Again::Go).or_else(|| version.map(|version| Place::Taken(Outcome::Answer(version.otherwise))))
        }
        (Outcome::Hold(_), _) if failed.repeatable && !failed.waited => repeated(Again::Wait),
        (Outcome::Hold(_), _) => {
            let then = rules.instead_of_holding(decision, failed.method);
            return instead(rules, then, failure, failed);
        }
        (Outcome::Forward(_) | Outcome::Health | Outcome::NoRoute, _) => None,
    };
    Some((decision, place?))
}

/// Where everything is looked for that decides what a route's requests get.
pub(super) fn databases(route: &Route, rules: &Rules) -> Vec<DatabaseId> {
    let mut databases = Vec::new();
    for requirement in route.all_needs().filter_map(|need| rules.requirement(need)) {
        if !databases.contains(&requirement.database) {
            databases.push(requirement.database);
        }
    }
    databases
}

fn tell(turned: &Decision, failure: Failure, took: Duration, route: &Route, exchange: &Exchange) {
    info!(
        target: "schemagate::recheck",
        route = &*route.name,
        action = turned.action.as_str(),
        reason = turned.reason.as_str(),
        upstream_failure = %failure,
        held_ms = took.as_secs_f64() * 1000.0,
        request_id = exchange.id.as_str(),
        "the upstream's failure ({failure}) is not passed on: a look after it found a need unmet",
    );
}
