//! Where a request goes and what it needs.

use smallvec::SmallVec;

use crate::{Action, Actions, AnswerId, Effect, HostPattern, Method, MethodSet, PathPattern, RequirementId, Verdict};

/// Which route, as its place in [`crate::Rules::routes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteId(pub u32);

/// Which upstream, as its place in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UpstreamId(pub u32);

/// What a route or a version needs: seldom more than a few, which stand in its own place.
pub type Needs = SmallVec<[RequirementId; 4]>;

/// Which version of a route, as its place in [`Route::versions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionId(pub u32);

/// A release of the application that is used as soon as, and as long as, all it needs is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Where its requests go.
    pub upstream: UpstreamId,
    /// What it needs; something.
    pub needs: Needs,
    /// What a request gets that failed here because a need broke, and that cannot be sent once more.
    pub otherwise: AnswerId,
}

/// Whether a route's verdict is acted upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Act.
    #[default]
    Enforce,
    /// Pass everything, and say what would have been done.
    Observe,
}

/// Host, path and methods -> upstream, needs, and an action per kind of verdict.
///
/// What every decision reads stands at its beginning and together: of ten thousand routes, the next one is in no near
/// cache.
#[derive(Debug, Clone, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Route {
    /// Methods it serves.
    pub methods: MethodSet,
    /// What must be ready where no version is used; of a tenant alone, where it is required per tenant.
    pub needs: Needs,
    /// Where its requests go.
    pub upstream: UpstreamId,
    /// Whether to do what its actions say.
    pub mode: Mode,
    /// Whether maintenance windows are about it.
    pub windows: bool,
    /// Whether its requests are tenants' affair: whoever names none is treated as [`crate::Stranger`] says.
    pub tenant_needs: bool,
    /// Releases that go before [`Self::upstream`] where all they need is ready; the newest first.
    pub versions: Vec<Version>,
    /// What to do when something is not ready.
    pub actions: Actions,
    /// Its name in logs and metrics.
    pub name: Box<str>,
    /// Hosts it serves.
    pub host: HostPattern,
    /// Paths it serves.
    pub path: PathPattern,
}

impl Route {
    /// Whether some unmet need would change what a request by `method` gets: then an upstream's
    /// failure may be one that the client is spared.
    pub fn guards(&self, method: Method<'_>) -> bool {
        let unmet = [Verdict::Migrating, Verdict::Broken, Verdict::Contradicted];
        let acts = || unmet.iter().any(|verdict| self.actions.on(*verdict).effect(method) != Effect::Forward);
        self.mode == Mode::Enforce && (!self.versions.is_empty() || (!self.needs.is_empty() && acts()))
    }

    /// Whether a request that failed may be sent once more where a need turns out to be unmet.
    pub fn may_send_again(&self) -> bool {
        let elsewhere = |action| matches!(action, Action::Upstream { .. } | Action::Hold(_));
        !self.versions.is_empty() || self.actions.all().into_iter().any(elsewhere)
    }

    /// The version of an id that a decision gave.
    pub fn version(&self, id: VersionId) -> Option<&Version> {
        self.versions.get(id.0 as usize)
    }

    /// Everything that what its requests get depends on; some of it may come twice.
    pub fn all_needs(&self) -> impl Iterator<Item = RequirementId> {
        self.versions.iter().flat_map(|version| &version.needs).chain(&self.needs).copied()
    }
}

impl RouteId {
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}
