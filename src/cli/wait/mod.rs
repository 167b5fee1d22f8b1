//! `schemagate wait`

mod progress;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use clap::Args;
use gate::DatabaseId;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{sleep, timeout};

use super::console::Console;
use super::exit::Exit;
use super::lookout::{Looked, Lookout};
use super::time::time;
use super::{ConfigFile, Format, load, runtime};
use crate::config::{Config, show_duration, suggestion};
use crate::report::{Report, Status};
use progress::Progress;

/// Between two looks at least, however many changes a migration notifies of.
const LEAST_GAP: Duration = Duration::from_millis(50);

/// Waits until every requirement is ready in every database: for entrypoints and init containers.
#[derive(Debug, Args)]
#[command(after_help = "\
Example, in an entrypoint: schemagate wait --timeout 120s && exec node server.js
A database that is not there yet is waited for, too. What is waited for goes to standard error whenever it changes.
Exit codes: 0 ready; 1 something is still unmet, and printed; 2 wrong usage or configuration; 3 a database could not be
looked at; 130 and 143: ended by SIGINT, by SIGTERM.")]
pub(super) struct Wait {
    #[command(flatten)]
    file: ConfigFile,
    /// For how long at most
    #[arg(long, value_name = "TIME", default_value = "120s", value_parser = some_time)]
    timeout: Duration,
    /// Wait for this requirement only; may be given several times
    #[arg(long, value_name = "NAME")]
    require: Vec<String>,
    /// How often to look, beside each time that the database notifies
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = some_time)]
    interval: Duration,
    /// How to answer
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

fn some_time(text: &str) -> Result<Duration, String> {
    match time(text)? {
        Duration::ZERO => Err("it must be more than nothing; `check --database` looks once".to_owned()),
        time => Ok(time),
    }
}

impl Wait {
    pub(super) fn run(self, console: &Console) -> Exit {
        self.waited(console).unwrap_or_else(|exit| exit)
    }

    fn waited(self, console: &Console) -> Result<Exit, Exit> {
        let config = load(&self.file.config, self.format, console)?;
        self.known(&config, console)?;
        let runtime = runtime(console)?;
        let exit = runtime.block_on(async {
            let mut signals = Signals::caught().map_err(|error| {
                console.error(format!("cannot listen for signals: {error}"));
                Exit::Usage
            })?;
            tokio::select! {
                exit = self.ready_or_late(&config, console) => Ok(exit),
                exit = signals.any() => Err(exit),
            }
        });
        // Whoever was told to end does not wait for a name service.
        runtime.shutdown_background();
        exit
    }

    /// Whether every requirement that is named is in the configuration.
    fn known(&self, config: &Config, console: &Console) -> Result<(), Exit> {
        let names: BTreeSet<&str> = config.rules.requirements().iter().map(|requirement| &*requirement.name).collect();
        let unknown: Vec<&String> = self.require.iter().filter(|name| !names.contains(name.as_str())).collect();
        for name in &unknown {
            let suggestion = suggestion(name, names.iter().copied(), "requirements");
            console.error(format!("--require {name}: there is no such requirement; {suggestion}"));
        }
        if unknown.is_empty() { Ok(()) } else { Err(Exit::Usage) }
    }

    async fn ready_or_late(&self, config: &Config, console: &Console) -> Exit {
        let start = Instant::now();
        let mut lookout = Lookout::over(config, |id| self.is_watched(config, id)).listening();
        let mut last = lookout.nothing();
        let in_time = timeout(self.timeout, self.until_ready(config, &mut lookout, &mut last, console)).await.is_ok();
        lookout.close().await;
        let report = self.report(config, &last);
        let waited = start.elapsed();
        if self.format == Format::Json {
            let mut json = last.to_json(&report, config);
            if let Some(fields) = json.as_object_mut() {
                fields.insert("ready".to_owned(), in_time.into());
                fields.insert("waited_seconds".to_owned(), waited.as_secs_f64().into());
            }
            console.json(&json);
        } else if in_time {
            console.line(format!("ready after {waited:.1?}"));
        } else {
            console.line(format!("not ready after {}:", show_duration(self.timeout)));
            for (database, failure) in &last.failures {
                console.line(format!("database {database}: {failure}"));
            }
            console.report(&report.clone().limited_to(|requirement| !requirement.is_ready()).to_string());
        }
        match report.databases.iter().all(|database| database.known) && last.failures.is_empty() {
            _ if in_time => Exit::Ready,
            true => Exit::NotReady,
            false => Exit::Unreachable,
        }
    }

    /// Looks until everything is ready; `last` is what the last finished look saw.
    async fn until_ready(&self, config: &Config, lookout: &mut Lookout<'_>, last: &mut Looked, console: &Console) {
        let mut progress = Progress::new(self.timeout);
        loop {
            let began = Instant::now();
            *last = lookout.look().await;
            let report = self.report(config, last);
            if report.status == Status::Ready && last.failures.is_empty() {
                return;
            }
            for line in progress.news(&last.failures, &report, Instant::now()) {
                console.error(line);
            }
            // As long a pause as the look was long: a slow database is not kept busy by being asked.
            let pause = began.elapsed().max(LEAST_GAP);
            sleep(pause).await;
            tokio::select! {
                () = sleep(self.interval.saturating_sub(began.elapsed())) => {}
                () = lookout.heard() => {}
            }
        }
    }

    fn report(&self, config: &Config, looked: &Looked) -> Report {
        let report = Report::new(config, &looked.gate, looked.now);
        if self.require.is_empty() {
            return report;
        }
        report.limited_to(|requirement| self.require.contains(&requirement.name))
    }

    /// Whether anything that is waited for is in the database.
    fn is_watched(&self, config: &Config, database: DatabaseId) -> bool {
        let mut requirements =
            config.rules.requirements().iter().filter(|requirement| requirement.database == database);
        self.require.is_empty()
            || requirements.any(|requirement| self.require.iter().any(|name| **name == *requirement.name))
    }
}

/// The signals that end a wait at once: as the first process of a container, nothing else would.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn caught() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn any(&mut self) -> Exit {
        tokio::select! {
            _ = self.interrupt.recv() => Exit::Interrupted,
            _ = self.terminate.recv() => Exit::Terminated,
        }
    }
}
