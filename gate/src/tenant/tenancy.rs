//! What the configuration says of tenants.

use super::Template;
use super::directory::is_system;
use crate::{AnswerId, DatabaseId, ObjectName};

/// What the configuration says of tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenancy {
    /// Where their schemas are.
    pub database: DatabaseId,
    /// How a request names its tenant.
    pub key: TenantKey,
    /// Schemas that stand behind a tenant's own on the application's search path, in order. They
    /// are nobody's: a tenant's missing table that one of them has is read there, without a word.
    pub shared: Vec<Box<str>>,
    /// What becomes of requests that name no tenant.
    pub stranger: Stranger,
}

impl Tenancy {
    /// How people call the tenant of a schema.
    pub fn word<'s>(&self, schema: &'s str) -> &'s str {
        match &self.key {
            TenantKey::Domains(_) => schema,
            TenantKey::Host { schema: template, .. } | TenantKey::Header { schema: template } => {
                template.gap(schema).unwrap_or(schema)
            }
        }
    }

    /// Whether a schema of this name can be a tenant's.
    pub fn may_own(&self, schema: &str) -> bool {
        let fits = match &self.key {
            TenantKey::Domains(_) => true,
            TenantKey::Host { schema: template, .. } | TenantKey::Header { schema: template } => {
                schema.starts_with(template.before())
            }
        };
        fits && !is_system(schema) && self.shared.iter().all(|shared| **shared != *schema)
    }
}

/// How a request names its tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TenantKey {
    /// By a host that stands in a table of domains, as django-tenants has it.
    Domains(DomainTables),
    /// By a label of its host; a tenant is who has a schema.
    Host {
        /// Hosts, in lower case.
        host: Template,
        /// Schemas.
        schema: Template,
    },
    /// By a header; a tenant is who has a schema.
    Header {
        /// Schemas.
        schema: Template,
    },
}

/// The tables of tenants and their domains; one that is not named is found by its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainTables {
    /// The table of domains.
    pub domains: Option<ObjectName>,
    /// Its column of hosts.
    pub domain: Box<str>,
    /// Its column that points to the tenant.
    pub tenant: Box<str>,
    /// The table of tenants.
    pub tenants: Option<ObjectName>,
    /// Its column that is pointed to.
    pub id: Box<str>,
    /// Its column of schemas.
    pub schema: Box<str>,
}

/// What becomes of a request that names no tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stranger {
    /// It is served as if there were no tenants.
    Pass,
    /// It is refused.
    Block(AnswerId),
    /// There is nothing for it: 404.
    NotFound,
}
