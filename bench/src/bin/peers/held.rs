//! A thousand requests wait for a table that is missing, and go on when it is there.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::ensure;

use super::Bench;
use super::admin::metric;
use super::arm::{Arm, Told};
use super::open_loop::{count, readable, whole};
use super::postgres::Postgres;
use super::results::{ERRORS, FIRST, HELD, LAST, PER_CONNECTION};
use super::throughput::mebibytes;

const SECTION: &str = "hold";
const WAITING: u32 = 1_000;

/// How long anything may take here.
const LIMIT: Duration = Duration::from_secs(30);

const ROUTES: [(&str, &str); 2] =
    [("at once", "release_per_second = 65535"), ("at most 1,000 a second, as by default", "release_per_second = 1000")];

pub(crate) fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    bench.results.section(SECTION, "1,000 requests wait for a table; it is made, and they are let go");
    for round in 1..=bench.rounds {
        for (name, release) in ROUTES {
            let postgres = Postgres::start()?;
            let session = postgres.session()?;
            session.execute("CREATE TABLE orders (id int)")?;
            let more = format!(
                "\n[requirements.later]\ntables = [\"later\"]\n[[routes]]\npath = \"/1k\"\nneeds = [\"later\"]\n\
                 on_broken = {{ hold = {{ up_to = \"60s\", max_requests = 2000, {release}, then = \"block\" }} }}\n"
            );
            let told = Told { database: Some(postgres.url()), more, backend: None };
            let arm = Arm::schemagate("schemagate", &bench.stage, &bench.schemagate, &told)?;
            let before = arm.resident()?;
            let waiting = (0..WAITING).map(|_| asked(&arm)).collect::<anyhow::Result<Vec<_>>>()?;
            let began = Instant::now();
            while metric(&bench.stage, &arm, "schemagate_held_requests")? < f64::from(WAITING) {
                ensure!(began.elapsed() < LIMIT, "they do not all wait");
                sleep(Duration::from_millis(20));
            }
            let each = mebibytes(arm.resident()?.saturating_sub(before)) * 1024.0 / f64::from(WAITING);
            session.execute("CREATE TABLE later (id int)")?;
            let answers = answers(&waiting, Instant::now())?;
            let milliseconds = |time: Option<&(Duration, u16)>| time.map_or(f64::NAN, |(at, _)| at.as_secs_f64() * 1e3);
            let figures = [
                (HELD, f64::from(WAITING)),
                (FIRST, milliseconds(answers.first())),
                (LAST, milliseconds(answers.last())),
                (ERRORS, f64::from(WAITING) - count(answers.iter().filter(|(_, status)| *status == 200))),
                (PER_CONNECTION, each),
            ];
            for (figure, value) in figures {
                bench.results.add(SECTION, name, figure, value);
            }
        }
        println!("{SECTION}: round {round} of {}", bench.rounds);
    }
    Ok(())
}

fn asked(arm: &Arm) -> anyhow::Result<TcpStream> {
    let mut connection = TcpStream::connect(("127.0.0.1", arm.port))?;
    connection.write_all(b"GET /1k HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    connection.set_nonblocking(true)?;
    Ok(connection)
}

/// When each was answered, and how, in the order in which they were.
fn answers(waiting: &[TcpStream], since: Instant) -> anyhow::Result<Vec<(Duration, u16)>> {
    let mut open: Vec<(&TcpStream, Vec<u8>)> = waiting.iter().map(|stream| (stream, Vec::new())).collect();
    let mut answers = Vec::new();
    while !open.is_empty() && since.elapsed() < LIMIT {
        let mut readable = readable(open.iter().map(|(stream, _)| *stream), Duration::from_millis(100))?.into_iter();
        open.retain_mut(|(stream, came)| {
            if !readable.next().unwrap_or(false) {
                return true;
            }
            let mut piece = [0; 16 * 1024];
            let length = stream.read(&mut piece).unwrap_or(0);
            came.extend_from_slice(piece.get(..length).unwrap_or_default());
            let status = whole(came).map(|(status, _)| status).or((length == 0).then_some(0));
            answers.extend(status.map(|status| (since.elapsed(), status)));
            status.is_none()
        });
    }
    Ok(answers)
}
