//! `schemagate doctor`

mod finding;
mod machine;
mod server;
mod sight;

use clap::Args;
use futures_util::future::join_all;
use gate::DatabaseId;
use serde_json::json;

use super::check::valid;
use super::console::Console;
use super::exit::Exit;
use super::lookout::{Looked, look_at_all};
use super::{ConfigFile, Format, runtime};
use crate::config::{Config, Database, Source, Upstream};
use crate::proxy::{Called, call};
use crate::report::Report;
use crate::watch::examine;
use finding::{Finding, Grade, section};

/// Examines everything that schemagate depends on.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples: schemagate doctor
          sudo -u schemagate schemagate doctor --config /etc/schemagate/proxy.toml      (with that user's rights)
          docker exec app-schemagate schemagate doctor
It looks at the configuration; at each database: the way to it, TLS, the role and what it may read, the clock, the triggers, and
notifications, of which one is sent and listened for; at each server of the upstreams; and at the state file. What is not as it
should be is told with what to do about it. Whether the schema is as required, `check --database` tells in full.
Exit codes: 0 nothing is wrong, though there may be warnings; 1 something does not work; 2 wrong usage or configuration;
3 a database could not be looked at.")]
pub(super) struct Doctor {
    #[command(flatten)]
    file: ConfigFile,
    /// How to answer
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Doctor {
    pub(super) fn run(self, console: &Console) -> Exit {
        self.examined(console).unwrap_or_else(|exit| exit)
    }

    fn examined(self, console: &Console) -> Result<Exit, Exit> {
        let config = valid(&self.file.config, self.format, console)?;
        let mut findings =
            vec![Finding::ok("configuration", "file", format!("{} has no mistakes", self.file.config.display()))];
        findings.extend(
            config
                .warnings
                .iter()
                .map(|warning| Finding { grade: Grade::Warning, ..Finding::ok("configuration", "file", warning) }),
        );
        let waiting = console.waiting("looking at databases and upstreams");
        let (mut found, all_seen) = runtime(console)?.block_on(everything(&config));
        drop(waiting);
        findings.append(&mut found);
        self.tell(&findings, console);
        Ok(match findings.iter().any(|finding| finding.grade == Grade::Problem) {
            _ if !all_seen => Exit::Unreachable,
            true => Exit::NotReady,
            false => Exit::Ready,
        })
    }

    fn tell(&self, findings: &[Finding], console: &Console) {
        let count = |grade| findings.iter().filter(|finding| finding.grade == grade).count();
        let (problems, warnings) = (count(Grade::Problem), count(Grade::Warning));
        if self.format == Format::Json {
            console.json(&json!({ "problems": problems, "warnings": warnings, "findings": findings }));
        } else if console.is_terminal() {
            console.line(section(findings).table(console.colours_result()).unwrap_or_default());
            console.line(format!("problems: {problems}, warnings: {warnings}"));
        } else {
            section(findings).lines().iter().for_each(|line| console.line(line));
        }
    }
}

/// What was found, and whether every database could be looked at.
async fn everything(config: &Config) -> (Vec<Finding>, bool) {
    let databases = (0..).map(DatabaseId).zip(&config.databases);
    let examined = join_all(databases.map(|(id, database)| of_server(config, id, database)));
    let upstreams = join_all(config.upstreams.iter().map(of_upstream));
    let (looked, examined, upstreams, running) =
        tokio::join!(look_at_all(config), examined, upstreams, machine::running(config));
    let Looked { gate, failures, now } = looked;
    let failure = |database: &str| failures.iter().find(|(name, _)| name == database);
    let mut findings = Vec::new();
    for (database, of_server) in config.databases.iter().zip(examined) {
        let is_reached = of_server.iter().any(|finding| finding.grade != Grade::Problem);
        findings.extend(of_server);
        // Of a server that cannot be reached that was said.
        if let Some((name, why)) = failure(&database.name).filter(|_| is_reached) {
            findings.push(Finding::error(&format!("database {name}"), "sight", why));
        }
    }
    let report = Report::new(config, &gate, now);
    findings.extend(sight::findings(&report, |database| failure(database).is_none()));
    findings.extend(upstreams.into_iter().flatten());
    findings.push(machine::state(config));
    findings.push(running);
    (findings, failures.is_empty())
}

async fn of_server(config: &Config, id: DatabaseId, database: &Database) -> Vec<Finding> {
    let of = format!("database {}", database.name);
    let settings = match &database.source {
        Source::Postgres(settings) => settings,
        Source::Sqlite(path) => return vec![Finding::ok(&of, "reach", format!("the SQLite file {}", path.display()))],
    };
    let wanted = config.rules.wanted(id);
    let windows = wanted.windows.as_ref().map(|windows| windows.table.to_string());
    match examine(settings).await {
        Ok(found) => server::findings(database, settings, &found, windows.as_deref()),
        Err(error) => vec![Finding::error(&of, "reach", error.to_string())],
    }
}

async fn of_upstream(upstream: &Upstream) -> Vec<Finding> {
    let of = format!("upstream {}", upstream.name);
    let called = match call(upstream).await {
        Ok(called) => called,
        Err(error) => return vec![Finding::error(&of, "reach", error.to_string())],
    };
    let how = match upstream.health.as_ref().and_then(|health| health.path.as_ref()) {
        Some(path) => format!("answers GET {path}"),
        None => "takes connections".to_owned(),
    };
    let finding = |called: Called| match called.ailment {
        None => Finding::ok(&of, "reach", format!("{} {how}", called.server)),
        Some(why) => Finding::error(&of, "reach", format!("{}: {why}", called.server)),
    };
    called.into_iter().map(finding).collect()
}
