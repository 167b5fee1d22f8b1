//! Maintenance windows.

use gate::{DatabaseId, HostPattern, WindowColumn, WindowColumns, WindowScope, WindowTable};
use http::HeaderName;
use jiff::civil::DateTime;
use jiff::fmt::temporal::Pieces;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::Check;
use super::requirement::object;
use crate::config::file::{File, JwtTable, MaintenanceTable, OrganisationTable, PlannedWindowTable, WindowTableTable};
use crate::config::place::{Place, Placed};
use crate::config::reader::Key;
use crate::config::values::{Either, List};
use crate::config::{
    BlockSpec, Carrier, Database, Ends, Every, JwtKey, Maintenance, Organisation, PlannedWindow, Secret,
};

/// What `[maintenance]` is about, as far as the routes have names.
pub(super) struct Known<'r> {
    pub(super) routes: &'r [gate::Route],
    pub(super) has_tenants: bool,
}

impl Check<'_> {
    /// The application's own table of windows, if it has one.
    pub(super) fn window_table(&mut self, file: &File, databases: &[Option<Database>]) -> Option<WindowTable> {
        let typed = file.maintenance.placed()?;
        let table = typed.value.table.placed()?;
        let named = (&typed.value.database, table.place.or(typed.place));
        let database = self.database_of("maintenance.table", named, file, databases)?;
        let asks_for_organisation = typed.value.organisation.placed().is_some();
        match &table.value {
            Either::Plain(name) => {
                let name = Placed { value: name.clone(), place: table.place };
                self.named_window_table(database, &name, None, asks_for_organisation)
            }
            Either::Table(columns) => {
                let name = columns.name.placed()?;
                self.named_window_table(database, name, Some(columns), asks_for_organisation)
            }
        }
    }

    fn named_window_table(
        &mut self,
        database: DatabaseId,
        name: &Placed<String>,
        typed: Option<&WindowTableTable>,
        asks_for_organisation: bool,
    ) -> Option<WindowTable> {
        let table = object(&name.value);
        let table = table.map_err(|error| {
            self.error(name.place, format!("`maintenance.table`: `{}` {error}", name.value));
        });
        let table = table.ok()?;
        let mut column = |usual: &str, key: Option<&Key<String>>, required: bool| {
            let own = key.and_then(Key::placed);
            if let Some(own) = own.filter(|own| own.value.is_empty()) {
                self.error(own.place, "a column's name is empty");
            }
            // A column that was named by hand must be there; a default's place is nowhere.
            let required = required || own.is_some_and(|own| own.place.is_some());
            WindowColumn { name: own.map_or(usual, |own| own.value.as_str()).into(), required }
        };
        let columns = WindowColumns {
            id: column("id", typed.map(|typed| &typed.id), false),
            starts: column("startsAt", typed.map(|typed| &typed.starts), true),
            ends: column("endsAt", typed.map(|typed| &typed.ends), true),
            message: column("message", typed.map(|typed| &typed.message), false),
            blocks_writes: column("blockWrites", typed.map(|typed| &typed.blocks_writes), false),
            organisation: column("orgId", typed.map(|typed| &typed.organisation), asks_for_organisation),
        };
        Some(WindowTable { database, table, columns })
    }

    /// What `[maintenance]` means beside its table.
    pub(super) fn maintenance(&mut self, file: &File, known: &Known<'_>) -> Option<Maintenance> {
        let typed = file.maintenance.placed()?;
        let table: &MaintenanceTable = &typed.value;
        if table.database.placed().is_some() && table.table.is_absent() {
            self.error(table.database.place(), "`maintenance.database` is of the table of windows, and none is named")
                .help("add table = \"maintenance_windows\"");
        }
        let organisation = table.organisation.placed().and_then(|typed| self.organisation(&typed.value, typed.place));
        let answer = BlockSpec {
            code: self.code("maintenance.code", &table.code).unwrap_or_default(),
            message: self.message("maintenance.message", &table.message),
            retry_after: self.duration("maintenance.retry_after", &table.retry_after, super::action::SHORTEST_RETRY),
            refresh: table.refresh.copied().unwrap_or_default(),
            page: self.template("maintenance.page", &table.page),
        };
        let mut windows: Vec<PlannedWindow> = Vec::new();
        for window in table.windows.get().map_or(&[][..], |list| &list.0) {
            let Some(planned) = self.planned_window(&window.value, window.place, known) else { continue };
            if windows.iter().any(|other| other.name == planned.name) {
                self.error(window.value.name.place(), format!("there are two windows called `{}`", planned.name))
                    .help("a name of its own tells operators which one is open");
            }
            if planned.scope.organisation.is_some() && organisation.is_none() && table.organisation.is_absent() {
                self.error(window.value.organisation.place(), "nothing says how a request names its organisation")
                    .help("add to [maintenance] organisation = { header = \"X-Org-Id\" }, or { cookie = … } or { jwt = … }");
            }
            windows.push(planned);
        }
        Some(Maintenance { organisation, windows, answer })
    }

    fn organisation(&mut self, table: &OrganisationTable, place: Option<Place>) -> Option<Organisation> {
        let given = [table.header.place(), table.cookie.place(), table.jwt.place()];
        if given.iter().flatten().count() != 1 {
            self.error(place, "`maintenance.organisation` is one of `header`, `cookie` and `jwt`")
                .help("such as organisation = { header = \"X-Org-Id\" }");
            return None;
        }
        if let Some(jwt) = table.jwt.placed() {
            return self.jwt(&jwt.value);
        }
        self.carrier("maintenance.organisation", &table.header, &table.cookie).map(Organisation::Plain)
    }

    fn jwt(&mut self, table: &JwtTable) -> Option<Organisation> {
        let token = self.carrier("maintenance.organisation.jwt", &table.header, &table.cookie)?;
        let claim = table.claim.placed()?;
        if claim.value.split('.').any(str::is_empty) {
            self.error(claim.place, "`claim` is empty").help("such as \"org_id\", or \"app.org_id\"");
        }
        let key = self.value_or_file("key", &table.key, &table.key_file);
        let key = key.map(|typed| {
            let key = JwtKey::read(&Secret::new(typed.value));
            key.map_err(|error| {
                self.error(typed.place, format!("`key`: {error}"));
            })
        });
        Some(Organisation::Jwt { token, claim: claim.value.clone(), key: key.transpose().ok()? })
    }

    /// A cookie where one is named, else the header.
    fn carrier(&mut self, name: &str, header: &Key<String>, cookie: &Key<String>) -> Option<Carrier> {
        if let Some(cookie) = cookie.placed() {
            // RFC 6265, section 4.1.1: a token.
            if HeaderName::from_bytes(cookie.value.as_bytes()).is_err() {
                self.error(cookie.place, format!("`{name}.cookie`: `{}` is not the name of a cookie", cookie.value));
                return None;
            }
            return Some(Carrier::Cookie(cookie.value.clone()));
        }
        let header = header.placed()?;
        let parsed = HeaderName::from_bytes(header.value.as_bytes()).ok();
        if parsed.is_none() {
            self.error(header.place, format!("`{name}.header`: `{}` is not the name of a header", header.value))
                .help("such as \"X-Org-Id\"");
        }
        parsed.map(Carrier::Header)
    }

    fn planned_window(
        &mut self,
        table: &PlannedWindowTable,
        place: Option<Place>,
        known: &Known<'_>,
    ) -> Option<PlannedWindow> {
        let every = table.every.copied().map(|word| word.0);
        let starts = table.starts.placed().and_then(|typed| self.time_with_zone("starts", typed));
        let ends = self.ends(table, place, every);
        let scope = self.window_scope(table, known);
        let name = table.name.placed()?;
        if name.value.trim().is_empty() || name.value.len() > 200 || name.value.contains(char::is_control) {
            self.error(name.place, "`name` is empty, has control characters or is longer than 200 bytes");
        }
        let planned = PlannedWindow {
            name: name.value.clone(),
            starts: starts?,
            ends: ends?,
            every,
            blocks: table.blocks.copied()?.0,
            scope,
            message: self.message("message", &table.message),
        };
        self.times(&planned, table.ends.place().or(place), table.every.place(), name.place);
        Some(planned)
    }

    /// Reports times at which a window cannot be open, each at its place.
    pub(super) fn times(
        &mut self,
        planned: &PlannedWindow,
        ends: Option<Place>,
        again: Option<Place>,
        name: Option<Place>,
    ) {
        let opens = planned.starts.timestamp();
        let lasts = planned.first_end().map(|ends| ends.duration_since(opens));
        if lasts.is_none_or(|lasts| !lasts.is_positive()) {
            self.error(ends, format!("the window `{}` ends before it opens", planned.name));
        } else if planned.every.is_some_and(|every| lasts > jiff::SignedDuration::try_from(every.shortest()).ok()) {
            self.error(again, format!("the window `{}` is still open when it opens again", planned.name))
                .help("make it shorter, or split it");
        } else if planned.is_over(Timestamp::now()) {
            self.warn(name, format!("the window `{}` is over, and will not open again", planned.name));
        }
    }

    fn ends(&mut self, table: &PlannedWindowTable, place: Option<Place>, every: Option<Every>) -> Option<Ends> {
        match (table.ends.placed(), table.lasts.placed()) {
            (Some(ends), None) => self.time_with_zone("ends", ends).map(Ends::At),
            (None, Some(lasts)) => Some(Ends::After(lasts.value)),
            (Some(_), Some(lasts)) => {
                self.error(lasts.place, "`ends` and `lasts` are both given").beside(table.ends.place(), "the other");
                None
            }
            (None, None) if table.ends.is_absent() && table.lasts.is_absent() => {
                let help = if every.is_some() { "add lasts = \"2h\"" } else { "add lasts = \"2h\", or ends = \"…\"" };
                self.error(place, "the window has neither `ends` nor `lasts`").help(help);
                None
            }
            (None, None) => None,
        }
    }

    /// A time with its zone.
    pub(super) fn time_with_zone(&mut self, name: &str, typed: &Placed<String>) -> Option<Zoned> {
        let help = "such as \"2026-11-22T02:00:00[Europe/Paris]\" or \"2026-11-22T01:00:00Z\"";
        let reported = match read_time(&typed.value) {
            Ok(time) => return Some(time),
            Err(_) if !typed.value.contains('[') && typed.value.parse::<DateTime>().is_ok() => {
                format!("`{name}` has no time zone")
            }
            Err(error) => format!("`{name}` is no time with a zone: {error}"),
        };
        self.error(typed.place, reported).help(help);
        None
    }

    fn window_scope(&mut self, table: &PlannedWindowTable, known: &Known<'_>) -> WindowScope {
        let list = |key: &Key<List<String>>| key.get().map_or(Vec::new(), |list| list.0.clone());
        let routes = list(&table.routes);
        for route in &routes {
            let names = known.routes.iter().map(|route| (&*route.name, ()));
            self.resolve(route, names, ("route", "routes"));
        }
        let mut hosts = Vec::new();
        for host in list(&table.hosts) {
            match HostPattern::parse(&host.value) {
                Ok(pattern) => hosts.push(pattern),
                Err(error) => {
                    self.error(host.place, format!("`{}`: {error}", host.value))
                        .help("such as \"app.example.com\" or \"*.example.com\"");
                }
            }
        }
        if !known.has_tenants && table.tenants.get().is_some_and(|list| !list.0.is_empty()) {
            self.error(table.tenants.place(), "`tenants` names some, and there is no [tenants] that says who they are");
        }
        let texts = |list: Vec<Placed<String>>| list.into_iter().map(|typed| typed.value.into()).collect();
        WindowScope {
            routes: texts(routes),
            hosts: hosts.into(),
            tenants: texts(list(&table.tenants)),
            organisation: table.organisation.get().map(|name| name.as_str().into()),
        }
    }
}

/// With a zone in brackets, or with an offset, which then is the zone.
fn read_time(text: &str) -> Result<Zoned, jiff::Error> {
    let zoned = text.parse::<Zoned>();
    if zoned.is_ok() || text.contains('[') {
        return zoned;
    }
    let time: Timestamp = text.parse()?;
    let offset = Pieces::parse(text)?.to_numeric_offset();
    Ok(time.to_zoned(offset.map_or(TimeZone::UTC, TimeZone::fixed)))
}
