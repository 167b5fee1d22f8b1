//! schemagate's pages in a real Chromium, used as a person would, by mouse and by keyboard, and held against the
//! accessibility rules of axe: `make test-browser`. With `PICTURES` set to a folder each view leaves a picture there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a panic is how a test fails; clippy.toml's leave for tests does not reach their fixtures"
)]

#[path = "../suite/house/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the suite uses the rest of its house")]
mod house;

mod dashboard;
mod example;
#[path = "../apps/project.rs"]
#[allow(dead_code, reason = "the tests of applications use the rest of it")]
mod project;

use std::path::Path;
use std::process::Command;

use crate::house::Run;

/// Runs a script of this folder on a view of the page at `url`.
fn browse(script: &str, view: &str, url: &str) {
    browse_with(script, view, url, &[]);
}

/// The same with variables of the environment.
fn browse_with(script: &str, view: &str, url: &str, env: &[(&str, &str)]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    assert!(folder.join("node_modules").is_dir(), "nothing is installed: `make test-browser` does it");
    Run::command(Command::new("node").args([script, view, url]).current_dir(folder).envs(env.iter().copied()))
        .expect(0);
}
