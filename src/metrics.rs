//! What is counted, in Prometheus' text format.
//!
//! Names are `schemagate_*` with units; labels are bounded by the configuration.

mod admin;
mod bypassed;
mod holds;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gate::{Decision, Outcome, Rules, Verdict};
use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

pub use admin::AdminMetrics;
pub use bypassed::Bypassed;
pub use holds::{Held, Holds};

/// Every metric of the process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    answers: IntCounterVec,
    malformed: IntCounter,
    upstream_failures: IntCounterVec,
    rechecks: IntCounterVec,
    symptoms: IntCounterVec,
    dropped_symptoms: IntCounter,
    unreadable_failures: IntCounter,
    replays: IntCounterVec,
    unexplained_failures: IntCounterVec,
    verdicts: IntGaugeVec,
    flips: IntCounterVec,
    looks: HistogramVec,
    look_failures: IntCounterVec,
    notifications: IntCounterVec,
    own_answers: Histogram,
    alerts: IntCounterVec,
    probes: IntCounterVec,
    generation: IntGauge,
    stale: Stale,
    tenants: TenantMetrics,
    /// Requests that wait for a verdict to turn.
    pub holds: Holds,
    /// The admin listener's own.
    pub admin: AdminMetrics,
    /// What operators let pass.
    pub bypasses: Bypassed,
    rules: Arc<Rules>,
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

/// What is counted of the action `stale`.
#[derive(Debug, Clone)]
struct Stale {
    answers: IntCounterVec,
    kept: IntCounterVec,
    bytes: IntGauge,
    entries: IntGauge,
}

impl Stale {
    fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str| -> Result<IntCounterVec, prometheus::Error> {
            let metric = IntCounterVec::new(Opts::new(name, help), &["route", "result"])?;
            registry.register(Box::new(metric.clone()))?;
            Ok(metric)
        };
        let gauge = |name: &str, help: &str| -> Result<IntGauge, prometheus::Error> {
            let metric = IntGauge::new(name, help)?;
            registry.register(Box::new(metric.clone()))?;
            Ok(metric)
        };
        Ok(Self {
            answers: counter(
                "stale_answers_total",
                "Requests that the last good answer was to be given to, by route and what came of it.",
            )?,
            kept: counter(
                "stale_kept_total",
                "Answers of ready routes that may have to give them once more, by route and whether they are kept.",
            )?,
            bytes: gauge("stale_stored_bytes", "Memory that kept answers take.")?,
            entries: gauge("stale_stored_answers", "Answers that are kept.")?,
        })
    }
}

/// What is counted of tenants; none of it by a tenant's name, of which there may be any number.
#[derive(Debug, Clone)]
struct TenantMetrics {
    standing: IntGaugeVec,
    created: IntCounter,
    gone: IntCounter,
    ready_after: Histogram,
}

impl TenantMetrics {
    fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let standing = IntGaugeVec::new(Opts::new("tenants", "Tenants by how they stand."), &["verdict"])?;
        registry.register(Box::new(standing.clone()))?;
        let created = IntCounter::new("tenants_created_total", "Tenants that came.")?;
        registry.register(Box::new(created.clone()))?;
        let gone = IntCounter::new("tenants_gone_total", "Tenants that went.")?;
        registry.register(Box::new(gone.clone()))?;
        let ready_after = Histogram::with_opts(
            HistogramOpts::new("tenant_ready_duration_seconds", "From a tenant's appearance to its being ready.")
                .buckets(vec![0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0]),
        )?;
        registry.register(Box::new(ready_after.clone()))?;
        Ok(Self { standing, created, gone, ready_after })
    }
}

/// How long answers of schemagate's own take.
fn own_answers(registry: &Registry) -> Result<Histogram, prometheus::Error> {
    let own_answers = Histogram::with_opts(
        HistogramOpts::new("own_answer_duration_seconds", "Time to answer a request without the upstream.")
            .buckets(vec![0.000_01, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.005, 0.025, 0.1]),
    )?;
    registry.register(Box::new(own_answers.clone()))?;
    Ok(own_answers)
}

