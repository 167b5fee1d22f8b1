//! `schemagate hold`

use clap::{Args, Subcommand};

use super::asking::Asking;
use super::console::Console;
use super::exit::Exit;
use super::orders::{Kind, Noted, Off, Talk};
use crate::config::order::HoldTerms;
use crate::desk::NewHold;

const KIND: Kind = Kind { one: "hold", many: "holds", ended: "is off" };

/// Lets requests wait although the schema is right.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: schemagate hold on orders --lasts 30s && npx prisma migrate deploy; schemagate hold off --all")]
pub(super) struct Hold {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Let the requests of routes wait (5m at most, if nothing else is said), within the bounds of each route's own
    /// action, or of all holds
    On(On),
    /// Let those who wait go
    Off(Off),
    /// Show the holds that are on
    List(Asking),
}

#[derive(Debug, Args)]
struct On {
    #[command(flatten)]
    asking: Asking,
    /// Routes, by name
    #[arg(value_name = "ROUTE", required_unless_present = "all")]
    routes: Vec<String>,
    /// Every route
    #[arg(long, conflicts_with = "routes")]
    all: bool,
    #[command(flatten)]
    noted: Noted,
}

impl Hold {
    pub(super) fn run(self, console: &Console) -> Exit {
        let ended = match self.command {
            Command::On(On { asking, routes, noted, .. }) => {
                let asked = NewHold { routes, note: noted.note() };
                Talk::begin(&asking, KIND, console).and_then(|talk| talk.give::<HoldTerms>(&asked))
            }
            Command::Off(off) => off.run::<HoldTerms>(KIND, console),
            Command::List(asking) => {
                Talk::begin(&asking, KIND, console).and_then(|talk| talk.show::<HoldTerms>(|_| None))
            }
        };
        ended.unwrap_or_else(|exit| exit)
    }
}
