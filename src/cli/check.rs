//! `schemagate check`

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use gate::{DatabaseId, Gate, Moment, Snapshot, Wanted};
use serde_json::json;

use super::console::Console;
use super::exit::Exit;
use super::{ConfigFile, Format, check_prisma, load, runtime};
use crate::answer::Answers;
use crate::config::Config;
use crate::report::{Report, Status};
use crate::watch;

/// Checks the configuration and, with `--database`, the live databases.
#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    file: ConfigFile,
    /// Look at every database too, and print each finding
    #[arg(long)]
    database: bool,
    /// Hold a Prisma schema (a file, or a folder of them) against its migrations instead: fails where
    /// a model's field, an enum or a table is made by none of them
    #[arg(long, value_name = "PATH", conflicts_with = "database")]
    prisma_schema: Option<PathBuf>,
    /// The migrations, where they do not lie beside the Prisma schema
    #[arg(long, value_name = "PATH", requires = "prisma_schema")]
    migrations: Option<PathBuf>,
    /// How to answer
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Check {
    pub(super) fn run(self, console: &Console) -> Exit {
        match self.prisma_schema {
            Some(schema) => check_prisma::run(&schema, self.migrations, self.format, console),
            None => self.checked(console).unwrap_or_else(|exit| exit),
        }
    }

    fn checked(self, console: &Console) -> Result<Exit, Exit> {
        let config = load(&self.file.config, self.format, console)?;
        if let Err(error) = Answers::render(&config.answers, &config.brand) {
            console.error(&error);
            return Err(Exit::Usage);
        }
        for warning in &config.warnings {
            console.error(format!("warning: {warning}"));
        }
        let rules = &config.rules;
        if !self.database {
            match self.format {
                Format::Text => console.line(format!(
                    "{} is valid: {} routes, {} requirements, {} databases, {} upstreams",
                    self.file.config.display(),
                    rules.routes().len(),
                    rules.requirements().len(),
                    config.databases.len(),
                    config.upstreams.len()
                )),
                Format::Json => console.json(&json!({ "valid": true, "warnings": config.warnings })),
            }
            return Ok(Exit::Ready);
        }
        let Looked { gate, failures, now } = runtime(console)?.block_on(look_at_all(&config));
        let report = Report::new(&config, &gate, now);
        match self.format {
            Format::Text => {
                for (database, failure) in &failures {
                    console.error(format!("database {database}: {failure}"));
                }
                console.line(report.to_string().trim_end());
            }
            Format::Json => {
                let failures: Vec<_> = failures
                    .iter()
                    .map(|(database, failure)| json!({ "database": database, "error": failure }))
                    .collect();
                console.json(&json!({ "report": report, "failures": failures, "warnings": config.warnings }));
            }
        }
        Ok(match report.status {
            _ if !failures.is_empty() => Exit::Unreachable,
            Status::Ready => Exit::Ready,
            Status::Degraded | Status::Unknown => Exit::NotReady,
        })
    }
}

/// What one look at every database taught.
pub(super) struct Looked {
    pub(super) gate: Gate,
    /// Names of databases that could not be looked at, and why.
    pub(super) failures: Vec<(String, String)>,
    /// A moment at which all that was learnt counts.
    pub(super) now: Moment,
}

/// Looks at every database once.
pub(super) async fn look_at_all(config: &Config) -> Looked {
    let rules = Arc::clone(&config.rules);
    let now = Moment::default();
    let mut snapshot = Snapshot::unknown(rules.requirements(), rules.databases());
    let mut failures = Vec::new();
    for (id, database) in (0..).map(DatabaseId).zip(&config.databases) {
        let wanted = Wanted::from(id, rules.requirements());
        match watch::look(database, &wanted).await {
            Ok(catalog) => {
                snapshot = snapshot.after_look(rules.requirements(), id, &catalog, now, database.max_age).0;
            }
            Err(error) => failures.push((database.name.clone(), error.to_string())),
        }
    }
    Looked { gate: Gate::new(rules).with_snapshot(snapshot), failures, now }
}
