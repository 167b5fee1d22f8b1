//! docs/commands.md: every command with its options.

use std::fmt::Write as _;

use clap::Command;

use super::written;
use crate::cli::command;

/// As wide as a page of the book.
const WIDTH: usize = 100;

#[test]
fn the_documentation_names_every_command_as_it_is() {
    let mut text = String::from(
        "# Every command\n\nWhat each command does and what it takes: what `--help` says.\n\n\
         | exit code | means |\n| --- | --- |\n\
         | 0 | done; what was asked about is ready |\n\
         | 1 | something is not ready, has drifted apart, or is not as expected |\n\
         | 2 | wrong usage, a wrong configuration, or an address that cannot be listened on |\n\
         | 3 | a database could not be looked at, or the running schemagate not be asked |\n\
         | 130, 143 | ended by SIGINT (Ctrl-C) or SIGTERM while it waited |\n\n\
         `NO_COLOR` switches colours off. Where a command reads `proxy.toml`, `--config` or `SCHEMAGATE_CONFIG` names another one.\n",
    );
    let mut command = plain(command());
    command.build();
    for part in command.get_subcommands() {
        told(part, 2, &mut text);
    }
    written("docs/commands.md", &text, "the_documentation_names_every_command");
}

/// The same command in every terminal and every environment.
fn plain(command: Command) -> Command {
    command.term_width(WIDTH).mut_args(|argument| argument.hide_env_values(true)).mut_subcommands(plain)
}

fn told(command: &Command, depth: usize, text: &mut String) {
    if command.is_hide_set() || command.get_name() == "help" {
        return;
    }
    let name = command.get_bin_name().unwrap_or(command.get_name());
    let help = command.clone().render_long_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    write!(text, "\n{} {name}\n\n```text\n{}\n```\n", "#".repeat(depth), help.join("\n").trim_end()).expect("written");
    for part in command.get_subcommands() {
        told(part, depth + 1, text);
    }
}
