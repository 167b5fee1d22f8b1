//! What a backend is told beside what the client says, and not told of that.

use std::borrow::Cow;

use http::{HeaderName, header};
use pingora::http::RequestHeader;

use super::exchange::Exchange;
use super::facts::authority;
use super::{forwarded, look_alike, request_id};
use crate::head::RequestHead;

/// How the fields of a request differ on their way to a backend. What is set stands in the place of any of its name.
#[derive(Debug, Default)]
pub(super) struct Amendments<'r> {
    removed: Vec<HeaderName>,
    set: Vec<(&'static str, Cow<'r, str>)>,
}

impl<'r> Amendments<'r> {
    /// Those of `request` as it came.
    pub(super) fn of(request: &RequestHead<'r>, exchange: &'r Exchange) -> Self {
        let config = &exchange.edition.config;
        let mut amendments = Self { removed: Vec::new(), set: Vec::with_capacity(8) };
        look_alike::tell_nothing_of(request.fields, config.tenant_header.as_ref(), &mut amendments);
        forwarded::tell(request, &exchange.client, &config.listen.trusted_proxies, &mut amendments);
        amendments.set(request_id::NAME, exchange.id.as_str());
        exchange.trace.tell(request.fields, &mut amendments);
        if let Some(pool) = exchange.pool().filter(|_| authority(request).is_none()) {
            // The client spoke HTTP/1.0; what the backend hears must have a Host.
            amendments.set(header::HOST.as_str(), pool.authority());
        }
        amendments
    }

    pub(super) fn set(&mut self, name: &'static str, value: impl Into<Cow<'r, str>>) {
        self.set.push((name, value.into()));
    }

    pub(super) fn remove(&mut self, name: HeaderName) {
        self.removed.push(name);
    }

    /// Whether nothing is left of what came under this name, in whatever letters.
    pub(super) fn replace(&self, name: &[u8]) -> bool {
        let set = self.set.iter().map(|(set, _)| *set);
        set.chain(self.removed.iter().map(HeaderName::as_str)).any(|other| name.eq_ignore_ascii_case(other.as_bytes()))
    }

    /// What is set, each name in the letters that it is sent in.
    pub(super) fn told(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.set.iter().map(|(name, value)| (*name, &**value))
    }

    /// Makes them in a request that is about to be sent.
    pub(super) fn make(self, request: &mut RequestHeader) -> pingora::Result<()> {
        for name in &self.removed {
            request.remove_header(name);
        }
        for (name, value) in self.set {
            request.insert_header(name, &*value)?;
        }
        Ok(())
    }
}

#[cfg(test)]
impl Amendments<'_> {
    /// `request` as a backend gets it.
    pub(super) fn made_in(self, request: &RequestHeader) -> RequestHeader {
        let mut request = request.clone();
        self.make(&mut request).expect("they can be made");
        request
    }
}
