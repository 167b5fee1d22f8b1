//! `schemagate check`

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::console::Console;
use super::exit::Exit;
use super::lookout::look_at_all;
use super::{ConfigFile, Format, check_prisma, load, runtime};
use crate::answer::Answers;
use crate::config::Config;
use crate::report::{Report, Status};

/// Checks the configuration and, with `--database`, the live databases.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples: schemagate check
          schemagate check --database           (in CI: 0 ready, 1 something is unmet, 3 a database could not be looked at)
          schemagate check --prisma-schema prisma/schema.prisma    (without a proxy.toml)")]
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

/// The configuration, in which everything is right that can be seen from here; or its errors on the console.
pub(super) fn valid(path: &Path, format: Format, console: &Console) -> Result<Config, Exit> {
    let config = load(path, format, console)?;
    match Answers::render(&config.answers, &config.maintenance.answer, &config.brand) {
        Ok(_) => Ok(config),
        Err(error) => {
            console.error(&error);
            Err(Exit::Usage)
        }
    }
}

impl Check {
    pub(super) fn run(self, console: &Console) -> Exit {
        match self.prisma_schema {
            Some(schema) => check_prisma::run(&schema, self.migrations, self.format, console),
            None => self.checked(console).unwrap_or_else(|exit| exit),
        }
    }

    fn checked(self, console: &Console) -> Result<Exit, Exit> {
        let config = valid(&self.file.config, self.format, console)?;
        for warning in &config.warnings {
            console.error(format!("warning: {warning}"));
        }
        let rules = &config.rules;
        if !self.database {
            match self.format {
                Format::Text => {
                    let counted = [
                        (rules.routes().len(), "route"),
                        (rules.declared().count(), "requirement"),
                        (config.databases.len(), "database"),
                        (config.upstreams.len(), "upstream"),
                    ];
                    let counted =
                        counted.map(|(count, of)| format!("{count} {of}{}", if count == 1 { "" } else { "s" }));
                    console.line(format!("{} is valid: {}", self.file.config.display(), counted.join(", ")));
                }
                Format::Json => console.json(&json!({ "valid": true, "warnings": config.warnings })),
            }
            return Ok(Exit::Ready);
        }
        let waiting = console.waiting("looking at the databases");
        let looked = runtime(console)?.block_on(look_at_all(&config));
        drop(waiting);
        let report = Report::new(&config, &looked.gate, looked.now);
        match self.format {
            Format::Text => {
                for (database, failure) in &looked.failures {
                    console.error(format!("database {database}: {failure}"));
                }
                console.report(&report.to_string());
            }
            Format::Json => console.json(&looked.to_json(&report, &config)),
        }
        Ok(match report.status {
            _ if !looked.failures.is_empty() => Exit::Unreachable,
            Status::Ready => Exit::Ready,
            Status::Degraded | Status::Unknown => Exit::NotReady,
        })
    }
}
