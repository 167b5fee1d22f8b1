//! The commands; the only room that knows all others.

mod admin_client;
mod asking;
mod bench;
mod bypass;
mod check;
mod check_prisma;
mod comparison;
mod completions;
mod console;
mod demo;
mod diff;
mod difference_table;
mod discretion;
mod doctor;
mod exit;
mod explain;
mod healthcheck;
mod hold;
mod impact;
mod init;
mod lock;
mod logging;
mod lookout;
mod maintenance;
mod man;
mod orders;
mod pass;
mod reload;
mod run;
mod schema;
mod sections;
mod side;
mod status;
mod suggest;
mod time;
mod tone;
mod trigger_sql;
mod wait;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::complaint::Complaints;
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
    /// Look into an app's folder and write a first configuration, with the reason for each line
    Init(init::Init),
    /// Serve: pass, degrade or refuse requests by the state of the schema
    Run(run::Run),
    /// Check the configuration and, with --database, the live databases
    Check(check::Check),
    /// Wait until the databases have what is required: for entrypoints and init containers
    Wait(wait::Wait),
    /// Say what would be done with a request, and why
    Explain(explain::Explain),
    /// Say which routes a migration will gate while it is pending
    Impact(impact::Impact),
    /// Write down what a database holds as schema.lock, or check that it still does
    Lock(lock::LockCommand),
    /// Compare two schemas: locks, databases and migration folders, in any pairing
    Diff(diff::Diff),
    /// Show how a running schemagate stands: requirements, tenants, routes, and what operators ordered
    Status(status::StatusCommand),
    /// Have a running schemagate read its configuration anew, whole or not at all
    Reload(reload::Reload),
    /// Let operators get to the backend although others are kept out
    Pass(pass::PassCommand),
    /// Let requests pass for a while although something would keep them
    Bypass(bypass::Bypass),
    /// Open, create and end maintenance windows
    Maintenance(maintenance::Maintenance),
    /// Let requests wait although the schema is right: for a migration of seconds
    Hold(hold::Hold),
    /// Print requirements and routes for what failures named and no requirement covers
    Suggest(suggest::Suggest),
    /// Put steady load on a server and measure it
    Bench(bench::Bench),
    /// Print the SQL that lets PostgreSQL notify schemagate of a schema change at once
    TriggerSql(trigger_sql::TriggerSql),
    /// Print the JSON Schema of the configuration file
    #[command(after_help = schema::EXAMPLES)]
    Schema,
    /// Examine everything that schemagate depends on, and say what to do about what is wrong
    Doctor(doctor::Doctor),
    /// Ask whether the running schemagate lives: for the health checks of containers
    Healthcheck(healthcheck::Healthcheck),
    /// Print what makes a shell complete commands and options
    Completions(completions::Completions),
    /// Print man pages, or write all of them
    Man(man::ManPages),
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
    // For clients of HTTP; servers and databases name it themselves. It fails where it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments = discretion::arguments();
    discretion::keep_memory(&console);
    let exit = match Cli::parse_from(arguments).command {
        Command::Run(run) => run.run(&console),
        Command::Init(init) => init.run(&console),
        Command::Lock(lock) => lock.run(&console),
        Command::Diff(diff) => diff.run(&console),
        Command::Check(check) => check.run(&console),
        Command::Wait(wait) => wait.run(&console),
        Command::Explain(explain) => explain.run(&console),
        Command::Impact(impact) => impact.run(&console),
        Command::Status(status) => status.run(&console),
        Command::Reload(reload) => reload.run(&console),
        Command::Pass(pass) => pass.run(&console),
        Command::Bypass(bypass) => bypass.run(&console),
        Command::Maintenance(maintenance) => maintenance.run(&console),
        Command::Hold(hold) => hold.run(&console),
        Command::Suggest(suggest) => suggest.run(&console),
        Command::Bench(bench) => bench.run(&console),
        Command::TriggerSql(trigger) => trigger.run(&console),
        Command::Schema => schema::run(&console),
        Command::Doctor(doctor) => doctor.run(&console),
        Command::Healthcheck(healthcheck) => healthcheck.run(&console),
        Command::Completions(completions) => completions.run(&console),
        Command::Man(man) => man.run(&console),
        Command::Demo(demo) => demo.run(&console),
    };
    exit.into()
}

/// The command line as it is declared.
#[cfg(test)]
pub(crate) fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// The configuration, or its errors on the console.
fn load(path: &Path, format: Format, console: &Console) -> Result<Config, Exit> {
    Config::load(path).map_err(|errors| complain(&errors, format, console))
}

/// Shows what is wrong with a file.
fn complain(complaints: &Complaints, format: Format, console: &Console) -> Exit {
    match format {
        Format::Text => console.error(complaints.render(console.colours_complaints())),
        Format::Json => console.json(&complaints.to_json()),
    }
    Exit::Usage
}

/// A runtime for commands that ask a database or the network once.
fn runtime(console: &Console) -> Result<tokio::runtime::Runtime, Exit> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        console.error(format!("cannot start the runtime: {error}"));
        Exit::Usage
    })
}
