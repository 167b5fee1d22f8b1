//! How things stand, for operators: the same picture for the admin listener and the commands.
//!
//! It names tables and columns: it never goes to the public listener.

mod bypasses;
mod explanation;
mod holds;
mod tenants;
mod windows;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use gate::{DatabaseId, Fact, Finding, FindingKind, Gate, Moment, Requirement, RequirementId, Route, Verdict};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use crate::config::Config;

pub use bypasses::BypassReport;
pub use explanation::{Explain, Explanation};
pub use holds::HoldReport;
pub use tenants::{TenantReport, TenantsReport, TenantsSummary};
pub use windows::{WindowReport, WindowTableReport, WindowsReport};

/// How things stand at one moment.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Report {
    /// `ready`, `degraded` (something is unmet) or `unknown` (nothing is unmet as far as is known).
    pub status: Status,
    /// Counts the looks that changed what is known.
    pub generation: u64,
    /// Whether each database could be looked at.
    pub databases: Vec<DatabaseReport>,
    /// Each requirement in each database that it is held against.
    pub requirements: Vec<RequirementReport>,
    /// Required tables, by name: whether they are there.
    pub tables: BTreeMap<String, bool>,
    /// All tenants, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenants: Option<TenantsSummary>,
    /// Maintenance windows, where there are any or are to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub windows: Option<WindowsReport>,
    /// Bypasses that are on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bypasses: Vec<BypassReport>,
    /// Holds that are on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<HoldReport>,
}

/// All requirements in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Everything is ready.
    Ready,
    /// Something is unmet.
    Degraded,
    /// Nothing is unmet as far as is known, and something is not known.
    Unknown,
}

/// Whether a database could be looked at.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DatabaseReport {
    /// Its name in the configuration.
    pub name: String,
    /// Whether the last look at it still counts.
    pub known: bool,
    /// How long ago the last look that succeeded began; none if none has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen_seconds_ago: Option<f64>,
}

/// One requirement in one database.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RequirementReport {
    /// Its name in the configuration.
    pub name: String,
    /// The database's name in the configuration.
    pub database: String,
    /// How it stands.
    #[schemars(schema_with = "verdict_words")]
    pub verdict: &'static str,
    /// For how long it has stood so.
    pub since_seconds: f64,
    /// What is wrong; of an unknown verdict, what was wrong when it was last known.
    pub findings: Vec<FindingReport>,
    /// What is odd and leaves nothing unmet.
    pub warnings: Vec<WarningReport>,
    /// How it stands in each tenant's schema, where it is one of each tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenants: Option<TenantsReport>,
    /// The command that mends it; of a requirement of each tenant it stands with the tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
    /// The label from the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// The label from the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// The routes that need it.
    pub routes: Vec<String>,
    /// Those of them that it gates now: what they declare beside a ledger narrows it for them.
    pub gated: Vec<String>,
}

/// One unmet fact.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FindingReport {
    /// `missing`, `falls_through`, `different`, `invalid` or `denied`; of a migration also `pending`, `running` or `failed`.
    pub kind: &'static str,
    /// The kind of object.
    pub what: &'static str,
    /// Its name.
    pub object: String,
    /// The whole of it as a sentence.
    pub text: String,
}

/// Something odd that leaves nothing unmet.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct WarningReport {
    /// `edited`, `ahead`, `diverged`, `lock_left`, `pending` or `missing`.
    pub kind: &'static str,
    /// The migration or ledger.
    pub object: String,
    /// The whole of it as a sentence.
    pub text: String,
}

/// One of the words of verdicts, for the description of the admin API.
pub fn verdict_words(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": Verdict::ALL.map(Verdict::as_str) })
}

impl Report {
    /// How things stand at `now`.
    pub fn new(config: &Config, gate: &Gate, now: Moment) -> Self {
        let rules = gate.rules();
        let requirements: Vec<RequirementReport> = rules
            .declared()
            .map(|(id, requirement)| RequirementReport::new(config, gate, now, id, requirement))
            .collect();
        let databases = (0..)
            .map(DatabaseId)
            .zip(&config.databases)
            .map(|(id, database)| DatabaseReport {
                name: database.name.clone(),
                known: gate.snapshot().is_fresh(id, now),
                seen_seconds_ago: gate.snapshot().last_look(id).map(|look| now.since(look).as_secs_f64()),
            })
            .collect();
        Self {
            status: Status::of(gate, now),
            generation: gate.snapshot().generation(),
            databases,
            requirements,
            tables: tables(gate, now),
            tenants: TenantsSummary::new(gate, now),
            windows: WindowsReport::new(config, gate, now),
            bypasses: BypassReport::all(gate, now),
            holds: HoldReport::all(gate, now),
        }
    }

