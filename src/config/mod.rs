//! `proxy.toml`: what was typed (`file`) becomes what is valid ([`Config`]), or every error at
//! once, each with its place.

mod admin;
mod alert;
mod arguments;
mod check;
mod control;
mod control_orders;
mod database_url;
mod decisions;
mod duration;
mod expand;
#[expect(clippy::doc_markdown, reason = "its comments are plain text that editors show")]
mod file;
mod jwt_key;
mod limits;
mod load;
mod log;
mod maintenance;
mod mask;
mod operators;
pub(crate) mod order;
mod planned_window;
mod probe;
mod reader;
mod scenario;
mod schema;
mod secret;
mod size;
mod stale;
mod tls;
mod traces;
mod values;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gate::{DatabaseId, Fact, RequirementId, Rules, Tenant, UpstreamId, Verdict};
use http::{HeaderName, HeaderValue, StatusCode};
use ipnet::IpNet;

use crate::complaint::{self as errors, nearest, place};
use crate::wire::ProxyVersion;

pub use admin::{Admin, AdminToken, May};
pub use alert::{Alert, AlertFormat, AlertTrigger, SentryDsn};
pub use arguments::Arguments;
pub use control::{Control, EnvBypass};
pub use control_orders::{ControlOrders, RecurringWindow};
pub use database_url::{DatabaseUrlError, PostgresHost, PostgresUrl, TlsMode};
pub use decisions::Decisions;
pub use duration::{DurationError, parse as parse_duration, show as show_duration};
pub use errors::Complaints as ConfigErrors;
pub use jwt_key::{JwtKey, JwtKeyError};
pub use limits::{BodyPace, ClientLimits};
pub use log::{AccessApart, AccessFormat, AccessLog, Log, LogFormat, LogTarget};
pub use maintenance::{Carrier, Maintenance, Organisation};
pub use nearest::suggestion;
pub use operators::Operators;
pub use planned_window::{Ends, Every, PlannedWindow};
pub use probe::Probe;
pub use scenario::{Asked, Expectation, ExpectationError, Kind, Measured, Scenario};
pub use schema::schema;
pub use secret::Secret;
pub use stale::{StaleKey, StaleStore};
pub use tls::{CertificateFiles, ClientIdentity, Https, UpstreamTls};
pub use traces::Traces;

/// A configuration in which every name resolves and every value is in its range.
#[derive(Debug)]
pub struct Config {
    /// Where clients come in.
    pub listen: Listen,
    /// Where other proxies ask what is to be done with a request, if anywhere.
    pub decisions: Option<Decisions>,
    /// Where operators come in.
    pub admin: Admin,
    /// What is watched, in the order of [`DatabaseId`].
    pub databases: Vec<Database>,
    /// Where requests go, in the order of [`UpstreamId`].
    pub upstreams: Vec<Upstream>,
    /// Routes and requirements, ready to decide.
    pub rules: Arc<Rules>,
    /// The header that names a request's tenant, where one does.
    pub tenant_header: Option<HeaderName>,
    /// What a declared requirement says beside its facts, in the order of [`RequirementId`].
    pub notes: Vec<RequirementNotes>,
    /// The answers that routes give, in the order of [`gate::AnswerId`].
    pub answers: Vec<AnswerSpec>,
    /// What is said of maintenance windows.
    pub maintenance: Maintenance,
    /// How many requests may wait for a verdict to turn, of all routes together.
    pub hold: HoldLimits,
    /// How much is kept of good answers.
    pub stale: StaleStore,
    /// How much a client may take.
    pub limits: ClientLimits,
    /// What tells requests apart on routes that may give a stale answer, in the order of
    /// [`gate::RouteId`]; `None` for those that never do.
    pub stale_keys: Vec<Option<StaleKey>>,
    /// How pages look.
    pub brand: Brand,
    /// Who is an operator.
    pub operators: Operators,
    /// Who is told of changes.
    pub alerts: Vec<Alert>,
    /// Requests that schemagate sends to itself.
    pub probes: Vec<Probe>,
    /// What is done about what failures say of the schema.
    pub symptoms: ActOnSymptoms,
    /// How log lines look.
    pub log: Log,
    /// What is traced, and where spans go.
    pub traces: Traces,
    /// How operators overrule all that.
    pub control: Control,
    /// The beginning of its file's SHA-256: the same in all replicas that have the same.
    pub fingerprint: String,
    /// What is valid and probably not meant.
    pub warnings: Vec<String>,
}

