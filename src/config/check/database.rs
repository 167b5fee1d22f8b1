//! Databases.

use std::time::Duration;

use gate::DatabaseId;

use super::Check;
use crate::config::database_url::DatabaseUrl;
use crate::config::duration::show;
use crate::config::file::{DatabaseTable, File, IdleTable};
use crate::config::place::{Place, Placed};
use crate::config::reader::Key;
use crate::config::values::Named;
use crate::config::{Database, Idle, Notify, Postgres, PostgresUrl, Source};

/// Looks closer together than this cost the database more than they tell.
const SHORTEST_REFRESH: Duration = Duration::from_millis(50);

/// No statement and no connection can be expected in less.
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(10);

impl Check<'_> {
    /// The database that something names, or the only one; `what` is without it at `place`.
    pub(super) fn database_of(
        &mut self,
        what: &str,
        (named, place): (&Key<String>, Option<Place>),
        file: &File,
        databases: &[Option<Database>],
    ) -> Option<DatabaseId> {
        let known = file.databases.get()?.0.iter().map(|(name, _)| name.value.as_str()).zip((0..).map(DatabaseId));
        match named.placed() {
            Some(name) => self.resolve(name, known, ("database", "databases")),
            None if named.is_absent() && databases.len() == 1 => Some(DatabaseId(0)),
            None if named.is_absent() => {
                let list = known.map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                let (how_many, help) = if databases.is_empty() {
                    ("there is none", "add [databases.main] with url = \"${DATABASE_URL}\"".to_owned())
                } else {
                    ("there are several", format!("add database = \"…\"; databases: {list}"))
                };
                self.error(place, format!("`{what}` names no database, and {how_many}")).help(help);
                None
            }
            None => None,
        }
    }

    /// Every database in its place; `None` for those that were reported.
    pub(super) fn databases(&mut self, databases: &Named<DatabaseTable>) -> Vec<Option<Database>> {
        databases.0.iter().map(|(name, table)| self.database(name, table)).collect()
    }

    fn database(&mut self, name: &Placed<String>, table: &DatabaseTable) -> Option<Database> {
        let key = |key: &str| format!("databases.{}.{key}", name.value);
        let refresh = self.duration(&key("refresh"), &table.refresh, SHORTEST_REFRESH);
        let max_age = table.max_age.copied().unwrap_or_default();
        if max_age <= refresh && !matches!(table.refresh, Key::Bad) && !matches!(table.max_age, Key::Bad) {
            let message = format!(
                "`{}` ({}) must be longer than `refresh` ({}), or verdicts are `unknown` between two looks",
                key("max_age"),
                show(max_age),
                show(refresh)
            );
            let place = table.max_age.place().or(table.refresh.place());
            self.error(place, message).help(format!("such as max_age = \"{}\"", show(refresh * 30)));
        }
        let idle = table.idle.get().map(|idle| self.idle(&key("idle"), idle, refresh, max_age));
        let source = self.source(name, table);
        Some(Database {
            name: name.value.clone(),
            source: source?,
            refresh,
            max_age,
            idle: idle.map_or(Some(None), |idle| idle.map(Some))?,
        })
    }

    fn idle(&mut self, name: &str, idle: &IdleTable, refresh: Duration, max_age: Duration) -> Option<Idle> {
        let after = self.duration(&format!("{name}.after"), &idle.after, refresh);
        let seldom = self.duration(&format!("{name}.refresh"), &idle.refresh, refresh);
        if seldom >= max_age {
            self.warn(
                idle.refresh.place(),
                format!(
                    "`{name}.refresh` is not shorter than `max_age`: the first request after an idle time is decided as `unknown`"
                ),
            );
        }
        idle.after.copied().zip(idle.refresh.copied())?;
        Some(Idle { after, refresh: seldom })
    }

    fn source(&mut self, name: &Placed<String>, table: &DatabaseTable) -> Option<Source> {
        let key = |key: &str| format!("databases.{}.{key}", name.value);
        if table.url.is_absent() && table.url_file.is_absent() {
            self.error(name.place, format!("`databases.{}` has no `url` and no `url_file`", name.value))
                .help("such as url = \"${DATABASE_URL}\"");
        }
        let typed = self.value_or_file(&key("url"), &table.url, &table.url_file);
        let url = typed.as_ref().and_then(|typed| self.database_url(&key("url"), typed));
        let direct = self.value_or_file(&key("direct_url"), &table.direct_url, &table.direct_url_file);
        let direct = direct.map(|typed| (self.database_url(&key("direct_url"), &typed), typed.place));
        let statement_timeout = self.duration(&key("statement_timeout"), &table.statement_timeout, SHORTEST_TIMEOUT);
        let connect_timeout = self.duration(&key("connect_timeout"), &table.connect_timeout, SHORTEST_TIMEOUT);
        match url? {
            DatabaseUrl::Sqlite(path) => {
                self.refuse_for_sqlite(name, table);
                let path = self.path(path);
                if !path.exists() {
                    self.warn(
                        typed.and_then(|typed| typed.place),
                        format!("`{}`: there is no file {} yet", key("url"), path.display()),
                    );
                }
                Some(Source::Sqlite(path))
            }
            DatabaseUrl::Postgres(url) => {
                let direct_url = match direct {
                    Some((Some(DatabaseUrl::Sqlite(_)), place)) => {
                        self.error(place, format!("`{}` is an SQLite file, and `url` is not", key("direct_url")));
                        None
                    }
                    Some((Some(DatabaseUrl::Postgres(direct)), _)) => Some(*direct),
                    _ => None,
                };
                let notify = table.notify.copied()?.0;
                if notify == Notify::Always && url.pooled && direct_url.is_none() {
                    self.warn(
                        table.notify.place(),
                        format!("`{}`: nothing is heard through a transaction pooler; give direct_url", key("notify")),
                    );
                }
                Some(Source::Postgres(Box::new(Postgres {
                    search_path: table
                        .search_path
                        .get()
                        .map(|list| list.0.iter().map(|name| name.value.clone()).collect()),
                    role: table.role.get().cloned(),
                    notify,
                    statement_timeout: typed_or(&table.statement_timeout, url.statement_timeout, statement_timeout),
                    connect_timeout: typed_or(&table.connect_timeout, url.connect_timeout, connect_timeout),
                    url: self.with_root(*url),
                    direct_url: direct_url.map(|url| self.with_root(url)),
                })))
            }
        }
    }

    fn database_url(&mut self, name: &str, typed: &Placed<String>) -> Option<DatabaseUrl> {
        DatabaseUrl::parse(&typed.value, self.env)
            .map_err(|error| {
                self.error(typed.place, format!("`{name}`: {error}"));
            })
            .ok()
    }

    /// The path of a root certificate is relative to the file's folder, too.
    fn with_root(&self, url: PostgresUrl) -> PostgresUrl {
        PostgresUrl { root_cert: url.root_cert.map(|path| self.path(path)), ..url }
    }

    fn refuse_for_sqlite(&mut self, name: &Placed<String>, table: &DatabaseTable) {
        let keys: [(&str, Option<Place>); 7] = [
            ("direct_url", table.direct_url.place()),
            ("direct_url_file", table.direct_url_file.place()),
            ("search_path", table.search_path.place()),
            ("role", table.role.place()),
            ("notify", table.notify.place()),
            ("statement_timeout", table.statement_timeout.place()),
            ("connect_timeout", table.connect_timeout.place()),
        ];
        for (key, place) in keys.into_iter().filter(|(_, place)| place.is_some()) {
            self.error(place, format!("`databases.{}.{key}` means nothing to an SQLite file", name.value))
                .help("remove it");
        }
    }
}

/// What was typed goes before what the URL says, and that before the default.
fn typed_or(key: &Key<Duration>, url: Option<Duration>, value: Duration) -> Duration {
    if key.place().is_some() { value } else { url.unwrap_or(value) }
}
