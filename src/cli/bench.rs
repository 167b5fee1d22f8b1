//! `schemagate bench`

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::console::Console;
use super::exit::Exit;
use super::time::time;
use super::{Format, complain};
use crate::config::{Expectation, Scenario};
use crate::load::{LoadError, Manner, Outcome, Tally, page, run};

/// Puts steady load on a server and measures it.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: schemagate bench --target http://127.0.0.1:8080 --rate 200 --for 1m --expect 'p95<150ms' --expect 'errors<0.1%'
Requests are sent by the clock, whether or not others are answered, and measured from the moment that each was due: a
server that stalls is not spared. What can be expected: p50 to p100 (p99.9), mean, max (times); errors, 503, 5xx (numbers
or shares); rate (right answers a second).
Exit codes: 0 everything is as expected; 1 something is not; 2 wrong usage or scenario; 3 the server cannot be reached.")]
pub(super) struct Bench {
    /// What to send, as TOML; GET / if left out. Options go before what it says
    scenario: Option<PathBuf>,
    /// The server: http or https, its host and its port
    #[arg(long, value_name = "URL")]
    target: Option<String>,
    /// Requests a second
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    rate: Option<u16>,
    /// For how long requests are counted
    #[arg(long = "for", value_name = "TIME", value_parser = time)]
    lasts: Option<Duration>,
    /// For how long requests are sent before that
    #[arg(long, value_name = "TIME", value_parser = time)]
    warm_up: Option<Duration>,
    /// Requests at once at most
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    connections: Option<u16>,
    /// What it must come to, such as 'p95<150ms'; may be given several times
    #[arg(long, value_name = "EXPECTATION")]
    expect: Vec<Expectation>,
    /// Write the report as a page, too
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Over HTTP/2, on one connection
    #[arg(long)]
    http2: bool,
    /// Whatever certificate the server shows
    #[arg(long)]
    insecure: bool,
    /// How to answer
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Bench {
    pub(super) fn run(self, console: &Console) -> Exit {
        self.measured(console).unwrap_or_else(|exit| exit)
    }

    fn measured(self, console: &Console) -> Result<Exit, Exit> {
        let (scenario, target) = self.scenario(console)?;
        let usage = |text: String| {
            console.error(text);
            Exit::Usage
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| usage(format!("cannot start the runtime: {error}")))?;
        let manner = Manner { http2: self.http2, insecure: self.insecure };
        let mut interrupted = false;
        let tally = runtime.block_on(async {
            let stop = async {
                if tokio::signal::ctrl_c().await.is_err() {
                    std::future::pending::<()>().await;
                }
                interrupted = true;
            };
            let tell = |tally: &Tally, under_way: usize| console.passing(tally.line(under_way));
            run(&scenario, &target, manner, stop, tell).await
        });
        let tally = tally.map_err(|error| {
            console.error(&error);
            match error {
                LoadError::Unreachable { .. } => Exit::Unreachable,
                LoadError::Request { .. } | LoadError::Begin(_) => Exit::Usage,
            }
        })?;
        console.passing("");
        let outcome = Outcome::new(&scenario, &target, &tally, interrupted);
        match self.format {
            Format::Json => console.json(&outcome),
            Format::Text => console.line(outcome.to_string().trim_end()),
        }
        if let Some(file) = &self.html {
            let page = page(&outcome, &tally).map_err(|error| usage(format!("cannot make the page: {error}")))?;
            std::fs::write(file, page).map_err(|error| usage(format!("cannot write {}: {error}", file.display())))?;
        }
        Ok(match outcome.is_as_expected() {
            _ if interrupted => Exit::Interrupted,
            true => Exit::Ready,
            false => Exit::NotReady,
        })
    }

    /// What the file says, or nothing does, with the options in its place; and the server.
    fn scenario(&self, console: &Console) -> Result<(Scenario, String), Exit> {
        let read = self.scenario.as_deref().map_or_else(Scenario::plain, Scenario::load);
        let mut scenario = read.map_err(|errors| complain(&errors, self.format, console))?;
        scenario.rate = self.rate.unwrap_or(scenario.rate);
        scenario.lasts = self.lasts.unwrap_or(scenario.lasts);
        scenario.warm_up = self.warm_up.unwrap_or(scenario.warm_up);
        scenario.connections = self.connections.unwrap_or(scenario.connections);
        scenario.expect.extend_from_slice(&self.expect);
        let target = self.target.as_deref().map(|target| target.trim_end_matches('/').to_owned());
        let Some(target) = target.or_else(|| scenario.target.clone()) else {
            console.error("there is no server to send to: give --target, such as --target http://127.0.0.1:8080");
            return Err(Exit::Usage);
        };
        if scenario.lasts.is_zero() {
            console.error("nothing is measured in no time: give --for, such as --for 30s");
            return Err(Exit::Usage);
        }
        Ok((scenario, target))
    }
}
