//! TLS to a PostgreSQL server, by libpq's `sslmode`.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::config::{PostgresUrl, TlsMode};
use crate::watch::LookError;

/// How far a server's certificate is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    /// It need only be the one that the server has the key of.
    Nothing,
    /// It must come from a known root.
    Authority,
    /// And bear the server's name.
    Name,
}

/// What `sslmode` and `sslrootcert` mean: whether to speak TLS, and how far to check.
const fn policy(mode: TlsMode, has_root: bool) -> (SslMode, Check) {
    match mode {
        TlsMode::Disable => (SslMode::Disable, Check::Nothing),
        TlsMode::Prefer => (SslMode::Prefer, Check::Nothing),
        // As libpq: a root file that is there is meant to be used.
        TlsMode::Require if has_root => (SslMode::Require, Check::Authority),
        TlsMode::Require => (SslMode::Require, Check::Nothing),
        TlsMode::VerifyCa => (SslMode::Require, Check::Authority),
        TlsMode::VerifyFull => (SslMode::Require, Check::Name),
    }
}

/// Whether to speak TLS to the servers of a URL, and the way to do so.
pub(super) fn connector(url: &PostgresUrl) -> Result<(SslMode, MakeRustlsConnect), LookError> {
    let (mode, check) = policy(url.tls, url.root_cert.is_some());
    let trusted = match (check, &url.root_cert) {
        (Check::Nothing, _) => Vec::new(),
        (_, Some(path)) => from_file(path)?,
        (_, None) => from_system()?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trusted.iter().cloned());
    let verifier = Verifier { check, roots, trusted, provider: Arc::clone(&provider) };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| LookError::new("tls", format!("TLS cannot be set up: {error}")))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok((mode, MakeRustlsConnect::new(config)))
}

fn from_file(path: &Path) -> Result<Vec<CertificateDer<'static>>, LookError> {
    let unreadable =
        |error| LookError::new("tls", format!("the root certificates in {} cannot be read: {error}", path.display()));
    let certificates = CertificateDer::pem_file_iter(path).map_err(unreadable)?;
    let certificates = certificates.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    if certificates.is_empty() {
        return Err(LookError::new("tls", format!("there is no certificate in {}: it must be PEM", path.display())));
    }
    Ok(certificates)
}

fn from_system() -> Result<Vec<CertificateDer<'static>>, LookError> {
    let found = rustls_native_certs::load_native_certs();
    match found.errors.first() {
        _ if !found.certs.is_empty() => Ok(found.certs),
        Some(error) => Err(LookError::new("tls", format!("the system's root certificates cannot be read: {error}"))),
        None => Err(LookError::new("tls", "this system has no root certificates: give sslrootcert in the url")),
    }
}

/// Checks a server's certificate as far as `sslmode` asks for.
#[derive(Debug)]
struct Verifier {
    check: Check,
    roots: RootCertStore,
    trusted: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        server: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.check == Check::Nothing {
            return Ok(ServerCertVerified::assertion());
        }
        let parsed = ParsedCertificate::try_from(server)?;
        // The usual self-signed certificate is an authority by its own word, which webpki does not
        // take as a server's; but whoever gives it as the root means exactly this server.
        if !self.trusted.contains(server) {
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots, intermediates, now, algorithms)?;
        }
        if self.check == Check::Name {
            verify_server_name(&parsed, name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sslmode_means_what_it_means_to_libpq() {
        for (mode, has_root, expected) in [
            (TlsMode::Disable, true, (SslMode::Disable, Check::Nothing)),
            (TlsMode::Prefer, true, (SslMode::Prefer, Check::Nothing)),
            (TlsMode::Require, false, (SslMode::Require, Check::Nothing)),
            (TlsMode::Require, true, (SslMode::Require, Check::Authority)),
            (TlsMode::VerifyCa, false, (SslMode::Require, Check::Authority)),
            (TlsMode::VerifyFull, true, (SslMode::Require, Check::Name)),
        ] {
            assert_eq!(policy(mode, has_root), expected, "{mode:?}, root given: {has_root}");
        }
    }
}
