//! `schemagate schema`

use super::console::Console;
use super::exit::Exit;
use crate::config;

pub(super) const EXAMPLES: &str = "\
Example: schemagate schema > proxy.schema.json
An editor that knows TOML (taplo, tombi, Even Better TOML) then completes and checks a proxy.toml whose first line is
#:schema ./proxy.schema.json";

pub(super) fn run(console: &Console) -> Exit {
    console.json(&config::schema());
    Exit::Ready
}
