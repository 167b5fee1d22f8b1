//! `schemagate healthcheck`

use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::asking::Asking;
use super::console::Console;
use super::exit::Exit;
use super::time::time;
use super::{Format, runtime};

/// Asks whether the running schemagate lives.
#[derive(Debug, Args)]
#[command(after_help = "\
Example, in a Dockerfile: HEALTHCHECK --interval=10s --timeout=5s CMD [\"schemagate\", \"healthcheck\"]
It asks /live of the admin listener, so it never fails because a schema is broken: whoever restarts schemagate for that takes away
the refusals that it is there for. Of the configuration file only [admin] is read; where that cannot be read, 127.0.0.1:9901
is asked, because a file with mistakes is not what the running one goes by.
Exit codes: 0 it lives; 2 wrong usage; 3 it does not answer.")]
pub(super) struct Healthcheck {
    #[command(flatten)]
    asking: Asking,
    /// How long it may take to answer
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = time)]
    timeout: Duration,
}

impl Healthcheck {
    pub(super) fn run(self, console: &Console) -> Exit {
        self.asked(console).unwrap_or_else(|exit| exit)
    }

    fn asked(self, console: &Console) -> Result<Exit, Exit> {
        let client = self.asking.client_in_any_case(console)?;
        runtime(console)?.block_on(client.lives(self.timeout)).map_err(|error| error.told(console))?;
        match self.asking.format {
            Format::Json => console.json(&json!({ "live": true })),
            Format::Text => console.line(format!("schemagate at {client} lives")),
        }
        Ok(Exit::Ready)
    }
}
