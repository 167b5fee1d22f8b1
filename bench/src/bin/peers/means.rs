//! The same job by other means: what people build to keep requests out while a table is missing, each as they would write it
//! (`bench/means`), beside schemagate.
//!
//! How much each can do is measured before a backend that costs nothing (an application with a middleware is its own); how
//! soon a change is seen and which 500s get through, before an application that asks its table at each request.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use anyhow::Context;

use super::Bench;
use super::arm::{Arm, Told, free_port};
use super::generator::wrk;
use super::latency::CONNECTIONS;
use super::open_loop::{Answered, Outcome, Steady, count};
use super::postgres::{Postgres, Session};
use super::results::{LEAKED, MAX_RATE, MENDED, NEEDLESS, P50, P99, REFUSED, SEEN};
use super::stage::{AROUND, MEASURED, filled, on_core};

pub(crate) const SECTION: &str = "means";

/// It sees servers and not routes, so that it costs nothing at a request, and does not do quite the same job.
pub(crate) const WHOLE_APPLICATION: &str = "HAProxy agent-check";

/// Everybody but schemagate.
pub(crate) const OTHERS: [&str; 6] = [
    "nginx auth_request, asking each time",
    "nginx auth_request, remembering for 5 s",
    WHOLE_APPLICATION,
    "Express middleware, asking each time",
    "Express middleware, remembering for 5 s",
    "Django middleware, remembering for good",
];

const OWN: &str = "schemagate";

/// Requests a second while the table comes and goes.
const RATE: f64 = 200.0;

/// For how many measurements' time the table is there, gone, and there again: whoever remembers must have time to forget.
const PHASES: u32 = 3;

/// With what a checker or a middleware remembers: nothing, or for long.
const FORGETS: &str = "0";
const REMEMBERS: &str = "5000";

pub(crate) fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    bench.results.section(
        SECTION,
        format!(
            "what keeps requests out while a table is missing, by schemagate and as people build it; {RATE} requests/s while the \
             table comes and goes"
        ),
    );
    let postgres = Postgres::start()?;
    let session = postgres.session()?;
    session.execute("CREATE TABLE orders (id int); INSERT INTO orders VALUES (1)")?;
    let trigger = Command::new(&bench.schemagate).arg("trigger-sql").output()?;
    session.execute(&String::from_utf8(trigger.stdout)?)?;
    how_much(bench, &postgres)?;
    how_well(bench, &postgres)
}

/// A process or two that do the job.
struct Means {
    gate: Arm,
    /// Whom it asks.
    _checker: Option<Arm>,
}

/// All that can be started here, with this behind those that stand in front of something.
fn all(bench: &Bench, postgres: &Postgres, backend: u16) -> Vec<Means> {
    let started = [OWN].into_iter().chain(OTHERS).filter_map(|name| {
        let means = Means::start(name, bench, postgres, backend);
        means.inspect_err(|error| println!("{SECTION}: without {name}: {error:#}")).ok()
    });
    started.collect()
}

impl Means {
    fn start(name: &'static str, bench: &Bench, postgres: &Postgres, backend: u16) -> anyhow::Result<Self> {
        let remembers = if name.ends_with("5 s") { REMEMBERS } else { FORGETS };
        let port = free_port()?;
        if name == OWN {
            let told = Told { database: Some(postgres.url()), backend: Some(backend), ..Told::default() };
            let gate = Arm::schemagate(name, &bench.stage, &bench.schemagate, &told)?;
            return Ok(Self { gate, _checker: None });
        }
        if name.starts_with("Express") {
            let gate = Arm::of(
                name,
                port,
                node("app.cjs", MEASURED, postgres, port, &[("GUARDED", "1"), ("REMEMBERS_MS", remembers)])?,
            )?;
            return Ok(Self { gate, _checker: None });
        }
        if name.starts_with("Django") {
            // `make deps-bench` makes it.
            let mut command = on_core(MEASURED, &here("examples/django/.venv/bin/python")?);
            command.arg(here("bench/means/django_app.py")?);
            command.env("DATABASE_URL", postgres.url()).env("PORT", port.to_string());
            return Ok(Self { gate: Arm::of(name, port, command)?, _checker: None });
        }
        let (checker, agent) = (free_port()?, free_port()?.to_string());
        let asks = [("REMEMBERS_MS", remembers), ("AGENT_PORT", agent.as_str())];
        let asked = Arm::of(name, checker, node("checker.cjs", AROUND, postgres, checker, &asks)?)?;
        let names = [
            ("PORT", port.to_string()),
            ("BACKEND", format!("127.0.0.1:{backend}")),
            ("CHECKER", checker.to_string()),
            ("AGENT", agent),
        ];
        let folder = bench.stage.folder();
        let file = folder.join(format!("means-{port}"));
        let (program, argument, text) = if name.starts_with("nginx") {
            ("nginx", "-c", include_str!("../../../means/nginx-auth.conf"))
        } else {
            ("haproxy", "-f", include_str!("../../../means/haproxy-agent.cfg"))
        };
        std::fs::write(&file, filled(text, folder, &names))?;
        let mut command = on_core(MEASURED, Path::new(program));
        command.arg(argument).arg(file);
        Ok(Self { gate: Arm::of(name, port, command)?, _checker: Some(asked) })
    }
}

