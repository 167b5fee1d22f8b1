//! What takes the place of an upstream's failure: the route's own answer, where a need turns out
//! to be unmet.

use std::fmt;
use std::time::Duration;

use gate::{AnswerId, DatabaseId, Decision, Outcome, Reason, Request, Route, Rules, Verdict};
use http::StatusCode;
use pingora::proxy::Session;
use tracing::info;

use super::exchange::Exchange;
use super::facts::Facts;
use super::gateway::{Gateway, raw_head};
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
    /// What a client is sent instead of a 5xx whose header has come. `None`: it passes.
    pub(super) async fn instead_of(
        &self,
        status: StatusCode,
        session: &Session,
        exchange: &mut Exchange,
    ) -> Option<Answer> {
        let instead = self.replacement(Failure::Status(status), session, exchange).await?;
        exchange.replaced = Some(status);
        Some(self.prepared(session, exchange, instead))
    }

    /// What a client is sent where no server answered. `None`: that, in schemagate's own words.
    pub(super) async fn instead_of_none(
        &self,
        why: UpstreamFailure,
        session: &Session,
        exchange: &mut Exchange,
    ) -> Option<Answer> {
        let instead = self.replacement(Failure::Silence(why), session, exchange).await?;
        Some(self.prepared(session, exchange, instead))
    }

    async fn replacement(&self, failure: Failure, session: &Session, exchange: &mut Exchange) -> Option<AnswerId> {
        let decision = exchange.decision?;
        match decision.outcome {
            Outcome::Forward(_) => {
                let turned = self.recheck(decision, failure, session, exchange).await?;
                exchange.rechecked = true;
                replace(turned, failure, exchange)
            }
            _ => replace(decision, failure, exchange),
        }
    }

    /// Decides a request that an upstream failed once more, after a look that began after the
    /// failure. `None`: the failure stands.
    async fn recheck(
        &self,
        before: Decision,
        failure: Failure,
        session: &Session,
        exchange: &mut Exchange,
    ) -> Option<Decision> {
        let failed = self.reader.now();
        let rules = &self.config.rules;
        let route = rules.route(before.route?)?;
        let head = raw_head(session);
        let facts = Facts::read(session.req_header(), &head, rules.matching_form()).ok()?;
        if !route.guards(facts.method) {
            return None;
        }
        let looked = self.reader.look_after(failed, &databases(route, rules), LIMIT).await;
        exchange.thoughts.looked = looked == LookAgain::Looked;
        let now = self.reader.now();
        let request = Request { host: &facts.host, target: &facts.path, method: facts.method };
        // Also where no look came in time: another one may have found the same meanwhile.
        let after = self.reader.pin().decide(&request, now);
        let turned = (is_known(after.reason) && instead(after.outcome, failure).is_some()).then_some(after);
        let recheck = match looked {
            _ if turned.is_some() => Recheck::Turned,
            LookAgain::Looked => Recheck::Unchanged,
            LookAgain::Failed | LookAgain::TooSlow => Recheck::Failed,
            LookAgain::Skipped => Recheck::Skipped,
        };
        self.metrics.recheck(&route.name, recheck.as_str());
        if let Some(turned) = &turned {
            tell(turned, failure, now.since(failed), route, exchange);
        }
        turned
    }
}

/// Whether a need is known to be unmet; that nothing is known explains no failure.
const fn is_known(reason: Reason) -> bool {
    matches!(reason, Reason::Need { verdict: Verdict::Migrating | Verdict::Broken | Verdict::Contradicted, .. })
}

/// What takes the place of a failure by this outcome.
const fn instead(outcome: Outcome, failure: Failure) -> Option<AnswerId> {
    match (outcome, failure) {
        (Outcome::Answer(answer), _)
        | (Outcome::ForwardRescued { answer, .. }, Failure::Status(_))
        | (Outcome::ForwardRescued { otherwise: answer, .. }, Failure::Silence(_)) => Some(answer),
        _ => None,
    }
}

/// Notes what was done in the place of what was to be done.
fn replace(decision: Decision, failure: Failure, exchange: &mut Exchange) -> Option<AnswerId> {
    let answer = instead(decision.outcome, failure)?;
    exchange.decision = Some(Decision { outcome: Outcome::Answer(answer), ..decision });
    Some(answer)
}

/// Where the needs of a route are looked for.
fn databases(route: &Route, rules: &Rules) -> Vec<DatabaseId> {
    let mut databases = Vec::new();
    for requirement in route.needs.iter().filter_map(|need| rules.requirement(*need)) {
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
