//! One line a request. What a refusal names here, the client is never told.

use std::borrow::Cow;
use std::time::Duration;

use gate::{Decision, Outcome, Reason, RequirementId, Verdict};
use http::{HeaderName, Version, header};
use tracing::Level;

use super::context::Context;
use super::exchange::Exchange;
use super::tenant::RequestTenant;
use super::window::RequestWindow;
use crate::answer::UpstreamFailure;
use crate::head::RequestHead;
use crate::live::GateReader;

/// The target of these lines, for filters.
pub const ACCESS_LOG: &str = "schemagate::access";

/// So many bytes of a client's header have a place in a line.
const LONGEST_TEXT: usize = 512;

/// What a line tells beside the exchange itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'l> {
    /// The request as it came.
    pub(super) request: &'l RequestHead<'l>,
    /// What the client was sent; 0 if nothing.
    pub(super) status: u16,
    /// Body bytes that the client was sent.
    pub(super) bytes: usize,
    /// From the request's header to the answer's last byte.
    pub(super) took: Duration,
    /// The upstream's name, where one was asked.
    pub(super) upstream: Option<&'l str>,
}

/// Logs a request, or not, by the share that the configuration says; what was answered because a need
/// is unmet, as a warning.
pub(super) fn write(line: &Line<'_>, exchange: &Exchange, reader: &GateReader) {
    let edition = &exchange.edition;
    let config = &edition.config;
    let sample = Some(config.log.access.sample).filter(|_| is_routine(line, exchange));
    if sample.is_some_and(|share| share < 1.0 && fastrand::f64() >= share) {
        return;
    }
    let own = exchange.is_answered_here();
    let rules = &config.rules;
    let decision = exchange.decision.as_ref();
    let unmet = decision.filter(|decision| own && is_unmet(decision.reason));
    let is_written = match unmet {
        Some(_) => tracing::enabled!(target: ACCESS_LOG, Level::WARN),
        None => tracing::enabled!(target: ACCESS_LOG, Level::INFO),
    };
    if !is_written {
        return;
    }
    let sent = path(line.request.target);
    let path = path_of(line, exchange);
    let route = decision.and_then(|decision| rules.route(decision.route?)).map(|route| &*route.name);
    let requirement = decision.and_then(needed);
    let now = reader.pin();
    let gate = edition.gate(&now);
    let context = unmet.and_then(|unmet| Context::of(unmet, exchange.thoughts.symptom.as_ref(), gate));
    let bypass = decision.and_then(|decision| now.snapshot().bypasses().get(decision.bypassed?));
    let user_agent = text(line.request, &header::USER_AGENT);
    let referer = text(line.request, &header::REFERER).map(|referer| without_query(&referer).to_owned());
    // A level is fixed where it is written.
    macro_rules! write {
        ($level:expr) => {
            tracing::event!(
                target: ACCESS_LOG,
                $level,
                method = line.request.method.as_str(),
                host = exchange.host.as_str(),
                path = &*String::from_utf8_lossy(path),
                sent_path = (path != sent).then(|| String::from_utf8_lossy(sent)).as_deref(),
                status = line.status,
                route,
                action = decision.map(action),
                reason = decision.map(|decision| decision.reason.as_str()),
                requirement = requirement.and_then(|id| rules.requirement(id)).map(|requirement| &*requirement.name),
                component = requirement.and_then(|id| config.notes(id)).and_then(|notes| notes.component.as_deref()),
                context.code = context.as_ref().map(|context| context.code),
                context.table = context.as_ref().and_then(|context| context.table.as_deref()),
                window = exchange.window.as_ref().and_then(RequestWindow::window).map(|window| &*window.name),
                tenant = exchange.tenant.as_ref().map(RequestTenant::schema),
                upstream = line.upstream,
                asked = exchange.asked.as_ref().map(|inquiry| inquiry.language),
                duration_ms = milliseconds(line.took),
                bytes = line.bytes,
                client = exchange.client.address.map(tracing::field::display),
                protocol = protocol(line.request.version),
                user_agent = user_agent.as_deref(),
                referer = referer.as_deref(),
                request_id = exchange.id.as_str(),
                trace_id = exchange.trace.id().map(tracing::field::display),
                span_id = exchange.trace.span().map(tracing::field::display),
                trace_sampled = exchange.trace.sampled(),
                upstream_status = exchange.replaced.map(|status| status.as_u16()),
                held_ms = exchange.held.map(milliseconds),
                rechecked = exchange.rechecked.then_some(true),
                replayed = exchange.thoughts.was_sent_again().then_some(true),
                observed = decision.is_some_and(|decision| decision.observed).then_some(true),
                bypass = bypass.map(|bypass| &*bypass.name),
                operator = exchange.visit.operator().map(|operator| &*operator.id),
                failure = exchange.failure.map(UpstreamFailure::as_str),
                refused = exchange.refused,
                error = exchange.error.as_deref(),
                sample = sample.filter(|share| *share < 1.0),
            )
        };
    }
    if unmet.is_some() { write!(Level::WARN) } else { write!(Level::INFO) }
}

