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

use house::thousand::{TABLES, TENANTS, measure};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    println!("{TENANTS} tenants of {TABLES} tables of 10 columns, PostgreSQL beside them:");
    for figures in measure().await {
        println!("{figures}");
    }
}
