//! Editions of new configurations: made and checked before they are live.

use std::sync::Arc;

use super::ProxyError;
use super::certificate::{Certificate, Certificates};
use super::edition::{Edition, Editions, Means};
use crate::config::Config;
use crate::metrics::Servers;

/// Makes editions of new configurations.
pub struct Editor {
    pub(super) editions: Arc<Editions>,
    pub(super) means: Means,
    /// The TLS listener's, where there is one.
    pub(super) certificate: Option<Arc<Certificate>>,
}

/// An edition that requests are decided by as soon as its configuration is live. Dropped, it is taken back.
pub struct Draft<'e> {
    editor: &'e Editor,
    edition: Arc<Edition>,
    certificates: Option<Arc<Certificates>>,
}

impl Editor {
    /// Makes an edition and checks everything that can be wrong with it; what did not change is used on. Takes a few
    /// seconds at most, if names of servers do not resolve. Addresses and threads stay what they are.
    pub async fn draft(&self, config: Arc<Config>) -> Result<Draft<'_>, ProxyError> {
        let https = config.listen.https.as_ref().filter(|_| self.certificate.is_some());
        let certificates = https.map(Certificates::read).transpose()?;
        let edition = Edition::prepare(config, self.editions.newest().as_deref(), &self.means).await?;
        let edition = Arc::new(edition);
        self.editions.add(&edition);
        Ok(Draft { editor: self, edition, certificates })
    }
}

impl Draft<'_> {
    /// Its configuration is live: the editions before it are forgotten, but by requests that are under way.
    pub fn is_live(self) {
        if let (Some(certificate), Some(certificates)) = (&self.editor.certificate, &self.certificates) {
            certificate.exchange(Arc::clone(certificates));
        }
        let servers: Arc<dyn Servers> = self.edition.upstreams.clone();
        self.editor.means.metrics.ask_of_servers(&servers);
        self.editor.editions.keep(&self.edition);
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        self.editor.editions.take_back(&self.edition);
    }
}
