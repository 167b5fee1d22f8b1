//! Certificates and keys, read and checked before pingora would panic over them.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use pingora::listeners::tls::TlsSettings;
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::ProxyError;
use crate::config::{CertificateFiles, Https};

/// The certificates of the TLS listener, which can be exchanged while it is open.
#[derive(Debug)]
pub(super) struct Certificate(ArcSwap<Certificates>);

/// A certificate for every name.
#[derive(Debug)]
pub(super) struct Certificates {
    usual: Arc<CertifiedKey>,
    /// By a name in small letters, or by a name whose first label is `*`.
    by_name: HashMap<String, Arc<CertifiedKey>>,
}

impl Certificates {
    /// The certificates and keys of a listener, checked.
    pub(super) fn read(https: &Https) -> Result<Arc<Self>, ProxyError> {
        let usual = read(&https.certificate)?;
        let mut by_name = HashMap::new();
        for files in &https.more {
            let certified = read(files)?;
            for name in names(&certified).map_err(|error| unusable(&files.cert, "certificate", &error))? {
                by_name.entry(name).or_insert_with(|| Arc::clone(&certified));
            }
        }
        // What the usual one names itself, no wildcard of another one takes away.
        for name in names(&usual).unwrap_or_default() {
            by_name.entry(name).or_insert_with(|| Arc::clone(&usual));
        }
        Ok(Arc::new(Self { usual, by_name }))
    }

    /// The one with this very name, else one with a wildcard in the place of its first label, else the usual one.
    fn find(&self, name: Option<&str>) -> &Arc<CertifiedKey> {
        let by_name = |name: &str| {
            let name = name.to_ascii_lowercase();
            let wild = || self.by_name.get(&format!("*.{}", name.split_once('.')?.1));
            self.by_name.get(&name).or_else(wild)
        };
        name.and_then(by_name).unwrap_or(&self.usual)
    }
}

impl Certificate {
    pub(super) fn new(certificates: Arc<Certificates>) -> Arc<Self> {
        Arc::new(Self(ArcSwap::new(certificates)))
    }

    /// Gives others to whoever connects from now on.
    pub(super) fn exchange(&self, certificates: Arc<Certificates>) {
        self.0.store(certificates);
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(self.0.load().find(hello.server_name())))
    }
}

/// The names that a certificate is for (RFC 6125: its alternative names alone).
fn names(certified: &CertifiedKey) -> Result<Vec<String>, webpki::Error> {
    let Some(own) = certified.cert.first() else { return Ok(Vec::new()) };
    let own = webpki::EndEntityCert::try_from(own)?;
    Ok(own.valid_dns_names().map(str::to_ascii_lowercase).collect())
}

/// A certificate and its key, checked.
fn read(files: &CertificateFiles) -> Result<Arc<CertifiedKey>, ProxyError> {
    let CertificateFiles { cert, key } = files;
    let chain = chain(&bytes(cert, "certificate")?).map_err(|why| unusable(cert, "certificate", &why))?;
    let private = PrivateKeyDer::from_pem_slice(&bytes(key, "private key")?)
        .map_err(|error| unusable(key, "private key", &error))?;
    let certified = CertifiedKey::from_der(chain, private, &ring::default_provider()).map_err(|error| {
        ProxyError(format!(
            "the certificate {} and the private key {} cannot be used together: {error}; give the pair that was issued together",
            cert.display(),
            key.display()
        ))
    })?;
    Ok(Arc::new(certified))
}

/// The certificates in a PEM text, at least one.
pub(super) fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    if chain.is_empty() { Err("it has no PEM block `CERTIFICATE`".to_owned()) } else { Ok(chain) }
}

/// The TLS settings of a listener that offers h2 and http/1.1.
pub(super) fn tls_settings(https: &Https, certificate: Arc<Certificate>) -> Result<TlsSettings, ProxyError> {
    let wrong = |error| ProxyError(format!("cannot set up TLS for {}: {error}", https.address));
    let mut settings = TlsSettings::intermediate("", "").map_err(wrong)?;
    settings.set_cert_resolver(certificate);
    settings.enable_h2();
    Ok(settings)
}

/// Whether the system's roots load: pingora's connector needs them and would panic.
pub(super) fn check_roots() -> Result<(), ProxyError> {
    pingora::tls::load_platform_certs_incl_env_into_store(&mut RootCertStore::empty()).map_err(|error| {
        ProxyError(format!(
            "cannot load the system's root certificates: {error}; check SSL_CERT_FILE and SSL_CERT_DIR, or unset them"
        ))
    })
}

fn bytes(path: &Path, what: &str) -> Result<Vec<u8>, ProxyError> {
    std::fs::read(path).map_err(|error| {
        ProxyError(format!("cannot read the {what} {}: {error}; check [listen] https", path.display()))
    })
}

fn unusable(path: &Path, what: &str, error: &dyn std::fmt::Display) -> ProxyError {
    ProxyError(format!("the {what} {} cannot be used: {error}; a PEM file is expected", path.display()))
}
