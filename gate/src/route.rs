//! Where a request goes and what it needs.

use crate::{Actions, Effect, HostPattern, Method, MethodSet, PathPattern, RequirementId, Verdict};

/// Which route, as its place in [`crate::Rules::routes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteId(pub u32);

/// Which upstream, as its place in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UpstreamId(pub u32);

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its name in logs and metrics.
    pub name: Box<str>,
    /// Hosts it serves.
    pub host: HostPattern,
    /// Paths it serves.
    pub path: PathPattern,
    /// Methods it serves.
    pub methods: MethodSet,
    /// Where its requests go.
    pub upstream: UpstreamId,
    /// What must be ready; of a tenant alone, where it is required per tenant.
    pub needs: Vec<RequirementId>,
    /// What to do when it is not.
    pub actions: Actions,
    /// Whether to do it.
    pub mode: Mode,
    /// Whether its requests are tenants' affair: whoever names none is treated as [`crate::Stranger`] says.
    pub tenant_needs: bool,
}

impl Route {
    /// Whether some unmet need would change what a request by `method` gets: then an upstream's
    /// failure may be one that the client is spared.
    pub fn guards(&self, method: Method<'_>) -> bool {
        let unmet = [Verdict::Migrating, Verdict::Broken, Verdict::Contradicted];
        self.mode == Mode::Enforce
            && !self.needs.is_empty()
            && unmet.iter().any(|verdict| self.actions.on(*verdict).effect(method) != Effect::Forward)
    }
}

impl RouteId {
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}
