//! The commands; the only room that knows all others.

mod admin_client;
mod check;
mod console;
mod demo;
mod exit;
mod explain;
mod logging;
mod run;
mod schema;
mod suggest;
mod trigger_sql;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::Config;
use console::Console;
use exit::Exit;

/// A reverse proxy that knows the database schema behind the application.
#[derive(Debug, Parser)]
#[command(name = "schemagate", version, max_term_width = 100, after_help = exit::HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve: pass, degrade or refuse requests by the state of the schema
    Run(ConfigFile),
    /// Check the configuration and, with --database, the live databases
    Check(check::Check),
    /// Say what would be done with a request, and why
    Explain(explain::Explain),
    /// Print requirements and routes for what failures named and no requirement covers
    Suggest(suggest::Suggest),
    /// Print the SQL that lets PostgreSQL notify schemagate of a schema change at once
    TriggerSql(trigger_sql::TriggerSql),
    /// Print the JSON Schema of the configuration file
    Schema,
    /// Show what schemagate does: a small app, a database and the proxy, with nothing to install
    Demo(demo::Demo),
}

#[derive(Debug, Clone, Args)]
struct ConfigFile {
    /// The configuration file
    #[arg(short, long, value_name = "FILE", default_value = "proxy.toml", env = "SCHEMAGATE_CONFIG")]
    config: PathBuf,
}

/// How a command answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let console = Console::new();
    let exit = match Cli::parse().command {
        Command::Run(file) => run::run(&file, &console),
        Command::Check(check) => check.run(&console),
        Command::Explain(explain) => explain.run(&console),
        Command::Suggest(suggest) => suggest.run(&console),
        Command::TriggerSql(trigger) => trigger.run(&console),
        Command::Schema => schema::run(&console),
        Command::Demo(demo) => demo.run(&console),
    };
    exit.into()
}

/// The configuration, or its errors on the console.
fn load(path: &Path, format: Format, console: &Console) -> Result<Config, Exit> {
    Config::load(path).map_err(|errors| {
        match format {
            Format::Text => console.error(errors.render(console.colour())),
            Format::Json => console.json(&errors.to_json()),
        }
        Exit::Usage
    })
}

/// A runtime for commands that ask a database or the network once.
fn runtime(console: &Console) -> Result<tokio::runtime::Runtime, Exit> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        console.error(format!("cannot start the runtime: {error}"));
        Exit::Usage
    })
}
