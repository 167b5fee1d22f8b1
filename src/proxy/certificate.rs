//! Certificates and keys, read and checked before pingora would panic over them.

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
use crate::config::Https;

/// The certificate of the TLS listener, which can be exchanged while it is open.
#[derive(Debug)]
pub(super) struct Certificate(ArcSwap<CertifiedKey>);

impl Certificate {
    pub(super) fn new(certified: Arc<CertifiedKey>) -> Arc<Self> {
        Arc::new(Self(ArcSwap::new(certified)))
    }

    /// Gives another one to whoever connects from now on.
    pub(super) fn exchange(&self, certified: Arc<CertifiedKey>) {
        self.0.store(certified);
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

/// The certificate and key of a listener, checked.
pub(super) fn read(https: &Https) -> Result<Arc<CertifiedKey>, ProxyError> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&bytes(&https.cert, "certificate")?)
        .collect::<Result<_, _>>()
        .map_err(|error| unusable(&https.cert, "certificate", &error))?;
    if chain.is_empty() {
        return Err(unusable(&https.cert, "certificate", &"it has no PEM block `CERTIFICATE`"));
    }
    let key = PrivateKeyDer::from_pem_slice(&bytes(&https.key, "private key")?)
        .map_err(|error| unusable(&https.key, "private key", &error))?;
    let certified = CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(|error| {
        ProxyError(format!(
            "the certificate {} and the private key {} cannot be used together: {error}; give the pair that was issued together",
            https.cert.display(),
            https.key.display()
        ))
    })?;
    Ok(Arc::new(certified))
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
