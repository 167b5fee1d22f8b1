//! The tenants, to be searched.

use axum::Json;
use axum::extract::{Query, State};
use gate::{Gate, Moment, RequirementId, Standing, Tenant, TenantId, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Admin;
use crate::config::Config;
use crate::report::TenantReport;

/// Tenants of one answer; who wants another one names it.
const LISTED: usize = 100;
/// Hosts of a tenant that are told.
const HOSTS: usize = 5;

/// What is looked for.
#[derive(Debug, Deserialize)]
pub(super) struct Search {
    /// A part of the schema's name or of a host; upper and lower case are the same.
    #[serde(default)]
    find: String,
}

/// The tenants that were found, those that are not ready first.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TenantList {
    /// How many there are in all.
    all: usize,
    /// How many were found.
    found: usize,
    /// The first hundred of them.
    tenants: Vec<TenantEntry>,
}

/// One tenant.
#[derive(Debug, Serialize, JsonSchema)]
struct TenantEntry {
    schema: String,
    /// The first five.
    domains: Vec<String>,
    /// The worst of the requirements' verdicts.
    verdict: &'static str,
    since_seconds: f64,
    requirements: Vec<TenantRequirement>,
}

/// One requirement in its schema.
#[derive(Debug, Serialize, JsonSchema)]
struct TenantRequirement {
    name: String,
    verdict: &'static str,
    findings: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

/// `GET /api/v1/tenants?find=…`
pub(super) async fn search(State(admin): State<Admin>, Query(search): Query<Search>) -> Json<TenantList> {
    let live = admin.reader.pin();
    Json(TenantList::of(live.config(), &live, &search.find.to_lowercase(), admin.reader.now()))
}

impl TenantList {
    fn of(config: &Config, gate: &Gate, find: &str, now: Moment) -> Self {
        let known = gate.snapshot().tenants();
        let fresh = gate.rules().tenancy().is_some_and(|tenancy| gate.snapshot().is_fresh(tenancy.database, now));
        let verdict = |standing: &Standing| if fresh { standing.verdict } else { Verdict::Unknown };
        let mut found: Vec<_> = known.iter().flat_map(|tenants| tenants.all()).collect();
        let all = found.len();
        found.retain(|(_, tenant, _)| {
            tenant.schema.to_lowercase().contains(find) || tenant.domains.iter().any(|host| host.contains(find))
        });
        found.sort_by_key(|(_, tenant, standing)| (verdict(standing) == Verdict::Ready, &tenant.schema));
        let listed = found.iter().take(LISTED);
        let entry = |(id, tenant, standing): &(TenantId, &Tenant, &Standing)| TenantEntry {
            schema: tenant.schema.to_string(),
            domains: tenant.domains.iter().take(HOSTS).map(ToString::to_string).collect(),
            verdict: verdict(standing).as_str(),
            since_seconds: now.since(standing.since).as_secs_f64(),
            requirements: TenantRequirement::all(config, gate, *id, now),
        };
        Self { all, found: found.len(), tenants: listed.map(entry).collect() }
    }
}

impl TenantRequirement {
    fn all(config: &Config, gate: &Gate, tenant: TenantId, now: Moment) -> Vec<Self> {
        let one = |(id, requirement): (RequirementId, &gate::Requirement)| {
            let report = TenantReport::new(config, gate, now, tenant, id)?;
            Some(Self {
                name: requirement.name.to_string(),
                verdict: report.verdict,
                findings: report.findings.into_iter().map(|finding| finding.text).collect(),
                mend: report.mend,
            })
        };
        gate.rules().declared().filter(|(_, requirement)| requirement.per_tenant).filter_map(one).collect()
    }
}
