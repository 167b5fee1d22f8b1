//! Requests: what was done with them, why, and how long that took.

use std::sync::Arc;
use std::time::Duration;

use gate::{ActionKind, Decision, Outcome, Reason, Rules};
use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec};

use super::Metrics;
use super::bypassed::Bypassed;
use super::register::Register;
use super::remembered::Remembered;

/// What is counted of requests. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Requests {
    taken: IntCounterVec,
    answers: IntCounterVec,
    took: HistogramVec,
    fail_opens: IntCounterVec,
    malformed: IntCounter,
    wire_refusals: IntCounterVec,
    own_answers: Histogram,
}

/// How many requests of a route got an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The route's name.
    pub route: String,
    /// The action's word.
    pub action: String,
    /// Whether observe mode let them pass.
    pub observed: bool,
    /// Whether a bypass did.
    pub bypassed: bool,
    /// How many.
    pub count: u64,
}

/// What the client of a request got.
#[derive(Debug, Clone, Copy)]
pub struct Answered {
    /// The status that it was sent; 0 if nothing.
    pub status: u16,
    /// From the request's header to the answer's; `None` where there was no answer.
    pub after: Option<Duration>,
    /// Whether it was answered here, and not by an upstream.
    pub here: bool,
}

/// What is counted of the requests that one set of rules decides. Cheap to clone; counting takes no lock.
#[derive(Debug, Clone)]
pub struct RouteCounts {
    requests: Requests,
    bypasses: Bypassed,
    routes: Arc<[Route]>,
    none: Arc<Route>,
}

/// The metrics of one route.
#[derive(Debug)]
struct Route {
    name: Box<str>,
    /// By action, reason and outcome.
    taken: Remembered<[&'static str; 3], IntCounter>,
    /// By the class of the status.
    answers: Remembered<&'static str, IntCounter>,
    /// By who answered.
    took: Remembered<&'static str, Histogram>,
}

impl Route {
    fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            taken: Remembered::default(),
            answers: Remembered::default(),
            took: Remembered::default(),
        }
    }
}

impl Requests {
    pub(super) fn new(register: &mut Register) -> Result<Self, prometheus::Error> {
        Ok(Self {
            taken: register.counters(
                "schemagate_requests_total",
                &["route", "action", "reason", "outcome"],
                "Requests by route, action, reason, and whether they were forwarded, answered here, or let pass by \
                 observe mode or a bypass.",
            )?,
            answers: register.counters(
                "schemagate_responses_total",
                &["route", "status"],
                "Answers to clients by route and status class.",
            )?,
            took: register.histograms(
                "schemagate_request_duration_seconds",
                &["route", "answered_by"],
                &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0],
                "From a request's header to its answer's, by route and whether the upstream or schemagate answered.",
            )?,
            fail_opens: register.counters(
                "schemagate_fail_opens_total",
                &["route", "reason"],
                "Requests that were passed on although a need of their route was not known to be met, or whether a maintenance window keeps them out.",
            )?,
            malformed: register.counter(
                "schemagate_malformed_requests_total",
                "Requests refused before there was anything to decide.",
            )?,
            wire_refusals: register.counters(
                "schemagate_wire_refusals_total",
                &["why"],
                "Requests refused for their form alone, by one of the words of docs/wire.md.",
            )?,
            own_answers: register.histogram(
                "schemagate_own_answer_duration_seconds",
                &[0.000_01, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.005, 0.025, 0.1],
                "Time to answer a request without the upstream.",
            )?,
        })
    }
}

