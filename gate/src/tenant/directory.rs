//! Who the tenants are, and whose a request is.

use std::collections::{BTreeMap, HashMap};

use smallvec::SmallVec;

use super::{Template, TenantKey};
use crate::{Host, Request};

/// Which tenant, as its place in [`Directory::tenants`]; of the directory it came from alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(pub u32);

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its schema, by exact name.
    pub schema: Box<str>,
    /// The hosts that a table gives it, the first one first; empty where hosts are not listed.
    pub domains: Box<[Box<str>]>,
}

/// Whose a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// A tenant's.
    Tenant(TenantId),
    /// That of the schemas which all share, or there are no tenants at all.
    Shared,
    /// It names no tenant that there is.
    Stranger,
    /// Nothing recent is known of the tenants.
    Unlearnt,
}

/// Who the tenants are.
///
/// Names are compared in lower case, although django-tenants compares them exactly: a request must
/// not get around the gate by a letter that the application, or a proxy before it, may fold.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// In the order of their schemas.
    tenants: Vec<Tenant>,
    /// Hosts, or what stands in the gap of a template. The hasher is one that outsiders cannot
    /// steer: tenants choose domains of their own.
    names: HashMap<Box<str>, Whose>,
    /// Bytes of the longest name: nothing longer is looked up.
    longest: usize,
}

impl Directory {
    /// Everybody in a table of domains: schemas and their hosts, of which a schema may have none.
    /// A schema that is shared is no tenant's.
    pub fn of_domains(rows: impl IntoIterator<Item = (Box<str>, Vec<Box<str>>)>, shared: &[Box<str>]) -> Self {
        let mut by_schema: BTreeMap<Box<str>, Vec<Box<str>>> = BTreeMap::new();
        for (schema, domains) in rows {
            by_schema.entry(schema).or_default().extend(domains);
        }
        let mut directory = Self::default();
        for (schema, domains) in by_schema {
            let is_shared = shared.contains(&schema);
            let whose = if is_shared { Whose::Shared } else { Whose::Tenant(directory.next_id()) };
            for domain in &domains {
                directory.add_name(Host::parse(domain).as_str(), domain, whose);
            }
            if !is_shared {
                directory.tenants.push(Tenant { schema, domains: domains.into() });
            }
        }
        directory
    }

    /// Everybody who has a schema of this template, but for shared ones and the system's.
    pub fn of_schemas<'s>(
        schemas: impl IntoIterator<Item = &'s str>,
        template: &Template,
        shared: &[Box<str>],
    ) -> Self {
        let mut names: Vec<&str> = schemas
            .into_iter()
            .filter(|schema| !is_system(schema) && shared.iter().all(|shared| **shared != **schema))
            .collect();
        names.sort_unstable();
        names.dedup();
        let mut directory = Self::default();
        for schema in names {
            let Some(word) = template.gap(schema) else { continue };
            directory.add_name(&word.to_ascii_lowercase(), word, Whose::Tenant(directory.next_id()));
            directory.tenants.push(Tenant { schema: schema.into(), domains: Box::default() });
        }
        directory
    }

    fn next_id(&self) -> TenantId {
        TenantId(u32::try_from(self.tenants.len()).unwrap_or(u32::MAX))
    }

    /// Of names that differ in case alone, the one in lower case is what is asked for most likely.
    fn add_name(&mut self, folded: &str, typed: &str, whose: Whose) {
        self.longest = self.longest.max(folded.len());
        if folded == typed || !self.names.contains_key(folded) {
            self.names.insert(folded.into(), whose);
        }
    }

    /// Every tenant, in the order of [`TenantId`], which is that of their schemas.
    pub fn tenants(&self) -> &[Tenant] {
        &self.tenants
    }

    /// The tenant of an id that this directory gave.
    pub fn tenant(&self, id: TenantId) -> Option<&Tenant> {
        self.tenants.get(id.0 as usize)
    }

    /// The tenant whose schema this is.
    pub fn id_of(&self, schema: &str) -> Option<TenantId> {
        let place = self.tenants.binary_search_by(|tenant| (*tenant.schema).cmp(schema)).ok()?;
        u32::try_from(place).ok().map(TenantId)
    }

    /// Whose a request is: one lookup or two, whatever it holds.
    pub fn find(&self, key: &TenantKey, request: &Request<'_>) -> Whose {
        let host = request.host.as_str();
        // As django-tenants: one leading `www.` is cut. The whole host is looked up where that
        // finds nothing, for a domain that is listed with it.
        let cut = host.strip_prefix("www.");
        let by_host = |pick: &dyn Fn(&str) -> Option<Whose>| cut.and_then(pick).or_else(|| pick(host));
        let found = match key {
            TenantKey::Domains(_) => by_host(&|host| self.named(host)),
            TenantKey::Host { host: template, .. } => {
                by_host(&|host| template.gap(host).filter(|word| !word.contains('.')).and_then(|word| self.named(word)))
            }
            TenantKey::Header { .. } => request.tenant.and_then(|word| self.named_in_any_case(word.trim())),
        };
        found.unwrap_or(Whose::Stranger)
    }

    fn named(&self, name: &str) -> Option<Whose> {
        (name.len() <= self.longest).then(|| self.names.get(name).copied()).flatten()
    }

    fn named_in_any_case(&self, name: &str) -> Option<Whose> {
        if name.len() > self.longest {
            return None;
        }
        let mut folded: SmallVec<[u8; 64]> = SmallVec::from_slice(name.as_bytes());
        folded.make_ascii_lowercase();
        self.named(core::str::from_utf8(&folded).ok()?)
    }
}

/// Two directories of the same tenants name them alike.
impl PartialEq for Directory {
    fn eq(&self, other: &Self) -> bool {
        self.tenants == other.tenants && self.names == other.names
    }
}

impl Eq for Directory {}

pub(super) fn is_system(schema: &str) -> bool {
    schema.starts_with("pg_") || schema == "information_schema"
}

#[cfg(test)]
mod tests;
