//! Whose a request is, for the log; and the refusals of tenants' requests.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gate::{Decision, Gate, Reason, RequirementId, TenantId, Tenants, Verdict, Whose};
use tracing::error;

use super::exchange::Exchange;
use super::gateway::Gateway;
use crate::sparing::Sparing;

/// Lines in a [`PERIOD`], so that a thousand tenants that break at once leave the log readable.
const LINES: u32 = 20;
const PERIOD: Duration = Duration::from_secs(60);

/// The tenant of a request, as it was known when the request was decided.
#[derive(Debug, Clone)]
pub(super) struct RequestTenant {
    tenants: Arc<Tenants>,
    id: TenantId,
}

impl RequestTenant {
    pub(super) fn of(decision: &Decision, gate: &Gate) -> Option<Self> {
        Some(Self { id: decision.tenant?, tenants: Arc::clone(gate.snapshot().tenants()?) })
    }

    /// Whose a request of this tenant is now: who the tenants are may have changed meanwhile.
    pub(super) fn whose(&self, gate: &Gate) -> Whose {
        let known = gate.snapshot().tenants().and_then(|tenants| tenants.directory());
        known.and_then(|known| known.id_of(self.schema())).map_or(Whose::Stranger, Whose::Tenant)
    }

    /// What is wrong with a requirement in its schema, for operators.
    pub(super) fn findings(&self, requirement: RequirementId) -> Vec<String> {
        let found = self.tenants.findings(self.id, requirement).map(|found| &*found.findings).unwrap_or_default();
        found.iter().map(|finding| finding.in_schema(self.schema()).to_string()).collect()
    }

    /// Its schema, by which operators know it.
    pub(super) fn schema(&self) -> &str {
        self.tenants.tenant(self.id).map_or("", |tenant| &tenant.schema)
    }
}

/// Tells of refused tenants, each once since it came to stand as it does, and not too many at once.
pub(super) const fn blocked() -> Sparing {
    Sparing::new(LINES, PERIOD)
}

impl Gateway {
    /// Counts a refusal for what the request's tenant lacks, and tells of the first one.
    pub(super) fn note_refusal(&self, decision: &Decision, exchange: &Exchange) {
        let Reason::Need { requirement, verdict } = decision.reason else { return };
        let per_tenant =
            exchange.edition.rules().requirement(requirement).is_some_and(|requirement| requirement.per_tenant);
        let Some(of) = exchange.tenant.as_ref().filter(|_| per_tenant && verdict > Verdict::Unknown) else { return };
        let Some(standing) = of.tenants.standing(of.id) else { return };
        if standing.refused.count() > 0 {
            return;
        }
        if let Some(unsaid) = self.blocked.may_say(Instant::now()) {
            tell_refusal(of, requirement, verdict, unsaid, exchange);
        }
    }
}

fn tell_refusal(of: &RequestTenant, requirement: RequirementId, verdict: Verdict, unsaid: u32, exchange: &Exchange) {
    let Some(tenant) = of.tenants.tenant(of.id) else { return };
    let schema = &*tenant.schema;
    let findings = of.findings(requirement);
    let (config, rules) = (&exchange.edition.config, exchange.edition.rules());
    let word = rules.tenancy().map_or(schema, |tenancy| tenancy.word(schema));
    error!(
        target: "schemagate::tenant",
        tenant = schema,
        host = exchange.host.as_str(),
        requirement = rules.requirement(requirement).map(|requirement| &*requirement.name),
        verdict = verdict.as_str(),
        findings = findings.join("; "),
        mend = config.notes(requirement).and_then(|notes| notes.mend_of(tenant, word)),
        other_tenants = (unsaid > 0).then_some(unsaid),
        request_id = exchange.id.as_str(),
        "BLOCKED request to tenant '{word}' - migrations incomplete",
    );
}
