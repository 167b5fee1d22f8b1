//! What it costs to watch a thousand tenants, of the database's time and of schemagate's: `make bench-refresh`.
//!
//! It is what the test of the promises measures (`tests/suite/thousand_tenants.rs`), of an optimised build and with
//! the machine to itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a panic ends the measurement; clippy.toml's leave for tests does not reach the fixtures of tests"
)]

#[path = "../tests/suite/house/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the suite uses the rest of its house")]
mod house;

use std::time::Duration;

use house::thousand::{Figures, TABLES, TENANTS, measure};

/// A promise: what, at most how much, its unit, and what was seen of it.
type Budget = (&'static str, f64, &'static str, fn(&Figures) -> f64);

const BUDGETS: [Budget; 4] = [
    ("a look at everything, of the database's time", 500.0, "ms", |seen| milliseconds(seen.everything.database)),
    ("a look at one changed tenant, of the database's time", 20.0, "ms", |seen| milliseconds(seen.one.database)),
    ("a tick while nothing is committed, of the database's time", 2.0, "ms", |seen| {
        milliseconds(seen.nothing.database)
    }),
    ("a core at idle, a look a second", 0.5, "%", Figures::idle),
];

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    println!("{TENANTS} tenants of {TABLES} tables of 10 columns, PostgreSQL beside them:");
    let all = measure().await;
    for figures in &all {
        println!("{figures}");
    }
    println!("\n| budget | required of each tenant | | seen | kept? |\n| --- | --- | ---: | ---: | --- |");
    for (says, most, unit, seen) in BUDGETS {
        for figures in &all {
            let (value, required) = (seen(figures), figures.required);
            let kept = if value <= most { "yes" } else { "**no**" };
            println!("| {says} | {required} | at most {most} {unit} | {value:.2} {unit} | {kept} |");
        }
    }
}
