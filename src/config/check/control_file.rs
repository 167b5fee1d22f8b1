//! The control file: what was typed becomes orders.

use std::path::Path;

use gate::{HostPattern, OrderSource, Rules, WindowScope};
use jiff::Timestamp;

use super::Check;
use super::control::names;
use crate::complaint::Complaints;
use crate::config::file::{ControlBypassTable, ControlFileTable, ControlHoldTable, ControlWindowTable};
use crate::config::load::read_table;
use crate::config::order::{BypassTerms, HoldTerms, Order, OrderBook, WindowTerms, parse_time};
use crate::config::place::Placed;
use crate::config::reader::Key;
use crate::config::values::List;
use crate::config::{ControlOrders, Ends, PlannedWindow, RecurringWindow};

/// Stands for whoever writes the control file.
const BY: &str = "control file";

impl ControlOrders {
    /// The orders that the text of a control file means, or everything that is wrong with it. Names are those of
    /// `rules`.
    pub fn parse(text: &str, origin: &Path, rules: &Rules, now: Timestamp) -> Result<Self, Complaints> {
        let file = origin.display().to_string();
        let env = |name: &str| std::env::var(name).ok();
        let (typed, mut problems) = read_table::<ControlFileTable>(text, &env);
        let mut check = Check::new(Path::new(""), &env, &file, text);
        let book = typed.as_ref().and_then(|typed| check.orders(typed, rules, now));
        problems.extend(check.into_problems());
        match book {
            Some(book) if problems.is_empty() => Ok(book),
            _ => Err(Complaints::new(file, text.to_owned(), problems)),
        }
    }
}

