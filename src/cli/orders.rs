//! Orders on the terminal: what all kinds have in common.

use clap::Args;
use gate::OrderSource;
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::admin_client::{AdminClient, AskError};
use super::asking::Asking;
use super::console::Console;
use super::exit::Exit;
use super::sections::{Cell, Section};
use super::{Format, runtime};
use crate::config::order::Order;
use crate::desk::Note;

/// Who orders something, why, and for how long.
#[derive(Debug, Args)]
pub(super) struct Noted {
    /// How long it lasts, such as 30m or 2h, or "never" for no end
    #[arg(long, alias = "ttl", value_name = "TIME", conflicts_with = "until")]
    lasts: Option<String>,
    /// When it ends, with its zone: 2026-11-22T04:00[Europe/Paris], 2026-11-22T03:00Z
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Why, for those who read it in the log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Who you are; the name of your user if left out
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

impl Noted {
    pub(super) fn note(self) -> Note {
        let user = || ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
        let by = self.by.or_else(user).filter(|by| !by.is_empty());
        Note { reason: self.reason, by, lasts: self.lasts, until: self.until }
    }

    /// Whether it is said when it ends.
    pub(super) const fn says_an_end(&self) -> bool {
        self.lasts.is_some() || self.until.is_some()
    }
}

/// One kind of order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// The word for one.
    pub(super) one: &'static str,
    /// The word for several, which is the last part of the path and the key of the list, too.
    pub(super) many: &'static str,
    /// What became of one that was ended.
    pub(super) ended: &'static str,
}

/// Which orders are ended.
#[derive(Debug, Args)]
pub(super) struct Off {
    #[command(flatten)]
    asking: Asking,
    /// Which, as `list` shows them
    #[arg(value_name = "ID", required_unless_present = "all")]
    ids: Vec<String>,
    /// All that were switched on by commands
    #[arg(long, conflicts_with = "ids")]
    all: bool,
}

impl Off {
    pub(super) fn run<T>(self, kind: Kind, console: &Console) -> Result<Exit, Exit>
    where
        T: Serialize + DeserializeOwned + std::fmt::Display,
    {
        let talk = Talk::begin(&self.asking, kind, console)?;
        let ids = if self.all { talk.own_ids::<T>(|_| true)? } else { self.ids };
        talk.end::<T>(&ids)
    }
}

/// What the running schemagate answers to an order.
#[derive(Debug, Serialize, Deserialize)]
struct Taken<T> {
    #[serde(flatten)]
    order: Order<T>,
    warnings: Vec<String>,
}

/// A conversation with the running schemagate about one kind of order.
pub(super) struct Talk<'c> {
    console: &'c Console,
    client: AdminClient,
    format: Format,
    kind: Kind,
}

impl<'c> Talk<'c> {
    pub(super) fn begin(asking: &Asking, kind: Kind, console: &'c Console) -> Result<Self, Exit> {
        Ok(Self { console, client: asking.client(console)?, format: asking.format, kind })
    }

    /// Gives an order.
    pub(super) fn give<T>(&self, asked: &impl Serialize) -> Result<Exit, Exit>
    where
        T: Serialize + DeserializeOwned + std::fmt::Display,
    {
        let path = format!("/api/v1/{}", self.kind.many);
        let taken: Taken<T> = self.ask(self.client.post(&path, asked))?;
        self.tell(&taken, "is in force");
        Ok(Exit::Ready)
    }

    /// Ends these orders, one after another.
    pub(super) fn end<T>(&self, ids: &[String]) -> Result<Exit, Exit>
    where
        T: Serialize + DeserializeOwned + std::fmt::Display,
    {
        for id in ids {
            let path = format!("/api/v1/{}/{}", self.kind.many, percent(id));
            let taken: Taken<T> = self.ask(self.client.delete(&path))?;
            self.tell(&taken, self.kind.ended);
        }
        if ids.is_empty() && self.format == Format::Text {
            self.console.line(format!("There is no {} to end.", self.kind.one));
        }
        Ok(Exit::Ready)
    }

