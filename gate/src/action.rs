//! What a request gets.

use core::fmt;
use core::time::Duration;

use crate::{KnownMethods, Method, Outcome, UpstreamId, Verdict};

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
    /// The last good answer to the same request, without asking the upstream.
    Stale {
        /// At most so old.
        up_to: Duration,
        /// Where there is none, and for all but GET and HEAD: refused with this.
        otherwise: AnswerId,
    },
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
    /// The upstream is not asked, and the last good answer is given.
    Stale {
        /// At most so old.
        up_to: Duration,
        /// Where there is none.
        otherwise: AnswerId,
    },
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
            Self::Stale { up_to, otherwise } if matches!(method.as_str(), "GET" | "HEAD") => {
                Effect::Stale { up_to, otherwise }
            }
            Self::Rescue { otherwise, .. } | Self::Stale { otherwise, .. } => Effect::Answer(otherwise),
        }
    }
}

impl Effect {
    /// What happens to a request that would go to `upstream`.
    pub(crate) const fn outcome(self, upstream: UpstreamId) -> Outcome {
        match self {
            Self::Forward => Outcome::Forward(upstream),
            Self::Rescue { answer, otherwise } => Outcome::ForwardRescued { upstream, answer, otherwise },
            Self::Stale { up_to, otherwise } => Outcome::Stale { up_to, otherwise },
            Self::Answer(answer) => Outcome::Answer(answer),
        }
    }
}

impl ActionKind {
    /// Every kind of action.
    pub const ALL: [Self; 6] = [Self::Pass, Self::Block, Self::ReadOnly, Self::Respond, Self::Rescue, Self::Stale];

    /// The word used in configuration, logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Block => "block",
            Self::ReadOnly => "read_only",
            Self::Respond => "respond",
            Self::Rescue => "rescue",
            Self::Stale => "stale",
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

    /// The greatest age at which any of them gives a good answer once more; `None` if none does.
    pub fn longest_stale(&self) -> Option<Duration> {
        let all = [self.on_broken, self.on_contradicted, self.on_migrating, self.on_unknown];
        let ages = all.iter().filter_map(|action| match action {
            Action::Stale { up_to, .. } => Some(*up_to),
            _ => None,
        });
        ages.max()
    }
}