/// A program of this folder's, with what `make deps-test` installs.
fn node(program: &str, core: &str, postgres: &Postgres, port: u16, more: &[(&str, &str)]) -> anyhow::Result<Command> {
    let mut command = on_core(core, Path::new("node"));
    command.arg(here(&format!("bench/means/{program}"))?);
    command.env("NODE_PATH", here("tests/backends/express/node_modules")?).env("NODE_ENV", "production");
    command.env("DATABASE_URL", postgres.url()).env("PORT", port.to_string()).envs(more.iter().copied());
    Ok(command)
}

/// A file of the project, in whose folder `make bench` runs.
fn here(path: &str) -> anyhow::Result<PathBuf> {
    std::path::absolute(path)
        .ok()
        .filter(|path| path.exists())
        .with_context(|| format!("{path} is not there: make deps-bench"))
}

fn how_much(bench: &mut Bench, postgres: &Postgres) -> anyhow::Result<()> {
    let all = all(bench, postgres, bench.stage.backend_port());
    for round in 0..=bench.rounds {
        for Means { gate, .. } in &all {
            let load = wrk(&format!("http://127.0.0.1:{}/1k", gate.port), None, 200, bench.lasts)?;
            if round > 0 {
                bench.results.add(SECTION, gate.name, MAX_RATE, load.rate());
            }
        }
        println!("{SECTION}: round {round} of {}", bench.rounds);
    }
    Ok(())
}

fn how_well(bench: &mut Bench, postgres: &Postgres) -> anyhow::Result<()> {
    let port = free_port()?;
    let app = Arm::of("application", port, node("app.cjs", AROUND, postgres, port, &[("REMEMBERS_MS", FORGETS)])?)?;
    let all = all(bench, postgres, app.port);
    // HAProxy's agent, and whoever remembers, has looked once by then.
    sleep(Duration::from_secs(6));
    for round in 1..=bench.rounds {
        for Means { gate, .. } in &all {
            let lasts = bench.lasts * PHASES;
            let steady = Steady { port: gate.port, path: "/orders", rate: RATE, lasts, connections: CONNECTIONS };
            let (outcome, broken, mended) = thread::scope(|scope| {
                let changes = scope.spawn(|| changes(&postgres.session()?, bench.lasts));
                let outcome = steady.run();
                let (broken, mended) = changes.join().map_err(|_| anyhow::anyhow!("a panic"))??;
                anyhow::Ok((outcome?, broken, mended))
            })?;
            note(bench, gate.name, &outcome, broken, mended);
            // Whoever remembers that it was missing forgets.
            sleep(Duration::from_secs(6));
        }
        println!("{SECTION}: change {round} of {}", bench.rounds);
    }
    Ok(())
}

/// The table goes and comes back; when each was committed.
fn changes(session: &Session, phase: Duration) -> anyhow::Result<(Instant, Instant)> {
    sleep(phase);
    session.execute("DROP TABLE orders")?;
    let broken = Instant::now();
    sleep(phase);
    session.execute("CREATE TABLE orders (id int); INSERT INTO orders VALUES (1)")?;
    Ok((broken, Instant::now()))
}

fn note(bench: &mut Bench, name: &str, outcome: &Outcome, broken: Instant, mended: Instant) {
    let refused = |answered: &&Answered| answered.status == 503;
    let after = |when: Instant| move |answered: &&Answered| answered.sent >= when;
    let all = &outcome.answers;
    let first = |answered: Option<Instant>, since: Instant| {
        answered.map(|got| got.saturating_duration_since(since).as_secs_f64() * 1e3)
    };
    let seen = all.iter().filter(after(broken)).filter(refused).map(|answered| answered.got).min();
    let open =
        all.iter().filter(after(mended)).filter(|answered| answered.status == 200).map(|answered| answered.got).min();
    let calm =
        Outcome { answers: all.iter().filter(|answered| answered.got < broken).copied().collect(), late: Vec::new() };
    let mut figures = vec![
        (P50, calm.percentile(0.5)),
        (P99, calm.percentile(0.99)),
        (LEAKED, count(all.iter().filter(|answered| answered.status == 500 || answered.status == 0))),
        (REFUSED, count(all.iter().filter(refused))),
        (NEEDLESS, count(all.iter().filter(after(mended)).filter(refused))),
    ];
    figures.extend(first(seen, broken).map(|time| (SEEN, time)));
    figures.extend(first(open, mended).map(|time| (MENDED, time)));
    for (figure, value) in figures {
        bench.results.add(SECTION, name, figure, value);
    }
}
