//! Who the tenants are, by the application's own tables of tenants and their hosts.
//!
//! The tables are looked for in the catalog of each look. Rows are read in the same go where the
//! tables lay last; if they lie elsewhere now, the look is done once more.

use std::sync::Arc;

use gate::{Directory, DomainTables, Finding, FindingKind, ObjectName};
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::super::ledgers::Said;
use super::super::link::rows;
use super::sql::{FIELD, identifier, literal, names};

/// The tables as they lie.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    domains: [String; 2],
    tenants: [String; 2],
    /// Whether a domain may be called the primary one.
    primary: bool,
    /// Whether both are ordinary tables, whose rows nobody changes without a trace.
    ordinary: bool,
}

/// Reads the tables of tenants and their hosts.
#[derive(Debug)]
pub(super) struct Domains {
    tables: DomainTables,
    shared: Vec<Box<str>>,
    found: Option<Found>,
    last: Option<Arc<Directory>>,
    /// Whether what was read last was all of that moment.
    certain: bool,
}

impl Domains {
    pub(super) const fn new(tables: DomainTables, shared: Vec<Box<str>>) -> Self {
        Self { tables, shared, found: None, last: None, certain: false }
    }

    /// The statement that finds the tables, to be taken back.
    ///
    /// Ten tables are joined as they are written here: to weigh every order takes the planner twenty times
    /// as long as the answer.
    pub(super) fn search(&self) -> String {
        let DomainTables { domains, domain, tenant, tenants, id, schema } = &self.tables;
        let named = |table: &str, namespace: &str, name: &ObjectName| {
            let within = name.schema().map(|schema| format!(" AND {namespace}.nspname = {}", literal(schema)));
            format!(" AND {table}.relname = {}{}", literal(name.name()), within.unwrap_or_default())
        };
        // A pattern reads all of pg_class: once found, a table is asked for by its name.
        let which_domains = match (domains, &self.found) {
            (Some(name), _) => named("d", "nd", name),
            (None, Some(Found { domains: [schema, name], .. })) => {
                named("d", "nd", &ObjectName::qualified(schema, name))
            }
            (None, None) => " AND d.relname LIKE E'%\\\\_domain' AND p.attname IS NOT NULL".to_owned(),
        };
        let target = match tenants {
            Some(name) => format!("pg_catalog.pg_class t ON true{}", named("t", "nt", name)),
            None => "pg_catalog.pg_constraint f ON f.conrelid = d.oid AND f.contype = 'f' \
                     AND f.conkey = ARRAY[dt.attnum] JOIN pg_catalog.pg_class t ON t.oid = f.confrelid"
                .to_owned(),
        };
        let column = |alias: &str, table: &str, name: &str| {
            format!(
                "pg_catalog.pg_attribute {alias} ON {alias}.attrelid = {table}.oid AND {alias}.attname = {} \
                 AND {alias}.attnum > 0 AND NOT {alias}.attisdropped",
                literal(name)
            )
        };
        format!(
            "SET LOCAL join_collapse_limit = 1; \
             SELECT DISTINCT nd.nspname, d.relname, nt.nspname, t.relname, p.attname IS NOT NULL, \
                    d.relkind IN ('r', 'm') AND t.relkind IN ('r', 'm') \
               FROM pg_catalog.pg_class d \
               JOIN pg_catalog.pg_namespace nd ON nd.oid = d.relnamespace AND nd.nspname = ANY ({shared}) \
               JOIN {dd} JOIN {dt} LEFT JOIN {p} JOIN pg_catalog.pg_namespace nt ON nt.nspname = ANY ({shared}) \
               JOIN {target} AND t.relnamespace = nt.oid \
               JOIN {ti} JOIN {ts} \
              WHERE d.relkind IN ('r', 'p', 'v', 'm', 'f') AND t.relkind IN ('r', 'p', 'v', 'm', 'f')\
              {which_domains} ORDER BY 1, 2, 3, 4",
            shared = names(self.shared.iter().map(AsRef::as_ref)),
            dd = column("dd", "d", domain),
            dt = column("dt", "d", tenant),
            p = column("p", "d", "is_primary"),
            ti = column("ti", "t", id),
            ts = column("ts", "t", schema),
        )
    }

    /// The statement that reads them where they lay last.
    pub(super) fn select(&self) -> Option<String> {
        let Found { domains, tenants, primary, .. } = self.found.as_ref()?;
        let DomainTables { domain, tenant, id, schema, .. } = &self.tables;
        let [domain, tenant, id, schema] = [domain, tenant, id, schema].map(|name| identifier(name));
        let [domains, tenants] =
            [domains, tenants].map(|[schema, name]| format!("{}.{}", identifier(schema), identifier(name)));
        let first = if *primary { "d.\"is_primary\" DESC, " } else { "" };
        Some(format!(
            "SELECT CAST(t.{schema} AS text), pg_catalog.string_agg(CAST(d.{domain} AS text), E'\\x1f' \
                    ORDER BY {first}CAST(d.{domain} AS text)) \
               FROM {tenants} AS t LEFT JOIN {domains} AS d ON d.{tenant} = t.{id} GROUP BY t.{schema}"
        ))
    }