    /// How the needs of a route stand at `now`: of a ledger, what concerns that route.
    pub fn needs(config: &Config, gate: &Gate, now: Moment, route: &Route) -> Vec<(RequirementId, RequirementReport)> {
        let report = |id: RequirementId| {
            let requirement = gate.rules().requirement(id)?;
            Some((id, RequirementReport::new(config, gate, now, id, requirement)))
        };
        // What several versions need comes once.
        let needs: BTreeSet<RequirementId> = route.all_needs().collect();
        needs.into_iter().filter_map(report).collect()
    }
}

impl Report {
    /// The part on those requirements for which `is_wanted` says so: their status, and without databases of which
    /// nothing is known because they hold others alone.
    #[must_use]
    pub fn limited_to(mut self, is_wanted: impl Fn(&RequirementReport) -> bool) -> Self {
        self.requirements.retain(is_wanted);
        let requirements = &self.requirements;
        let holds = |name: &str| requirements.iter().any(|requirement| requirement.database == name);
        self.databases.retain(|database| database.known || holds(&database.name));
        let is = |requirement: &RequirementReport, verdict: Verdict| requirement.verdict == verdict.as_str();
        self.status = if requirements.iter().all(|requirement| is(requirement, Verdict::Ready)) {
            Status::Ready
        } else if requirements
            .iter()
            .all(|requirement| is(requirement, Verdict::Ready) || is(requirement, Verdict::Unknown))
        {
            Status::Unknown
        } else {
            Status::Degraded
        };
        self
    }
}

impl RequirementReport {
    /// Whether nothing is unmet, as far as was looked just now.
    pub fn is_ready(&self) -> bool {
        self.verdict == Verdict::Ready.as_str()
    }

    /// Everything that is wrong, a sentence each; of a requirement of each tenant with the tenant's schema before it.
    pub fn unmet(&self) -> Vec<String> {
        let own = self.findings.iter().map(|finding| finding.text.clone());
        let failing = self.tenants.iter().flat_map(|tenants| &tenants.failing);
        let of_tenants = failing.flat_map(|tenant| {
            tenant.findings.iter().map(|finding| format!("tenant {}: {}", tenant.schema, finding.text))
        });
        own.chain(of_tenants).collect()
    }
}

impl Status {
    /// All requirements of a gate in one word.
    pub fn of(gate: &Gate, now: Moment) -> Self {
        match gate.worst(now) {
            Verdict::Ready => Self::Ready,
            Verdict::Unknown => Self::Unknown,
            Verdict::Migrating | Verdict::Broken | Verdict::Contradicted => Self::Degraded,
        }
    }
}

impl RequirementReport {
    fn new(config: &Config, gate: &Gate, now: Moment, id: RequirementId, requirement: &Requirement) -> Self {
        let notes = config.notes(id).cloned().unwrap_or_default();
        let is_it = |need| gate.rules().whole(need) == gate.rules().whole(id);
        let judgement = gate.snapshot().judgement(id);
        let verdict = gate.snapshot().verdict(id, now);
        let findings = judgement.map(|judgement| &*judgement.findings).unwrap_or_default();
        let warnings = judgement.map(|judgement| &*judgement.warnings).unwrap_or_default();
        Self {
            name: requirement.name.to_string(),
            database: config.database(requirement.database).map(|database| database.name.clone()).unwrap_or_default(),
            verdict: verdict.as_str(),
            since_seconds: judgement.map_or(0.0, |judgement| now.since(judgement.since).as_secs_f64()),
            findings: findings.iter().map(FindingReport::from).collect(),
            warnings: warnings
                .iter()
                .map(|warning| WarningReport {
                    kind: warning.kind.as_str(),
                    object: warning.object.to_string(),
                    text: warning.to_string(),
                })
                .collect(),
            tenants: TenantsReport::new(config, gate, now, id),
            mend: config.mend(id, verdict).filter(|_| !requirement.per_tenant),
            component: notes.component,
            release: notes.release,
            routes: names(gate.rules().routes_needing(id)),
            gated: names(gate.rules().routes_needing(id).filter(|route| {
                let unmet =
                    |need: &RequirementId| is_it(*need) && gate.snapshot().verdict(*need, now) > Verdict::Unknown;
                route.needs.iter().any(unmet)
            })),
        }
    }
}

