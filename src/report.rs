//! How things stand, for operators: the same picture for the admin listener and the commands.
//!
//! It names tables and columns: it never goes to the public listener.

use std::collections::BTreeMap;
use std::fmt;

use gate::{DatabaseId, Fact, FindingKind, Gate, Moment, Requirement, RequirementId, Verdict};
use serde::Serialize;

use crate::config::Config;

/// How things stand at one moment.
#[derive(Debug, Clone, Serialize)]
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
}

/// All requirements in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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
#[derive(Debug, Clone, Serialize)]
pub struct DatabaseReport {
    /// Its name in the configuration.
    pub name: String,
    /// Whether the last look at it still counts.
    pub known: bool,
}

/// One requirement in one database.
#[derive(Debug, Clone, Serialize)]
pub struct RequirementReport {
    /// Its name in the configuration.
    pub name: String,
    /// The database's name in the configuration.
    pub database: String,
    /// How it stands.
    pub verdict: &'static str,
    /// For how long it has stood so.
    pub since_seconds: f64,
    /// What is wrong; of an unknown verdict, what was wrong when it was last known.
    pub findings: Vec<FindingReport>,
    /// The command that mends it.
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
}

/// One unmet fact.
#[derive(Debug, Clone, Serialize)]
pub struct FindingReport {
    /// `missing`, `different`, `invalid` or `denied`; of a migration also `pending`, `running` or `failed`.
    pub kind: &'static str,
    /// The kind of object.
    pub what: &'static str,
    /// Its name.
    pub object: String,
    /// The whole of it as a sentence.
    pub text: String,
}

impl Report {
    /// How things stand at `now`.
    pub fn new(config: &Config, gate: &Gate, now: Moment) -> Self {
        let rules = gate.rules();
        let requirements: Vec<RequirementReport> = rules
            .requirements_by_id()
            .map(|(id, requirement)| RequirementReport::new(config, gate, now, id, requirement))
            .collect();
        let databases = (0..)
            .map(DatabaseId)
            .zip(&config.databases)
            .map(|(id, database)| DatabaseReport {
                name: database.name.clone(),
                known: gate.snapshot().is_fresh(id, now),
            })
            .collect();
        Self {
            status: Status::of(gate, now),
            generation: gate.snapshot().generation(),
            databases,
            requirements,
            tables: tables(gate, now),
        }
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
        let judgement = gate.snapshot().judgement(id);
        let findings = judgement.map(|judgement| &*judgement.findings).unwrap_or_default();
        Self {
            name: requirement.name.to_string(),
            database: config.database(requirement.database).map(|database| database.name.clone()).unwrap_or_default(),
            verdict: gate.snapshot().verdict(id, now).as_str(),
            since_seconds: judgement.map_or(0.0, |judgement| now.since(judgement.since).as_secs_f64()),
            findings: findings
                .iter()
                .map(|finding| FindingReport {
                    kind: finding.kind.as_str(),
                    what: finding.what,
                    object: finding.object.to_string(),
                    text: finding.to_string(),
                })
                .collect(),
            mend: notes.mend,
            component: notes.component,
            release: notes.release,
            routes: gate
                .rules()
                .routes()
                .iter()
                .filter(|route| route.needs.contains(&id))
                .map(|route| route.name.to_string())
                .collect(),
        }
    }
}

/// Every table that a requirement in force speaks of, and whether it is there.
fn tables(gate: &Gate, now: Moment) -> BTreeMap<String, bool> {
    let mut tables = BTreeMap::new();
    for (id, requirement) in gate.rules().requirements_by_id() {
        let known = gate.snapshot().verdict(id, now) != Verdict::Unknown;
        let Some(judgement) = gate.snapshot().judgement(id).filter(|_| known) else { continue };
        for fact in &requirement.facts {
            let (Fact::Table(table) | Fact::Column { table, .. }) = fact else { continue };
            let name = table.to_string();
            let missing = judgement.findings.iter().any(|finding| {
                finding.kind == FindingKind::Missing && finding.what == "table" && *finding.object == name
            });
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
        let several = self.databases.len() > 1;
        for requirement in &self.requirements {
            let place = if several { format!(" in {}", requirement.database) } else { String::new() };
            writeln!(f, "{:<12} {}{place}", requirement.verdict, requirement.name)?;
            for finding in &requirement.findings {
                writeln!(f, "             {}", finding.text)?;
            }
            if let Some(mend) = requirement.mend.as_ref().filter(|_| !requirement.findings.is_empty()) {
                writeln!(f, "             to mend it: {mend}")?;
            }
            if !requirement.findings.is_empty() && !requirement.routes.is_empty() {
                writeln!(f, "             routes that need it: {}", requirement.routes.join(", "))?;
            }
        }
        Ok(())
    }
}
