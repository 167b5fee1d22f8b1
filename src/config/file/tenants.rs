//! Tenants, as they are typed.

use gate::Stranger;
use serde_json::json;
use toml::de::DeValue;

use crate::config::errors::Problem;
use crate::config::nearest::suggestion;
use crate::config::reader::{Definitions, Read, Reader, Value, table};
use crate::config::values::{List, Word, Words};

/// A framework that keeps its tenants in tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum Framework {
    DjangoTenants,
}

impl Words for Framework {
    const WORDS: &'static [(&'static str, Self)] = &[("django-tenants", Self::DjangoTenants)];
}

/// What becomes of who names no tenant, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum StrangerWord {
    Pass,
    Block,
    NotFound,
}

impl StrangerWord {
    const WORDS: [(&'static str, Self); 3] = [("pass", Self::Pass), ("block", Self::Block), ("404", Self::NotFound)];

    /// What it means; `block` is asked for the answer.
    pub(in crate::config) fn meaning(self, block: impl FnOnce() -> gate::AnswerId) -> Stranger {
        match self {
            Self::Pass => Stranger::Pass,
            Self::Block => Stranger::Block(block()),
            Self::NotFound => Stranger::NotFound,
        }
    }
}

impl Read for StrangerWord {
    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = match value.get_ref() {
            DeValue::Integer(integer) => integer.as_str().to_owned(),
            _ => reader.text(value, "\"pass\", \"block\" or 404")?,
        };
        let found = Self::WORDS.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let message = format!("`{}` knows no `{text}`", reader.path());
            let words = Self::WORDS.iter().map(|(word, _)| *word);
            reader.report(Problem::new(Some(value.span().into()), message).help(suggestion(
                &text,
                words,
                "known words",
            )));
        }
        found.map(|(_, word)| *word)
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        json!({ "anyOf": [{ "enum": ["pass", "block", 404] }, { "type": "string", "pattern": r"\$\{" }] })
    }
}

table! {
    /// Tenants with a PostgreSQL schema each. How a request names its tenant is one of `from`, `host` and `header`.
    TenantsTable {
        /// The framework whose tables list the tenants and their hosts: "django-tenants".
        from: Word<Framework>,
        /// Hosts, such as "{tenant}.example.com"; a tenant is who has a schema.
        host: String,
        /// A header whose value names the tenant; a tenant is who has a schema.
        header: String,
        /// With `host` and `header`: a tenant's schema.
        schema: String = "{tenant}",
        /// The tenants' database; needless where there is one.
        database: String,
        /// Requirements with `per_tenant` that every request of a tenant needs; a route may say tenant_needs = false.
        needs: List<String> = [],
        /// What becomes of requests that name no tenant: "pass", "block", or 404. Those for the shared schema's own hosts pass.
        unknown: StrangerWord = "pass",
        /// Schemas behind a tenant's own on the application's search path, in order. They are no tenants, and a tenant's missing table that one of them has is found to fall through to it.
        shared: List<String> = "public",
        /// With `from`: the table of hosts.
        domains: DomainsTable = {},
        /// With `from`: the table of tenants.
        tenants: TenantRowsTable = {},
    }
}

table! {
    /// The table of hosts.
    DomainsTable {
        /// Its name; found in the shared schemas by its columns and a name that ends in _domain if left out.
        table: String,
        /// Its column of hosts.
        domain: String = "domain",
        /// Its column that points to the tenant.
        tenant: String = "tenant_id",
    }
}

table! {
    /// The table of tenants.
    TenantRowsTable {
        /// Its name; the one that the table of hosts points to if left out.
        table: String,
        /// Its column that is pointed to.
        id: String = "id",
        /// Its column of schemas.
        schema: String = "schema_name",
    }
}
