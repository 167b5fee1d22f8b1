//! Requirements: names of the user's become facts.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;

use gate::ledger::Tool;
use gate::{ColumnSpec, DatabaseId, Fact, FunctionSpec, ObjectName, Privilege, Requirement, RequirementId};

use super::Check;
use super::tenants::DJANGO_TENANTS_MEND;
use crate::config::file::{DatabaseTable, File, RequirementTable};
use crate::config::nearest::suggestion;
use crate::config::place::{Place, Placed};
use crate::config::reader::Key;
use crate::config::values::{List, Named};
use crate::config::{Database, RequirementNotes, Source};

/// Every requirement, once for each of its databases.
#[derive(Debug, Default)]
pub(super) struct Requirements {
    pub(super) list: Vec<Requirement>,
    pub(super) notes: Vec<RequirementNotes>,
    ids: HashMap<String, Vec<RequirementId>>,
    /// In the order of the file.
    order: Vec<String>,
}

impl Requirements {
    /// Names and what they stand for, in the order of the file.
    pub(super) fn names(&self) -> impl Iterator<Item = (&str, Vec<RequirementId>)> + Clone {
        self.order.iter().map(|name| (name.as_str(), self.ids.get(name).cloned().unwrap_or_default()))
    }

    /// What a name stands for.
    pub(super) fn of(&self, name: &str) -> Option<&[RequirementId]> {
        self.ids.get(name).map(Vec::as_slice)
    }
}

type Typed<'t> = &'t Placed<String>;

/// A list of things that a fact is made of one by one.
struct Listed<'t> {
    kind: &'static str,
    list: &'t Key<List<String>>,
    fact: fn(&str) -> Result<Fact, String>,
}

/// Lists of things that belong to a table or a type.
struct Grouped<'t> {
    kind: &'static str,
    lists: &'t Key<Named<List<String>>>,
    fact: fn(&ObjectName, &str) -> Result<Fact, String>,
}