/// The path that is forwarded, without its query.
fn path_of<'p>(line: &Line<'p>, exchange: &'p Exchange) -> &'p [u8] {
    path(exchange.target.as_deref().unwrap_or(line.request.target))
}

/// The same, to be shown.
pub(super) fn shown_path<'p>(line: &Line<'p>, exchange: &'p Exchange) -> Cow<'p, str> {
    String::from_utf8_lossy(path_of(line, exchange))
}

/// Whether a request passed as it would have without schemagate: of such ones a share will do.
fn is_routine(line: &Line<'_>, exchange: &Exchange) -> bool {
    let own = exchange.is_answered_here() || exchange.replaced.is_some();
    let failed = matches!(line.status, 0 | 500..) || exchange.failure.is_some() || exchange.error.is_some();
    let kept = exchange.held.is_some() || exchange.rechecked || exchange.thoughts.was_sent_again();
    let told = exchange.decision.is_some_and(|decision| {
        let elsewhere = matches!(decision.outcome, Outcome::ForwardElsewhere { .. });
        elsewhere || decision.observed || decision.bypassed.is_some()
    });
    !own && !failed && !kept && !told
}

/// What a header of the client's says, no longer than anybody reads.
pub(super) fn text<'r>(request: &RequestHead<'r>, name: &HeaderName) -> Option<Cow<'r, str>> {
    let value = request.fields.get(name)?;
    Some(String::from_utf8_lossy(value.get(..LONGEST_TEXT).unwrap_or(value)))
}

/// Queries hold tokens and names: none is logged.
fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

/// As the `combined` format and Cloud Logging have it.
fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        _ => "HTTP/1.1",
    }
}

/// A target without its query.
fn path(target: &[u8]) -> &[u8] {
    target.split(|byte| *byte == b'?').next().unwrap_or(target)
}

/// To the microsecond.
fn milliseconds(took: Duration) -> f64 {
    f64::from(u32::try_from(took.as_micros()).unwrap_or(u32::MAX)) / 1000.0
}

/// What was done, or in observe mode would have been.
pub(super) fn action(decision: &Decision) -> &'static str {
    match decision.outcome {
        Outcome::Health => "health",
        Outcome::NoRoute if decision.reason == Reason::UnknownTenant => "unknown_tenant",
        Outcome::NoRoute => "no_route",
        Outcome::Forward(_)
        | Outcome::ForwardRescued { .. }
        | Outcome::ForwardElsewhere { .. }
        | Outcome::Stale { .. }
        | Outcome::Hold(_)
        | Outcome::Answer(_)
        | Outcome::Maintenance { .. } => decision.action.as_str(),
    }
}

pub(super) fn needed(decision: &Decision) -> Option<RequirementId> {
    match decision.reason {
        Reason::Need { requirement, .. } => Some(requirement),
        _ => None,
    }
}

/// Whether it is known that something is missing.
const fn is_unmet(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::Symptom | Reason::Need { verdict: Verdict::Migrating | Verdict::Broken | Verdict::Contradicted, .. }
    )
}
