//! How each tenant stands.

use std::sync::Arc;

use super::{Directory, Tally, Tenant, TenantId};
use crate::{Finding, Moment, RequirementId, Verdict};

/// How each tenant stands: a part of the snapshot, swapped with it.
///
/// What is found in schemas that are the same is judged once, and told of each tenant.
#[derive(Debug, Clone)]
pub struct Tenants {
    pub(super) directory: Option<Arc<Directory>>,
    pub(super) problem: Option<Finding>,
    /// In the order of [`TenantId`].
    pub(super) standings: Vec<Standing>,
    /// Per judged shape, per requirement; `None` where a requirement is not judged per tenant.
    pub(super) judged: Vec<Box<[Option<TenantFindings>]>>,
}

/// How one tenant stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The worst verdict on what is required of it.
    pub verdict: Verdict,
    /// Since when it stands so.
    pub since: Moment,
    /// When it was first seen.
    pub appeared: Moment,
    /// Whether it came while schemagate looked on, rather than being there from the start.
    pub arrived: bool,
    /// Whether it was ready since it appeared.
    pub was_ready: bool,
    /// Requests that were refused while it stands as it does.
    pub refused: Tally,
    /// Its place in [`Tenants::judged`].
    pub(super) shape: usize,
}

/// How one requirement stands in one tenant's schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantFindings {
    /// How it stands.
    pub verdict: Verdict,
    /// What is wrong; the tenant's schema is called [`super::OWN_SCHEMA`], see [`Finding::in_schema`].
    pub findings: Arc<[Finding]>,
}

impl Tenants {
    /// Who they are; `None` if that was never learnt.
    pub fn directory(&self) -> Option<&Arc<Directory>> {
        self.directory.as_ref()
    }

    /// Why the last look could not learn who they are.
    pub const fn problem(&self) -> Option<&Finding> {
        self.problem.as_ref()
    }

    /// The tenant of an id that this snapshot's decisions gave.
    pub fn tenant(&self, id: TenantId) -> Option<&Tenant> {
        self.directory.as_ref()?.tenant(id)
    }

    /// How that tenant stands.
    pub fn standing(&self, id: TenantId) -> Option<&Standing> {
        self.standings.get(id.0 as usize)
    }

    /// How a requirement stands in that tenant's schema; `None` if it is not judged there.
    pub fn findings(&self, id: TenantId, requirement: RequirementId) -> Option<&TenantFindings> {
        self.judged.get(self.standing(id)?.shape)?.get(requirement.index())?.as_ref()
    }

    /// The same tenants, of which nothing is known by other requirements than they were judged by.
    pub(crate) fn unjudged(&self) -> Self {
        Self { judged: Vec::new(), ..self.clone() }
    }

    /// Every tenant and how it stands.
    pub fn all(&self) -> impl Iterator<Item = (TenantId, &Tenant, &Standing)> {
        let tenants = self.directory.iter().flat_map(|directory| directory.tenants());
        (0..).map(TenantId).zip(tenants).zip(&self.standings).map(|((id, tenant), standing)| (id, tenant, standing))
    }

    /// The worst verdict on a requirement in any tenant's schema; ready where there is no tenant.
    pub(crate) fn worst(&self, requirement: RequirementId) -> Verdict {
        if self.directory.is_none() {
            return Verdict::Unknown;
        }
        // Every shape that was judged is some tenant's.
        let verdicts = self.judged.iter().filter_map(|judged| judged.get(requirement.index())?.as_ref());
        verdicts.map(|found| found.verdict).max().unwrap_or(Verdict::Ready)
    }

    /// Whether nothing that is known differs.
    pub(crate) fn says_the_same_as(&self, other: &Self) -> bool {
        let findings = |tenants: &Self, standing: &Standing| tenants.judged.get(standing.shape).cloned();
        let same_standing = |(one, other_one): (&Standing, &Standing)| {
            one.verdict == other_one.verdict && findings(self, one) == findings(other, other_one)
        };
        self.problem == other.problem
            && self.directory == other.directory
            && self.standings.len() == other.standings.len()
            && self.standings.iter().zip(&other.standings).all(same_standing)
    }
}
