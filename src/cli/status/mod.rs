//! `schemagate status`

mod events;
mod picture;

use std::time::Duration;

use clap::Args;
use serde_json::Value;
use tokio::time::sleep;

use super::admin_client::{AdminClient, AskError};
use super::asking::Asking;
use super::console::Console;
use super::exit::Exit;
use super::sections::Section;
use super::{Format, runtime, tone};
use events::Events;
use picture::Picture;

/// Until it is tried again to follow a schemagate that went away.
const AGAIN: Duration = Duration::from_secs(1);

/// Clears a terminal and begins at its top (ECMA-48: ED, CUP).
const CLEAR: &str = "\u{1b}[2J\u{1b}[H";

/// Shows how a running schemagate stands.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples: schemagate status
          schemagate status --watch
          schemagate status --admin http://10.0.0.7:9901 --token-file token
A person gets tables. A program gets a line for each fact, its parts parted by tabs: what it is of, its name, how it stands, and more;
with --watch the lines that are new. With --format json it is what GET /api/v1/snapshot answers, with --watch an object a line.
Exit codes: 0 everything is ready; 1 something is unmet or not known; 2 wrong usage or configuration; 3 the running schemagate
could not be asked. With --watch it goes on until it is ended, also while schemagate is away.")]
pub(super) struct StatusCommand {
    #[command(flatten)]
    asking: Asking,
    /// Show it anew whenever it changes
    #[arg(long)]
    watch: bool,
}

impl StatusCommand {
    pub(super) fn run(self, console: &Console) -> Exit {
        self.shown(console).unwrap_or_else(|exit| exit)
    }

    fn shown(self, console: &Console) -> Result<Exit, Exit> {
        let client = self.asking.client(console)?;
        let told = |error: AskError| error.told(console);
        runtime(console)?.block_on(async {
            if self.watch {
                return self.watched(&client, console).await.map_err(told);
            }
            let answer: Value = client.get("/api/v1/snapshot").await.map_err(told)?;
            let picture = Picture::of(&answer).map_err(told)?;
            if self.asking.format == Format::Json {
                console.json(&answer);
            } else {
                show(&picture.sections(), &client, &picture, console);
            }
            Ok(picture.exit())
        })
    }

    /// Follows it for as long as nobody ends this; the error is of the first attempt.
    async fn watched(&self, client: &AdminClient, console: &Console) -> Result<Exit, AskError> {
        let mut events = Events::of(client).await?;
        let mut shown: Vec<String> = Vec::new();
        loop {
            match events.next().await {
                Ok(board) if self.asking.format == Format::Json => console.line(board),
                Ok(board) => {
                    let picture = Picture::of(&board)?;
                    let sections = picture.sections();
                    if console.is_terminal() {
                        console.line(format_args!("{CLEAR}{}", tables(&sections, client, &picture, console)));
                        continue;
                    }
                    let lines: Vec<String> = sections.iter().flat_map(Section::lasting_lines).collect();
                    for line in lines.iter().filter(|line| !shown.contains(line)) {
                        console.line(line);
                    }
                    shown = lines;
                }
                Err(why) => {
                    console.error(format!("{client}: {why}; trying again every second"));
                    events = loop {
                        sleep(AGAIN).await;
                        if let Ok(events) = Events::of(client).await {
                            break events;
                        }
                    };
                }
            }
        }
    }
}

fn show(sections: &[Section], client: &AdminClient, picture: &Picture, console: &Console) {
    if console.is_terminal() {
        console.line(tables(sections, client, picture, console).trim_end());
        return;
    }
    for line in sections.iter().flat_map(Section::lines) {
        console.line(line);
    }
}

fn tables(sections: &[Section], client: &AdminClient, picture: &Picture, console: &Console) -> String {
    let coloured = console.colours_result();
    let tables: Vec<String> = sections.iter().skip(1).filter_map(|section| section.table(coloured)).collect();
    let status = if coloured { tone::of(&picture.status) } else { picture.status.clone() };
    format!("schemagate at {client} is {status}\n\n{}", tables.join("\n"))
}
