//! What went wrong with a PostgreSQL server, in words that say what to do.

use std::error::Error as _;
use std::io::ErrorKind;

use rustls::CertificateError;

use crate::watch::LookError;

/// SQLSTATE or its class (PostgreSQL, appendix A), the word for it, and what to do.
const BY_STATE: &[(&str, &str, &str)] = &[
    ("28P01", "authentication", "check the user and the password in the database's url"),
    (
        "28",
        "authentication",
        "the server does not let this user in from here: check the user in the url, and the server's pg_hba.conf",
    ),
    ("3D000", "no_database", "create the database, or correct its name in the url"),
    (
        "53300",
        "too_many_connections",
        "every connection of the server is taken: schemagate needs one. Lower the pools of the application or raise \
         max_connections",
    ),
    ("53", "resources", "the server lacks resources"),
    ("57P03", "starting", "the server does not take connections at the moment; schemagate keeps trying"),
    ("57P01", "shutdown", "someone ended the connection or stops the server; schemagate keeps trying"),
    ("57P02", "shutdown", "the server crashed; schemagate keeps trying"),
    (
        "57014",
        "timeout",
        "the catalog was not read within the database's statement_timeout: the server is overloaded, or raise it",
    ),
    ("55P03", "lock_timeout", "something keeps the system catalogs locked, such as VACUUM FULL on one of them"),
    (
        "42501",
        "permission",
        "schemagate reads pg_catalog alone, which everyone may by default: grant SELECT on it to this role again",
    ),
    ("08", "protocol", "a pooler or the server refused; see its own log"),
];

/// Errors of the operating system, the word for them, and what to do.
const BY_KIND: &[(ErrorKind, &str, &str)] = &[
    (ErrorKind::ConnectionRefused, "refused", "nothing listens there: is the server running, are host and port right?"),
    (ErrorKind::NotFound, "no_socket", "there is no socket: is the server running, is its folder right?"),
    (ErrorKind::PermissionDenied, "permission", "the socket may not be opened by the user that schemagate runs as"),
    (ErrorKind::HostUnreachable, "unreachable", "there is no way to the server from here: check network and firewall"),
    (ErrorKind::NetworkUnreachable, "unreachable", "there is no way to the server from here: check the network"),
    (ErrorKind::TimedOut, "timeout", "the server does not answer: check network and firewall"),
    (ErrorKind::ConnectionReset, "closed", "the other side closed the connection; schemagate keeps trying"),
    (ErrorKind::ConnectionAborted, "closed", "the connection was closed; schemagate keeps trying"),
    (ErrorKind::BrokenPipe, "closed", "the connection was closed; schemagate keeps trying"),
    (ErrorKind::UnexpectedEof, "closed", "the other side closed the connection; schemagate keeps trying"),
];

/// Why nothing came of `place`.
pub(super) fn describe(error: &tokio_postgres::Error, place: &str) -> LookError {
    if let Some(db) = error.as_db_error() {
        let state = db.code().code();
        let known = BY_STATE.iter().find(|(prefix, ..)| state.starts_with(prefix));
        let (word, advice) = known.map_or(("database", "see the server's log"), |(_, word, advice)| (*word, *advice));
        return LookError::new(word, format!("{place}: {} (SQLSTATE {state}): {advice}", db.message()));
    }
    let mut texts = Vec::new();
    let mut cause: Option<&(dyn std::error::Error + 'static)> = error.source();
    while let Some(error) = cause {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return LookError::new("tls", format!("{place}: {tls}: {}", advice_on_tls(tls)));
        }
        // An error of rustls is carried within one of the operating system, which hides it from
        // the chain of sources.
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            match io.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                Some(tls) => return LookError::new("tls", format!("{place}: {tls}: {}", advice_on_tls(tls))),
                None => return describe_io(io, place),
            }
        }
        texts.push(error.to_string());
        cause = error.source();
    }
    match (error.is_closed(), texts.iter().map(String::as_str).collect::<Vec<_>>().join(": ")) {
        (true, _) => closed(place),
        (false, text) if text == "password missing" => LookError::new(
            "authentication",
            format!("{place}: the server asks for a password: put one into the database's url, or use password_file"),
        ),
        (false, text) if text == "server does not support TLS" => LookError::new(
            "tls",
            format!("{place}: the server does not offer TLS: switch it on there, or set sslmode=disable in the url"),
        ),
        (false, text) if text.is_empty() => LookError::new("protocol", format!("{place}: {error}")),
        (false, text) => LookError::new("protocol", format!("{place}: {error}: {text}")),
    }
}

/// Why nothing came of `place`, as the operating system says it.
pub(super) fn describe_io(error: &std::io::Error, place: &str) -> LookError {
    let known = BY_KIND.iter().find(|(kind, ..)| *kind == error.kind());
    let (word, advice) = known.map_or(("io", "schemagate keeps trying"), |(_, word, advice)| (*word, *advice));
    LookError::new(word, format!("{place}: {error}: {advice}"))
}

/// Nobody answered in time.
pub(super) fn timed_out(place: &str, limit: std::time::Duration, what: &str) -> LookError {
    let text = format!("{place}: no answer within {limit:?} {what}: the server hangs, or the network loses packets");
    LookError::new("timeout", text)
}

/// The connection ended while it was needed.
pub(super) fn closed(place: &str) -> LookError {
    LookError::new("closed", format!("{place}: the other side closed the connection; schemagate keeps trying"))
}

fn advice_on_tls(error: &rustls::Error) -> &'static str {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "give the certificate of its issuer as sslrootcert"
        }
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "connect by a name that the certificate bears, or set sslmode=verify-ca",
        rustls::Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "the server needs a new certificate"
        }
        _ => "check the server's certificate and its TLS versions (1.2 or later)",
    }
}
