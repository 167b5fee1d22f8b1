//! Maintenance windows: those of the configuration are put in force, and of all is told when they open and end.

use std::time::Duration;

use gate::{Gate, Moment, Snapshot, TableState, Window, WindowSource};
use jiff::Timestamp;
use tracing::{info, warn};

use crate::config::{Config, show_duration};

/// How often the configuration's windows are held against the clock, which somebody may set.
const EVERY: Duration = Duration::from_secs(5);

/// Puts the configuration's windows in force, and tells of all that open and end.
#[derive(Debug, Default)]
pub(super) struct WindowKeeper {
    planned: Option<Moment>,
    /// Those that the log says are open.
    open: Vec<Window>,
    table: TableState,
}

impl WindowKeeper {
    /// The snapshot with the configuration's windows as they are now, where that is something else.
    pub(super) fn plan(&mut self, config: &Config, gate: &Gate, now: Moment) -> Option<Snapshot> {
        let windows = &config.maintenance.windows;
        let known = gate.snapshot().windows();
        let ended = |planned| known.next_edge(planned).is_some_and(|edge| edge <= now);
        if self.planned.is_some_and(|planned| now.since(planned) < EVERY && !ended(planned)) {
            return None;
        }
        self.planned = Some(now);
        let wall = Timestamp::now();
        let planned = windows.iter().flat_map(|window| window.windows(wall, now)).collect();
        let snapshot = gate.snapshot().with_windows(WindowSource::File, planned);
        (snapshot.generation() != gate.snapshot().generation()).then_some(snapshot)
    }

    /// The same, for another configuration: its windows are put in force the next time.
    pub(super) fn replanned(self) -> Self {
        Self { planned: None, ..self }
    }

    /// Until when there is nothing to do.
    pub(super) fn rest(config: &Config, gate: &Gate, now: Moment) -> Duration {
        let edge = gate.snapshot().windows().next_edge(now).map(|edge| edge.since(now) + Duration::from_millis(1));
        let plans = if config.maintenance.windows.is_empty() { None } else { Some(EVERY) };
        edge.into_iter().chain(plans).min().unwrap_or(Duration::MAX)
    }

    /// Tells what opened and what ended since the last time; whether anything did.
    pub(super) fn tell(&mut self, config: &Config, gate: &Gate, now: Moment) -> bool {
        self.tell_table(config, gate);
        let open: Vec<&Window> = gate.open_windows(now).map(|(_, window)| window).collect();
        let is_same = |one: &Window, other: &Window| {
            one.source == other.source && one.name == other.name && one.scope == other.scope
        };
        let began: Vec<&&Window> =
            open.iter().filter(|window| !self.open.iter().any(|known| is_same(window, known))).collect();
        let over: Vec<&Window> =
            self.open.iter().filter(|known| !open.iter().any(|window| is_same(window, known))).collect();
        for window in &began {
            tell_opened(window, now);
        }
        for window in &over {
            let name = &*window.name;
            info!(
                target: "schemagate::window",
                window = name,
                source = window.source.as_str(),
                organisation = window.scope.organisation.as_deref(),
                "maintenance window {name} is over",
            );
        }
        let changed = !began.is_empty() || !over.is_empty();
        if changed {
            self.open = open.into_iter().cloned().collect();
        }
        changed
    }

    /// Tells what came of looking for the application's own table, where that is something else.
    fn tell_table(&mut self, config: &Config, gate: &Gate) {
        let state = &gate.snapshot().windows().table().state;
        if *state == self.table {
            return;
        }
        let before = std::mem::replace(&mut self.table, state.clone());
        let Some(wanted) = gate.rules().window_table() else { return };
        let table = wanted.table.to_string();
        let database = config.database(wanted.database).map(|database| database.name.as_str());
        match state {
            TableState::Missing => warn!(
                target: "schemagate::window",
                database, table,
                "{table} table does not exist - failing open (no maintenance check)",
            ),
            TableState::Unread(why) => warn!(
                target: "schemagate::window",
                database, table,
                "the maintenance windows in {table} cannot be read, and those that are known stand for max_age: {why}",
            ),
            TableState::Read if before != TableState::Unlearnt => info!(
                target: "schemagate::window",
                database, table,
                "the maintenance windows in {table} are read",
            ),
            TableState::Read | TableState::Unlearnt => {}
        }
    }
}

fn tell_opened(window: &Window, now: Moment) {
    let name = &*window.name;
    let left = window.until.map(|until| until.since(now));
    let until = match left {
        // To the second: nobody reads more.
        Some(left) => format!("for {}", show_duration(Duration::from_secs(left.as_secs().max(1)))),
        None if window.until_ready => "until everything is ready".to_owned(),
        None => "until it is lifted".to_owned(),
    };
    let blocks = window.blocks.as_str();
    warn!(
        target: "schemagate::window",
        window = name,
        source = window.source.as_str(),
        blocks,
        organisation = window.scope.organisation.as_deref(),
        ends_in_seconds = left.map(|left| left.as_secs()),
        "maintenance window {name} is open {until} and blocks {blocks}{}",
        window.scope,
    );
}
