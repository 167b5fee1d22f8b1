//! Maintenance windows, for operators.

use std::fmt;
use std::time::Duration;

use gate::{Gate, HostPattern, Moment, TableState, Window};
use schemars::JsonSchema;
use serde::Serialize;

use crate::config::{Config, show_duration};

/// Maintenance windows, and how the application's own table of them stands.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct WindowsReport {
    /// The application's own table, where the configuration names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<WindowTableReport>,
    /// Those that are open, then those to come.
    pub windows: Vec<WindowReport>,
}

/// How the application's own table of windows stands.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct WindowTableReport {
    /// Its name in the configuration.
    pub name: String,
    /// The database's name in the configuration.
    pub database: String,
    /// `read`, `missing`, `unreadable`, or `unknown` where nothing recent is known.
    pub state: &'static str,
    /// Why it could not be read, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// One maintenance window.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct WindowReport {
    /// Its name.
    pub name: String,
    /// Who says so: `table`, `operator` or `file`.
    pub source: &'static str,
    /// Whether it is open.
    pub open: bool,
    /// Until it opens, if it is not open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opens_in_seconds: Option<u64>,
    /// Until it ends; none if it has to be lifted.
    pub ends_in_seconds: Option<u64>,
    /// Whether it is lifted as soon as everything is ready.
    pub until_ready: bool,
    /// `writes` or `everything`.
    pub blocks: &'static str,
    /// Names of routes; empty: all.
    pub routes: Vec<String>,
    /// Hosts; empty: all.
    pub hosts: Vec<String>,
    /// Tenants; empty: all.
    pub tenants: Vec<String>,
    /// The organisation; none: all.
    pub organisation: Option<String>,
    /// What people are told.
    pub message: Option<String>,
}

impl WindowsReport {
    /// `None` where there is neither a window nor a table of them.
    pub(super) fn new(config: &Config, gate: &Gate, now: Moment) -> Option<Self> {
        let windows = gate.snapshot().windows();
        let table = gate.rules().window_table().map(|wanted| {
            let standing = windows.table();
            let is_known = now <= standing.counts_until;
            let unread = if let TableState::Unread(why) = &standing.state { Some(why) } else { None };
            WindowTableReport {
                name: wanted.table.to_string(),
                database: config.database(wanted.database).map(|known| known.name.clone()).unwrap_or_default(),
                state: if is_known || unread.is_some() { &standing.state } else { &TableState::Unlearnt }.as_str(),
                problem: unread.map(ToString::to_string),
            }
        });
        let in_force: Vec<_> = gate.open_windows(now).map(|(id, _)| id).collect();
        let all = windows.all().filter(|(_, window)| window.until.is_none_or(|until| now < until));
        let mut windows: Vec<WindowReport> =
            all.map(|(id, window)| WindowReport::new(window, in_force.contains(&id), now)).collect();
        windows.sort_by_key(|window| (!window.open, window.opens_in_seconds));
        (table.is_some() || !windows.is_empty()).then_some(Self { table, windows })
    }
}

impl WindowReport {
    fn new(window: &Window, open: bool, now: Moment) -> Self {
        let texts = |list: &[Box<str>]| list.iter().map(ToString::to_string).collect();
        let scope = &window.scope;
        Self {
            name: window.name.to_string(),
            source: window.source.as_str(),
            open,
            opens_in_seconds: (now < window.from).then(|| window.from.since(now).as_secs()),
            ends_in_seconds: window.until.map(|until| until.since(now).as_secs()),
            until_ready: window.until_ready,
            blocks: window.blocks.as_str(),
            routes: texts(&scope.routes),
            hosts: scope.hosts.iter().map(HostPattern::to_string).collect(),
            tenants: texts(&scope.tenants),
            organisation: scope.organisation.as_deref().map(str::to_owned),
            message: window.message.as_deref().map(str::to_owned),
        }
    }
}

impl fmt::Display for WindowsReport {
    /// For people: how the table stands if it is not read, and every window.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(table) = self.table.as_ref().filter(|table| table.state != TableState::Read.as_str()) {
            let problem = table.problem.as_ref().map(|problem| format!(": {problem}")).unwrap_or_default();
            writeln!(f, "{:<12} table {} of maintenance windows{problem}", table.state, table.name)?;
        }
        for window in &self.windows {
            let length = |seconds| show_duration(Duration::from_secs(seconds));
            let when = match (window.opens_in_seconds, window.ends_in_seconds) {
                (Some(opens), _) => format!("opens in {}", length(opens)),
                (None, Some(ends)) => format!("for another {}", length(ends)),
                (None, None) if window.until_ready => "until everything is ready".to_owned(),
                (None, None) => "until it is lifted".to_owned(),
            };
            let word = if window.open { "window" } else { "planned" };
            let organisation = window.organisation.as_ref().map(|name| format!(" of organisation {name}"));
            let (name, blocks, organisation) = (&window.name, window.blocks, organisation.unwrap_or_default());
            writeln!(f, "{word:<12} {name}: blocks {blocks}{organisation}, {when}")?;
        }
        Ok(())
    }
}
