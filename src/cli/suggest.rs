//! `schemagate suggest`

use clap::Args;

use super::asking::Asking;
use super::console::Console;
use super::exit::Exit;
use super::{Format, runtime};
use crate::symptoms::Proposal;

/// Prints requirements and routes for what failures named and no requirement covers.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: schemagate suggest >> proxy.toml && schemagate check
It knows what the failures of the running schemagate named since it was started.")]
pub(super) struct Suggest {
    #[command(flatten)]
    asking: Asking,
}

impl Suggest {
    pub(super) fn run(self, console: &Console) -> Exit {
        self.asked(console).unwrap_or_else(|exit| exit)
    }

    fn asked(self, console: &Console) -> Result<Exit, Exit> {
        let client = self.asking.client(console)?;
        let proposal: Proposal =
            runtime(console)?.block_on(client.get("/api/v1/suggestions")).map_err(|error| error.told(console))?;
        match self.asking.format {
            Format::Json => console.json(&proposal),
            // A comment, so that the output may be appended to the configuration as it is.
            Format::Text if proposal.symptoms.is_empty() => console.line(
                "# Nothing to suggest: no failure named an object that the requirements of its route do not cover.",
            ),
            Format::Text => console.line(proposal.toml.trim_end()),
        }
        Ok(Exit::Ready)
    }
}