    /// Learns where the tables lie, from the answer to [`Self::search`]; whether they were read
    /// elsewhere, or not at all.
    pub(super) fn learn(&mut self, said: &Said) -> bool {
        let found = match said {
            Ok(messages) => match candidates(messages).as_slice() {
                [only] => Some(only.clone()),
                _ => None,
            },
            Err(_) => return false,
        };
        let moved = found != self.found;
        self.found = found;
        // Those that were found by name may lie elsewhere; those that never were, do not.
        moved
    }

    /// Who the tenants are, by the answers to [`Self::search`] and [`Self::select`]; `user` is who asked.
    pub(super) fn read(
        &mut self,
        searched: Said,
        selected: Option<Said>,
        user: &str,
    ) -> Result<(Option<Arc<Directory>>, Option<Finding>), Error> {
        let candidates = candidates(&searched?);
        self.certain = self.found.as_ref().is_none_or(|found| found.ordinary);
        let Some(found) = &self.found else { return Ok((self.last.clone(), Some(self.unfound(&candidates)))) };
        match selected {
            None => {
                self.certain = false;
                Ok((self.last.clone(), None))
            }
            Some(Ok(messages)) => {
                let row = |row: &tokio_postgres::SimpleQueryRow| {
                    let domains = row.get(1).unwrap_or_default().split(FIELD).filter(|domain| !domain.is_empty());
                    Some((row.get(0)?.into(), domains.map(Into::into).collect::<Vec<_>>()))
                };
                let directory = Directory::of_domains(rows(&messages).filter_map(row), &self.shared);
                // What is the same stays the same value.
                if self.last.as_deref() != Some(&directory) {
                    self.last = Some(Arc::new(directory));
                }
                Ok((self.last.clone(), None))
            }
            Some(Err(error)) => match error.as_db_error() {
                Some(said) if *said.code() == SqlState::INSUFFICIENT_PRIVILEGE => {
                    Ok((self.last.clone(), Some(denied(found, said.message(), user))))
                }
                Some(said) if super::super::ledgers::STANDS.contains(said.code()) && self.last.is_some() => {
                    self.certain = false;
                    Ok((self.last.clone(), None))
                }
                _ => Err(error),
            },
        }
    }

    /// Whether what was read last was all of that moment, and changes by transactions of this server alone.
    pub(super) const fn is_certain(&self) -> bool {
        self.certain
    }

    /// Why it is not known which tables they are.
    fn unfound(&self, candidates: &[Found]) -> Finding {
        let DomainTables { domains, domain, tenant, tenants, id, schema } = &self.tables;
        let detail = if candidates.is_empty() {
            let points = if tenants.is_some() { String::new() } else { " by a foreign key".to_owned() };
            let named = |name: &Option<ObjectName>, else_: &str| {
                name.as_ref().map_or_else(|| else_.to_owned(), |name| format!("`{name}`"))
            };
            format!(
                "there is no table {} with the columns {domain} and {tenant} in {} that leads{points} to a table {} \
                 with the columns {id} and {schema}; see [tenants.domains] and [tenants.tenants]",
                named(domains, "*_domain"),
                self.shared.join(", "),
                named(tenants, "of any name"),
            )
        } else {
            let list: Vec<String> = candidates
                .iter()
                .map(|Found { domains: [_, domains], tenants: [_, tenants], .. }| format!("{domains} with {tenants}"))
                .collect();
            format!("several could be meant: {}; name one as table in [tenants.domains]", list.join(", "))
        };
        Finding {
            kind: FindingKind::Missing,
            what: "table",
            object: "of tenants' hosts".into(),
            detail: detail.into_boxed_str(),
        }
    }
}

fn candidates(messages: &[tokio_postgres::SimpleQueryMessage]) -> Vec<Found> {
    let found = |row: &tokio_postgres::SimpleQueryRow| {
        let name = |column| row.get(column).map(str::to_owned);
        let is = |column| row.get(column) == Some("t");
        Some(Found { domains: [name(0)?, name(1)?], tenants: [name(2)?, name(3)?], primary: is(4), ordinary: is(5) })
    };
    rows(messages).filter_map(found).collect()
}

fn denied(found: &Found, words: &str, user: &str) -> Finding {
    let Found { domains: [schema, domains], tenants: [tenants_schema, tenants], .. } = found;
    let [schema, domains, tenants_schema, tenants, user] =
        [schema, domains, tenants_schema, tenants, user].map(identifier);
    Finding {
        kind: FindingKind::Denied,
        what: "privilege",
        object: format!("SELECT on {}", found.domains[1]).into_boxed_str(),
        detail: format!(
            "{words}: GRANT USAGE ON SCHEMA {schema} TO {user}; \
             GRANT SELECT ON {schema}.{domains}, {tenants_schema}.{tenants} TO {user}"
        )
        .into_boxed_str(),
    }
}
