//! Who reloads: one after another, whole or not at all.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{error, info, warn};

use super::files::Files;
use super::names::names;
use super::origin::Origin;
use super::restart::needs_restart;
use super::{Asked, Outcome, ReloadError, Reloaded};
use crate::config::Config;
use crate::live::GateReader;
use crate::metrics::Metrics;
use crate::supervisor::{self, Going};

/// How often the files are looked at. What changed is read when it has stayed as it is for as long: whoever
/// writes several files is given the time to.
const EVERY: Duration = Duration::from_secs(1);

/// Has a configuration take effect, or says why it cannot.
pub type Apply = Box<dyn Fn(Arc<Config>) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// Who reloads.
pub struct Reloading {
    origin: Origin,
    asked: mpsc::Receiver<Asked>,
    /// What the configuration was read from, the last time that it was read.
    read: Vec<PathBuf>,
    /// How that was then.
    known: Files,
    /// How it was when it was looked at last.
    seen: Files,
}

impl Reloading {
    pub(super) fn new(origin: Origin, asked: mpsc::Receiver<Asked>) -> Self {
        Self { origin, asked, read: Vec::new(), known: Files::default(), seen: Files::default() }
    }

    /// Reads the configuration that the process starts with.
    pub fn start(&mut self) -> Result<Config, crate::config::ConfigErrors> {
        self.load()
    }

    /// Reads the configuration, and notes how its files were when that began.
    fn load(&mut self) -> Result<Config, crate::config::ConfigErrors> {
        let before = Files::at(&self.read);
        let mut read = Vec::new();
        let config = self.origin.read(&mut read);
        // Of what was read for the first time it is not known whether it changed just then.
        self.known = if read == self.read { before } else { Files::at(&read) };
        self.seen = self.known.clone();
        self.read = read;
        config
    }

    /// Reloads whenever there is reason to, until dropped. `started` is what the process was started with.
    pub async fn run(mut self, started: Arc<Config>, reader: GateReader, metrics: Metrics, apply: Apply) {
        let mut hang_up = signal(SignalKind::hangup())
            .inspect_err(|error| warn!(%error, "cannot listen for SIGHUP; files that change and the admin API reload"))
            .ok();
        let mut tick = interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        metrics.reloaded(true);
        metrics.name(names(&started));
        loop {
            let (why, asked) = tokio::select! {
                Some(asked) = self.asked.recv() => ("asked by the admin API", Some(asked)),
                () = received(&mut hang_up) => ("SIGHUP", None),
                _ = tick.tick() => {
                    if !self.has_changed().await {
                        continue;
                    }
                    ("a file changed", None)
                }
            };
            supervisor::tell(Going::Reloading);
            let outcome = self.reload(&started, &apply).await;
            supervisor::tell(Going::Serving(match outcome {
                Ok(_) => "Serving",
                Err(_) => "Serving by the configuration from before: the new one has mistakes, see the log",
            }));
            tell(why, &outcome, &reader, &metrics);
            if let Some(Asked(answer)) = asked {
                // Whoever asked may have gone away.
                let _ = answer.send(outcome);
            }
        }
    }

    /// Whether the files are others than those that were read last, and have been for a while.
    async fn has_changed(&mut self) -> bool {
        let read = self.read.clone();
        // A disk that hangs must not stop anything else.
        let Ok(now) = tokio::task::spawn_blocking(move || Files::at(&read)).await else { return false };
        let settled = now == self.seen;
        self.seen = now;
        settled && self.seen != self.known
    }

    async fn reload(&mut self, started: &Config, apply: &Apply) -> Outcome {
        let config = tokio::task::block_in_place(|| self.load()).map_err(|errors| ReloadError(errors.to_string()))?;
        let config = Arc::new(config);
        apply(Arc::clone(&config)).await.map_err(ReloadError)?;
        Ok(Reloaded {
            sha256: config.fingerprint.clone(),
            needs_restart: needs_restart(started, &config),
            warnings: config.warnings.clone(),
        })
    }
}

/// Waits for a signal; for ever where none can come.
async fn received(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

fn tell(why: &str, outcome: &Outcome, reader: &GateReader, metrics: &Metrics) {
    metrics.reloaded(outcome.is_ok());
    match outcome {
        Err(error) => error!(
            target: "schemagate::reload",
            why,
            "the configuration was not reloaded, and the one before stays in force: {error}",
        ),
        Ok(Reloaded { sha256, needs_restart, warnings }) => {
            let live = reader.pin();
            metrics.name(names(live.config()));
            info!(
                target: "schemagate::reload",
                why,
                sha256,
                routes = live.rules().routes().len(),
                requirements = live.rules().declared().count(),
                "the configuration was reloaded",
            );
            for warning in warnings {
                warn!("{warning}");
            }
            if !needs_restart.is_empty() {
                let keys = needs_restart.join(", ");
                warn!(
                    target: "schemagate::reload",
                    keys,
                    "what is written of {keys} counts from the next start on; the rest is in force",
                );
            }
        }
    }
}
