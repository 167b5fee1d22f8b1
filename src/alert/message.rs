//! What operators are told.

use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use gate::Verdict;

/// What operators are told of one subject. It names tables and commands: it goes to nobody else.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) subject: Subject,
    pub(super) state: State,
    /// When it came to be so.
    pub(super) at: jiff::Timestamp,
    /// One line.
    pub(super) title: String,
    /// What is wrong, one sentence each.
    pub(super) findings: Vec<String>,
    /// The command that mends it.
    pub(super) mend: Option<String>,
    /// The labels from the configuration.
    pub(super) component: Option<String>,
    pub(super) release: Option<String>,
    /// The routes it is about.
    pub(super) routes: Vec<String>,
    /// The tenants it is about.
    pub(super) whom: Whom,
}

/// The tenants that a message is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Whom {
    /// It is about no tenant.
    #[default]
    Nobody,
    /// The one that the subject names.
    One {
        /// The first of its hosts, where hosts are listed.
        domain: Option<String>,
    },
    /// Several.
    Several {
        /// How many.
        count: usize,
        /// The schemas of the first few.
        first: Vec<String>,
    },
}

/// What a message is about; what is told later of the same subject takes its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// A requirement as a whole.
    Requirement(Required),
    /// What is required of each tenant, with one of them.
    Tenant { of: Required, schema: String },
    /// The same with many at once.
    Tenants(Required),
    /// An action of a route that was taken often.
    Action { route: String, action: &'static str },
    /// A probe, by its name.
    Probe(String),
}

/// A requirement in a database, by their names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Required {
    pub(super) requirement: String,
    pub(super) database: String,
}

/// How it stands with the subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// A requirement has a verdict that was to be told.
    Verdict(Verdict),
    /// Requests of a tenant are refused for what it lacks.
    Blocked,
    /// An action was taken so often within so long.
    Often { count: u64, within: Duration },
    /// A probe gets another answer than it should.
    Failing,
    /// It is over; it had lasted so long.
    Over { lasted: Duration },
}

/// How urgent it is, in `PagerDuty`'s and Sentry's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    Error,
    Warning,
    Info,
}

impl State {
    pub(super) const fn is_over(self) -> bool {
        matches!(self, Self::Over { .. })
    }

    /// The word for it in JSON.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Verdict(verdict) => verdict.as_str(),
            Self::Blocked => "blocked",
            Self::Often { .. } => "often",
            Self::Failing => "failing",
            Self::Over { .. } => "recovered",
        }
    }

    pub(super) const fn severity(self) -> Severity {
        match self {
            Self::Verdict(Verdict::Broken | Verdict::Contradicted) | Self::Blocked | Self::Failing => Severity::Error,
            Self::Verdict(_) | Self::Often { .. } => Severity::Warning,
            Self::Over { .. } => Severity::Info,
        }
    }
}

impl Severity {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

impl Message {
    /// Of a subject, and nothing beside it.
    pub(super) fn new(subject: Subject, state: State, title: String) -> Self {
        Self {
            subject,
            state,
            at: jiff::Timestamp::now(),
            title,
            findings: Vec::new(),
            mend: None,
            component: None,
            release: None,
            routes: Vec::new(),
            whom: Whom::Nobody,
        }
    }
}

impl fmt::Display for Required {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.database, self.requirement)
    }
}

impl fmt::Display for Subject {
    /// The same for every message about the subject, and for no other: receivers join them by it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requirement(of) => write!(f, "schemagate/{of}"),
            Self::Tenant { of, schema } => write!(f, "schemagate/{of}/{schema}"),
            Self::Tenants(of) => write!(f, "schemagate/{of}/*"),
            Self::Action { route, action } => write!(f, "schemagate/{action}/{route}"),
            Self::Probe(name) => write!(f, "schemagate/probe/{name}"),
        }
    }
}

/// The name of this machine or container, as the system has it.
pub(super) fn source() -> &'static str {
    static SOURCE: LazyLock<String> = LazyLock::new(|| {
        let said = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let name = said.trim();
        if name.is_empty() { "schemagate".to_owned() } else { name.to_owned() }
    });
    &SOURCE
}
