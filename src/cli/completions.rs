//! `schemagate completions`

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use super::Cli;
use super::console::Console;
use super::exit::Exit;

/// Prints what makes a shell complete commands and options.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples: schemagate completions bash > /etc/bash_completion.d/schemagate
          schemagate completions zsh > \"${fpath[1]}/_schemagate\"
          schemagate completions fish > ~/.config/fish/completions/schemagate.fish
The Debian package brings those of bash, zsh and fish.")]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, console: &Console) -> Exit {
        let mut script = Vec::new();
        generate(self.shell, &mut Cli::command(), "schemagate", &mut script);
        console.line(String::from_utf8_lossy(&script).trim_end());
        Exit::Ready
    }
}