    /// Every order of this kind.
    pub(super) fn orders<T: DeserializeOwned>(&self) -> Result<Vec<Order<T>>, Exit> {
        let mut list = self.list()?;
        let list = list.get_mut(self.kind.many).map(Value::take).unwrap_or_default();
        serde_json::from_value(list).map_err(|error| {
            self.console.error(format!("the admin listener answers what this version does not read: {error}"));
            Exit::Unreachable
        })
    }

    /// Ids of those that were ordered by commands, as far as they are `meant`.
    pub(super) fn own_ids<T: DeserializeOwned>(&self, meant: impl Fn(&T) -> bool) -> Result<Vec<String>, Exit> {
        let own = |order: &Order<T>| order.source == OrderSource::Operator && meant(&order.terms);
        Ok(self.orders::<T>()?.into_iter().filter(own).map(|order| order.id).collect())
    }

    /// Shows every order of this kind: people as a table, programs as lines.
    pub(super) fn show<T: DeserializeOwned + std::fmt::Display>(
        &self,
        begins: impl Fn(&T) -> Option<Timestamp>,
    ) -> Result<Exit, Exit> {
        if self.format == Format::Json {
            self.console.json(&self.list()?);
            return Ok(Exit::Ready);
        }
        let orders = self.orders::<T>()?;
        let rows = orders.iter().map(|order| row(order, begins(&order.terms))).collect();
        let section = Section { word: self.kind.one, columns: COLUMNS, rows };
        if !self.console.is_terminal() {
            section.lines().iter().for_each(|line| self.console.line(line));
            return Ok(Exit::Ready);
        }
        let table = section.table(self.console.colours_result());
        let nothing = || format!("There are no {}.", self.kind.many);
        self.console.line(table.as_deref().map_or_else(nothing, |table| table.trim_end().to_owned()));
        Ok(Exit::Ready)
    }

    fn list(&self) -> Result<Value, Exit> {
        let path = format!("/api/v1/{}", self.kind.many);
        self.ask(self.client.get(&path))
    }

    fn ask<A>(&self, asked: impl Future<Output = Result<A, AskError>>) -> Result<A, Exit> {
        runtime(self.console)?.block_on(asked).map_err(|error| error.told(self.console))
    }

    fn tell<T: Serialize + std::fmt::Display>(&self, taken: &Taken<T>, what: &str) {
        if self.format == Format::Json {
            self.console.json(taken);
            return;
        }
        let Order { id, terms, until, .. } = &taken.order;
        let end = until.map(|until| format!(", until {}", told(until))).unwrap_or_default();
        self.console.line(format!("{} {id} {what}: {terms}{end}", self.kind.one));
        for warning in &taken.warnings {
            self.console.error(format!("warning: {warning}"));
        }
    }
}

/// What is shown of an order.
const COLUMNS: &[&str] = &["id", "now", "what", "from", "until", "by", "why"];

fn row<T: std::fmt::Display>(order: &Order<T>, begins: Option<Timestamp>) -> Vec<Cell> {
    let begins = begins.filter(|begins| *begins > Timestamp::now());
    let now = if begins.is_some() { "planned" } else { "open" };
    let time = |time: Timestamp| Cell::both(told(time), time.to_string());
    vec![
        order.id.as_str().into(),
        now.into(),
        order.terms.to_string().into(),
        begins.map_or_else(Cell::default, time),
        order.until.map_or_else(|| "no end".into(), time),
        order.by.as_str().into(),
        order.reason.as_deref().unwrap_or_default().into(),
    ]
}

/// A time, and how far off it is.
fn told(time: Timestamp) -> String {
    let left = time.duration_since(Timestamp::now());
    // To the second: what is left of it is over when it is read.
    let left = SignedDuration::from_secs(left.as_secs() + i64::from(left.subsec_millis() >= 500));
    let zoned = time.to_zoned(jiff::tz::TimeZone::system());
    let zoned = zoned.strftime("%Y-%m-%d %H:%M:%S %Z");
    if left.is_positive() { format!("{zoned} (in {left:#})") } else { zoned.to_string() }
}

/// An id as a part of a path.
fn percent(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string()
}
