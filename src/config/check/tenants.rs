//! Tenants.

use gate::{DatabaseId, DomainTables, HostPattern, ObjectName, RequirementId, Template, Tenancy, TenantKey};
use http::HeaderName;

use super::Check;
use super::action::{Answers, Defaults};
use super::requirement::{Requirements, object};
use crate::config::file::{File, TenantsTable};
use crate::config::place::{Place, Placed};
use crate::config::reader::Key;
use crate::config::{Database, Source};

/// Mends a tenant of django-tenants.
pub(super) const DJANGO_TENANTS_MEND: &str = "python manage.py migrate_schemas --schema={schema}";

/// What `[tenants]` means.
pub(super) struct Tenants {
    pub(super) tenancy: Tenancy,
    pub(super) header: Option<HeaderName>,
    /// What every request of a tenant needs.
    pub(super) needs: Vec<RequirementId>,
}

impl Check<'_> {
    /// The tenants' database.
    pub(super) fn tenants_database(&mut self, file: &File, databases: &[Option<Database>]) -> Option<DatabaseId> {
        let typed = file.tenants.placed()?;
        let id = self.database_of("tenants", (&typed.value.database, typed.place), file, databases)?;
        if let Some(Some(Database { name, source: Source::Sqlite(_), .. })) = databases.get(id.0 as usize) {
            let place = typed.value.database.place().or(typed.place);
            self.error(place, format!("`tenants`: the database `{name}` is SQLite, which has one schema alone"))
                .help("tenants are schemas of PostgreSQL");
            return None;
        }
        Some(id)
    }

    /// What `[tenants]` means; `block` makes the answer for requests that name no tenant.
    pub(super) fn tenants(
        &mut self,
        file: &File,
        database: Option<DatabaseId>,
        requirements: &Requirements,
        defaults: &Defaults<'_>,
        answers: &mut Answers,
    ) -> Option<Tenants> {
        let typed = file.tenants.placed()?;
        let table = &typed.value;
        let key = self.tenant_key(table, typed.place);
        let header = table.header.placed().and_then(|name| self.tenant_header(name));
        let shared = table.shared.get().map(|list| list.0.iter().map(|name| name.value.as_str().into()).collect());
        let needs = self.tenants_needs(table, requirements);
        if !requirements.list.iter().any(|requirement| requirement.per_tenant) {
            self.warn(typed.place, "nothing is required of tenants: no requirement says per_tenant = true");
        }
        let stranger = table.unknown.copied()?.meaning(|| self.refusal(None, defaults, answers));
        Some(Tenants { tenancy: Tenancy { database: database?, key: key?, shared: shared?, stranger }, header, needs })
    }

    fn tenant_key(&mut self, table: &TenantsTable, place: Option<Place>) -> Option<TenantKey> {
        let TenantsTable { from, host, header, .. } = table;
        let named: Vec<(&str, Option<Place>)> =
            [("from", from.place()), ("host", host.place()), ("header", header.place())]
                .into_iter()
                .filter(|(_, place)| place.is_some())
                .collect();
        match named.as_slice() {
            [(_, _)] => {}
            [(one, at_one), (other, at_other), ..] => {
                self.error(*at_other, format!("`tenants.{one}` and `tenants.{other}` are both given"))
                    .help("a request's tenant is named in one way")
                    .beside(*at_one, "the other");
                return None;
            }
            [] if from.is_absent() && host.is_absent() && header.is_absent() => {
                self.error(place, "`tenants` does not say how a request names its tenant").help(
                    "such as from = \"django-tenants\", host = \"{tenant}.example.com\" or header = \"X-Tenant\"",
                );
                return None;
            }
            [] => return None,
        }
        self.refuse_needless_keys(table);
        if from.get().is_some() {
            return self.domain_tables(table).map(TenantKey::Domains);
        }
        let schema = table.schema.placed().and_then(|typed| self.gapped("tenants.schema", typed))?;
        let Some(typed) = host.placed() else { return Some(TenantKey::Header { schema }) };
        let lower = Placed { value: typed.value.to_ascii_lowercase(), place: typed.place };
        let host = self.gapped("tenants.host", &lower)?;
        let example = format!("{}x{}", host.before(), host.after());
        match HostPattern::parse(&example) {
            Ok(HostPattern::Exact(_)) => Some(TenantKey::Host { host, schema }),
            Ok(_) => {
                self.error(typed.place, "`tenants.host` is for one tenant a host, without `*`")
                    .help("such as \"{tenant}.example.com\"");
                None
            }
            Err(error) => {
                self.error(typed.place, format!("`tenants.host`: {error}")).help("such as \"{tenant}.example.com\"");
                None
            }
        }
    }

    /// Text with one gap.
    fn gapped(&mut self, name: &str, typed: &Placed<String>) -> Option<Template> {
        typed
            .value
            .parse()
            .map_err(|error| {
                self.error(typed.place, format!("`{name}`: {error}")).help("such as \"{tenant}\" or \"t_{tenant}\"");
            })
            .ok()
    }

    /// Keys that mean nothing to how a request names its tenant.
    fn refuse_needless_keys(&mut self, table: &TenantsTable) {
        let with_tables = table.from.get().is_some();
        let keys = [
            ("schema", table.schema.place(), !with_tables),
            ("domains", table.domains.place(), with_tables),
            ("tenants", table.tenants.place(), with_tables),
        ];
        for (key, place, _) in keys.into_iter().filter(|(_, place, fits)| place.is_some() && !fits) {
            let with = if with_tables { "`host` or `header`" } else { "`from`" };
            self.error(place, format!("`tenants.{key}` goes with {with}")).help("remove it");
        }
    }

    fn domain_tables(&mut self, table: &TenantsTable) -> Option<DomainTables> {
        let (domains, tenants) = (table.domains.get()?, table.tenants.get()?);
        let column = |key: &Key<String>| key.get().map(|name| name.as_str().into());
        Some(DomainTables {
            domains: self.table_name("tenants.domains.table", &domains.table)?,
            domain: column(&domains.domain)?,
            tenant: column(&domains.tenant)?,
            tenants: self.table_name("tenants.tenants.table", &tenants.table)?,
            id: column(&tenants.id)?,
            schema: column(&tenants.schema)?,
        })
    }

    /// A table that may be named; `None` if it was reported.
    #[expect(clippy::option_option, reason = "named, not named, or named wrongly")]
    fn table_name(&mut self, key: &str, typed: &Key<String>) -> Option<Option<ObjectName>> {
        let Some(name) = typed.placed() else { return typed.is_absent().then_some(None) };
        object(&name.value)
            .map_err(|why| {
                self.error(name.place, format!("`{key}`: `{}` {why}", name.value));
            })
            .ok()
            .map(Some)
    }

    fn tenant_header(&mut self, typed: &Placed<String>) -> Option<HeaderName> {
        HeaderName::from_bytes(typed.value.as_bytes())
            .map_err(|_| {
                self.error(typed.place, format!("`tenants.header`: `{}` is not the name of a header", typed.value))
                    .help("such as \"X-Tenant\"");
            })
            .ok()
    }

    fn tenants_needs(&mut self, table: &TenantsTable, requirements: &Requirements) -> Vec<RequirementId> {
        let mut needs = Vec::new();
        for name in table.needs.get().map_or(&[][..], |list| &list.0) {
            let Some(ids) = requirements.of(&name.value) else {
                self.resolve(name, requirements.names(), ("requirement", "requirements"));
                continue;
            };
            let of_tenants = |id: &&RequirementId| {
                requirements.list.get(id.0 as usize).is_some_and(|requirement| requirement.per_tenant)
            };
            if ids.iter().all(|id| of_tenants(&id)) {
                needs.extend(ids);
            } else {
                let message = format!("`tenants.needs`: the requirement `{}` is not one of each tenant", name.value);
                self.error(name.place, message).help("add per_tenant = true to it, or name it in a route's needs");
            }
        }
        needs
    }
}
