//! Why an order is not taken.

/// Why an order is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// It makes no sense as it is.
    #[error("{0}")]
    Invalid(String),
    /// It names what there is not.
    #[error("there is no {what} `{name}`: {help}")]
    Unknown {
        /// What was named.
        what: &'static str,
        /// By which name.
        name: String,
        /// What may have been meant.
        help: String,
    },
    /// It is ended elsewhere.
    #[error("{0}")]
    NotHere(String),
    /// It would be over at once.
    #[error(
        "everything that it waits for is ready already, so that it would be lifted at once; leave `until_ready` \
         (--until-ready) out, and end it yourself"
    )]
    AlreadyReady,
}

impl DeskError {
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    /// One of a few fixed words, for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::Unknown { .. } => "unknown_name",
            Self::NotHere(_) => "not_here",
            Self::AlreadyReady => "already_ready",
        }
    }
}
