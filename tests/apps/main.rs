//! Real applications, migrated by their own commands, behind the real schemagate: `make test-apps`.
//!
//! They are the examples. Each is tried as its own script does it; two are copied besides, so that a release may add a
//! migration to them. What is installed stays where `make test-apps` put it.

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

mod django_routing;
mod django_tenants;
mod examples;
mod knex;
mod project;
#[path = "../suite/routing.rs"]
mod routing;
