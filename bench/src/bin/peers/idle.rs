//! What a connection costs that is there and asks nothing.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::Context;

use super::Bench;
use super::arm::Arm;
use super::open_loop::whole;
use super::results::{ERRORS, MEMORY, PER_CONNECTION};
use super::throughput::mebibytes;

const SECTIONS: [(&str, &str, u16); 2] = [
    ("idle-1k", "1,000 connections that have asked once and stay", 1_000),
    ("idle-10k", "10,000 connections that have asked once and stay", 10_000),
];

const ARMS: &[&str] = &["pingora", "schemagate", "nginx", "HAProxy", "Caddy"];

pub(crate) fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    for (section, says, count) in SECTIONS {
        bench.results.section(section, says);
        // A proxy keeps what it once took: each has a new one.
        for name in ARMS {
            let arms = bench.arms(&[name]);
            let Some(arm) = arms.first() else { continue };
            let mut connections = Vec::new();
            let warm = asked(arm)?;
            let before = arm.resident()?;
            let mut errors = 0.0;
            for _ in 0..count {
                match asked(arm) {
                    Ok(connection) => connections.push(connection),
                    Err(_) => errors += 1.0,
                }
            }
            let resident = arm.resident()?;
            let each = mebibytes(resident.saturating_sub(before)) * 1024.0 / f64::from(count);
            for (figure, value) in [(PER_CONNECTION, each), (MEMORY, mebibytes(resident)), (ERRORS, errors)] {
                bench.results.add(section, name, figure, value);
            }
            println!("{section}: {name}");
            drop((warm, connections));
        }
    }
    Ok(())
}

/// A connection that was answered.
fn asked(arm: &Arm) -> anyhow::Result<TcpStream> {
    let mut connection = TcpStream::connect(("127.0.0.1", arm.port))?;
    connection.set_read_timeout(Some(Duration::from_secs(5)))?;
    connection.write_all(b"GET /1k HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    let mut came = Vec::new();
    let mut piece = [0; 4096];
    while whole(&came).is_none() {
        let length = connection.read(&mut piece)?;
        anyhow::ensure!(length > 0, "the connection is closed");
        came.extend_from_slice(piece.get(..length).context("a piece")?);
    }
    Ok(connection)
}
