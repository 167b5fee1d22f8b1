//! What was broken, from when to when, and whom it met: for the dashboard and for a post-mortem.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use gate::{Gate, RequirementId, Verdict};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval};

use super::Admin;
use crate::metrics::Taken;
use crate::report::verdict_words;

/// How many are kept; the oldest that are over go first.
const KEPT: usize = 200;

/// How often it is seen what requests got meanwhile.
const TICK: Duration = Duration::from_secs(1);

/// What was broken since the start, the newest last.
#[derive(Debug, Default)]
pub(super) struct Incidents(Mutex<VecDeque<Incident>>);

/// A time in which a requirement was unmet.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Incident {
    requirement: String,
    database: String,
    /// The worst verdict of that time.
    #[serde(serialize_with = "as_word")]
    #[schemars(schema_with = "verdict_words")]
    verdict: Verdict,
    /// When it was seen to be broken.
    broke: Timestamp,
    /// When the first request got another answer than the backend's, to the second.
    first_refusal: Option<Timestamp>,
    /// When it was seen to be mended.
    mended: Option<Timestamp>,
    /// What was wrong, the last time that something was.
    findings: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
    routes: Vec<String>,
    /// How many requests of these routes got which action.
    requests: BTreeMap<String, u64>,
    /// What they had got before it broke.
    #[serde(skip)]
    before: BTreeMap<String, u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn as_word<S: serde::Serializer>(verdict: &Verdict, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(verdict.as_str())
}

impl Incidents {
    /// Those that are kept, the newest first.
    pub(super) fn list(&self) -> Vec<Incident> {
        self.with(|incidents| incidents.iter().rev().cloned().collect())
    }

    fn with<T>(&self, with: impl FnOnce(&mut VecDeque<Incident>) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes how a requirement stands.
    fn note(&self, seen: &Seen<'_>, taken: &[Taken], now: Timestamp) {
        self.with(|incidents| {
            let of_it = |incident: &&mut Incident| {
                incident.mended.is_none()
                    && incident.requirement == seen.requirement
                    && incident.database == seen.database
            };
            match (incidents.iter_mut().find(of_it), seen.verdict) {
                // That nothing is known is no end.
                (None, Verdict::Ready | Verdict::Unknown) => {}
                (None, _) => {
                    incidents.push_back(Incident::begin(seen, taken, now));
                    while incidents.len() > KEPT {
                        let over = incidents.iter().position(|incident| incident.mended.is_some()).unwrap_or(0);
                        incidents.remove(over);
                    }
                }
                (Some(open), verdict) => {
                    open.count(taken, now);
                    match verdict {
                        Verdict::Ready => open.mended = Some(now),
                        Verdict::Unknown => {}
                        _ => {
                            open.verdict = open.verdict.max(verdict);
                            open.findings = seen.findings();
                        }
                    }
                }
            }
        });
    }
}

/// A requirement as it stands.
struct Seen<'s> {
    requirement: &'s str,
    database: &'s str,
    verdict: Verdict,
    mend: Option<&'s str>,
    gate: &'s Gate,
    id: RequirementId,
}

impl Seen<'_> {
    fn findings(&self) -> Vec<String> {
        let judgement = self.gate.snapshot().judgement(self.id);
        judgement.map(|judgement| judgement.findings.iter().map(ToString::to_string).collect()).unwrap_or_default()
    }

    fn routes(&self) -> Vec<String> {
        self.gate.rules().routes_needing(self.id).map(|route| route.name.to_string()).collect()
    }
}

impl Incident {
    fn begin(seen: &Seen<'_>, taken: &[Taken], now: Timestamp) -> Self {
        let routes = seen.routes();
        Self {
            requirement: seen.requirement.to_owned(),
            database: seen.database.to_owned(),
            verdict: seen.verdict,
            broke: now,
            first_refusal: None,
            mended: None,
            findings: seen.findings(),
            mend: seen.mend.map(str::to_owned),
            before: sums(&routes, taken),
            routes,
            requests: BTreeMap::new(),
        }
    }

    /// Counts what requests got since it broke.
    fn count(&mut self, taken: &[Taken], now: Timestamp) {
        for (action, sum) in sums(&self.routes, taken) {
            let count = sum - self.before.get(&action).copied().unwrap_or(0).min(sum);
            if count > 0 {
                self.first_refusal.get_or_insert(now);
                self.requests.insert(action, count);
            }
        }
    }
}

/// How often each action was taken on some routes that is another than to pass.
fn sums(routes: &[String], taken: &[Taken]) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    let acted = |taken: &&Taken| !taken.observed && !taken.bypassed && taken.action != "pass";
    for taken in taken.iter().filter(acted).filter(|taken| routes.contains(&taken.route)) {
        *sums.entry(taken.action.clone()).or_insert(0) += taken.count;
    }
    sums
}

/// Notes what breaks and mends, until dropped.
pub(super) async fn record(admin: Admin) {
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        let changed = admin.reader.changed();
        let (live, now) = (admin.reader.pin(), admin.reader.now());
        let taken = admin.metrics.taken();
        for (id, requirement) in live.rules().declared() {
            let seen = Seen {
                requirement: &requirement.name,
                database: live.config().database(requirement.database).map_or("", |database| &database.name),
                verdict: live.snapshot().verdict(id, now),
                mend: live.config().notes(id).and_then(|notes| notes.mend.as_deref()),
                gate: &live,
                id,
            };
            admin.incidents.note(&seen, &taken, Timestamp::now());
        }
        drop(live);
        tokio::select! {
            _ = tick.tick() => {}
            () = changed => {}
        }
    }
}

pub(super) async fn as_json(State(admin): State<Admin>) -> Json<Vec<Incident>> {
    Json(admin.incidents.list())
}

pub(super) async fn as_markdown(State(admin): State<Admin>) -> Response {
    let text = markdown(&admin.incidents.list());
    ([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], text).into_response()
}

/// A chapter for each, to be pasted into a post-mortem.
fn markdown(incidents: &[Incident]) -> String {
    let mut text = String::from("# Incidents\n");
    if incidents.is_empty() {
        text.push_str("\nNothing was broken since schemagate started.\n");
    }
    for incident in incidents {
        // Writing to a text cannot fail.
        let _ = write_incident(&mut text, incident);
    }
    text
}

fn write_incident(text: &mut String, incident: &Incident) -> std::fmt::Result {
    let moment = |moment: Option<Timestamp>| moment.map_or_else(|| "not yet".to_owned(), |at| format!("{at:.3}"));
    writeln!(text, "\n## {} was {} in {}\n", incident.requirement, incident.verdict, incident.database)?;
    writeln!(text, "| | |\n| --- | --- |")?;
    writeln!(text, "| seen broken | {} |", moment(Some(incident.broke)))?;
    writeln!(text, "| first request met | {} |", moment(incident.first_refusal))?;
    writeln!(text, "| seen mended | {} |", moment(incident.mended))?;
    for (action, count) in &incident.requests {
        writeln!(text, "| requests that got `{action}` | {count} |")?;
    }
    writeln!(text, "| routes | {} |", incident.routes.join(", ").replace('|', "\\|"))?;
    if let Some(mend) = &incident.mend {
        writeln!(text, "| command that mends it | `{}` |", mend.replace('|', "\\|"))?;
    }
    writeln!(text)?;
    incident.findings.iter().try_for_each(|finding| writeln!(text, "- {finding}"))
}
