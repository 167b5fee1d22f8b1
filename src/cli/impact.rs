//! `schemagate impact`

mod found;
mod told;

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::console::Console;
use super::exit::Exit;
use super::{ConfigFile, Format, load};
use crate::config::Config;

use found::Found;
use told::Told;

/// Says which routes a migration will gate while it is pending. Asks no database.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: schemagate impact prisma/migrations/20260209132434_add_customer_agreement_fields
A migration is its file or its folder, or a folder of several. It may lie outside of the folders that
the configuration names: then it is read as the same tool would read it.")]
pub(super) struct Impact {
    /// Files or folders of migrations
    #[arg(required = true, value_name = "MIGRATION")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    file: ConfigFile,
    /// How to answer
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Impact {
    pub(super) fn run(self, console: &Console) -> Exit {
        self.told(console).unwrap_or_else(|exit| exit)
    }

    fn told(self, console: &Console) -> Result<Exit, Exit> {
        let config = load(&self.file.config, self.format, console)?;
        let found = self.find(&config).map_err(|message| {
            console.error(message);
            Exit::Usage
        })?;
        let told: Vec<Told> = found.iter().map(|found| Told::new(&config, found)).collect();
        match self.format {
            Format::Text => {
                let texts: Vec<String> = told.iter().map(ToString::to_string).collect();
                console.line(texts.join("\n").trim_end());
            }
            Format::Json => console.json(&json!({ "migrations": told })),
        }
        Ok(Exit::Ready)
    }

    /// Every migration that was named, each once.
    fn find(&self, config: &Config) -> Result<Vec<Found>, String> {
        let mut all: Vec<Found> = Vec::new();
        for path in &self.paths {
            for found in Found::at(path, config)? {
                if !all.iter().any(|known| known.place == found.place && known.tool.name == found.tool.name) {
                    all.push(found);
                }
            }
        }
        Ok(all)
    }
}
