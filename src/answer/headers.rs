//! The headers that every answer has, and the list they are collected in.

use http::{HeaderName, HeaderValue, header};

use super::proxy_status::ProxyStatus;
use super::reference::Reference;

/// Headers of an answer.
#[derive(Debug)]
pub(super) struct Headers(Vec<(HeaderName, HeaderValue)>);

/// What stands in every answer, whatever it says.
static EVERYWHERE: [(HeaderName, HeaderValue); 5] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::VARY, HeaderValue::from_static("Accept, Accept-Language, Origin")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CONTENT_SECURITY_POLICY, POLICY),
];

/// Nothing may run, be loaded, be framed or be sent; styles stand in the page itself.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// The same for a page that has images in it.
pub(super) static POLICY_WITH_IMAGES: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'",
);

static PROXY_STATUS: HeaderName = HeaderName::from_static("proxy-status");
static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

impl Headers {
    /// What every answer has.
    pub(super) fn new(proxy_status: ProxyStatus, reference: &Reference<'_>) -> Self {
        let mut all = Vec::with_capacity(14);
        all.extend_from_slice(&EVERYWHERE);
        all.push((PROXY_STATUS.clone(), proxy_status.header()));
        all.push((REQUEST_ID.clone(), reference.header()));
        Self(all)
    }

    /// Adds one word to what stands in `Proxy-Status`.
    pub(super) fn detail(&mut self, proxy_status: ProxyStatus, word: &'static str) {
        self.set(PROXY_STATUS.clone(), proxy_status.detailed(word));
    }

    /// Sets a header, in place of one of the same name.
    pub(super) fn set(&mut self, name: HeaderName, value: HeaderValue) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// Sets several headers at once; a name may stand among them more than once.
    pub(super) fn set_all(&mut self, headers: &[(HeaderName, HeaderValue)]) {
        self.0.retain(|(name, _)| headers.iter().all(|(known, _)| known != name));
        self.0.extend_from_slice(headers);
    }

    /// The list.
    pub(super) fn into_list(self) -> Vec<(HeaderName, HeaderValue)> {
        self.0
    }
}
