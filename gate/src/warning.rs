//! What an operator should know although it leaves no requirement unmet.

use core::fmt;

/// What an operator should know although it leaves no requirement unmet. For operators only: it
/// names objects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Warning {
    /// What is odd.
    pub kind: WarningKind,
    /// The name of what it is odd about: a migration, or a ledger.
    pub object: Box<str>,
    /// The whole of it as a sentence, with what to do.
    pub text: Box<str>,
}

/// What is odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WarningKind {
    /// A migration's file is no longer what was applied.
    Edited,
    /// The ledger holds migrations that are not on disk.
    Ahead,
    /// The ledger lacks migrations that are on disk, and holds others that are not.
    Diverged,
    /// A lock says that a migration runs, and none is pending.
    LockLeft,
    /// A migration is not applied, and nothing can miss it.
    Pending,
    /// An object is not there that an applied migration made, and another one that is not on disk
    /// may have dropped.
    Missing,
}

impl WarningKind {
    /// The word used in JSON and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Edited => "edited",
            Self::Ahead => "ahead",
            Self::Diverged => "diverged",
            Self::LockLeft => "lock_left",
            Self::Pending => "pending",
            Self::Missing => "missing",
        }
    }
}

impl Warning {
    pub(crate) fn new(kind: WarningKind, object: &impl fmt::Display, text: String) -> Self {
        Self { kind, object: object.to_string().into_boxed_str(), text: text.into_boxed_str() }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
