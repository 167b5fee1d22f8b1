//! The parameters of a connection string and what they mean here, whoever invented them.

use std::path::PathBuf;
use std::time::Duration;

use super::{DatabaseUrlError, PostgresHost, PostgresUrl, TlsMode};
use crate::config::Secret;
use crate::config::expand::Environment;

/// Keys and values of a connection string; the last of a key counts.
#[derive(Default)]
pub(super) struct Parameters(Vec<(String, String)>);

/// libpq's variables for what a connection string leaves out.
const VARIABLES: &[(&str, &str)] = &[
    ("host", "PGHOST"),
    ("port", "PGPORT"),
    ("user", "PGUSER"),
    ("password", "PGPASSWORD"),
    ("dbname", "PGDATABASE"),
    ("sslmode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
];

/// `sslmode` of libpq, Prisma and node-postgres.
const TLS_MODES: &[(&str, TlsMode)] = &[
    ("disable", TlsMode::Disable),
    ("allow", TlsMode::Prefer),
    ("prefer", TlsMode::Prefer),
    ("require", TlsMode::Require),
    ("no-verify", TlsMode::Require),
    ("verify-ca", TlsMode::VerifyCa),
    ("verify-full", TlsMode::VerifyFull),
];

/// Certificates that the client shows, which are not built.
const CLIENT_CERTIFICATES: [&str; 2] = ["sslidentity", "sslkey"];

impl Parameters {
    /// Sets a value; an empty one leaves what was there.
    pub(super) fn set(&mut self, key: &str, value: String) {
        if !value.is_empty() {
            self.0.push((key.to_owned(), value));
        }
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }
}

/// What the parameters mean. Those that are not known are the application's own affair.
pub(super) fn interpret(mut parameters: Parameters, env: Environment<'_>) -> Result<PostgresUrl, DatabaseUrlError> {
    if let Some(key) = CLIENT_CERTIFICATES.into_iter().find(|key| parameters.get(key).is_some()) {
        return Err(DatabaseUrlError::new(format!(
            "client certificates (`{key}`) are not supported yet; give a role that may log in without one"
        )));
    }
    for (key, variable) in VARIABLES {
        if parameters.get(key).is_none()
            && let Some(value) = env(variable)
        {
            parameters.set(key, value);
        }
    }
    let hosts = hosts(&parameters)?;
    let user = match parameters.get("user") {
        Some(user) => user.to_owned(),
        // libpq takes the name of the operating system's user.
        None => env("USER").or_else(|| env("LOGNAME")).filter(|user| !user.is_empty()).ok_or_else(|| {
            DatabaseUrlError::new("the database URL names no user; write postgresql://user:password@host/database")
        })?,
    };
    let (tls, root_cert) = tls(&parameters)?;
    Ok(PostgresUrl {
        hosts,
        password: parameters.get("password").map(Secret::new),
        database: parameters.get("dbname").unwrap_or(&user).to_owned(),
        user,
        tls,
        root_cert,
        search_path: search_path(&parameters),
        pooled: flag(&parameters, "pgbouncer")?,
        connect_timeout: seconds(&parameters, "connect_timeout")?,
        statement_timeout: seconds(&parameters, "socket_timeout")?,
    })
}

/// Hosts and ports side by side: as many ports as hosts, or one for all.
fn hosts(parameters: &Parameters) -> Result<Vec<PostgresHost>, DatabaseUrlError> {
    // libpq connects to `hostaddr` and keeps `host` for names; a certificate's name is then unknown.
    let list = parameters.get("host").or_else(|| parameters.get("hostaddr")).unwrap_or("/var/run/postgresql");
    let hosts: Vec<&str> = list.split(',').map(str::trim).collect();
    let ports: Vec<&str> = parameters.get("port").unwrap_or_default().split(',').map(str::trim).collect();
    if ports.len() != 1 && ports.len() != hosts.len() {
        return Err(DatabaseUrlError::new(format!("there are {} hosts and {} ports", hosts.len(), ports.len())));
    }
    let mut ports = ports.into_iter().cycle();
    hosts
        .into_iter()
        .map(|host| {
            let port = match ports.next().unwrap_or_default() {
                "" => 5432,
                port => port.parse().ok().filter(|port| *port > 0).ok_or_else(|| {
                    // It is not shown: it may be a password that stands in the wrong place.
                    DatabaseUrlError::new("a port is not a number from 1 to 65535; a `:`, `/`, `?`, `#` or `@` in a password is percent-encoded")
                })?,
            };
            Ok(match host {
                "" => PostgresHost::Unix(PathBuf::from("/var/run/postgresql"), port),
                host if host.starts_with('/') => PostgresHost::Unix(PathBuf::from(host), port),
                host => PostgresHost::Tcp(host.to_owned(), port),
            })
        })
        .collect()
}

/// The mode and the root certificate of libpq (`sslmode`, `sslrootcert`) or Prisma (`sslmode`,
/// `sslaccept`, and `sslcert` for the root).
fn tls(parameters: &Parameters) -> Result<(TlsMode, Option<PathBuf>), DatabaseUrlError> {
    let mut mode = match parameters.get("sslmode") {
        Some(word) => one_of(TLS_MODES, "sslmode", word)?,
        None if flag(parameters, "ssl")? => TlsMode::Require,
        None => TlsMode::default(),
    };
    let root = parameters.get("sslrootcert");
    if root == Some("system") {
        // libpq then takes nothing weaker than verify-full.
        return Ok((TlsMode::VerifyFull, None));
    }
    let accept = match parameters.get("sslaccept") {
        Some(word) => Some(one_of(&[("strict", true), ("accept_invalid_certs", false)], "sslaccept", word)?),
        None => None,
    };
    // Prisma verifies when it is told to be strict, and only what is encrypted.
    if accept == Some(true) && mode == TlsMode::Require {
        mode = TlsMode::VerifyFull;
    }
    let prisma_root = parameters.get("sslcert").filter(|_| accept == Some(true));
    let root = root.or(prisma_root).filter(|_| accept != Some(false));
    Ok((mode, root.map(PathBuf::from)))
}

fn one_of<T: Copy>(words: &[(&str, T)], key: &str, word: &str) -> Result<T, DatabaseUrlError> {
    words.iter().find(|(known, _)| *known == word).map(|(_, value)| *value).ok_or_else(|| {
        let known = words.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", ");
        DatabaseUrlError::new(format!("`{key}` of the database URL is none of {known}"))
    })
}

