//! How tenants stand, for operators.

use std::fmt;

use gate::{FindingKind, Gate, Moment, RequirementId, Tenant, TenantId, Tenants, Verdict};
use schemars::JsonSchema;
use serde::Serialize;

use super::{FindingReport, verdict_words};
use crate::config::Config;

/// Tenants that are listed of those that are not ready.
const LISTED: usize = 100;

/// All tenants.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TenantsSummary {
    /// How many are ready.
    pub ready: usize,
    /// How many are not.
    pub not_ready: usize,
    /// Why it is not known who they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<FindingReport>,
}

/// One requirement in every tenant's schema.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TenantsReport {
    /// How many are ready.
    pub ready: usize,
    /// How many are not.
    pub not_ready: usize,
    /// Those that are not, the first hundred.
    pub failing: Vec<TenantReport>,
}

/// One requirement in one tenant's schema.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TenantReport {
    /// The schema.
    pub schema: String,
    /// The first of its hosts, where these are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// How it stands.
    #[schemars(schema_with = "verdict_words")]
    pub verdict: &'static str,
    /// For how long the tenant has stood as it does.
    pub since_seconds: f64,
    /// What is wrong.
    pub findings: Vec<FindingReport>,
    /// The command that mends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

impl TenantsSummary {
    /// How all stand at `now`; `None` if there are no tenants in the configuration.
    pub fn new(gate: &Gate, now: Moment) -> Option<Self> {
        let tenancy = gate.rules().tenancy()?;
        let tenants = gate.snapshot().tenants();
        let fresh = gate.snapshot().is_fresh(tenancy.database, now);
        let all = || tenants.iter().flat_map(|tenants| tenants.all());
        let ready = all().filter(|(_, _, standing)| fresh && standing.verdict == Verdict::Ready).count();
        let problem = tenants.and_then(|tenants| tenants.problem()).map(FindingReport::from);
        Some(Self { ready, not_ready: all().count() - ready, problem })
    }
}

impl TenantsReport {
    /// How a requirement stands at `now`; `None` if it is not one of each tenant.
    pub(super) fn new(config: &Config, gate: &Gate, now: Moment, requirement: RequirementId) -> Option<Self> {
        gate.rules().requirement(requirement).filter(|requirement| requirement.per_tenant)?;
        let mut report = Self { ready: 0, not_ready: 0, failing: Vec::new() };
        let tenants = gate.snapshot().tenants();
        for (id, _, _) in tenants.iter().flat_map(|tenants| tenants.all()) {
            let Some(tenant) = TenantReport::new(config, gate, now, id, requirement) else { continue };
            if tenant.verdict == Verdict::Ready.as_str() {
                report.ready += 1;
                continue;
            }
            report.not_ready += 1;
            if report.failing.len() < LISTED {
                report.failing.push(tenant);
            }
        }
        Some(report)
    }
}

impl TenantReport {
    /// How a requirement stands at `now` in the schema of a tenant of this gate.
    pub fn new(config: &Config, gate: &Gate, now: Moment, id: TenantId, requirement: RequirementId) -> Option<Self> {
        let tenants = gate.snapshot().tenants()?;
        let (tenant, standing) = (tenants.tenant(id)?, tenants.standing(id)?);
        let found = tenants.findings(id, requirement)?;
        let Tenant { schema, domains } = tenant;
        let verdict = gate.snapshot().verdict_for(requirement, true, gate::Whose::Tenant(id), now)?;
        let word = gate.rules().tenancy().map_or(&**schema, |tenancy| tenancy.word(schema));
        let findings: Vec<FindingReport> =
            found.findings.iter().map(|finding| FindingReport::from(&finding.in_schema(schema))).collect();
        let mend = config.notes(requirement).filter(|_| !findings.is_empty());
        Some(Self {
            schema: schema.to_string(),
            domain: domains.first().map(ToString::to_string),
            verdict: verdict.as_str(),
            since_seconds: now.since(standing.since).as_secs_f64(),
            findings,
            mend: mend.and_then(|notes| notes.mend_of(tenant, word)),
        })
    }
}

impl fmt::Display for TenantsReport {
    /// For people: those that lack the same share what is said of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut alike: Vec<Vec<&TenantReport>> = Vec::new();
        for tenant in &self.failing {
            let same = |known: &&mut Vec<&TenantReport>| {
                let texts = |tenant: &TenantReport| -> Vec<String> {
                    tenant.findings.iter().map(|finding| finding.text.replace(&tenant.schema, "")).collect()
                };
                known.first().is_some_and(|first| texts(first) == texts(tenant))
            };
            match alike.iter_mut().find(same) {
                Some(known) => known.push(tenant),
                None => alike.push(vec![tenant]),
            }
        }
        for tenants in &alike {
            for tenant in tenants {
                let domain = tenant.domain.as_ref().map(|domain| format!(", {domain}")).unwrap_or_default();
                writeln!(f, "             tenant {}{domain}", tenant.schema)?;
            }
            let Some(first) = tenants.first() else { continue };
            for finding in &first.findings {
                writeln!(f, "               {}", finding.text)?;
            }
            if let Some(mend) = &first.mend {
                let each = if tenants.len() > 1 { " (each by its own)" } else { "" };
                writeln!(f, "               to mend it: {mend}{each}")?;
            }
        }
        let unlisted = self.not_ready - self.failing.len();
        if unlisted > 0 {
            writeln!(f, "             and {unlisted} more tenants")?;
        }
        Ok(())
    }
}

/// Whether some tenant lacks a table that a requirement names.
pub(super) fn lacks(tenants: &Tenants, requirement: RequirementId, table: &str) -> bool {
    tenants.all().filter_map(|(id, _, _)| tenants.findings(id, requirement)).any(|found| {
        found.findings.iter().any(|finding| {
            let is_gone = matches!(finding.kind, FindingKind::Missing | FindingKind::FallsThrough);
            is_gone && (finding.what == "schema" || (finding.what == "table" && *finding.object == *table))
        })
    })
}
