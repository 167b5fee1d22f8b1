//! What one transaction sees.

use std::collections::BTreeSet;

use gate::Extent;

/// What one transaction sees: all of a look, or a part of one at everything, which is made in parts
/// where it would take long, so that others can come between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::watch) enum Step {
    /// So much of the database. Where there are no tenants, it is everything.
    At(Extent),
    /// Of tenants' schemas these alone.
    Slice(BTreeSet<Box<str>>),
}

impl Step {
    /// Whether it sees what tenants share, and which schemas there are.
    pub(super) const fn is_shared(&self) -> bool {
        matches!(self, Self::At(_))
    }

    /// How much of the database was seen after it, in a look that began with what is shared.
    pub(in crate::watch) fn saw(&self) -> Extent {
        match self {
            Self::At(extent) => extent.clone(),
            Self::Slice(schemas) => Extent::Shared(schemas.clone()),
        }
    }

    /// The schemas whose content it sees; `None`: all of them.
    pub(super) const fn schemas(&self) -> Option<&BTreeSet<Box<str>>> {
        match self {
            Self::At(Extent::Everything) => None,
            Self::At(Extent::Shared(schemas)) | Self::Slice(schemas) => Some(schemas),
        }
    }
}
