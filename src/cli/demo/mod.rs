//! `schemagate demo`: a small app with a database, and the real proxy in front of it.
//!
//! The app and its SQLite file live in this process; the proxy is this same program started once
//! more, as a user would start it, with a `proxy.toml` that can be read and edited.

mod app;
mod stage;
mod tour;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::console::Console;
use super::exit::Exit;
use super::runtime;
use stage::Stage;

/// Shows what schemagate does.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples: schemagate demo
          schemagate demo --tour
Nothing is installed or kept: the app and its SQLite file live in this process, the configuration in a temporary folder.")]
pub(super) struct Demo {
    /// Walk through the story, print each request and answer, and end
    #[arg(long)]
    tour: bool,
    /// The port to open in the browser [default: 8080, or a free one]
    #[arg(long)]
    port: Option<u16>,
}

impl Demo {
    pub(super) fn run(self, console: &Console) -> Exit {
        let runtime = match runtime(console) {
            Ok(runtime) => runtime,
            Err(exit) => return exit,
        };
        let shown = runtime.block_on(async {
            let stage = Stage::set(self.port, !self.tour).await?;
            if self.tour { tour::walk(&stage, console).await } else { stay(stage, console).await }
        });
        shown.unwrap_or_else(|error| {
            console.error(format!("the demo cannot go on: {error:#}"));
            Exit::Usage
        })
    }
}

/// Until told to end, so that the proxy ends too; or until the proxy ends by itself.
async fn stay(mut stage: Stage, console: &Console) -> anyhow::Result<Exit> {
    let Stage { url, admin, direct, config, .. } = &stage;
    console.line(format!(
        "\n  open       {url}/            break the schema with one click, see the page, mend it\n  \
           or         curl -X POST {url}/demo/break\n             \
                      curl -i {url}/api/customers\n             \
                      curl -X POST {url}/demo/mend\n  \
           without    {direct}/api/customers   (the app itself, for comparison)\n  \
           operators  {admin}/health/migrations\n  \
           config     {}\n  \
           end        Ctrl-C\n",
        config.display()
    ));
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = tokio::signal::ctrl_c() => Ok(Exit::Ready),
        _ = terminate.recv() => Ok(Exit::Ready),
        _ = hang_up.recv() => Ok(Exit::Ready),
        ended = stage.proxy.wait() => Err(anyhow::anyhow!("the proxy ended by itself: {}", ended?)),
    }
}