impl Check<'_> {
    pub(super) fn requirements(
        &mut self,
        file: &File,
        databases: &[Option<Database>],
        tenants: Option<DatabaseId>,
    ) -> Requirements {
        let mut all = Requirements::default();
        let (Some(requirements), Some(tables)) = (file.requirements.get(), file.databases.get()) else { return all };
        for (name, table) in &requirements.0 {
            let per_tenant = self.per_tenant(name, table, file);
            let mut facts = self.facts(name, table);
            let folder = table.migrations.placed();
            let of_tenants = !file.tenants.is_absent();
            let migrations = folder.and_then(|typed| self.migrations(&name.value, typed, of_tenants));
            let expected = migrations.as_ref().map(|migrations| Arc::clone(&migrations.expected));
            let own_mend = expected.as_ref().map(|expected| expected.ledger.tool.mend.to_owned());
            facts.extend(expected.map(Fact::Migrations));
            facts.extend(table.lock.placed().map(|lock| self.locked(&name.value, lock)).into_iter().flatten());
            let own_mend = if per_tenant { mend_of_tenants(file, own_mend) } else { own_mend };
            if per_tenant {
                self.warn_of_no_tenants_own(name, &facts);
            }
            let held_against = match tenants.filter(|_| per_tenant) {
                Some(tenants) => self.in_tenants_database(name, table, tables, tenants),
                None => self.held_against(name, table, tables),
            };
            let ids = all.ids.entry(name.value.clone()).or_default();
            for database in held_against {
                ids.push(RequirementId(u32::try_from(all.list.len()).unwrap_or(u32::MAX)));
                if let Some(Some(database)) = databases.get(database.0 as usize) {
                    self.refuse_what_sqlite_has_not(&name.value, table, database);
                    if let (Some(typed), Some(migrations)) = (folder, &migrations) {
                        self.refuse_foreign_migrations(&name.value, typed, migrations, database);
                    }
                }
                let facts = facts.clone();
                all.list.push(Requirement { name: name.value.as_str().into(), database, per_tenant, facts });
                all.notes.push(RequirementNotes {
                    mend: table.mend.get().or(own_mend.as_ref()).cloned(),
                    component: table.component.get().cloned(),
                    release: table.release.get().cloned(),
                    migrations: migrations.as_ref().map(|migrations| migrations.folder.clone()),
                });
            }
            all.order.push(name.value.clone());
        }
        all
    }

    /// Whether a requirement is one of each tenant.
    fn per_tenant(&mut self, name: Typed<'_>, table: &RequirementTable, file: &File) -> bool {
        let per_tenant = table.per_tenant.copied().unwrap_or_default();
        if per_tenant && file.tenants.is_absent() {
            self.error(
                table.per_tenant.place(),
                format!("requirement `{}` is one of each tenant, and there is no [tenants]", name.value),
            )
            .help("add [tenants] with from = \"django-tenants\", host = \"{tenant}.example.com\" or header = \"X-Tenant\"");
        }
        per_tenant
    }

    /// The tenants' database, which a requirement of each tenant need not name.
    fn in_tenants_database(
        &mut self,
        name: Typed<'_>,
        table: &RequirementTable,
        databases: &Named<DatabaseTable>,
        tenants: DatabaseId,
    ) -> Vec<DatabaseId> {
        if !table.database.is_absent() && self.held_against(name, table, databases) != [tenants] {
            self.error(
                table.database.place(),
                format!("requirement `{}` is one of each tenant, and names another database than theirs", name.value),
            )
            .help("remove `database` here: it is the one of [tenants]");
        }
        vec![tenants]
    }

    /// A requirement of each tenant that speaks of no tenant's own schema is met or unmet by all at once.
    fn warn_of_no_tenants_own(&mut self, name: Typed<'_>, facts: &[Fact]) {
        let is_own = |fact: &Fact| fact.name().is_some_and(|name| name.schema().is_none());
        if !facts.is_empty() && !facts.iter().any(is_own) {
            self.warn(
                name.place,
                format!(
                    "requirement `{}` is one of each tenant, and every name in it has a schema: it says the same of all \
                     tenants",
                    name.value
                ),
            );
        }
    }

    /// The databases of a requirement: those it names, or the only one.
    fn held_against(
        &mut self,
        name: Typed<'_>,
        table: &RequirementTable,
        databases: &Named<DatabaseTable>,
    ) -> Vec<DatabaseId> {
        let known = databases.0.iter().map(|(name, _)| name.value.as_str()).zip((0..).map(DatabaseId));
        match table.database.get() {
            Some(named) => {
                let mut ids: Vec<DatabaseId> = Vec::new();
                for wanted in &named.0 {
                    let id = self.resolve(wanted, known.clone(), ("database", "databases"));
                    ids.extend(id.filter(|id| !ids.contains(id)));
                }
                ids
            }
            None if databases.0.len() > 1 && table.database.is_absent() => {
                let list = known.map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                self.error(
                    name.place,
                    format!("requirement `{}` names no database, and there are several", name.value),
                )
                .help(format!("add database = \"…\"; databases: {list}"));
                Vec::new()
            }
            None if databases.0.is_empty() => {
                self.error(name.place, format!("requirement `{}` has no database to hold in", name.value))
                    .help("add [databases.main] with url = \"${DATABASE_URL}\"");
                Vec::new()
            }
            None => known.map(|(_, id)| id).take(1).collect(),
        }
    }

    fn facts(&mut self, name: Typed<'_>, table: &RequirementTable) -> Vec<Fact> {
        let listed = [
            Listed { kind: "schemas", list: &table.schemas, fact: |text| plain(text).map(Fact::Schema) },
            Listed { kind: "tables", list: &table.tables, fact: |text| object(text).map(Fact::Table) },
            Listed { kind: "indexes", list: &table.indexes, fact: |text| object(text).map(Fact::Index) },
            Listed { kind: "functions", list: &table.functions, fact: function },
            Listed { kind: "extensions", list: &table.extensions, fact: |text| plain(text).map(Fact::Extension) },
        ];
        let grouped = [
            Grouped { kind: "columns", lists: &table.columns, fact: column },
            Grouped { kind: "constraints", lists: &table.constraints, fact: constraint },
            Grouped { kind: "privileges", lists: &table.privileges, fact: privilege },
        ];
        let mut facts = Vec::new();
        for Listed { kind, list, fact } in listed {
            for typed in list.get().map_or(&[][..], |list| &list.0) {
                let key = || format!("requirements.{}.{kind}", name.value);
                facts.extend(self.said(key, typed, fact(&typed.value)));
            }
        }
        for Grouped { kind, lists, fact } in grouped {
            for (owner, list) in lists.get().map_or(&[][..], |lists| &lists.0) {
                let key = || format!("requirements.{}.{kind}", name.value);
                let table = self.said(key, owner, object(&owner.value));
                if list.0.is_empty() {
                    self.error(owner.place, format!("`{}`: the list of `{}` is empty", key(), owner.value));
                }
                for typed in &list.0 {
                    // What stands in the list is read even if the table's name cannot be.
                    let stand_in = ObjectName::unqualified("");
                    let made = fact(table.as_ref().unwrap_or(&stand_in), &typed.value);
                    facts.extend(self.said(key, typed, made));
                }
            }
        }
        for (owner, list) in table.enums.get().map_or(&[][..], |lists| &lists.0) {
            let key = || format!("requirements.{}.enums", name.value);
            let values = list.0.iter().map(|value| value.value.as_str().into()).collect();
            let ty = self.said(key, owner, object(&owner.value));
            facts.extend(ty.map(|name| Fact::Enum { name, values }));
        }
        if facts.is_empty() && kinds(table).iter().all(|(_, _, absent)| *absent) {
            self.error(name.place, format!("requirement `{}` requires nothing", name.value))
                .help("such as tables = [\"users\"] or columns = { users = [\"email\"] }");
        }
        facts
    }

    /// What was understood; or the reason that it was not, with its place.
    fn said<T>(&mut self, key: impl Fn() -> String, typed: Typed<'_>, made: Result<T, String>) -> Option<T> {
        made.map_err(|why| {
            self.error(typed.place, format!("`{}`: `{}` {why}", key(), typed.value));
        })
        .ok()
    }

    fn refuse_what_sqlite_has_not(&mut self, name: &str, table: &RequirementTable, database: &Database) {
        const POSTGRES_ONLY: [&str; 5] = ["enums", "constraints", "functions", "extensions", "privileges"];
        if matches!(database.source, Source::Postgres(_)) {
            return;
        }
        for (kind, place, _) in kinds(table).into_iter().filter(|(kind, ..)| POSTGRES_ONLY.contains(kind)) {
            if place.is_some() {
                self.error(
                    place,
                    format!("`requirements.{name}.{kind}`: the database `{}` is SQLite, which has none that could be asked for", database.name),
                );
            }
        }
    }
}

