//! What is known of a requirement.

use core::fmt;

/// The verdict on one requirement. Ordered: of several needs the greatest (worst) counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Every fact holds.
    Ready,
    /// Never learnt, or learnt too long ago.
    Unknown,
    /// Unmet, and a migration is seen to be running.
    Migrating,
    /// Unmet.
    Broken,
    /// The ledger says applied, the catalog says otherwise.
    Contradicted,
}

impl Verdict {
    /// Every verdict, best first.
    pub const ALL: [Self; 5] = [Self::Ready, Self::Unknown, Self::Migrating, Self::Broken, Self::Contradicted];

    /// The word used in configuration, logs, metrics and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Unknown => "unknown",
            Self::Migrating => "migrating",
            Self::Broken => "broken",
            Self::Contradicted => "contradicted",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
