//! A folder of migrations becomes what must be in a ledger.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use gate::ObjectName;
use gate::ledger::{Expected, Files, Ledger, Migration, ReadBy, Tool};

use super::Check;
use super::requirement::object;
use crate::config::file::MigrationsTable;
use crate::config::nearest::suggestion;
use crate::config::place::Placed;
use crate::config::{Database, Source};
use crate::migrations::{Folder, detect, prisma_provider};

/// What a requirement expects of a ledger.
pub(super) struct Migrations {
    pub(super) expected: Arc<Expected>,
    /// Where they lie.
    pub(super) folder: PathBuf,
    /// The kind of database that they are written for, where the tool says so.
    provider: Option<String>,
}

impl Check<'_> {
    /// Reads the folder of the requirement called `name`; `of_tenants`: the application has tenants.
    pub(super) fn migrations(
        &mut self,
        name: &str,
        typed: &Placed<MigrationsTable>,
        of_tenants: bool,
    ) -> Option<Migrations> {
        let MigrationsTable { tool, path, allow_ahead, contradictions, .. } = &typed.value;
        let (tool, place) = (tool.copied()?, path.place());
        let path = self.reads(path.get()?);
        let read = match tool.0 {
            Some(tool) => Folder::read(tool, &path),
            None => detect(&path),
        };
        let folder = match read.and_then(|folder| Ok((prisma_provider(&folder)?, folder))) {
            Ok(read) => Some(read),
            Err(error) => {
                self.error(place, format!("`requirements.{name}.migrations`: {error}"))
                    .help("a relative path begins at the folder of this file");
                None
            }
        };
        let (provider, mut folder) = folder?;
        let table = self.ledger_table(name, &typed.value, folder.tool)?;
        self.keep_apps(name, &typed.value, &mut folder)?;
        let ledger = Ledger { tool: folder.tool, table };
        let mut expected = Expected::new(ledger, folder.migrations);
        expected.allow_ahead = allow_ahead.copied()?;
        // django-tenants records every app's migrations in every schema, tables or not; which of them lie where only
        // `apps` tells.
        let anywhere = of_tenants && folder.tool.files == Files::Read(ReadBy::Django) && typed.value.apps.is_absent();
        expected.contradictions = contradictions.copied()? && !anywhere;
        Some(Migrations { expected: Arc::new(expected), folder: folder.path, provider })
    }

    /// Leaves the migrations of those apps alone that count.
    fn keep_apps(&mut self, name: &str, typed: &MigrationsTable, folder: &mut Folder) -> Option<()> {
        let Some(apps) = typed.apps.placed() else { return typed.apps.is_absent().then_some(()) };
        let key = format!("requirements.{name}.migrations.apps");
        if folder.tool.files != Files::Read(ReadBy::Django) {
            let message = format!("`{key}`: {} has no apps, Django has", folder.tool.title);
            self.error(apps.place, message).help("leave it out");
            return None;
        }
        let known: BTreeSet<&str> = folder.migrations.iter().map(Migration::package).collect();
        let mut all_known = true;
        for app in apps.value.0.iter().filter(|app| !known.contains(app.value.as_str())) {
            all_known = false;
            self.error(app.place, format!("`{key}`: the folder has no migrations of an app `{}`", app.value))
                .help(suggestion(&app.value, known.iter().copied(), "apps with migrations"));
        }
        if apps.value.0.is_empty() {
            self.error(apps.place, format!("`{key}` is empty, so no migration would count"))
                .help("leave it out for all apps");
            return None;
        }
        all_known.then_some(())?;
        folder.migrations.retain(|migration| apps.value.0.iter().any(|app| app.value == migration.package()));
        Some(())
    }

    fn ledger_table(&mut self, name: &str, typed: &MigrationsTable, tool: &Tool) -> Option<ObjectName> {
        let named = match typed.table.placed() {
            None => None,
            Some(table) => match object(&table.value) {
                Ok(named) => Some(named),
                Err(why) => {
                    let message = format!("`requirements.{name}.migrations.table`: `{}` {why}", table.value);
                    self.error(table.place, message);
                    return None;
                }
            },
        };
        if let (Some(schema), true) =
            (typed.schema.placed(), named.as_ref().is_some_and(|table| table.schema().is_some()))
        {
            self.error(schema.place, format!("`requirements.{name}.migrations`: `table` names a schema, too"))
                .help("keep one of them")
                .beside(typed.table.place(), "the other");
            return None;
        }
        let schema = named.as_ref().and_then(ObjectName::schema);
        let schema = schema.or(typed.schema.get().map(String::as_str)).or(tool.schema);
        let table = named.as_ref().map_or(tool.table, ObjectName::name);
        Some(schema.map_or_else(|| ObjectName::unqualified(table), |schema| ObjectName::qualified(schema, table)))
    }

    /// Reports that migrations are written for another kind of database.
    pub(super) fn refuse_foreign_migrations(
        &mut self,
        name: &str,
        typed: &Placed<MigrationsTable>,
        migrations: &Migrations,
        database: &Database,
    ) {
        let fitting: &[&str] = match database.source {
            Source::Postgres(_) => &["postgresql", "postgres", "cockroachdb"],
            Source::Sqlite(_) => &["sqlite"],
        };
        if let Some(provider) = &migrations.provider
            && !fitting.contains(&provider.as_str())
        {
            let message = format!(
                "`requirements.{name}.migrations`: migration_lock.toml says that they are for {provider}, and the \
                 database `{}` is {}",
                database.name,
                fitting.first().unwrap_or(&"another")
            );
            self.error(typed.place, message);
        }
    }
}
