//! Database URLs as the applications have them: Prisma's, Django's and libpq's.

mod parameters;
mod sqlite;
mod uri;
mod words;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::Secret;
use super::expand::Environment;
use super::nearest::nearest;

/// What a database URL leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DatabaseUrl {
    /// A PostgreSQL server.
    Postgres(Box<PostgresUrl>),
    /// An SQLite file; a relative path is the caller's to resolve.
    Sqlite(PathBuf),
}

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

/// What a URL's scheme stands for.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Postgres,
    Sqlite,
    /// A database that is not watched, by name.
    Other(&'static str),
    /// Not a database at all, and what to give instead.
    Instead(&'static str),
}

/// Schemes as Prisma, Django (dj-database-url, django-environ), `SQLAlchemy` and libpq write them,
/// after a driver (`+psycopg2`) and Django's package (`django.db.backends.`) are taken off.
const SCHEMES: &[(&str, Kind)] = &[
    ("postgres", Kind::Postgres),
    ("postgresql", Kind::Postgres),
    ("postgis", Kind::Postgres),
    ("psql", Kind::Postgres),
    ("pgsql", Kind::Postgres),
    ("timescale", Kind::Postgres),
    ("timescaledb", Kind::Postgres),
    ("timescalegis", Kind::Postgres),
    ("postgresql_psycopg2", Kind::Postgres),
    ("sqlite", Kind::Sqlite),
    ("sqlite3", Kind::Sqlite),
    ("spatialite", Kind::Sqlite),
    ("file", Kind::Sqlite),
    ("mysql", Kind::Other("MySQL")),
    ("mysql2", Kind::Other("MySQL")),
    ("mysqlgis", Kind::Other("MySQL")),
    ("mariadb", Kind::Other("MariaDB")),
    ("sqlserver", Kind::Other("SQL Server")),
    ("mssql", Kind::Other("SQL Server")),
    ("mssqlms", Kind::Other("SQL Server")),
    ("oracle", Kind::Other("Oracle")),
    ("oraclegis", Kind::Other("Oracle")),
    ("mongodb", Kind::Other("MongoDB")),
    ("cockroach", Kind::Other("CockroachDB")),
    ("cockroachdb", Kind::Other("CockroachDB")),
    ("redshift", Kind::Other("Redshift")),
    ("prisma", Kind::Instead("this is Prisma Accelerate; give the database's own URL, which Prisma calls directUrl")),
    ("http", Kind::Instead("this is a web address; give the database's own URL")),
    ("https", Kind::Instead("this is a web address; give the database's own URL")),
];

const EXAMPLES: &str = "write postgresql://user:password@host:5432/database, or sqlite:path";

impl DatabaseUrl {
    /// Reads a URL or a libpq keyword string. What it leaves out is taken from libpq's variables
    /// in `env` (`PGHOST`, `PGUSER`, …).
    pub(super) fn parse(text: &str, env: Environment<'_>) -> Result<Self, DatabaseUrlError> {
        let text = text.trim();
        let text = text.strip_prefix("jdbc:").unwrap_or(text);
        if text.is_empty() {
            return Err(DatabaseUrlError::new(format!("the database URL is empty; {EXAMPLES}")));
        }
        let Some((typed, rest)) = text.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) else {
            if text.contains('=') {
                return Ok(Self::Postgres(Box::new(parameters::interpret(words::parse(text)?, env)?)));
            }
            return Err(DatabaseUrlError::new(format!("this is not a database URL; {EXAMPLES}")));
        };
        let scheme = typed.to_ascii_lowercase();
        let scheme = scheme.rsplit('.').next().unwrap_or_default();
        let scheme = scheme.split('+').next().unwrap_or_default();
        match SCHEMES.iter().find(|(known, _)| *known == scheme) {
            Some((_, Kind::Postgres)) => {
                let rest = rest.strip_prefix("//").ok_or_else(|| {
                    DatabaseUrlError::new(format!("two slashes are missing after `{typed}:`; {EXAMPLES}"))
                })?;
                Ok(Self::Postgres(Box::new(parameters::interpret(uri::parse(rest)?, env)?)))
            }
            Some((_, Kind::Sqlite)) => sqlite::path(rest).map(Self::Sqlite),
            Some((_, Kind::Other(name))) => Err(DatabaseUrlError::new(format!(
                "{name} is not supported yet; schemagate watches PostgreSQL and SQLite"
            ))),
            Some((_, Kind::Instead(advice))) => Err(DatabaseUrlError::new((*advice).to_owned())),
            None if rest.starts_with("//") => {
                let meant = nearest(scheme, SCHEMES.iter().map(|(known, _)| *known));
                let advice = meant.map_or(EXAMPLES.to_owned(), |meant| format!("did you mean `{meant}`?"));
                Err(DatabaseUrlError::new(format!("`{scheme}` is not a database; {advice}")))
            }
            None => Err(DatabaseUrlError::new(format!("this is not a database URL; {EXAMPLES}"))),
        }
    }
}

/// RFC 3986, section 3.1; and the underscore of Django's old backend.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte))
}

impl DatabaseUrlError {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl FromStr for PostgresUrl {
    type Err = DatabaseUrlError;

    /// Reads a URL or a libpq keyword string, and no environment.
    fn from_str(text: &str) -> Result<Self, DatabaseUrlError> {
        match DatabaseUrl::parse(text, &|_| None)? {
            DatabaseUrl::Postgres(url) => Ok(*url),
            DatabaseUrl::Sqlite(_) => Err(DatabaseUrlError::new("this is an SQLite file, not a PostgreSQL server")),
        }
    }
}

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

#[cfg(test)]
mod tests;
