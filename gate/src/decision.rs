//! What is done with a request, and why.

use core::time::Duration;

use crate::{
    ActionKind, AnswerId, BypassId, HoldId, Moment, RequirementId, RouteId, TenantId, UpstreamId, Verdict, VersionId,
    WindowId,
};

/// What is done with a request, and why. Log, metrics and answer all tell this same value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// What happens.
    pub outcome: Outcome,
    /// The route that was used.
    pub route: Option<RouteId>,
    /// Whose request it is, of the tenants of the snapshot that it was decided by.
    pub tenant: Option<TenantId>,
    /// The action that the route's verdict called for; in observe mode it was not taken.
    pub action: ActionKind,
    /// Why.
    pub reason: Reason,
    /// Whether observe mode let a request pass that would have been answered here.
    pub observed: bool,
    /// The bypass that let a request pass which would have been answered here, of the snapshot that
    /// it was decided by; action and reason tell what would have been.
    pub bypassed: Option<BypassId>,
    /// Whether it passes because an operator asks, and would have been kept; action and reason tell how.
    pub operator: bool,
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It goes to the upstream.
    Forward(UpstreamId),
    /// It goes to the upstream, and a prepared answer takes the place of a 5xx.
    ForwardRescued {
        /// Where it goes.
        upstream: UpstreamId,
        /// What takes the place of a 5xx.
        answer: AnswerId,
        /// What takes the place of no answer at all.
        otherwise: AnswerId,
    },
    /// It goes to another upstream than its route's, and a prepared answer takes the place of a failure.
    ForwardElsewhere {
        /// Where it goes.
        upstream: UpstreamId,
        /// What takes the place of a 5xx, or of no answer at all.
        otherwise: AnswerId,
    },
    /// It is answered here with the last good answer.
    Stale {
        /// How old that may be.
        up_to: Duration,
        /// What is answered where there is none.
        otherwise: AnswerId,
    },
    /// It waits for the verdict to turn, then is decided again.
    Hold(HoldId),
    /// It is answered here with a prepared answer.
    Answer(AnswerId),
    /// It is refused here, by a maintenance window.
    Maintenance {
        /// When that ends; `None`: nobody knows.
        until: Option<Moment>,
        /// The window whose message is told, of the snapshot that it was decided by; `None`: a usual sentence.
        message: Option<WindowId>,
    },
    /// It asks for the public health answer.
    Health,
    /// No route serves it.
    NoRoute,
}

/// Why a request was decided as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// No route serves it.
    NoRoute,
    /// It is the health path.
    Health,
    /// It names no tenant that there is, and that is not served.
    UnknownTenant,
    /// A maintenance window keeps it out, of the snapshot that it was decided by.
    Window(WindowId),
    /// An operator lets the requests of its route wait.
    Held,
    /// Its route needs nothing of it.
    NoNeeds,
    /// Everything its route needs is ready.
    Ready,
    /// Everything that one of its route's versions needs is ready: that version is used.
    Version(VersionId),
    /// Its failure named an object that is missing and that no requirement of the route covers.
    Symptom,
    /// A need is not ready: the worst one, the first of those in the route's order.
    Need {
        /// Which.
        requirement: RequirementId,
        /// How it stands.
        verdict: Verdict,
    },
}

impl Reason {
    /// The word used in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoRoute => "no_route",
            Self::Health => "health",
            Self::UnknownTenant => "unknown_tenant",
            Self::Window(_) => "window",
            Self::Held => "held",
            Self::NoNeeds => "no_needs",
            Self::Ready => "ready",
            Self::Version(_) => "version",
            Self::Symptom => "symptom",
            Self::Need { verdict, .. } => verdict.as_str(),
        }
    }
}

impl Outcome {
    /// Where the request goes, if it goes anywhere.
    pub const fn upstream(self) -> Option<UpstreamId> {
        match self {
            Self::Forward(upstream)
            | Self::ForwardRescued { upstream, .. }
            | Self::ForwardElsewhere { upstream, .. } => Some(upstream),
            Self::Stale { .. }
            | Self::Hold(_)
            | Self::Answer(_)
            | Self::Maintenance { .. }
            | Self::Health
            | Self::NoRoute => None,
        }
    }
}

impl Decision {
    /// How much a decision keeps from a client; of two readings of one path the stricter is used.
    ///
    /// Between two that forward, the one that would have been refused but for observe mode or a bypass is the
    /// one to tell of, and then the one whose need is unmet: its failure is the one that can be explained.
    pub(crate) const fn strictness(&self) -> u8 {
        match (self.outcome, self.reason) {
            (Outcome::Health, _) => 0,
            (Outcome::Forward(_), _) if self.observed || self.bypassed.is_some() => 3,
            (Outcome::Forward(_), Reason::Need { .. } | Reason::UnknownTenant) => 2,
            (Outcome::Forward(_), _) => 1,
            (Outcome::ForwardElsewhere { .. }, _) => 4,
            (Outcome::ForwardRescued { .. }, _) => 5,
            (Outcome::Stale { .. }, _) => 6,
            (Outcome::Hold(_), _) => 7,
            (Outcome::NoRoute, _) => 8,
            (Outcome::Answer(_), _) if matches!(self.action, ActionKind::Respond) => 9,
            (Outcome::Answer(_), _) => 10,
            (Outcome::Maintenance { .. }, _) => 11,
        }
    }
}
