//! `schemagate reload`

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::asking::Asking;
use super::console::Console;
use super::exit::Exit;
use super::{Format, runtime};

/// Has a running schemagate read its configuration anew.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: schemagate check && schemagate reload
Exit codes: 0 it is in force; 1 not yet, because databases that are new in it are still looked at; 2 it has mistakes, each of
which is printed, and the one before stays in force; 3 the running schemagate could not be asked.")]
pub(super) struct Reload {
    #[command(flatten)]
    asking: Asking,
}

/// What a reload came to.
#[derive(Debug, Serialize, Deserialize)]
struct Reloaded {
    sha256: String,
    #[serde(default)]
    needs_restart: Vec<String>,
    #[serde(default)]
    warnings: Vec<String>,
}

impl Reload {
    pub(super) fn run(self, console: &Console) -> Exit {
        self.asked(console).unwrap_or_else(|exit| exit)
    }

    fn asked(self, console: &Console) -> Result<Exit, Exit> {
        let client = self.asking.client(console)?;
        let waiting = console.waiting("the new configuration is judged");
        let answer = runtime(console)?.block_on(client.post("/api/v1/reload", &json!({})));
        drop(waiting);
        let reloaded: Reloaded = answer.map_err(|error| error.told(console))?;
        if self.asking.format == Format::Json {
            console.json(&reloaded);
            return Ok(Exit::Ready);
        }
        console.line(format!("in force: configuration {}", reloaded.sha256.get(..12).unwrap_or(&reloaded.sha256)));
        if !reloaded.needs_restart.is_empty() {
            console.line(format!("from the next start on: {}", reloaded.needs_restart.join(", ")));
        }
        for warning in &reloaded.warnings {
            console.error(format!("warning: {warning}"));
        }
        Ok(Exit::Ready)
    }
}
