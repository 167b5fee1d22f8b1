//! schemagate beside what a user would put there instead: the same requests to each, in turns, in one run.
//!
//! `make bench`. Each proxy has one core for itself; the generator and the backend share another one. Where those are the
//! bottleneck, requests a second say little, so what counts is requests for each second of the proxy's processor.

#![expect(clippy::print_stdout, reason = "it tells how far it is")]

mod arm;
mod generator;
mod machine;
mod median;
mod report;
mod scenario;
mod stage;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;

use arm::Arm;
use report::{Report, Row};
use scenario::SCENARIOS;
use stage::Stage;

/// What the command line says: `--rounds N --seconds N --only SCENARIO --into FOLDER --schemagate FILE`.
struct Wanted {
    rounds: usize,
    seconds: u64,
    only: Option<String>,
    into: PathBuf,
    schemagate: PathBuf,
}

impl Wanted {
    fn from_arguments() -> anyhow::Result<Self> {
        let mut wanted = Self {
            rounds: 10,
            seconds: 4,
            only: None,
            into: PathBuf::from("bench/runs"),
            schemagate: PathBuf::from("target/release/schemagate"),
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(name) = arguments.next() {
            let value = arguments.next().with_context(|| format!("{name} lacks its value"))?;
            match name.as_str() {
                "--rounds" => wanted.rounds = value.parse()?,
                "--seconds" => wanted.seconds = value.parse()?,
                "--only" => wanted.only = Some(value),
                "--into" => wanted.into = value.into(),
                "--schemagate" => wanted.schemagate = value.into(),
                _ => anyhow::bail!("{name} is unknown: --rounds, --seconds, --only, --into, --schemagate"),
            }
        }
        Ok(wanted)
    }
}

fn main() -> anyhow::Result<()> {
    let wanted = Wanted::from_arguments()?;
    let stage = Stage::set()?;
    let lasts = Duration::from_secs(wanted.seconds);
    let mut rows = Vec::new();
    for scenario in SCENARIOS.iter().filter(|scenario| wanted.only.as_ref().is_none_or(|only| only == scenario.name)) {
        let mut arms = Vec::new();
        for name in scenario.arms {
            match Arm::start(name, &stage, &wanted.schemagate) {
                Ok(arm) => arms.push((arm, Vec::new())),
                Err(error) => println!("{}: without {name}: {error:#}", scenario.name),
            }
        }
        for (arm, _) in &arms {
            // Connections are made and caches filled before anything counts.
            scenario.load(arm, Duration::from_secs(1))?;
        }
        for round in 1..=wanted.rounds {
            for (arm, measured) in &mut arms {
                let before = arm.processor_time()?;
                let load = scenario.load(arm, lasts)?;
                let spent = arm.processor_time()?.saturating_sub(before);
                measured.push(report::Measured { load, spent, resident: arm.resident()? });
            }
            println!("{}: round {round} of {}", scenario.name, wanted.rounds);
        }
        rows.extend(arms.into_iter().map(|(arm, measured)| Row::new(scenario, arm.name, measured)));
    }
    let report = Report { machine: machine::describe(), rounds: wanted.rounds, seconds: wanted.seconds, rows };
    let written = report.write(&wanted.into)?;
    println!("{}", written.display());
    Ok(())
}
