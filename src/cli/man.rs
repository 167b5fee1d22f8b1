//! `schemagate man`

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::Cli;
use super::console::Console;
use super::exit::Exit;
use crate::config::suggestion;

/// Prints man pages, or writes all of them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples: schemagate man | man -l -
          schemagate man bypass on | man -l -
          schemagate man --into /usr/local/share/man/man1
The Debian package brings them.")]
pub(super) struct ManPages {
    /// Of this command, such as `bypass on`; of schemagate itself if left out
    #[arg(value_name = "COMMAND")]
    of: Vec<String>,
    /// Write the pages of all commands into this folder, which is made where it is not there
    #[arg(long, value_name = "FOLDER", conflicts_with = "of")]
    into: Option<PathBuf>,
}

impl ManPages {
    pub(super) fn run(self, console: &Console) -> Exit {
        let mut all = Cli::command().disable_help_subcommand(true);
        all.build();
        let told = match &self.into {
            Some(folder) => write_all(&all, folder)
                .map(|()| None)
                .map_err(|error| format!("cannot write into {}: {error}", folder.display())),
            None => find(&all, &self.of).and_then(|command| page(command).map_err(|error| error.to_string())).map(Some),
        };
        match told {
            Ok(page) => {
                if let Some(page) = page {
                    console.line(page.trim_end());
                }
                Exit::Ready
            }
            Err(message) => {
                console.error(message);
                Exit::Usage
            }
        }
    }
}

fn find<'c>(all: &'c Command, path: &[String]) -> Result<&'c Command, String> {
    path.iter().try_fold(all, |above, name| {
        above.find_subcommand(name).ok_or_else(|| {
            let names: Vec<&str> = above.get_subcommands().map(Command::get_name).collect();
            let suggestion = suggestion(name, names.iter().copied(), "commands");
            format!("{} has no command {name}; {suggestion}", above.get_name())
        })
    })
}

fn write_all(command: &Command, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join(format!("{}.1", whole_name(command))), page(command)?)?;
    command.get_subcommands().filter(|sub| !sub.is_hide_set()).try_for_each(|sub| write_all(sub, folder))
}

/// As the page is called: `schemagate-bypass-on`.
fn whole_name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

fn page(command: &Command) -> io::Result<String> {
    let man = Man::new(command.clone())
        .source(concat!("schemagate ", env!("CARGO_PKG_VERSION")))
        .manual("schemagate")
        .title(whole_name(command));
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    if command.get_arguments().any(|argument| !argument.is_hide_set()) {
        man.render_options_section(&mut page)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    if let Some(notes) = command.get_after_help() {
        let mut roff = Roff::new();
        roff.control("SH", ["EXAMPLES AND NOTES"]);
        // As they stand: examples are commands to be copied.
        roff.control("nf", []);
        for line in notes.to_string().lines() {
            roff.text([roman(line)]);
        }
        roff.control("fi", []);
        roff.to_writer(&mut page)?;
    }
    Ok(String::from_utf8_lossy(&page).into_owned())
}
