//! `schemagate check`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::console::Console;
use super::exit::Exit;
use super::lookout::look_at_all;
use super::{ConfigFile, Format, check_prisma, load, runtime};
use crate::answer::Answers;
use crate::report::{Report, Status};

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
        if let Err(error) = Answers::render(&config.answers, &config.maintenance.answer, &config.brand) {
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
                    rules.declared().count(),
                    config.databases.len(),
                    config.upstreams.len()
                )),
                Format::Json => console.json(&json!({ "valid": true, "warnings": config.warnings })),
            }
            return Ok(Exit::Ready);
        }
        let looked = runtime(console)?.block_on(look_at_all(&config));
        let report = Report::new(&config, &looked.gate, looked.now);
        match self.format {
            Format::Text => {
                for (database, failure) in &looked.failures {
                    console.error(format!("database {database}: {failure}"));
                }
                console.line(report.to_string().trim_end());
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