/// Where clients come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// Plain HTTP: HTTP/1.1, and HTTP/2 by prior knowledge.
    pub http: Vec<Address>,
    /// TLS.
    pub https: Option<Https>,
    /// Peers that say in a PROXY header who their client is; nobody else's is read.
    pub proxy_protocol: Vec<IpNet>,
    /// Peers whose `X-Forwarded-*` and `Forwarded` are believed and extended; those of others are replaced.
    pub trusted_proxies: Vec<IpNet>,
    /// Worker threads of the proxy.
    pub threads: usize,
    /// How long requests in flight may take to end after SIGTERM.
    pub drain: Duration,
    /// How long after SIGTERM connections are accepted still, while `/ready` says no already.
    pub drain_wait: Duration,
}

/// An address to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// `host:port`.
    Tcp(String),
    /// `unix:/path`.
    Unix(PathBuf),
}

impl Address {
    /// Where it is connected to from this machine: whoever listens on every address does so on the loopback's, too.
    #[must_use]
    pub fn reached_at(&self) -> Self {
        match self {
            Self::Tcp(address) => Self::Tcp(match address.rsplit_once(':') {
                Some(("0.0.0.0", port)) => format!("127.0.0.1:{port}"),
                Some(("[::]", port)) => format!("[::1]:{port}"),
                _ => address.clone(),
            }),
            Self::Unix(path) => Self::Unix(path.clone()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => f.write_str(address),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Something watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Its name in the configuration.
    pub name: String,
    /// What it is and how it is reached.
    pub source: Source,
    /// Start to start, while nothing notifies.
    pub refresh: Duration,
    /// How long a look counts.
    pub max_age: Duration,
    /// For databases that fall asleep: look less often while no requests come.
    pub idle: Option<Idle>,
}

/// What a database is and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// PostgreSQL.
    Postgres(Box<Postgres>),
    /// An SQLite file.
    Sqlite(PathBuf),
}

/// A PostgreSQL database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Postgres {
    /// As the application has it.
    pub url: PostgresUrl,
    /// Past the pooler, for LISTEN.
    pub direct_url: Option<PostgresUrl>,
    /// Where unqualified names are looked for; `None`: as the server says, or the URL's `schema`.
    pub search_path: Option<Vec<String>>,
    /// Whose privileges are judged; `None`: the URL's user.
    pub role: Option<String>,
    /// Whether to LISTEN for notifications.
    pub notify: Notify,
    /// Limit of each statement of a look, on the server.
    pub statement_timeout: Duration,
    /// Limit of opening a connection.
    pub connect_timeout: Duration,
}

/// Whether to LISTEN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Notify {
    /// Where the connection is seen to reach the server itself.
    #[default]
    Auto,
    /// Without looking.
    Always,
    /// Not at all.
    Never,
}

/// When and how to look less often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Idle {
    /// After so long without a request …
    pub after: Duration,
    /// … look this seldom; the next request brings an immediate look.
    pub refresh: Duration,
}

/// Where requests go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// Its name in the configuration.
    pub name: String,
    /// Its servers; at least one.
    pub servers: Vec<Server>,
    /// TLS to the servers.
    pub tls: Option<UpstreamTls>,
    /// Whether to speak HTTP/2 (without TLS: by prior knowledge).
    pub http2: bool,
    /// Whether connections begin with a PROXY header that says who asks.
    pub proxy_protocol: Option<ProxyVersion>,
    /// How a server's health is asked; `None`: not at all (one server needs none).
    pub health: Option<HealthCheck>,
    /// Limit of opening a connection.
    pub connect_timeout: Duration,
    /// Limit between two reads of an answer; not applied to WebSocket connections and event streams.
    pub read_timeout: Option<Duration>,
    /// Limit of a request's way to the servers while they take none of it; not applied to the same.
    pub write_timeout: Option<Duration>,
    /// Limit of a whole exchange; not applied to the same.
    pub total_timeout: Option<Duration>,
    /// How often names are resolved anew.
    pub resolve_every: Duration,
}

/// One server of an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Server {
    /// A name or address, and a port.
    Tcp {
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
    },
    /// `unix:/path`.
    Unix(PathBuf),
}

/// How a server's health is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthCheck {
    /// `GET` this path and expect 2xx or 3xx; `None`: a TCP connection will do.
    pub path: Option<String>,
    /// How often.
    pub interval: Duration,
}

/// How many requests may wait for a verdict to turn, of all routes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldLimits {
    /// Requests.
    pub max_requests: usize,
    /// Bytes of their bodies.
    pub max_bytes: usize,
}