/// Prisma's `schema`, JDBC's and Django's `currentSchema`, or `search_path` within libpq's `options`.
fn search_path(parameters: &Parameters) -> Option<Vec<String>> {
    let listed = |list: &str| {
        let names = list.split(',').map(|name| name.trim().trim_matches('"').to_owned());
        let names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
        (!names.is_empty()).then_some(names)
    };
    let options = parameters.get("options").unwrap_or_default();
    let in_options = options
        .replace("-c ", "-c")
        .split_whitespace()
        .rev()
        .filter_map(|option| option.strip_prefix("-c").or_else(|| option.strip_prefix("--"))?.split_once('='))
        .find(|(key, _)| key.replace('-', "_") == "search_path")
        .map(|(_, list)| list.to_owned());
    // Prisma takes its schema as one name, commas included.
    match parameters.get("schema") {
        Some(schema) => Some(vec![schema.to_owned()]),
        None => in_options.as_deref().or(parameters.get("currentSchema")).and_then(listed),
    }
}

fn flag(parameters: &Parameters, key: &str) -> Result<bool, DatabaseUrlError> {
    match parameters.get(key) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(DatabaseUrlError::new(format!("`{key}` of the database URL is neither true nor false"))),
    }
}

/// Seconds; zero is no limit to libpq and Prisma alike.
fn seconds(parameters: &Parameters, key: &str) -> Result<Option<Duration>, DatabaseUrlError> {
    let Some(text) = parameters.get(key) else { return Ok(None) };
    // libpq takes a negative number for no limit, too.
    let seconds: i32 = text
        .trim()
        .parse()
        .map_err(|_| DatabaseUrlError::new(format!("`{key}` of the database URL is not a whole number of seconds")))?;
    let seconds = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0);
    Ok(seconds.map(Duration::from_secs))
}
