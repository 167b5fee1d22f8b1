//! The control file: what was typed becomes orders.

use std::path::Path;

use gate::{HostPattern, OrderSource, Rules};
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

/// Stands for whoever writes the control file.
const BY: &str = "control file";

impl OrderBook {
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
    fn orders(&mut self, typed: &ControlFileTable, rules: &Rules, now: Timestamp) -> Option<OrderBook> {
        let bypasses = typed.bypasses.get()?.0.iter().filter_map(|bypass| self.bypass(bypass, rules, now)).collect();
        let windows = typed.windows.get()?.0.iter().filter_map(|window| self.window(window, rules, now)).collect();
        let holds = typed.holds.get()?.0.iter().filter_map(|hold| self.hold_order(hold, rules, now)).collect();
        self.distinct_names(typed.bypasses.get()?, "bypasses", |table| &table.name);
        self.distinct_names(typed.windows.get()?, "windows", |table| &table.name);
        self.distinct_names(typed.holds.get()?, "holds", |table| &table.name);
        Some(OrderBook { bypasses, windows, holds })
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
        let hosts = table.hosts.get()?;
        for host in &hosts.0 {
            if let Err(error) = HostPattern::parse(&host.value) {
                self.error(host.place, format!("`windows.hosts`: {error}"));
            }
        }
        let terms = WindowTerms {
            from: starts.unwrap_or(Timestamp::UNIX_EPOCH),
            blocks: table.blocks.copied()?.0,
            routes: self.route_names(table.routes.get()?, rules),
            hosts: names(hosts),
            tenants: names(table.tenants.get()?),
            organisation: table.organisation.get().cloned(),
            message: table.message.get().cloned(),
            until_ready: false,
            requirements: Vec::new(),
        };
        Some(order(table.name.get()?, table.reason.get(), now, until, terms))
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