/// What mends a tenant where the configuration does not say: a tool's own command, or that of
/// django-tenants, which takes the schema.
fn mend_of_tenants(file: &File, own: Option<String>) -> Option<String> {
    let django = |own: &String| Tool::named("django").is_some_and(|django| django.mend == own);
    let by_django = file.tenants.get().is_some_and(|tenants| tenants.from.get().is_some());
    if by_django && own.as_ref().is_none_or(django) { Some(DJANGO_TENANTS_MEND.to_owned()) } else { own }
}

/// Each kind of requirement, where it stands, and whether it was not typed at all.
fn kinds(table: &RequirementTable) -> [(&'static str, Option<Place>, bool); 11] {
    const fn of<T>(kind: &'static str, key: &Key<T>) -> (&'static str, Option<Place>, bool) {
        match key {
            Key::Set(placed) => (kind, placed.place, false),
            Key::Bad => (kind, None, false),
            Key::Absent => (kind, None, true),
        }
    }
    [
        of("tables", &table.tables),
        of("columns", &table.columns),
        of("schemas", &table.schemas),
        of("enums", &table.enums),
        of("indexes", &table.indexes),
        of("constraints", &table.constraints),
        of("functions", &table.functions),
        of("extensions", &table.extensions),
        of("privileges", &table.privileges),
        of("migrations", &table.migrations),
        of("lock", &table.lock),
    ]
}

pub(super) fn object(text: &str) -> Result<ObjectName, String> {
    text.parse().map_err(|error: gate::NameError| format!("is not a name: {error}"))
}

/// A name without a schema, in exact case.
fn plain(text: &str) -> Result<Box<str>, String> {
    match text.trim() {
        "" => Err("is not a name: a name is empty".to_owned()),
        name if name.len() > 63 => Err("is longer than 63 bytes, where PostgreSQL cuts names".to_owned()),
        name => Ok(name.into()),
    }
}

fn function(text: &str) -> Result<Fact, String> {
    let spec = FunctionSpec::parse(text).map_err(because)?;
    Ok(Fact::Function { name: spec.name, arguments: spec.arguments })
}

fn column(table: &ObjectName, text: &str) -> Result<Fact, String> {
    let spec = ColumnSpec::parse(text).map_err(because)?;
    Ok(Fact::Column { table: table.clone(), column: spec.name, ty: spec.ty, nullable: spec.nullable })
}

fn constraint(table: &ObjectName, text: &str) -> Result<Fact, String> {
    Ok(Fact::Constraint { table: table.clone(), constraint: plain(text)? })
}

fn privilege(table: &ObjectName, text: &str) -> Result<Fact, String> {
    let known = Privilege::from_keyword(text).ok_or_else(|| {
        format!("is not a privilege; {}", suggestion(text, Privilege::ALL.map(Privilege::as_str), "privileges"))
    })?;
    Ok(Fact::Privilege { table: table.clone(), privilege: known })
}

fn because(error: impl Display) -> String {
    error.to_string()
}
