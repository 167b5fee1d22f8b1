//! What a request gets.

use core::fmt;
use core::time::Duration;

use crate::{HoldId, KnownMethods, Method, Outcome, UpstreamId, Verdict};

/// Which prepared answer, as its place in the configuration's list of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnswerId(pub u32);

/// What a request gets while a need of its route is unmet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// The upstream's answer.
    Pass,
    /// A refusal.
    Block(AnswerId),
    /// Reads pass; writes are refused.
    ReadOnly(AnswerId),
    /// A fixed answer, without asking the upstream.
    Respond(AnswerId),
    /// The upstream's answer, unless that is a 5xx.
    Rescue {
        /// Takes the place of the upstream's 5xx.
        answer: AnswerId,
        /// For these methods …
        methods: KnownMethods,
        /// … and the others are refused with this, without asking the upstream. It also takes the
        /// place of silence: that nobody answered is no empty list.
        otherwise: AnswerId,
    },
    /// The last good answer to the same request.
    Stale {
        /// How old it may be.
        up_to: Duration,
        /// Where there is none, and for all that is neither GET nor HEAD.
        otherwise: AnswerId,
    },
    /// Another upstream's answer.
    Upstream {
        /// The other upstream.
        upstream: UpstreamId,
        /// Takes the place of its 5xx and of its silence: the need is unmet all the same.
        otherwise: AnswerId,
    },
    /// Waits for the verdict to turn.
    Hold(HoldId),
}

/// What an action makes of requests by one method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The upstream is asked, and whatever it answers passes.
    Forward,
    /// The upstream is asked, and this takes the place of a 5xx.
    Rescue {
        /// Takes the place of its 5xx.
        answer: AnswerId,
        /// Takes the place of its silence.
        otherwise: AnswerId,
    },
    /// Another upstream is asked, and this takes the place of its 5xx and of its silence.
    Elsewhere {
        /// Who is asked.
        upstream: UpstreamId,
        /// Takes the place of its failure.
        otherwise: AnswerId,
    },
    /// The last good answer is given.
    Stale {
        /// How old it may be.
        up_to: Duration,
        /// Where there is none.
        otherwise: AnswerId,
    },
    /// It waits for the verdict to turn.
    Hold(HoldId),
    /// The upstream is not asked.
    Answer(AnswerId),
}

/// An action without its content: the word in configuration, logs and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActionKind {
    /// [`Action::Pass`].
    Pass,
    /// [`Action::Block`].
    Block,
    /// [`Action::ReadOnly`].
    ReadOnly,
    /// [`Action::Respond`].
    Respond,
    /// [`Action::Rescue`].
    Rescue,
    /// [`Action::Stale`].
    Stale,
    /// [`Action::Upstream`].
    Upstream,
    /// [`Action::Hold`].
    Hold,
}

impl Action {
    /// Which kind of action this is.
    pub const fn kind(self) -> ActionKind {
        match self {
            Self::Pass => ActionKind::Pass,
            Self::Block(_) => ActionKind::Block,
            Self::ReadOnly(_) => ActionKind::ReadOnly,
            Self::Respond(_) => ActionKind::Respond,
            Self::Rescue { .. } => ActionKind::Rescue,
            Self::Stale { .. } => ActionKind::Stale,
            Self::Upstream { .. } => ActionKind::Upstream,
            Self::Hold(_) => ActionKind::Hold,
        }
    }

    /// The refusal that belongs to it, for requests that cannot have what it gives.
    pub const fn refusal(self) -> Option<AnswerId> {
        match self {
            Self::Block(refusal)
            | Self::ReadOnly(refusal)
            | Self::Rescue { otherwise: refusal, .. }
            | Self::Stale { otherwise: refusal, .. }
            | Self::Upstream { otherwise: refusal, .. } => Some(refusal),
            Self::Pass | Self::Respond(_) | Self::Hold(_) => None,
        }
    }

    /// What it makes of a request by `method`.
    pub fn effect(self, method: Method<'_>) -> Effect {
        match self {
            Self::Block(answer) | Self::Respond(answer) => Effect::Answer(answer),
            Self::ReadOnly(answer) if method.writes() => Effect::Answer(answer),
            Self::Pass | Self::ReadOnly(_) => Effect::Forward,
            Self::Rescue { answer, methods, otherwise } if methods.contains(method) => {
                Effect::Rescue { answer, otherwise }
            }
            Self::Stale { up_to, otherwise } if method.is_get_or_head() => Effect::Stale { up_to, otherwise },
            Self::Rescue { otherwise, .. } | Self::Stale { otherwise, .. } => Effect::Answer(otherwise),
            Self::Upstream { upstream, otherwise } => Effect::Elsewhere { upstream, otherwise },
            Self::Hold(hold) => Effect::Hold(hold),
        }
    }
}

impl Effect {
    /// What happens to a request that would go to `upstream`.
    pub(crate) const fn outcome(self, upstream: UpstreamId) -> Outcome {
        match self {
            Self::Forward => Outcome::Forward(upstream),
            Self::Rescue { answer, otherwise } => Outcome::ForwardRescued { upstream, answer, otherwise },
            Self::Elsewhere { upstream, otherwise } => Outcome::ForwardElsewhere { upstream, otherwise },
            Self::Stale { up_to, otherwise } => Outcome::Stale { up_to, otherwise },
            Self::Hold(hold) => Outcome::Hold(hold),
            Self::Answer(answer) => Outcome::Answer(answer),
        }
    }
}

impl ActionKind {
    /// Every kind of action.
    pub const ALL: [Self; 8] =
        [Self::Pass, Self::Block, Self::ReadOnly, Self::Respond, Self::Rescue, Self::Stale, Self::Upstream, Self::Hold];

    /// The word used in configuration, logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Block => "block",
            Self::ReadOnly => "read_only",
            Self::Respond => "respond",
            Self::Rescue => "rescue",
            Self::Stale => "stale",
            Self::Upstream => "upstream",
            Self::Hold => "hold",
        }
    }
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A route's action for each verdict that is not `ready`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actions {
    /// While unmet.
    pub on_broken: Action,
    /// While the ledger contradicts the catalog.
    pub on_contradicted: Action,
    /// While unmet and a migration runs.
    pub on_migrating: Action,
    /// While nothing recent is known.
    pub on_unknown: Action,
}

impl Actions {
    /// The four of them.
    pub const fn all(&self) -> [Action; 4] {
        [self.on_broken, self.on_contradicted, self.on_migrating, self.on_unknown]
    }

    /// The action for `verdict`; a ready route passes.
    pub const fn on(&self, verdict: Verdict) -> Action {
        match verdict {
            Verdict::Ready => Action::Pass,
            Verdict::Unknown => self.on_unknown,
            Verdict::Migrating => self.on_migrating,
            Verdict::Broken => self.on_broken,
            Verdict::Contradicted => self.on_contradicted,
        }
    }
}