impl Metrics {
    /// Registers every metric.
    pub fn new(rules: Arc<Rules>) -> Result<Self, prometheus::Error> {
        let registry = Registry::new_custom(Some("schemagate".to_owned()), None)?;
        let counter = |name: &str, help: &str, labels: &[&str]| -> Result<IntCounterVec, prometheus::Error> {
            let metric = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(metric.clone()))?;
            Ok(metric)
        };
        let requests = counter(
            "requests_total",
            "Requests by route, action, reason, and whether observe mode or a bypass let them pass.",
            &["route", "action", "reason", "outcome"],
        )?;
        let answers =
            counter("responses_total", "Answers to clients by route and status class.", &["route", "status"])?;
        let upstream_failures =
            counter("upstream_failures_total", "Requests that no server answered.", &["upstream", "error"])?;
        let rechecks = counter(
            "rechecks_total",
            "Upstream failures that were held back for a look at the catalog, by route and what came of it.",
            &["route", "result"],
        )?;
        let symptoms = counter(
            "symptoms_total",
            "Bodies of failures that speak of the schema, by code and whether a requirement of the route covers it.",
            &["code", "covered"],
        )?;
        let replays =
            counter("replays_total", "Reads sent again because the schema changed under them.", &["route", "result"])?;
        let unexplained_failures = counter(
            "unexplained_failures_total",
            "Failures passed on that speak of the schema, or during which it changed, while every need was met.",
            &["route"],
        )?;
        let flips = counter("verdict_changes_total", "Changes of a verdict.", &["requirement", "verdict"])?;
        let look_failures = counter("look_failures_total", "Looks at a database that failed.", &["database", "error"])?;
        let notifications = counter("notifications_total", "Notifications from a database.", &["database"])?;
        let alerts =
            counter("alerts_total", "Alerts, by webhook and what came of sending them.", &["webhook", "result"])?;
        let probes = counter(
            "probes_total",
            "Probes, by name and whether the answer was the expected one.",
            &["probe", "result"],
        )?;
        let verdicts = IntGaugeVec::new(
            Opts::new("verdict", "1 for the verdict that a requirement has, 0 for the others."),
            &["requirement", "verdict"],
        )?;
        registry.register(Box::new(verdicts.clone()))?;
        let looks = HistogramVec::new(
            HistogramOpts::new("look_duration_seconds", "Time of one look at a database.")
                .buckets(vec![0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5]),
            &["database"],
        )?;
        registry.register(Box::new(looks.clone()))?;
        let own_answers = own_answers(&registry)?;
        let single = |name: &str, help: &str| -> Result<IntCounter, prometheus::Error> {
            let metric = IntCounter::new(name, help)?;
            registry.register(Box::new(metric.clone()))?;
            Ok(metric)
        };
        let malformed = single("malformed_requests_total", "Requests refused before there was anything to decide.")?;
        let dropped_symptoms = single(
            "symptoms_dropped_total",
            "Symptoms not kept for `suggest`, because there were too many different ones.",
        )?;
        let unreadable_failures = single(
            "unreadable_failures_total",
            "Bodies of failures not read for symptoms, because of their content coding.",
        )?;
        let generation = IntGauge::new("snapshot_generation", "Counts looks that changed what is known.")?;
        registry.register(Box::new(generation.clone()))?;
        let stale = Stale::register(&registry)?;
        let tenants = TenantMetrics::register(&registry)?;
        Ok(Self {
            holds: Holds::new(&registry)?,
            bypasses: Bypassed::new(&registry)?,
            admin: AdminMetrics::new(&registry)?,
            registry,
            requests,
            answers,
            malformed,
            upstream_failures,
            rechecks,
            symptoms,
            dropped_symptoms,
            unreadable_failures,
            replays,
            unexplained_failures,
            verdicts,
            flips,
            looks,
            look_failures,
            notifications,
            own_answers,
            alerts,
            probes,
            generation,
            stale,
            tenants,
            rules,
        })
    }

    /// Counts a finished request. `status` is what the client was sent; 0 if nothing.
    pub fn request(&self, decision: &Decision, status: u16) {
        let route = self.route(decision);
        let outcome = match decision.outcome {
            Outcome::Forward(_) if decision.observed => "observed",
            Outcome::Forward(_) if decision.bypassed.is_some() => "bypassed",
            Outcome::Forward(_) | Outcome::ForwardRescued { .. } | Outcome::ForwardElsewhere { .. } => "forwarded",
            Outcome::Stale { .. }
            | Outcome::Hold(_)
            | Outcome::Answer(_)
            | Outcome::Maintenance { .. }
            | Outcome::Health
            | Outcome::NoRoute => "answered",
        };
        self.requests.with_label_values(&[route, decision.action.as_str(), decision.reason.as_str(), outcome]).inc();
        if decision.bypassed.is_some() {
            self.bypasses.request(route, decision.reason.as_str());
        }
        let class = match status / 100 {
            1 => "1xx",
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            5 => "5xx",
            _ => "none",
        };
        self.answers.with_label_values(&[route, class]).inc();
    }

    fn route(&self, decision: &Decision) -> &str {
        decision.route.and_then(|id| self.rules.route(id)).map_or("none", |route| &route.name)
    }

    /// Counts a request that was refused before there was anything to decide.
    pub fn malformed(&self) {
        self.malformed.inc();
    }

    /// Times an answer that the upstream was not asked for.
    pub fn own_answer(&self, took: Duration) {
        self.own_answers.observe(took.as_secs_f64());
    }

    /// Counts a request that no server of an upstream answered. `error` is a word of RFC 9209.
    pub fn upstream_failure(&self, upstream: &str, error: &str) {
        self.upstream_failures.with_label_values(&[upstream, error]).inc();
    }

    /// Counts an upstream's failure that was held back for a look at the catalog, or would have been.
    /// `result` is one of a few fixed words.
    pub fn recheck(&self, route: &str, result: &str) {
        self.rechecks.with_label_values(&[route, result]).inc();
    }

    /// Counts a request that the last good answer was to be given to. `result` is one of a few fixed words.
    pub fn stale_answer(&self, route: &str, result: &str) {
        self.stale.answers.with_label_values(&[route, result]).inc();
    }

    /// Counts a good answer that was to be kept. `result` is one of a few fixed words.
    pub fn stale_kept(&self, route: &str, result: &str) {
        self.stale.kept.with_label_values(&[route, result]).inc();
    }

    /// Sets what is kept.
    pub fn stale_store(&self, bytes: usize, answers: usize) {
        let number = |count| i64::try_from(count).unwrap_or(i64::MAX);
        self.stale.bytes.set(number(bytes));
        self.stale.entries.set(number(answers));
    }

    /// Counts a failure's body that speaks of the schema. Both are of a few fixed words.
    pub fn symptom(&self, code: &str, covered: &str) {
        self.symptoms.with_label_values(&[code, covered]).inc();
    }

    /// Counts a symptom that is not kept: there are too many different ones.
    pub fn dropped_symptom(&self) {
        self.dropped_symptoms.inc();
    }

    /// Counts a failure's body that is encoded in a way that is not read.
    pub fn unreadable_failure(&self) {
        self.unreadable_failures.inc();
    }

    /// Counts a read that was sent again because the schema changed under it. `result` is one of a
    /// few fixed words.
    pub fn replay(&self, route: &str, result: &str) {
        self.replays.with_label_values(&[route, result]).inc();
    }

    /// Counts a failure that was passed on although it speaks of the schema.
    pub fn unexplained_failure(&self, route: &str) {
        self.unexplained_failures.with_label_values(&[route]).inc();
    }

    /// Times a look at a database that succeeded.
    pub fn look(&self, database: &str, took: Duration) {
        self.looks.with_label_values(&[database]).observe(took.as_secs_f64());
    }

    /// Counts a look at a database that failed. `error` is one of a few fixed words.
    pub fn look_failure(&self, database: &str, error: &str) {
        self.look_failures.with_label_values(&[database, error]).inc();
    }

    /// Counts a notification from a database.
    pub fn notification(&self, database: &str) {
        self.notifications.with_label_values(&[database]).inc();
    }

    /// Counts an attempt to deliver an alert. `result` is one of a few fixed words.
    pub fn alert(&self, webhook: &str, result: &str) {
        self.alerts.with_label_values(&[webhook, result]).inc();
    }

    /// Counts a probe. `result` is one of a few fixed words.
    pub fn probe(&self, probe: &str, result: &str) {
        self.probes.with_label_values(&[probe, result]).inc();
    }

    /// How many requests of each route got which action, and why.
    pub fn taken(&self) -> Vec<Taken> {
        let families = self.requests.collect();
        let metrics = families.iter().flat_map(MetricFamily::get_metric);
        let taken = metrics.map(|metric| {
            let labels = metric.get_label();
            let label = |name| labels.iter().find(|label| label.name() == name).map(|label| label.value().to_owned());
            let label = |name| label(name).unwrap_or_default();
            // Counts are whole numbers far below 2^53.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
            let count = metric.get_counter().get_value() as u64;
            let (route, action, outcome) = (label("route"), label("action"), label("outcome"));
            Taken { route, action, observed: outcome == "observed", bypassed: outcome == "bypassed", count }
        });
        taken.collect()
    }

    /// Counts a change of a verdict.
    pub fn flip(&self, requirement: &str, to: Verdict) {
        self.flips.with_label_values(&[requirement, to.as_str()]).inc();
    }

    /// Sets the gauges to how things stand. Called when they are asked for, so that a verdict that
    /// grew old shows as `unknown` although nothing was swapped. Of a requirement in several
    /// databases the worst counts.
    pub fn stand<'n>(&self, generation: u64, verdicts: impl Iterator<Item = (&'n str, Verdict)>) {
        self.generation.set(i64::try_from(generation).unwrap_or(i64::MAX));
        let mut worst: BTreeMap<&str, Verdict> = BTreeMap::new();
        for (requirement, verdict) in verdicts {
            let known = worst.entry(requirement).or_insert(verdict);
            *known = verdict.max(*known);
        }
        for (requirement, now) in worst {
            for verdict in Verdict::ALL {
                self.verdicts.with_label_values(&[requirement, verdict.as_str()]).set(i64::from(verdict == now));
            }
        }
    }

    /// Sets the gauge of tenants to how each stands, like [`Self::stand`].
    pub fn stand_tenants(&self, verdicts: impl Iterator<Item = Verdict>) {
        let mut counts = [0; Verdict::ALL.len()];
        for verdict in verdicts {
            if let Some((_, count)) = Verdict::ALL.iter().zip(&mut counts).find(|(known, _)| **known == verdict) {
                *count += 1;
            }
        }
        for (verdict, count) in Verdict::ALL.iter().zip(counts) {
            self.tenants.standing.with_label_values(&[verdict.as_str()]).set(count);
        }
    }

    /// Counts a tenant that came while schemagate looked on.
    pub fn tenant_created(&self) {
        self.tenants.created.inc();
    }

    /// Counts a tenant that is gone.
    pub fn tenant_gone(&self) {
        self.tenants.gone.inc();
    }

    /// Times a tenant that came, from its appearance to its being ready.
    pub fn tenant_ready_after(&self, took: Duration) {
        self.tenants.ready_after.observe(took.as_secs_f64());
    }

    /// Everything, in Prometheus' text format.
    pub fn render(&self) -> Result<String, prometheus::Error> {
        let mut out = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut out)?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }
}
