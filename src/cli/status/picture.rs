//! How a schemagate stands, as it says it itself: of another version, too, as far as that says the same.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::cli::admin_client::AskError;
use crate::cli::exit::Exit;
use crate::cli::sections::{Cell, Section};
use crate::config::show_duration;

/// The part of `/api/v1/snapshot` that is shown.
#[derive(Debug, Deserialize)]
pub(super) struct Picture {
    pub(super) status: String,
    #[serde(default)]
    databases: Vec<Database>,
    #[serde(default)]
    requirements: Vec<Requirement>,
    tenants: Option<TenantsTally>,
    windows: Option<Windows>,
    #[serde(default)]
    bypasses: Vec<Bypass>,
    #[serde(default)]
    holds: Vec<Hold>,
    #[serde(default)]
    routes: Vec<Route>,
}

#[derive(Debug, Deserialize)]
struct Database {
    name: String,
    known: bool,
    seen_seconds_ago: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct Requirement {
    name: String,
    database: String,
    verdict: String,
    since_seconds: f64,
    #[serde(default)]
    findings: Vec<Finding>,
    #[serde(default)]
    warnings: Vec<Finding>,
    tenants: Option<OfTenants>,
    mend: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Finding {
    text: String,
}

#[derive(Debug, Deserialize)]
struct TenantsTally {
    problem: Option<Finding>,
}

#[derive(Debug, Deserialize)]
struct OfTenants {
    ready: usize,
    not_ready: usize,
    #[serde(default)]
    failing: Vec<Tenant>,
}

#[derive(Debug, Deserialize)]
struct Tenant {
    schema: String,
    domain: Option<String>,
    verdict: String,
    since_seconds: f64,
    #[serde(default)]
    findings: Vec<Finding>,
    mend: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Windows {
    table: Option<WindowTable>,
    #[serde(default)]
    windows: Vec<Window>,
}

#[derive(Debug, Deserialize)]
struct WindowTable {
    name: String,
    state: String,
    problem: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Window {
    name: String,
    source: String,
    open: bool,
    opens_in_seconds: Option<u64>,
    ends_in_seconds: Option<u64>,
    #[serde(default)]
    until_ready: bool,
    blocks: String,
    #[serde(default)]
    routes: Vec<String>,
    #[serde(default)]
    hosts: Vec<String>,
    #[serde(default)]
    tenants: Vec<String>,
    organisation: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Bypass {
    name: String,
    skips: String,
    covers: String,
    ends_in_seconds: Option<u64>,
    reason: Option<String>,
    by: String,
}

#[derive(Debug, Deserialize)]
struct Hold {
    name: String,
    #[serde(default)]
    routes: Vec<String>,
    ends_in_seconds: Option<u64>,
    reason: Option<String>,
    by: String,
}

#[derive(Debug, Deserialize)]
struct Route {
    name: String,
    #[serde(default)]
    needs: Vec<String>,
    action: String,
    reason: String,
    #[serde(default)]
    observed: bool,
    #[serde(default)]
    waiting: u64,
}

impl Picture {
    pub(super) fn of(answer: &Value) -> Result<Self, AskError> {
        Self::deserialize(answer).map_err(|error| {
            AskError::Unreachable(format!("the admin listener answers what this version does not read: {error}"))
        })
    }

    pub(super) fn exit(&self) -> Exit {
        if self.status == "ready" { Exit::Ready } else { Exit::NotReady }
    }

    /// All of it; the first is the whole in a word.
    pub(super) fn sections(&self) -> Vec<Section> {
        let whole = Section { word: "status", columns: &["status"], rows: vec![vec![self.status.as_str().into()]] };
        vec![whole, self.orders(), self.windows(), self.requirements(), self.tenants(), self.databases(), self.routes()]
    }

    /// Bypasses and holds.
    fn orders(&self) -> Section {
        let bypasses = self.bypasses.iter().map(|bypass| {
            let what = format!("passes over {} of {}", bypass.skips, bypass.covers);
            ("bypass", &bypass.name, what, bypass.ends_in_seconds, &bypass.by, &bypass.reason)
        });
        let holds = self.holds.iter().map(|hold| {
            let what = format!("requests of {} wait", all_or("every route", &hold.routes));
            ("hold", &hold.name, what, hold.ends_in_seconds, &hold.by, &hold.reason)
        });
        let row =
            |(kind, name, what, ends, by, reason): (&str, &String, String, Option<u64>, &String, &Option<String>)| {
                let by = reason.as_ref().map_or_else(|| by.clone(), |reason| format!("{by}: {reason}"));
                vec![kind.into(), name.as_str().into(), what.into(), left(ends, "until it is ended"), by.into()]
            };
        Section {
            word: "order",
            columns: &["order", "id", "what", "~ends in", "by"],
            rows: bypasses.chain(holds).map(row).collect(),
        }
    }

    fn windows(&self) -> Section {
        let table = self.windows.iter().filter_map(|windows| windows.table.as_ref());
        let table = table.filter(|table| table.state != "read").map(|table| {
            let problem = table.problem.clone().unwrap_or_default();
            vec![
                table.name.as_str().into(),
                table.state.as_str().into(),
                problem.into(),
                Cell::default(),
                "table".into(),
            ]
        });
        let windows = self.windows.iter().flat_map(|windows| &windows.windows).map(|window| {
            let kinds = [
                ("route", &window.routes[..]),
                ("host", &window.hosts),
                ("tenant", &window.tenants),
                ("organisation", window.organisation.as_slice()),
            ];
            let kinds = kinds.iter().filter(|(_, names)| !names.is_empty());
            let scope: Vec<String> = kinds.map(|(kind, names)| format!("{kind} {}", names.join(", "))).collect();
            let what = format!("blocks {} of {}", window.blocks, all_or("all requests", &scope));
            let when = match window.opens_in_seconds {
                Some(opens) => left(Some(opens), ""),
                None => left(
                    window.ends_in_seconds,
                    if window.until_ready { "until everything is ready" } else { "until it is lifted" },
                ),
            };
            let state = if window.open { "open" } else { "planned" };
            vec![window.name.as_str().into(), state.into(), what.into(), when, window.source.as_str().into()]
        });
        Section {
            word: "window",
            columns: &["window", "now", "what", "~opens or ends in", "from"],
            rows: table.chain(windows).collect(),
        }
    }

    fn requirements(&self) -> Section {
        let row = |it: &Requirement| {
            let of_tenants = it
                .tenants
                .iter()
                .map(|of| format!("{} of {} tenants are not ready", of.not_ready, of.ready + of.not_ready));
            let warnings = it.warnings.iter().map(|warning| format!("warning: {}", warning.text));
            let wrong: Vec<String> =
                texts(&it.findings, it.mend.as_ref()).into_iter().chain(of_tenants).chain(warnings).collect();
            vec![
                it.name.as_str().into(),
                it.database.as_str().into(),
                it.verdict.as_str().into(),
                lasting(it.since_seconds),
                Cell::several(&wrong),
            ]
        };
        Section {
            word: "requirement",
            columns: &["requirement", "database", "now", "~for", "what is wrong"],
            rows: self.requirements.iter().map(row).collect(),
        }
    }

    /// Those in trouble.
    fn tenants(&self) -> Section {
        let problem = self.tenants.iter().filter_map(|tally| tally.problem.as_ref());
        let problem = problem.map(|problem| {
            vec!["?".into(), Cell::default(), "unknown".into(), Cell::default(), problem.text.as_str().into()]
        });
        let one = |(of, tenant): (&Requirement, &Tenant)| {
            let name = tenant.domain.as_ref().map(|domain| format!("{}, {domain}", tenant.schema));
            vec![
                name.unwrap_or_else(|| tenant.schema.clone()).into(),
                of.name.as_str().into(),
                tenant.verdict.as_str().into(),
                lasting(tenant.since_seconds),
                Cell::several(&texts(&tenant.findings, tenant.mend.as_ref())),
            ]
        };
        let of = |it| move |tenants: &OfTenants| (it, tenants.not_ready.saturating_sub(tenants.failing.len()));
        let unlisted = self.requirements.iter().filter_map(|it| it.tenants.as_ref().map(of(it)));
        let unlisted = unlisted
            .filter(|(_, more)| *more > 0)
            .map(|(it, more)| vec![format!("and {more} more").into(), it.name.as_str().into()]);
        let failing = self
            .requirements
            .iter()
            .flat_map(|it| it.tenants.iter().flat_map(|tenants| &tenants.failing).map(move |tenant| (it, tenant)));
        Section {
            word: "tenant",
            columns: &["tenant", "requirement", "now", "~for", "what is wrong"],
            rows: problem.chain(failing.map(one)).chain(unlisted).collect(),
        }
    }

    fn databases(&self) -> Section {
        let row = |it: &Database| {
            let state = if it.known { "looked at" } else { "cannot be looked at" };
            let seen = it
                .seen_seconds_ago
                .map_or_else(|| "never".into(), |ago| Cell::both(format!("{ago:.1}s ago"), format!("{ago:.1}")));
            vec![it.name.as_str().into(), Cell::both(state, if it.known { "known" } else { "unknown" }), seen]
        };
        Section {
            word: "database",
            columns: &["database", "now", "~seen"],
            rows: self.databases.iter().map(row).collect(),
        }
    }

    /// Those that need something, or get something else than passed on.
    fn routes(&self) -> Section {
        let is_told = |route: &&Route| !route.needs.is_empty() || route.action != "pass" || route.waiting > 0;
        let told: Vec<&Route> = self.routes.iter().filter(is_told).collect();
        let rest = self.routes.len() - told.len();
        let row = |it: &Route| {
            let action = if it.observed { format!("{} (observed only)", it.action) } else { it.action.clone() };
            vec![
                it.name.as_str().into(),
                action.into(),
                it.reason.as_str().into(),
                it.needs.join(", ").into(),
                Cell::both(
                    if it.waiting == 0 { String::new() } else { it.waiting.to_string() },
                    it.waiting.to_string(),
                ),
            ]
        };
        let rest = (rest > 0).then(|| {
            vec![Cell::both(format!("and {rest} that need nothing"), format!("{rest} others")), "pass".into()]
        });
        Section {
            word: "route",
            columns: &["route", "now", "why", "needs", "~waiting"],
            rows: told.into_iter().map(row).chain(rest).collect(),
        }
    }
}

/// What is wrong, and what mends it.
fn texts(findings: &[Finding], mend: Option<&String>) -> Vec<String> {
    let mend = mend.filter(|_| !findings.is_empty()).map(|mend| format!("to mend it: {mend}"));
    findings.iter().map(|finding| finding.text.clone()).chain(mend).collect()
}

fn all_or(all: &str, names: &[String]) -> String {
    if names.is_empty() { all.to_owned() } else { names.join("; ") }
}

/// A time that goes on, in whole seconds.
fn lasting(seconds: f64) -> Cell {
    let whole = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default().as_secs();
    Cell::both(show_duration(Duration::from_secs(whole)), whole.to_string())
}

/// A time that is left; `endless` where there is none.
fn left(seconds: Option<u64>, endless: &str) -> Cell {
    match seconds {
        Some(seconds) => Cell::both(show_duration(Duration::from_secs(seconds)), seconds.to_string()),
        None => Cell::both(endless, "-"),
    }
}