impl RouteCounts {
    /// Counts a finished request.
    pub fn request(&self, decision: &Decision, answered: &Answered) {
        let route = decision.route.and_then(|id| self.routes.get(id.0 as usize)).unwrap_or(&self.none);
        let (action, reason) = (decision.action.as_str(), decision.reason.as_str());
        let outcome = outcome(decision);
        let name = &*route.name;
        let requests = &self.requests;
        let taken = || requests.taken.with_label_values(&[name, action, reason, outcome]);
        route.taken.with([action, reason, outcome], taken, IntCounter::inc);
        let class = class(answered.status);
        route.answers.with(class, || requests.answers.with_label_values(&[name, class]), IntCounter::inc);
        if let Some(after) = answered.after {
            let by = if answered.here { "schemagate" } else { "upstream" };
            let took = || requests.took.with_label_values(&[name, by]);
            route.took.with(by, took, |took| took.observe(after.as_secs_f64()));
        }
        if decision.bypassed.is_some() {
            self.bypasses.request(name, reason);
        }
        if fails_open(decision) {
            requests.fail_opens.with_label_values(&[name, reason]).inc();
        }
    }
}

impl Metrics {
    /// Counts a write that went on although it is not known whether a maintenance window keeps it out. `reason` is
    /// one of a few fixed words.
    pub fn failed_open(&self, route: &str, reason: &str) {
        self.requests.fail_opens.with_label_values(&[route, reason]).inc();
    }
}

/// Whether a request went on although that its need is met is not known.
const fn fails_open(decision: &Decision) -> bool {
    matches!(
        (decision.outcome, decision.action, decision.reason),
        (Outcome::Forward(_), ActionKind::Pass, Reason::Need { .. })
    ) && !decision.observed
        && decision.bypassed.is_none()
        && !decision.operator
}

const fn outcome(decision: &Decision) -> &'static str {
    match decision.outcome {
        Outcome::Forward(_) if decision.observed => "observed",
        Outcome::Forward(_) if decision.operator => "operator",
        Outcome::Forward(_) if decision.bypassed.is_some() => "bypassed",
        Outcome::Forward(_) | Outcome::ForwardRescued { .. } | Outcome::ForwardElsewhere { .. } => "forwarded",
        Outcome::Stale { .. }
        | Outcome::Hold(_)
        | Outcome::Answer(_)
        | Outcome::Maintenance { .. }
        | Outcome::Health
        | Outcome::NoRoute => "answered",
    }
}

const fn class(status: u16) -> &'static str {
    match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        5 => "5xx",
        _ => "none",
    }
}

impl Metrics {
    /// What is counted of the requests that `rules` decide.
    pub fn route_counts(&self, rules: &Rules) -> RouteCounts {
        RouteCounts {
            requests: self.requests.clone(),
            bypasses: self.bypasses.clone(),
            routes: rules.routes().iter().map(|route| Route::new(&route.name)).collect(),
            none: Arc::new(Route::new("none")),
        }
    }

    /// Counts a request that was refused before there was anything to decide.
    pub fn malformed(&self) {
        self.requests.malformed.inc();
    }

    /// Counts a request that was refused for its form alone. `why` is one of a few fixed words.
    pub fn wire_refusal(&self, why: &'static str) {
        self.requests.wire_refusals.with_label_values(&[why]).inc();
    }

    /// Times an answer that the upstream was not asked for.
    pub fn own_answer(&self, took: Duration) {
        self.requests.own_answers.observe(took.as_secs_f64());
    }

    /// How many requests of each route got which action, and why.
    pub fn taken(&self) -> Vec<Taken> {
        let families = self.requests.taken.collect();
        let metrics = families.iter().flat_map(MetricFamily::get_metric);
        let taken = metrics.map(|metric| {
            let labels = metric.get_label();
            let label = |name| labels.iter().find(|label| label.name() == name).map(|label| label.value().to_owned());
            let label = |name| label(name).unwrap_or_default();
            // Counts are whole numbers far below 2^53.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
            let count = metric.get_counter().get_value() as u64;
            let (route, action, outcome) = (label("route"), label("action"), label("outcome"));
            Taken {
                route,
                action,
                observed: outcome == "observed",
                bypassed: outcome == "bypassed" || outcome == "operator",
                count,
            }
        });
        taken.collect()
    }
}
