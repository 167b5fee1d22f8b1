//! What a request gets.

use core::fmt;

use crate::Verdict;

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
}

impl Action {
    /// Which kind of action this is.
    pub const fn kind(self) -> ActionKind {
        match self {
            Self::Pass => ActionKind::Pass,
            Self::Block(_) => ActionKind::Block,
            Self::ReadOnly(_) => ActionKind::ReadOnly,
            Self::Respond(_) => ActionKind::Respond,
        }
    }
}

impl ActionKind {
    /// Every kind of action.
    pub const ALL: [Self; 4] = [Self::Pass, Self::Block, Self::ReadOnly, Self::Respond];

    /// The word used in configuration, logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Block => "block",
            Self::ReadOnly => "read_only",
            Self::Respond => "respond",
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
}