/// What a requirement says beside its facts.
#[derive(Debug, Clone, Default)]
pub struct RequirementNotes {
    /// The command that mends it, shown to operators; see [`Self::mend_of`].
    pub mend: Option<String>,
    /// A free label for logs and alerts.
    pub component: Option<String>,
    /// A free label for logs and alerts.
    pub release: Option<String>,
    /// The folder of its migrations.
    pub migrations: Option<PathBuf>,
}

/// The content of an answer that a route gives.
#[derive(Debug, Clone)]
pub enum AnswerSpec {
    /// A refusal.
    Block(BlockSpec),
    /// A fixed answer, marked as degraded.
    Respond(RespondSpec),
}

/// The content of a refusal: 503.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BlockSpec {
    /// Machine-readable code in JSON.
    pub code: String,
    /// One sentence for people; `None`: the default sentence in the client's language.
    pub message: Option<String>,
    /// When to come back.
    pub retry_after: Duration,
    /// Whether a page reloads itself after [`Self::retry_after`].
    pub refresh: bool,
    /// The source of the user's own template for this page.
    pub page: Option<Template>,
}

/// A fixed answer.
#[derive(Debug, Clone)]
pub struct RespondSpec {
    /// The route's name, for `Schemagate-Degraded`.
    pub route: String,
    /// Status.
    pub status: StatusCode,
    /// Extra headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Type of the body.
    pub content_type: HeaderValue,
    /// The body.
    pub body: Bytes,
}

/// How pages look.
#[derive(Debug, Clone, Default)]
pub struct Brand {
    /// The application's name, as its users know it.
    pub name: Option<String>,
    /// A logo that is put into the page itself.
    pub logo: Option<Logo>,
    /// Accent colour in light mode, as `#rrggbb`.
    pub color: Option<String>,
    /// Accent colour in dark mode, as `#rrggbb`.
    pub color_dark: Option<String>,
    /// Whom to turn to: a URL or an e-mail address.
    pub contact: Option<String>,
    /// The language of a client that asks for none that is known: `en` or `fr`.
    pub language: Option<String>,
    /// The user's own template for every page.
    pub page: Option<Template>,
}

/// A logo, read when the configuration was.
#[derive(Debug, Clone)]
pub enum Logo {
    /// SVG source, written into the page.
    Svg(String),
    /// PNG, JPEG, WebP or GIF, written into the page as a `data:` URI.
    Image {
        /// `image/png` and the like.
        content_type: &'static str,
        /// The file's bytes.
        bytes: Bytes,
    },
}

/// A template of the user's own, read when the configuration was.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Template {
    /// Where it came from, for error messages.
    pub path: PathBuf,
    /// Its text (Jinja).
    pub source: Arc<str>,
}

/// Whether a 5xx is refused whose body names what no requirement covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActOnSymptoms {
    /// It passes, is counted and proposed.
    No,
    /// The route's refusal takes its place.
    Yes,
}

impl RequirementNotes {
    /// The command that mends it for one tenant, of which `word` names it in `{tenant}`.
    pub fn mend_of(&self, tenant: &Tenant, word: &str) -> Option<String> {
        let domain = tenant.domains.first().map_or("", |domain| domain);
        let mend = self.mend.as_ref()?;
        Some(mend.replace("{schema}", &tenant.schema).replace("{tenant}", word).replace("{domain}", domain))
    }
}

impl Config {
    /// The database of an id.
    pub fn database(&self, id: DatabaseId) -> Option<&Database> {
        self.databases.get(id.0 as usize)
    }

    /// The upstream of an id.
    pub fn upstream(&self, id: UpstreamId) -> Option<&Upstream> {
        self.upstreams.get(id.0 as usize)
    }

    /// What mends the requirement of an id while its verdict is this one.
    pub fn mend(&self, id: RequirementId, verdict: Verdict) -> Option<String> {
        let mend = self.notes(id)?.mend.as_deref()?;
        let facts = self.rules.requirement(id).map_or(&[][..], |requirement| &requirement.facts);
        let is_tools = facts.iter().any(|fact| {
            matches!(fact, Fact::Migrations(expected) | Fact::MigrationsTouching(expected, _) if expected.ledger.tool.mend == mend)
        });
        // A tool does nothing about what it takes to be done.
        Some(match verdict {
            Verdict::Contradicted if is_tools => {
                format!("restore what is gone, or take the migration's row out of the ledger and then {mend}")
            }
            _ => mend.to_owned(),
        })
    }

    /// What the requirement of an id says beside its facts.
    pub fn notes(&self, id: RequirementId) -> Option<&RequirementNotes> {
        self.notes.get(self.rules.whole(id).0 as usize)
    }
}

#[cfg(test)]
mod tests;
