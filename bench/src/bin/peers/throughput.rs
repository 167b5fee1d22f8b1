//! How much each proxy can do: as many requests as it answers, of so many clients that wait for one another.

use std::path::PathBuf;
use std::time::Duration;

use super::Bench;
use super::arm::{Arm, Told};
use super::generator::{Load, h2load, wrk};
use super::postgres::Postgres;
use super::results::{ERRORS, Figure, MEMORY, P50, P99, PER_CORE, RATE, Results};

/// How requests come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    /// HTTP/1.1 on connections that stay.
    Http1,
    /// The same over TLS.
    Tls,
    /// Many streams on a few connections over TLS.
    Http2,
    /// HTTP/1.1, as a script of the stage's folder asks.
    Script(&'static str),
}

struct Scenario {
    name: &'static str,
    says: &'static str,
    path: &'static str,
    /// Which answer is right.
    status: u16,
    over: Over,
    arms: &'static [&'static str],
}

const ALL: &[&str] = &["direct", "pingora", "schemagate", "nginx", "HAProxy", "Caddy"];
const PROXIES: &[&str] = &["pingora", "schemagate", "nginx", "HAProxy", "Caddy"];

/// schemagate with so many tenants, each a schema of PostgreSQL's.
const TENANTS: (&str, u32) = ("schemagate, 10,000 tenants", 10_000);

const fn of(
    (name, says): (&'static str, &'static str),
    path: &'static str,
    status: u16,
    over: Over,
    arms: &'static [&'static str],
) -> Scenario {
    Scenario { name, says, path, status, over, arms }
}

/// All of them, in the order in which they are told.
const SCENARIOS: &[Scenario] = &[
    of(("pass-1k", "1 KiB passes through"), "/1k", 200, Over::Http1, ALL),
    of(("pass-64k", "64 KiB pass through"), "/64k", 200, Over::Http1, ALL),
    of(("refuse", "the proxy refuses by itself"), "/refused", 503, Over::Http1, PROXIES),
    of(("tls", "1 KiB over TLS"), "/1k", 200, Over::Tls, PROXIES),
    of(("http2", "1 KiB over HTTP/2"), "/1k", 200, Over::Http2, PROXIES),
    of(("upload", "1 MiB is sent to the backend"), "/upload", 204, Over::Script("upload.lua"), ALL),
    of(
        ("routes", "1 KiB passes by one of 10,000 routes"),
        "/1k",
        200,
        Over::Http1,
        &["schemagate", "schemagate, 10,000 routes"],
    ),
    of(
        ("tenants", "1 KiB passes for each of 10,000 tenants in turn"),
        "/1k",
        200,
        Over::Script("tenants.lua"),
        &["schemagate", TENANTS.0],
    ),
];

/// What requests of tenants need, where each has a schema of its own.
const TENANCY: &str = "\n[tenants]\nhost = \"{tenant}.example.com\"\nschema = \"{tenant}\"\nneeds = [\"messages\"]\n\
    [requirements.messages]\nper_tenant = true\ntables = [\"messages\"]\n";

/// All of it.
pub(crate) fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    for scenario in SCENARIOS {
        if bench.wants("throughput", scenario.name) {
            scenario.measure(bench)?;
        }
    }
    Ok(())
}

impl Scenario {
    fn measure(&self, bench: &mut Bench) -> anyhow::Result<()> {
        bench.results.section(self.name, self.says);
        let mut arms = Vec::new();
        let mut postgres = None;
        for name in self.arms {
            let arm = if *name == TENANTS.0 {
                with_tenants(bench, TENANTS, "").map(|(arm, server)| {
                    postgres = Some(server);
                    arm
                })
            } else {
                Arm::start(name, &bench.stage, &bench.schemagate)
            };
            match arm {
                Ok(arm) => arms.push(arm),
                Err(error) => println!("{}: without {name}: {error:#}", self.name),
            }
        }
        for arm in &arms {
            // Connections are made and caches filled before anything counts.
            self.load(bench, arm, Duration::from_secs(1))?;
        }
        for round in 1..=bench.rounds {
            for arm in &arms {
                let before = arm.processor_time()?;
                let load = self.load(bench, arm, bench.lasts)?;
                let spent = arm.processor_time()?.saturating_sub(before);
                let memory = arm.resident()?;
                note(&mut bench.results, self.name, arm.name, &load, spent, memory);
            }
            println!("{}: round {round} of {}", self.name, bench.rounds);
        }
        drop(arms);
        drop(postgres);
        Ok(())
    }

    fn load(&self, bench: &Bench, arm: &Arm, lasts: Duration) -> anyhow::Result<Load> {
        let plain = format!("http://127.0.0.1:{}{}", arm.port, self.path);
        let tls = format!("https://127.0.0.1:{}{}", arm.tls_port, self.path);
        let script = |name: &str| -> PathBuf { bench.stage.folder().join(name) };
        match self.over {
            Over::Http1 => wrk(&plain, None, self.status, lasts),
            Over::Script(name) => wrk(&plain, Some(&script(name)), self.status, lasts),
            Over::Tls => wrk(&tls, None, self.status, lasts),
            Over::Http2 => h2load(&tls, self.status, lasts),
        }
    }
}

fn note(results: &mut Results, scenario: &'static str, arm: &str, load: &Load, spent: Duration, memory: u64) {
    let mut add = |figure: Figure, value: f64| results.add(scenario, arm, figure, value);
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    add(RATE, load.rate());
    // The backend alone has none.
    if !spent.is_zero() {
        add(PER_CORE, load.answers / spent.as_secs_f64());
    }
    for (figure, time) in [(P50, load.p50), (P99, load.p99)] {
        if let Some(time) = time {
            add(figure, milliseconds(time));
        }
    }
    add(ERRORS, load.errors);
    if memory > 0 {
        add(MEMORY, mebibytes(memory));
    }
}

#[expect(clippy::cast_precision_loss, reason = "memory is told by the MiB")]
pub(crate) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// schemagate that watches so many tenants' schemas, all of them complete.
pub(crate) fn with_tenants(
    bench: &Bench,
    (name, count): (&'static str, u32),
    more: &str,
) -> anyhow::Result<(Arm, Postgres)> {
    let postgres = Postgres::start()?;
    let session = postgres.session()?;
    session.execute("CREATE TABLE orders (id int)")?;
    for first in (0..count).step_by(250) {
        let last = (first + 249).min(count - 1);
        session.execute(&format!(
            "DO $$ BEGIN FOR t IN {first}..{last} LOOP
                 EXECUTE format('CREATE SCHEMA t%s; CREATE TABLE t%s.messages (id int)', t, t);
             END LOOP; END $$"
        ))?;
    }
    session.execute("ANALYZE")?;
    let told = Told { database: Some(postgres.url()), more: TENANCY.to_owned() + more, backend: None };
    let arm = Arm::schemagate(name, &bench.stage, &bench.schemagate, &told)?;
    Ok((arm, postgres))
}
