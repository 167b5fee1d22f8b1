//! TLS: to clients and to servers.

use std::path::PathBuf;
use std::sync::Arc;

use http::HeaderValue;

use super::{Address, Secret};

/// A TLS listener; ALPN offers h2 and http/1.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Https {
    /// Where.
    pub address: Address,
    /// For names that are in no other certificate, and for clients that ask for none.
    pub certificate: CertificateFiles,
    /// For the names that are in them; the first one that has a name is used for it.
    pub more: Vec<CertificateFiles>,
    /// The port that requests over plain HTTP are sent on to; `None`: they are served.
    pub redirect: Option<u16>,
    /// `Strict-Transport-Security` (RFC 6797) of answers over TLS.
    pub hsts: Option<HeaderValue>,
}

/// PEM files of a certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate, then its chain.
    pub cert: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// TLS to the servers of an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamTls {
    /// The name asked for and verified; `None`: the server's host.
    pub server_name: Option<String>,
    /// Whether the certificate is verified.
    pub verify: bool,
    /// PEM: what certificates must lead to; `None`: the system's roots.
    pub roots: Option<Arc<str>>,
    /// What is shown to servers that ask who connects.
    pub identity: Option<ClientIdentity>,
}

/// A certificate of schemagate's own, by content: another one makes another upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientIdentity {
    /// PEM: the certificate, then its chain.
    pub cert: Arc<str>,
    /// PEM: the private key.
    pub key: Secret,
}

impl UpstreamTls {
    /// TLS as "https://" asks for it.
    pub(super) const USUAL: Self = Self { server_name: None, verify: true, roots: None, identity: None };
}
