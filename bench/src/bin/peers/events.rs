//! What clients notice of what happens to schemagate: a reload, a change of the schema, a database that is lost, and a new
//! snapshot a hundred times a second. Requests come by the clock, half of what it can do.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::Duration;

use anyhow::Context;
use nix::sys::signal::{Signal, kill};

use super::Bench;
use super::admin::metric;
use super::arm::{Arm, Told};
use super::latency::{CONNECTIONS, half_the_knee};
use super::open_loop::Steady;
use super::postgres::Postgres;
use super::results::SWAPS;

pub(crate) const SECTION: &str = "events";
pub(crate) const NOTHING: &str = "nothing happens";
pub(crate) const SWAPPED: &str = "a look and a swap every 10 ms";

/// What happens meanwhile.
#[derive(Debug, Clone, Copy)]
enum Event {
    Nothing,
    Swap,
    SchemaChange,
    Reload,
    DatabaseLost,
}

const EVENTS: [(&str, Event); 5] = [
    (NOTHING, Event::Nothing),
    (SWAPPED, Event::Swap),
    ("a table comes or goes every 200 ms", Event::SchemaChange),
    ("a new configuration every 500 ms", Event::Reload),
    ("the database hangs for half of the time", Event::DatabaseLost),
];

pub(crate) fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let rate = half_the_knee(bench)?;
    bench.results.section(
        SECTION,
        format!("schemagate before PostgreSQL, 1 KiB passes {rate:.0} times a second by the clock while"),
    );
    let postgres = Postgres::start()?;
    let session = postgres.session()?;
    session.execute("CREATE TABLE orders (id int)")?;
    let sql = std::process::Command::new(&bench.schemagate).arg("trigger-sql").output()?;
    session.execute(&String::from_utf8(sql.stdout)?)?;
    let told = Told { database: Some(postgres.url()), ..Told::default() };
    let arm = Arm::schemagate("schemagate", &bench.stage, &bench.schemagate, &told)?;
    let steady = Steady { port: arm.port, path: "/1k", rate, lasts: bench.lasts, connections: CONNECTIONS };
    for round in 0..=bench.rounds {
        for (name, event) in EVENTS {
            let looks = || metric(&bench.stage, &arm, "schemagate_look_duration_seconds_count");
            let before = looks()?;
            let over = AtomicBool::new(false);
            let outcome = thread::scope(|scope| {
                let happening = scope.spawn(|| event.happens(bench, &postgres, &arm, &over));
                let outcome = steady.run();
                over.store(true, Ordering::Relaxed);
                happening.join().map_err(|_| anyhow::anyhow!("a panic"))??;
                outcome
            })?;
            let swaps = (looks()? - before) / bench.lasts.as_secs_f64();
            if round > 0 {
                bench.note(SECTION, name, &outcome, 200);
                bench.results.add(SECTION, name, SWAPS, swaps);
            }
        }
        println!("{SECTION}: round {round} of {}", bench.rounds);
    }
    Ok(())
}

impl Event {
    fn happens(self, bench: &Bench, postgres: &Postgres, arm: &Arm, over: &AtomicBool) -> anyhow::Result<()> {
        let going_on = || !over.load(Ordering::Relaxed);
        match self {
            Self::Nothing => {}
            Self::Swap => {
                let session = postgres.session()?;
                while going_on() {
                    // What is named may have changed, so that it is looked at.
                    session.execute("SELECT pg_notify('schemagate', 'schemas public')")?;
                    sleep(Duration::from_millis(10));
                }
            }
            Self::SchemaChange => {
                let session = postgres.session()?;
                for sql in ["CREATE TABLE comes_and_goes (id int)", "DROP TABLE comes_and_goes"].iter().cycle() {
                    // It is gone in the end.
                    if !going_on() && sql.starts_with("CREATE") {
                        break;
                    }
                    session.execute(sql)?;
                    sleep(Duration::from_millis(200));
                }
            }
            Self::Reload => {
                let file = bench.stage.folder().join(format!("schemagate-{}", arm.port));
                let text = fs::read_to_string(&file)?;
                for number in 0.. {
                    if !going_on() {
                        break;
                    }
                    fs::write(&file, format!("{text}\n# {number}\n"))?;
                    kill(arm.process().context("a process")?, Signal::SIGHUP)?;
                    sleep(Duration::from_millis(500));
                }
            }
            Self::DatabaseLost => {
                sleep(bench.lasts / 4);
                postgres.frozen(true)?;
                sleep(bench.lasts / 2);
                postgres.frozen(false)?;
            }
        }
        Ok(())
    }
}