fn names<'r>(routes: impl Iterator<Item = &'r Route>) -> Vec<String> {
    routes.map(|route| route.name.to_string()).collect()
}

impl From<&Finding> for FindingReport {
    fn from(finding: &Finding) -> Self {
        Self {
            kind: finding.kind.as_str(),
            what: finding.what,
            object: finding.object.to_string(),
            text: finding.to_string(),
        }
    }
}

/// Every table that a requirement in force speaks of, and whether it is there.
fn tables(gate: &Gate, now: Moment) -> BTreeMap<String, bool> {
    let mut tables = BTreeMap::new();
    for (id, requirement) in gate.rules().declared() {
        let known = gate.snapshot().verdict(id, now) != Verdict::Unknown;
        let Some(judgement) = gate.snapshot().judgement(id).filter(|_| known) else { continue };
        for fact in &requirement.facts {
            let (Fact::Table(table) | Fact::Column { table, .. }) = fact else { continue };
            let name = table.to_string();
            let missing = judgement.findings.iter().any(|finding| {
                finding.kind == FindingKind::Missing && finding.what == "table" && *finding.object == name
            });
            let of_tenants = gate.snapshot().tenants().filter(|_| requirement.per_tenant);
            let missing = missing || of_tenants.is_some_and(|all| tenants::lacks(all, id, &name));
            *tables.entry(name).or_insert(true) &= !missing;
        }
    }
    tables
}

impl fmt::Display for Report {
    /// For people: every requirement, its findings below it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for database in self.databases.iter().filter(|database| !database.known) {
            writeln!(f, "database {}: could not be looked at", database.name)?;
        }
        if let Some(problem) = self.tenants.as_ref().and_then(|tenants| tenants.problem.as_ref()) {
            writeln!(f, "it is not known who the tenants are: {}", problem.text)?;
        }
        if let Some(windows) = &self.windows {
            write!(f, "{windows}")?;
        }
        for bypass in &self.bypasses {
            writeln!(f, "{bypass}")?;
        }
        for hold in &self.holds {
            writeln!(f, "{hold}")?;
        }
        let several = self.databases.len() > 1;
        for requirement in &self.requirements {
            let place = if several { format!(" in {}", requirement.database) } else { String::new() };
            let of_tenants = requirement.tenants.as_ref().map(|TenantsReport { ready, not_ready, .. }| {
                format!(": {ready} tenants are ready, {not_ready} are not")
            });
            let of_tenants = of_tenants.unwrap_or_default();
            writeln!(f, "{:<12} {}{place}{of_tenants}", requirement.verdict, requirement.name)?;
            for finding in &requirement.findings {
                writeln!(f, "             {}", finding.text)?;
            }
            for warning in &requirement.warnings {
                writeln!(f, "             warning: {}", warning.text)?;
            }
            if let Some(tenants) = &requirement.tenants {
                write!(f, "{tenants}")?;
            }
            if let Some(mend) = requirement.mend.as_ref().filter(|_| !requirement.findings.is_empty()) {
                writeln!(f, "             to mend it: {mend}")?;
            }
            let fails = |tenants: &TenantsReport| tenants.not_ready > 0;
            let is_unmet = !requirement.findings.is_empty() || requirement.tenants.as_ref().is_some_and(fails);
            if is_unmet && !requirement.routes.is_empty() {
                writeln!(f, "             routes that need it: {}", requirement.routes.join(", "))?;
                let open = requirement.routes.iter().filter(|route| !requirement.gated.contains(route));
                let open: Vec<&str> = open.map(String::as_str).collect();
                if requirement.verdict != "unknown" && !open.is_empty() {
                    writeln!(f, "             of these it does not touch: {}", open.join(", "))?;
                }
            }
        }
        Ok(())
    }
}
