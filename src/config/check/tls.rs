//! TLS: to clients and to servers.

use std::time::Duration;

use http::HeaderValue;

use super::Check;
use crate::config::file::{HttpsTable, UpstreamTlsTable};
use crate::config::place::Placed;
use crate::config::reader::Key;
use crate::config::{CertificateFiles, ClientIdentity, Https, Secret, UpstreamTls};

/// Files of certificates are no longer.
const LONGEST: u64 = 1 << 20;

const CERTIFICATE: &str = "BEGIN CERTIFICATE";
const PRIVATE_KEY: &str = "PRIVATE KEY";

/// What browsers' lists of preloaded hosts ask for (<https://hstspreload.org>).
const SHORTEST_PRELOADED: Duration = Duration::from_secs(365 * 86_400);

impl Check<'_> {
    pub(super) fn https(&mut self, https: &HttpsTable) -> Option<Https> {
        let address = https.address.placed().and_then(|address| self.address("listen.https.address", address));
        let certificate = self.certificate_files("listen.https", &https.cert, &https.key);
        let typed = https.more.get().map_or(&[][..], |list| &list.0);
        let more: Vec<_> = typed
            .iter()
            .map(|more| self.certificate_files("listen.https.more", &more.value.cert, &more.value.key))
            .collect();
        let hsts = self.hsts(https);
        let port = https.redirect_port.copied()?;
        if port == 0 {
            self.error(https.redirect_port.place(), "`listen.https.redirect_port` must be from 1 to 65535");
        }
        Some(Https {
            address: address?,
            certificate: certificate?,
            more: more.into_iter().collect::<Option<_>>()?,
            redirect: https.redirect.copied()?.then_some(port),
            hsts,
        })
    }

    fn hsts(&mut self, https: &HttpsTable) -> Option<HeaderValue> {
        let (subdomains, preload) = (https.hsts_subdomains.copied()?, https.hsts_preload.copied()?);
        let Some(age) = https.hsts.placed() else {
            let odd = [(subdomains, &https.hsts_subdomains), (preload, &https.hsts_preload)];
            if let Some((_, key)) = odd.into_iter().find(|(set, _)| *set) {
                self.error(key.place(), "`listen.https.hsts` is missing: how long browsers are to use https alone")
                    .help("such as hsts = \"8760h\"");
            }
            return None;
        };
        if preload && (!subdomains || age.value < SHORTEST_PRELOADED) {
            self.error(https.hsts_preload.place(), "`listen.https.hsts_preload` asks for more than is there")
                .help("with hsts_subdomains = true and hsts = \"8760h\" or longer; it cannot be undone soon");
        }
        let mut value = format!("max-age={}", age.value.as_secs());
        for (set, word) in [(subdomains, "; includeSubDomains"), (preload, "; preload")] {
            if set {
                value.push_str(word);
            }
        }
        HeaderValue::try_from(value).ok()
    }

    fn certificate_files(&mut self, name: &str, cert: &Key<String>, key: &Key<String>) -> Option<CertificateFiles> {
        let found = self.pem(&format!("{name}.cert"), cert, CERTIFICATE).is_some();
        let found = self.pem(&format!("{name}.key"), key, PRIVATE_KEY).is_some() && found;
        let path = |file: &Placed<String>| self.path(&file.value);
        let files = CertificateFiles { cert: cert.placed().map(path)?, key: key.placed().map(path)? };
        found.then_some(files)
    }

    pub(super) fn upstream_tls(&mut self, name: &str, tls: &UpstreamTlsTable) -> UpstreamTls {
        let verify = tls.verify.copied().unwrap_or(true);
        if !verify && !tls.roots.is_absent() {
            self.error(tls.roots.place(), format!("`{name}.roots` is of no use where `verify` is false"))
                .help("leave out `verify`, so that the servers' certificates are held against these roots");
        }
        for (one, other, word) in [(&tls.cert, &tls.key, "key"), (&tls.key, &tls.cert, "cert")] {
            if other.is_absent() && !one.is_absent() {
                self.error(one.place(), format!("`{name}.{word}` is missing: a certificate and its key go together"));
            }
        }
        let roots = self.pem(&format!("{name}.roots"), &tls.roots, CERTIFICATE).map(Into::into);
        let cert = self.pem(&format!("{name}.cert"), &tls.cert, CERTIFICATE);
        let key = self.pem(&format!("{name}.key"), &tls.key, PRIVATE_KEY);
        let identity = cert.zip(key).map(|(cert, key)| ClientIdentity { cert: cert.into(), key: Secret::new(key) });
        UpstreamTls { server_name: tls.server_name.get().cloned(), verify, roots, identity }
    }

    /// The text of a PEM file that holds what is `wanted`.
    fn pem(&mut self, name: &str, key: &Key<String>, wanted: &str) -> Option<String> {
        let file = key.placed()?;
        let bytes = self.file(name, file, LONGEST)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if !text.contains(wanted) {
            self.error(file.place, format!("`{name}`: {} has no `{wanted}`", self.path(&file.value).display()))
                .help("it must be a PEM file");
            return None;
        }
        Some(text)
    }
}
