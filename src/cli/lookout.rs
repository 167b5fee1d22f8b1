//! Looks at every database and judges what is seen, once or again and again.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::{join_all, select_all};
use gate::{DatabaseId, Gate, Moment, Snapshot, WindowSource};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::config::Config;
use crate::report::Report;
use crate::watch::Looker;

/// Looks at databases over connections that it keeps.
pub(super) struct Lookout<'c> {
    config: &'c Config,
    lookers: Vec<(DatabaseId, Looker)>,
    snapshot: Snapshot,
    origin: Instant,
}

/// What looks at the databases taught.
pub(super) struct Looked {
    pub(super) gate: Gate,
    /// Names of databases that could not be looked at, and why.
    pub(super) failures: Vec<(String, String)>,
    /// A moment at which all that was learnt counts.
    pub(super) now: Moment,
}

impl<'c> Lookout<'c> {
    /// Over those databases for which `is_watched` says so.
    pub(super) fn over(config: &'c Config, is_watched: impl Fn(DatabaseId) -> bool) -> Self {
        let requirements = config.rules.requirements();
        let databases = (0..).map(DatabaseId).zip(&config.databases).filter(|(id, _)| is_watched(*id));
        let lookers = databases.map(|(id, database)| (id, Looker::new(database.clone(), config.rules.wanted(id))));
        Self {
            config,
            lookers: lookers.collect(),
            snapshot: Snapshot::unknown(requirements, config.rules.databases()),
            origin: Instant::now(),
        }
    }

    /// What is known before the first look.
    pub(super) fn nothing(&self) -> Looked {
        let gate = Gate::new(Arc::clone(&self.config.rules)).with_snapshot(self.snapshot.clone());
        Looked { gate, failures: Vec::new(), now: Moment::default() }
    }

    /// Looks at each of them once, at all at the same time.
    pub(super) async fn look(&mut self) -> Looked {
        let rules = &self.config.rules;
        let now = Moment::from_origin(self.origin.elapsed());
        let looks = self.lookers.iter_mut().map(|(id, looker)| async {
            let outcome = looker.look().await;
            (*id, looker.name(), outcome)
        });
        let mut failures = Vec::new();
        for (id, name, outcome) in join_all(looks).await {
            match outcome {
                Ok(catalog) => {
                    let counts_for = self.config.database(id).map(|database| database.max_age).unwrap_or_default();
                    self.snapshot = self.snapshot.after_look(rules.requirements(), id, &catalog, now, counts_for).0;
                }
                Err(error) => failures.push((name.to_owned(), error.to_string())),
            }
        }
        let wall = Timestamp::now();
        let planned = self.config.maintenance.windows.iter().flat_map(|window| window.windows(wall, now)).collect();
        self.snapshot = self.snapshot.with_windows(WindowSource::File, planned);
        Looked { gate: Gate::new(Arc::clone(rules)).with_snapshot(self.snapshot.clone()), failures, now }
    }

    /// Listens for word of changes too, where that is possible.
    pub(super) fn listening(self) -> Self {
        let lookers = self.lookers.into_iter().map(|(id, looker)| (id, looker.listening())).collect();
        Self { lookers, ..self }
    }

    /// Waits for word of a change in any of them.
    pub(super) async fn heard(&self) {
        if self.lookers.is_empty() {
            return std::future::pending().await;
        }
        select_all(self.lookers.iter().map(|(_, looker)| Box::pin(looker.heard()))).await;
    }

    /// Takes leave of them.
    pub(super) async fn close(self) {
        join_all(self.lookers.into_iter().map(|(_, looker)| looker.close())).await;
    }
}

impl Looked {
    /// `report`, what could not be looked at, and what the configuration warns of.
    pub(super) fn to_json(&self, report: &Report, config: &Config) -> Value {
        let failures = self.failures.iter().map(|(database, error)| json!({ "database": database, "error": error }));
        json!({ "report": report, "failures": failures.collect::<Vec<_>>(), "warnings": config.warnings })
    }
}

/// Looks at every database once.
pub(super) async fn look_at_all(config: &Config) -> Looked {
    let mut lookout = Lookout::over(config, |_| true);
    let looked = lookout.look().await;
    lookout.close().await;
    looked
}
