//! How soon a proxy is there, and what it takes of memory and of the disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::Bench;
use super::arm::{Arm, Told, beside, routes};
use super::postgres::Postgres;
use super::results::{BINARY, MEMORY, START};
use super::throughput::{mebibytes, with_tenants};

pub(crate) const START_SECTION: &str = "start";
pub(crate) const MEMORY_SECTION: &str = "memory";
pub(crate) const BINARY_SECTION: &str = "binary";

/// Where its first look is one at a server.
pub(crate) const WATCHING: &str = "schemagate, PostgreSQL";

/// With everything that it has to know by heart.
pub(crate) const LARGE: (&str, u32) = ("schemagate, 10,000 routes and 1,000 tenants", 1_000);

const ARMS: &[&str] = &["pingora", "schemagate", WATCHING, "nginx", "HAProxy", "Caddy"];

/// How long memory is left to settle.
const SETTLES: Duration = Duration::from_secs(2);

pub(crate) fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    bench.results.section(
        START_SECTION,
        "from the start of the process until a client is let in, by when schemagate has looked",
    );
    bench.results.section(MEMORY_SECTION, "resident memory, nobody asking");
    let postgres = Postgres::start()?;
    postgres.session()?.execute("CREATE TABLE orders (id int)")?;
    let told = Told { database: Some(postgres.url()), ..Told::default() };
    for round in 0..=bench.rounds {
        for name in ARMS {
            let began = Instant::now();
            let started = if *name == WATCHING {
                Arm::schemagate(name, &bench.stage, &bench.schemagate, &told)
            } else {
                Arm::start(name, &bench.stage, &bench.schemagate)
            };
            let took = began.elapsed().as_secs_f64() * 1e3;
            match started {
                Ok(arm) if round > 0 => {
                    bench.results.add(START_SECTION, name, START, took);
                    if round == 1 {
                        sleep(SETTLES);
                        bench.results.add(MEMORY_SECTION, name, MEMORY, mebibytes(arm.resident()?));
                    }
                }
                Ok(_) => (),
                Err(error) => println!("{START_SECTION}: without {name}: {error:#}"),
            }
        }
    }
    let (arm, server) = with_tenants(bench, LARGE, &routes(10_000))?;
    sleep(SETTLES);
    bench.results.add(MEMORY_SECTION, LARGE.0, MEMORY, mebibytes(arm.resident()?));
    drop((arm, server));
    binaries(bench)
}

fn binaries(bench: &mut Bench) -> anyhow::Result<()> {
    bench.results.section(BINARY_SECTION, "size of the program alone");
    let programs = [
        ("schemagate", bench.schemagate.clone()),
        ("pingora", beside("bare-pingora")?),
        ("nginx", found("nginx")),
        ("HAProxy", found("haproxy")),
        ("Caddy", found("caddy")),
    ];
    for (name, program) in programs {
        if let Ok(file) = fs::metadata(&program) {
            bench.results.add(BINARY_SECTION, name, BINARY, mebibytes(file.len()));
        }
    }
    Ok(())
}

/// Where a program of the system lies.
fn found(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([Path::new("/usr/sbin").to_owned()]);
    folders.map(|folder| folder.join(name)).find(|program| program.is_file()).unwrap_or_default()
}
