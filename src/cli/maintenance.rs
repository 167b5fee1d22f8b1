//! `schemagate maintenance`

use clap::{Args, Subcommand, ValueEnum};
use gate::Blocks;
use jiff::Timestamp;

use super::asking::Asking;
use super::console::Console;
use super::exit::Exit;
use super::orders::{Kind, Noted, Talk};
use crate::config::order::WindowTerms;
use crate::desk::NewWindow;

const KIND: Kind = Kind { one: "window", many: "windows", ended: "is cancelled" };

/// Opens and ends maintenance windows.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples: schemagate maintenance on --until-ready --reason 'release 42'
          schemagate maintenance create --from '2026-11-22T02:00[Europe/Paris]' --lasts 2h --blocks everything
          schemagate maintenance list
          schemagate maintenance cancel w3")]
pub(super) struct Maintenance {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Open a window now
    On(On),
    /// End every window of commands that is open
    Off(Asking),
    /// Create a window that opens at its time
    Create(Create),
    /// Cancel windows, open or to come
    Cancel(Cancel),
    /// Show the windows of commands and of the control file
    List(Asking),
}

#[derive(Debug, Args)]
struct On {
    #[command(flatten)]
    asking: Asking,
    /// Lift it as soon as everything is verified ready
    #[arg(long)]
    until_ready: bool,
    /// With --until-ready: wait for this requirement alone; may be repeated
    #[arg(long, value_name = "NAME", requires = "until_ready")]
    require: Vec<String>,
    #[command(flatten)]
    about: About,
    #[command(flatten)]
    noted: Noted,
}

#[derive(Debug, Args)]
struct Create {
    #[command(flatten)]
    asking: Asking,
    /// When it opens, with its zone: 2026-11-22T02:00[Europe/Paris], 2026-11-22T01:00Z
    #[arg(long, value_name = "WHEN")]
    from: String,
    #[command(flatten)]
    about: About,
    #[command(flatten)]
    noted: Noted,
}

#[derive(Debug, Args)]
struct Cancel {
    #[command(flatten)]
    asking: Asking,
    /// Which, as `maintenance list` shows them
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
}

/// What a window keeps out.
#[derive(Debug, Args)]
struct About {
    /// What is kept out
    #[arg(long, value_enum, default_value = "writes")]
    blocks: BlocksWord,
    /// Only requests of this route; may be repeated
    #[arg(long, value_name = "NAME")]
    route: Vec<String>,
    /// Only requests for this host, such as "*.example.com"; may be repeated
    #[arg(long, value_name = "HOST")]
    host: Vec<String>,
    /// Only requests of this tenant, by schema or as requests name it; may be repeated
    #[arg(long, value_name = "NAME")]
    tenant: Vec<String>,
    /// Only requests of this organisation
    #[arg(long, value_name = "NAME")]
    organisation: Option<String>,
    /// What people are told; a sentence in their language if left out
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum BlocksWord {
    /// Whatever may change something
    Writes,
    /// Every request
    Everything,
}

impl From<BlocksWord> for Blocks {
    fn from(word: BlocksWord) -> Self {
        match word {
            BlocksWord::Writes => Self::Writes,
            BlocksWord::Everything => Self::Everything,
        }
    }
}

impl Maintenance {
    pub(super) fn run(self, console: &Console) -> Exit {
        let ended = match self.command {
            Command::On(on) => on.run(console),
            Command::Off(asking) => off(&asking, console),
            Command::Create(create) => create.run(console),
            Command::Cancel(Cancel { asking, ids }) => {
                Talk::begin(&asking, KIND, console).and_then(|talk| talk.end::<WindowTerms>(&ids))
            }
            Command::List(asking) => Talk::begin(&asking, KIND, console)
                .and_then(|talk| talk.show::<WindowTerms>(|window| Some(window.from))),
        };
        ended.unwrap_or_else(|exit| exit)
    }
}

impl On {
    fn run(self, console: &Console) -> Result<Exit, Exit> {
        let talk = Talk::begin(&self.asking, KIND, console)?;
        let Self { until_ready, require: requirements, about, noted, .. } = self;
        let window = about.window(None, noted);
        talk.give::<WindowTerms>(&NewWindow { until_ready, requirements, ..window })
    }
}

impl Create {
    fn run(self, console: &Console) -> Result<Exit, Exit> {
        if !self.noted.says_an_end() {
            console
                .error("say how long it lasts (--lasts 2h) or when it ends (--until WHEN); --lasts never for no end");
            return Err(Exit::Usage);
        }
        let talk = Talk::begin(&self.asking, KIND, console)?;
        talk.give::<WindowTerms>(&self.about.window(Some(self.from), self.noted))
    }
}

impl About {
    fn window(self, from: Option<String>, noted: Noted) -> NewWindow {
        NewWindow {
            from,
            blocks: self.blocks.into(),
            routes: self.route,
            hosts: self.host,
            tenants: self.tenant,
            organisation: self.organisation,
            message: self.message,
            until_ready: false,
            requirements: Vec::new(),
            note: noted.note(),
        }
    }
}

/// Ends what is open by commands.
fn off(asking: &Asking, console: &Console) -> Result<Exit, Exit> {
    let talk = Talk::begin(asking, KIND, console)?;
    let now = Timestamp::now();
    let ids = talk.own_ids::<WindowTerms>(|window| window.from <= now)?;
    talk.end::<WindowTerms>(&ids)
}