impl Check<'_> {
    fn orders(&mut self, typed: &ControlFileTable, rules: &Rules, now: Timestamp) -> Option<ControlOrders> {
        let bypasses = typed.bypasses.get()?.0.iter().filter_map(|bypass| self.bypass(bypass, rules, now)).collect();
        let (again, once): (Vec<_>, Vec<_>) =
            typed.windows.get()?.0.iter().partition(|window| window.value.every.get().is_some());
        let windows = once.into_iter().filter_map(|window| self.window(window, rules, now)).collect();
        let recurring = again.into_iter().filter_map(|window| self.recurring_window(window, rules, now)).collect();
        let holds = typed.holds.get()?.0.iter().filter_map(|hold| self.hold_order(hold, rules, now)).collect();
        self.distinct_names(typed.bypasses.get()?, "bypasses", |table| &table.name);
        self.distinct_names(typed.windows.get()?, "windows", |table| &table.name);
        self.distinct_names(typed.holds.get()?, "holds", |table| &table.name);
        Some(ControlOrders { once: OrderBook { bypasses, windows, holds }, recurring })
    }

    fn bypass(
        &mut self,
        typed: &Placed<ControlBypassTable>,
        rules: &Rules,
        now: Timestamp,
    ) -> Option<Order<BypassTerms>> {
        let table = &typed.value;
        let terms = BypassTerms {
            skips: table.skips.copied()?.0,
            routes: self.route_names(table.routes.get()?, rules),
            requirements: self.requirement_names(table.requirements.get()?, rules),
            tenants: names(table.tenants.get()?),
        };
        let until = self.time("bypasses.until", &table.until);
        Some(order(table.name.get()?, table.reason.get(), now, until, terms))
    }

    fn window(
        &mut self,
        typed: &Placed<ControlWindowTable>,
        rules: &Rules,
        now: Timestamp,
    ) -> Option<Order<WindowTerms>> {
        let table = &typed.value;
        let starts = self.time("windows.starts", &table.starts);
        if let (Some(ends), Some(lasts)) = (table.ends.place(), table.lasts.place()) {
            self.error(Some(lasts), "`windows.ends` and `windows.lasts` are both given")
                .help("keep one of them")
                .beside(Some(ends), "the other");
        }
        if let Some(lasts) = table.lasts.placed().filter(|_| table.starts.is_absent()) {
            self.error(lasts.place, "`windows.lasts` goes with `windows.starts`").help("say when it begins, or `ends`");
        }
        let lasting = starts.zip(table.lasts.copied()).and_then(|(starts, lasts)| starts.checked_add(lasts).ok());
        let until = lasting.or_else(|| self.time("windows.ends", &table.ends));
        if let (Some(starts), Some(until)) = (starts, until)
            && until <= starts
        {
            self.error(table.ends.place().or(table.lasts.place()), "the window ends before it begins");
        }
        let terms = self.window_terms(table, rules, starts.unwrap_or(Timestamp::UNIX_EPOCH))?;
        Some(order(table.name.get()?, table.reason.get(), now, until, terms))
    }

    /// What a window keeps out from a time on.
    fn window_terms(&mut self, table: &ControlWindowTable, rules: &Rules, from: Timestamp) -> Option<WindowTerms> {
        let hosts = table.hosts.get()?;
        for host in &hosts.0 {
            if let Err(error) = HostPattern::parse(&host.value) {
                self.error(host.place, format!("`windows.hosts`: {error}"));
            }
        }
        Some(WindowTerms {
            from,
            blocks: table.blocks.copied()?.0,
            routes: self.route_names(table.routes.get()?, rules),
            hosts: names(hosts),
            tenants: names(table.tenants.get()?),
            organisation: table.organisation.get().cloned(),
            message: table.message.get().cloned(),
            until_ready: false,
            requirements: Vec::new(),
        })
    }

    fn recurring_window(
        &mut self,
        typed: &Placed<ControlWindowTable>,
        rules: &Rules,
        now: Timestamp,
    ) -> Option<RecurringWindow> {
        let Placed { value: table, place } = typed;
        let Some(first) = table.starts.placed() else {
            self.error(table.every.place(), "`windows.every` goes with `windows.starts`")
                .help("say when it opens for the first time");
            return None;
        };
        let starts = self.time_with_zone("windows.starts", first);
        let ends = match (table.ends.placed(), table.lasts.placed()) {
            (Some(ends), None) => self.time_with_zone("windows.ends", ends).map(Ends::At),
            (None, Some(lasts)) => Some(Ends::After(lasts.value)),
            (Some(ends), Some(lasts)) => {
                self.error(lasts.place, "`windows.ends` and `windows.lasts` are both given")
                    .help("keep one of them")
                    .beside(ends.place, "the other");
                None
            }
            (None, None) if !table.ends.is_absent() || !table.lasts.is_absent() => None,
            (None, None) => {
                self.error(*place, "a window that recurs has neither `lasts` nor `ends`").help("add lasts = \"2h\"");
                None
            }
        };
        let name = table.name.placed()?;
        let planned = PlannedWindow {
            name: name.value.clone(),
            starts: starts?,
            ends: ends?,
            every: table.every.copied().map(|word| word.0),
            blocks: table.blocks.copied()?.0,
            scope: WindowScope::default(),
            message: None,
        };
        self.times(&planned, table.ends.place().or(table.lasts.place()), table.every.place(), name.place);
        let terms = self.window_terms(table, rules, planned.starts.timestamp())?;
        Some(RecurringWindow { order: order(&name.value, table.reason.get(), now, None, terms), planned })
    }

    fn hold_order(
        &mut self,
        typed: &Placed<ControlHoldTable>,
        rules: &Rules,
        now: Timestamp,
    ) -> Option<Order<HoldTerms>> {
        let table = &typed.value;
        let terms = HoldTerms { routes: self.route_names(table.routes.get()?, rules) };
        let until = self.time("holds.until", &table.until);
        Some(order(table.name.get()?, table.reason.get(), now, until, terms))
    }

    fn time(&mut self, name: &str, key: &Key<String>) -> Option<Timestamp> {
        let typed = key.placed()?;
        let time = parse_time(&typed.value);
        time.map_err(|error| {
            self.error(typed.place, format!("`{name}`: `{}` {error}", typed.value));
        })
        .ok()
    }

    fn distinct_names<T>(&mut self, tables: &List<T>, what: &str, name: impl Fn(&T) -> &Key<String>) {
        let mut before: Vec<&Placed<String>> = Vec::new();
        for typed in tables.0.iter().filter_map(|table| name(&table.value).placed()) {
            if let Some(same) = before.iter().find(|before| before.value == typed.value) {
                self.error(typed.place, format!("two {what} are named `{}`", typed.value))
                    .beside(same.place, "the other one");
            }
            before.push(typed);
        }
    }
}

fn order<T>(name: &str, reason: Option<&String>, now: Timestamp, until: Option<Timestamp>, terms: T) -> Order<T> {
    Order {
        id: name.to_owned(),
        source: OrderSource::ControlFile,
        by: BY.to_owned(),
        reason: reason.cloned(),
        created: now,
        until,
        terms,
    }
}
