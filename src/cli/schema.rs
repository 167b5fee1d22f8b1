//! `schemagate schema`

use super::console::Console;
use super::exit::Exit;
use crate::config;

pub(super) fn run(console: &Console) -> Exit {
    console.json(&config::schema());
    Exit::Ready
}
