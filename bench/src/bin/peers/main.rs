//! schemagate beside what a user would put there instead: the same requests to each, in turns, in one run.
//!
//! `make bench`. Each proxy has one core for itself; the generator and the backend share another one. Where those are the
//! bottleneck, requests a second say little, so what counts is requests for each second of the proxy's processor.

#![expect(clippy::print_stdout, reason = "it tells how far it is")]

mod admin;
mod arm;
mod budget;
mod deciding;
mod drawing;
mod events;
mod footprint;
mod generator;
mod held;
mod idle;
mod latency;
mod machine;
mod means;
mod median;
mod open_loop;
mod postgres;
mod report;
mod results;
mod stage;
mod throughput;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use arm::Arm;
use report::Effort;
use results::Results;
use stage::{Stage, stay_around};

/// What the command line says: `--rounds N --seconds N --only PART --into FOLDER --schemagate FILE`.
struct Wanted {
    effort: Effort,
    only: Option<String>,
    into: PathBuf,
    schemagate: PathBuf,
}

/// One run.
pub(crate) struct Bench {
    stage: Stage,
    schemagate: PathBuf,
    rounds: usize,
    /// Of one measurement.
    lasts: Duration,
    only: Option<String>,
    results: Results,
}

/// What is measured, in this order: later parts use what earlier ones found.
type Part = (&'static str, fn(&mut Bench) -> anyhow::Result<()>);

const PARTS: [Part; 8] = [
    ("throughput", throughput::measure),
    ("half-load", latency::measure),
    ("idle", idle::measure),
    ("footprint", footprint::measure),
    ("decide", deciding::measure),
    ("events", events::measure),
    ("hold", held::measure),
    ("means", means::measure),
];

impl Wanted {
    fn from_arguments() -> anyhow::Result<Self> {
        let mut wanted = Self {
            effort: Effort { rounds: 10, seconds: 4 },
            only: None,
            into: PathBuf::from("bench/runs"),
            schemagate: PathBuf::from("target/release/schemagate"),
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(name) = arguments.next() {
            let value = arguments.next().with_context(|| format!("{name} lacks its value"))?;
            match name.as_str() {
                "--rounds" => wanted.effort.rounds = value.parse()?,
                "--seconds" => wanted.effort.seconds = value.parse()?,
                "--only" => wanted.only = Some(value),
                "--into" => wanted.into = value.into(),
                "--schemagate" => wanted.schemagate = value.into(),
                _ => anyhow::bail!("{name} is unknown: --rounds, --seconds, --only, --into, --schemagate"),
            }
        }
        Ok(wanted)
    }
}

impl Bench {
    /// Whether this part, or this scenario of it, is asked for.
    fn wants(&self, part: &str, scenario: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == part || only == scenario)
    }

    /// These proxies, each running; those that this machine lacks are told and left out.
    fn arms(&self, names: &[&'static str]) -> Vec<Arm> {
        let started = names.iter().filter_map(|name| {
            let arm = Arm::start(name, &self.stage, &self.schemagate);
            arm.inspect_err(|error| println!("without {name}: {error:#}")).ok()
        });
        started.collect()
    }
}

fn main() -> anyhow::Result<ExitCode> {
    let Wanted { effort, only, into, schemagate } = Wanted::from_arguments()?;
    stay_around()?;
    let mut bench = Bench {
        stage: Stage::set()?,
        schemagate,
        rounds: effort.rounds,
        lasts: Duration::from_secs(effort.seconds),
        only,
        results: Results::default(),
    };
    let mut failed = false;
    for (name, measure) in PARTS {
        // Which of its own the first part does, it finds out itself.
        if !bench.wants(name, name) && name != "throughput" {
            continue;
        }
        // What the others found is worth having all the same.
        if let Err(error) = measure(&mut bench) {
            println!("{name} failed: {error:#}");
            failed = true;
        }
    }
    println!("{}", report::write(&bench.results, effort, &into)?.display());
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
