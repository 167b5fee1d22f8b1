//! One unmet fact, in the words an operator needs.

use core::fmt;

use crate::OWN_SCHEMA;

/// One unmet fact. For operators only: it names objects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Finding {
    /// What is wrong.
    pub kind: FindingKind,
    /// The kind of object: `table`, `column`, `index`, …
    pub what: &'static str,
    /// Its name, qualified as far as the configuration qualified it.
    pub object: Box<str>,
    /// What was expected or found instead; may be empty.
    pub detail: Box<str>,
}

/// What is wrong with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// It is not there.
    Missing,
    /// It is not in the tenant's schema and in one behind it on the search path, named in
    /// [`Finding::detail`]: requests read and write that one, without an error.
    FallsThrough,
    /// It is there, and differs from what is required.
    Different,
    /// It is there and does not work yet: an invalid index, an unvalidated constraint.
    Invalid,
    /// It is there and the role that needs it may not use it.
    Denied,
    /// A migration that is not applied.
    Pending,
    /// A migration that is being applied.
    Running,
    /// A migration that was begun and did not end well.
    Failed,
}

impl FindingKind {
    /// The word used in JSON and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::FallsThrough => "falls_through",
            Self::Different => "different",
            Self::Invalid => "invalid",
            Self::Denied => "denied",
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Failed => "failed",
        }
    }
}

impl Finding {
    pub(crate) fn missing(what: &'static str, object: &impl fmt::Display) -> Self {
        Self::new(FindingKind::Missing, what, object, String::new())
    }

    pub(crate) fn new(kind: FindingKind, what: &'static str, object: &impl fmt::Display, detail: String) -> Self {
        Self { kind, what, object: object.to_string().into_boxed_str(), detail: detail.into_boxed_str() }
    }

    /// What was found in the schemas of several tenants, told of the one whose schema this is.
    #[must_use]
    pub fn in_schema(&self, schema: &str) -> Self {
        let told = |text: &str| text.replace(OWN_SCHEMA, schema).into_boxed_str();
        Self { kind: self.kind, what: self.what, object: told(&self.object), detail: told(&self.detail) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.kind {
            FindingKind::Missing => "is missing",
            FindingKind::FallsThrough => {
                return write!(
                    f,
                    "{} {} falls through to {}: the tenant has none of its own, and reads and writes that one",
                    self.what, self.object, self.detail
                );
            }
            FindingKind::Different => "is different",
            FindingKind::Invalid => "is not valid",
            FindingKind::Denied => "is denied",
            FindingKind::Pending => "is pending",
            FindingKind::Running => "is running",
            FindingKind::Failed => "has failed",
        };
        write!(f, "{} {} {verb}", self.what, self.object)?;
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        Ok(())
    }
}
