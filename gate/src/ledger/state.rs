//! What a ledger and the files on disk say together.

use core::fmt;

/// What a ledger and the files on disk say together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerState {
    /// All of it in a word.
    pub standing: Standing,
    /// The state of each migration, in the order in which they were given.
    pub migrations: Vec<MigrationState>,
    /// Rows for which there is no file, in the ledger's order.
    pub unknown: Vec<Box<str>>,
    /// What the tool wrote down about its failure.
    pub log: Option<Box<str>>,
}

/// A whole ledger's state in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Every migration is applied.
    UpToDate,
    /// Every migration is applied, and so are some that have no file: as after a rollback of the
    /// application.
    Ahead,
    /// A lock says that a migration runs, though none is pending or its writer may be gone: the
    /// tool will refuse to run until it is cleared.
    LockLeft,
    /// Some migrations are not applied.
    Behind,
    /// The ledger is there and no migration is applied.
    NeverApplied,
    /// A migration was begun and did not end well.
    Failed,
    /// A migration is running.
    Running,
    /// Migrations are expected and there is no ledger: never migrated, made without migrations
    /// (`db push`), or the ledger lies elsewhere.
    NoLedger,
    /// The ledger may not be read.
    Denied,
    /// What lies there is not this tool's ledger.
    Unexpected,
}

/// The state of one migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MigrationState {
    /// It is applied.
    Applied,
    /// It is applied, and its file is no longer what was applied.
    Edited,
    /// It is not in force: a squash stands for it, or it is a squash whose originals stand.
    Replaced,
    /// The ledger holds only something that stands for an unknown past: a revision whose file is
    /// missing, a baseline. This migration is taken to be in it.
    Presumed,
    /// It is not applied.
    Pending,
    /// It is not applied, and the tool will not do it by itself, because a newer one is applied.
    Late,
    /// It was undone, or declared so, and is to be applied again.
    RolledBack,
    /// It is being applied.
    Running,
    /// It was begun and did not end well.
    Failed,
}

impl Standing {
    /// The word used in JSON, logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UpToDate => "up_to_date",
            Self::Ahead => "ahead",
            Self::LockLeft => "lock_left",
            Self::Behind => "behind",
            Self::NeverApplied => "never_applied",
            Self::Failed => "failed",
            Self::Running => "running",
            Self::NoLedger => "no_ledger",
            Self::Denied => "denied",
            Self::Unexpected => "unexpected",
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl MigrationState {
    /// The word used in JSON, logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Edited => "edited",
            Self::Replaced => "replaced",
            Self::Presumed => "presumed",
            Self::Pending => "pending",
            Self::Late => "late",
            Self::RolledBack => "rolled_back",
            Self::Running => "running",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing is left to do for it.
    pub const fn is_met(self) -> bool {
        matches!(self, Self::Applied | Self::Edited | Self::Replaced | Self::Presumed)
    }
}

impl fmt::Display for MigrationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl LedgerState {
    /// Whether every migration on disk is applied, as far as the ledger can tell.
    pub fn is_met(&self) -> bool {
        let read = !matches!(self.standing, Standing::NoLedger | Standing::Denied | Standing::Unexpected);
        read && self.migrations.iter().all(|state| state.is_met())
    }

    /// Migrations that are not applied, with what is known of each: their places in the list that
    /// was judged, in the order in which they are to be applied.
    pub fn unmet(&self) -> impl Iterator<Item = (usize, MigrationState)> {
        self.migrations.iter().copied().enumerate().filter(|(_, state)| !state.is_met())
    }

    /// Whether a migration runs now, or a lock says so that may have been left behind.
    pub fn may_be_running(&self) -> bool {
        matches!(self.standing, Standing::Running | Standing::LockLeft) && self.unmet().next().is_some()
    }

    /// Whether files lack rows and rows lack files: most often the files are of another release
    /// than the database, or were renamed.
    pub fn is_diverged(&self) -> bool {
        !self.unknown.is_empty() && self.unmet().next().is_some()
    }
}
