//! Database URLs as the applications have them: Prisma's, Django's and libpq's.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::Secret;

/// A PostgreSQL connection string, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    /// Servers, tried in order.
    pub hosts: Vec<PostgresHost>,
    /// User; libpq's default where none was given.
    pub user: String,
    /// Password.
    pub password: Option<Secret>,
    /// Database; the user's name where none was given.
    pub database: String,
    /// TLS.
    pub tls: TlsMode,
    /// PEM file of root certificates; `None`: the system's.
    pub root_cert: Option<PathBuf>,
    /// Prisma's `schema`, or `search_path` in libpq's `options`.
    pub search_path: Option<Vec<String>>,
    /// Whether the URL says that a transaction pooler is in between (Prisma's `pgbouncer=true`).
    pub pooled: bool,
    /// Limit of opening a connection, where the URL has one.
    pub connect_timeout: Option<Duration>,
    /// Limit of one statement, where the URL has one (Prisma's `socket_timeout`).
    pub statement_timeout: Option<Duration>,
}

/// Where a PostgreSQL server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostgresHost {
    /// Name or address, and port.
    Tcp(String, u16),
    /// The folder of the socket, and the port in its name.
    Unix(PathBuf, u16),
}

/// libpq's `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsMode {
    /// Never.
    Disable,
    /// Where the server has it; the certificate is not verified.
    #[default]
    Prefer,
    /// Or not at all; the certificate is not verified unless a root is given.
    Require,
    /// The certificate must come from a known root.
    VerifyCa,
    /// And bear the server's name.
    VerifyFull,
}

/// Why a database URL is not one. Never holds the password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DatabaseUrlError(pub String);

impl fmt::Display for PostgresUrl {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgresql://{}@", self.user)?;
        for (index, host) in self.hosts.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            match host {
                PostgresHost::Tcp(host, port) => write!(f, "{host}:{port}")?,
                PostgresHost::Unix(folder, port) => write!(f, "{}:{port}", folder.display())?,
            }
        }
        write!(f, "/{}", self.database)
    }
}
