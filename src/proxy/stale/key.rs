//! What two requests must have in common for one of them to be given the other's answer.

use http::{HeaderName, Method, header};
use sha2::{Digest, Sha256};

use super::inputs::Role;
use super::unfit::Unfit;
use crate::config::StaleKey;
use crate::head::{Fields, RequestHead};
use crate::proxy::client::Client;
use crate::proxy::facts::authority;
use crate::wire::is_told_by_proxies;

/// Everything that an answer may depend on, as a SHA-256: no credential lies in memory in clear, and
/// nobody can make two requests that meet in one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::proxy) struct Key([u8; 32]);

/// A request, as the backend hears it.
#[derive(Debug, Clone, Copy)]
pub(in crate::proxy) struct Asked<'a> {
    /// The request as it came.
    pub(in crate::proxy) request: RequestHead<'a>,
    /// Whether it has a body, whatever its headers say.
    pub(in crate::proxy) has_body: bool,
    /// The path and the query that are forwarded.
    pub(in crate::proxy) target: &'a [u8],
    /// Who asks.
    pub(in crate::proxy) client: &'a Client,
    /// The route's name: what was kept for one route is never given by another.
    pub(in crate::proxy) route: &'a str,
    /// The upstream's name.
    pub(in crate::proxy) upstream: &'a str,
    /// The tenant's name, where there are tenants. One that is chosen by host, path or header is told
    /// apart by those already.
    pub(in crate::proxy) tenant: Option<&'a str>,
    /// What the operator says of the key.
    pub(in crate::proxy) key: &'a StaleKey,
}

/// Preconditions that a stored answer cannot be held against.
const PRECONDITIONS: [HeaderName; 2] = [header::IF_MATCH, header::IF_UNMODIFIED_SINCE];

/// How a backend is told of the client's address; the operator may name these.
const ADDRESSES: [&str; 3] = ["x-forwarded-for", "x-real-ip", "forwarded"];

impl Asked<'_> {
    /// The key of this request, or why it has none.
    pub(in crate::proxy) fn key(&self) -> Result<Key, Unfit> {
        self.fitness()?;
        Ok(self.digest())
    }

    fn fitness(&self) -> Result<(), Unfit> {
        let fields = self.request.fields;
        if !matches!(*self.request.method, Method::GET | Method::HEAD) {
            return Err(Unfit::Method);
        }
        if names(fields).any(|name| Role::of(&name, self.key) == Role::Credential) {
            return Err(Unfit::Credentials);
        }
        let says_body = fields.get(&header::CONTENT_LENGTH).is_some_and(|length| length != b"0");
        if self.has_body || says_body || fields.has(&header::TRANSFER_ENCODING) {
            return Err(Unfit::Body);
        }
        if PRECONDITIONS.iter().any(|name| fields.has(name)) {
            return Err(Unfit::Precondition);
        }
        if fields.has(&header::UPGRADE) || fields.has(&header::EXPECT) || nominates(fields) {
            return Err(Unfit::Connection);
        }
        Ok(())
    }

    fn digest(&self) -> Key {
        let mut sum = Sum::default();
        for name in [self.route, self.upstream] {
            sum.part(name.as_bytes());
        }
        sum.maybe(self.tenant.map(str::as_bytes));
        // The operator's own words: another configuration is another key.
        for names in [&self.key.names, &self.key.ignores] {
            sum.count(names.len());
            for name in names {
                sum.part(name.as_str().as_bytes());
            }
        }
        // The backend is told the scheme and the host to the letter, and builds links of them.
        sum.part(if self.client.tls { b"https" } else { b"http" });
        sum.maybe(authority(&self.request).map(str::as_bytes));
        sum.part(self.target);
        if ADDRESSES.iter().any(|name| self.key.names.iter().any(|named| named == name)) {
            let address = self.client.address.map(|address| address.to_string());
            sum.maybe(address.as_deref().map(str::as_bytes));
        }
        let fields = self.request.fields;
        let mut names: Vec<HeaderName> = names(fields).filter(|name| self.is_heard(name)).collect();
        names.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
        names.dedup();
        for name in &names {
            let role = Role::of(name, self.key);
            if !fields.all(name).any(|value| role.takes(value)) {
                continue;
            }
            sum.part(name.as_str().as_bytes());
            sum.count(fields.all(name).count());
            for value in fields.all(name) {
                sum.part(value);
            }
        }
        Key(sum.0.finalize().into())
    }

    /// Whether a header reaches the backend as it came. The host is told apart already.
    fn is_heard(&self, name: &HeaderName) -> bool {
        *name != header::HOST && (self.client.trusted || !is_told_by_proxies(name.as_str().as_bytes()))
    }
}

/// The names of fields, in small letters.
fn names(fields: Fields<'_>) -> impl Iterator<Item = HeaderName> {
    fields.names().filter_map(|name| HeaderName::from_bytes(name).ok())
}

/// Whether the client makes the connection's own business of other headers: those are taken away
/// before the backend is asked, and would be in the key all the same (RFC 9110, section 7.6.1).
fn nominates(fields: Fields<'_>) -> bool {
    fields.of_connection().any(|option| {
        !option.is_empty() && !option.eq_ignore_ascii_case(b"keep-alive") && !option.eq_ignore_ascii_case(b"close")
    })
}

/// A digest of parts that cannot run into each other: each has its length before it.
#[derive(Default)]
struct Sum(Sha256);

impl Sum {
    fn count(&mut self, number: usize) {
        self.0.update((number as u64).to_le_bytes());
    }

    fn part(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.update(bytes);
    }

    fn maybe(&mut self, bytes: Option<&[u8]>) {
        self.count(usize::from(bytes.is_some()));
        self.part(bytes.unwrap_or_default());
    }
}
