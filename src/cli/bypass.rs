//! `schemagate bypass`

use clap::{Args, Subcommand, ValueEnum};
use gate::Skips;

use super::asking::Asking;
use super::console::Console;
use super::exit::Exit;
use super::orders::{Kind, Noted, Off, Talk};
use crate::config::order::BypassTerms;
use crate::desk::NewBypass;

const KIND: Kind = Kind { one: "bypass", many: "bypasses", ended: "is off" };

/// Lets requests pass although something would keep them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples: schemagate bypass on --lasts 15m --route checkout --reason 'the column is not read yet'
          schemagate bypass list
          schemagate bypass off b1")]
pub(super) struct Bypass {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Let requests pass for a while (30m, if the configuration says nothing else); they are counted and warned of
    On(On),
    /// End bypasses before their time
    Off(Off),
    /// Show the bypasses that are on
    List(Asking),
}

#[derive(Debug, Args)]
struct On {
    #[command(flatten)]
    asking: Asking,
    /// Only requests of this route; may be repeated
    #[arg(long, value_name = "NAME")]
    route: Vec<String>,
    /// Only what this requirement keeps; may be repeated
    #[arg(long, value_name = "NAME")]
    requirement: Vec<String>,
    /// Only requests of this tenant, by schema or as requests name it; may be repeated
    #[arg(long, value_name = "NAME")]
    tenant: Vec<String>,
    /// What is passed over
    #[arg(long, value_enum, default_value = "needs")]
    skips: SkipsWord,
    #[command(flatten)]
    noted: Noted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SkipsWord {
    /// Requirements that are not ready
    Needs,
    /// Maintenance windows
    Windows,
    /// Both
    Both,
}

impl From<SkipsWord> for Skips {
    fn from(word: SkipsWord) -> Self {
        match word {
            SkipsWord::Needs => Self::Needs,
            SkipsWord::Windows => Self::Windows,
            SkipsWord::Both => Self::Both,
        }
    }
}

impl Bypass {
    pub(super) fn run(self, console: &Console) -> Exit {
        let ended = match self.command {
            Command::On(on) => on.run(console),
            Command::Off(off) => off.run::<BypassTerms>(KIND, console),
            Command::List(asking) => {
                Talk::begin(&asking, KIND, console).and_then(|talk| talk.show::<BypassTerms>(|_| None))
            }
        };
        ended.unwrap_or_else(|exit| exit)
    }
}

impl On {
    fn run(self, console: &Console) -> Result<Exit, Exit> {
        let talk = Talk::begin(&self.asking, KIND, console)?;
        let Self { route: routes, requirement: requirements, tenant: tenants, skips, noted, .. } = self;
        let asked = NewBypass { skips: skips.into(), routes, requirements, tenants, note: noted.note() };
        talk.give::<BypassTerms>(&asked)
    }
}
