//! The real schemagate against real PostgreSQL, real backends and real sockets.
//!
//! `house` has the fixtures; each other module is one concern, and each test's name is the
//! sentence that it proves. A test that fails shows the logs of every process it started.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a panic is how a test fails; clippy.toml's leave for tests does not reach their fixtures"
)]

mod house;

mod admin;
mod admin_fuzz;
mod alerts;
mod answers;
mod asked;
mod at_once;
mod bad_input;
mod bench;
mod canonical;
mod commands;
mod dashboard;
mod desk;
mod detection;
mod django_apps;
mod doctor;
mod elsewhere;
mod entrance;
mod explain;
mod faults;
mod hold;
mod house_stands;
mod idle;
mod incident_a;
mod incident_b;
mod incident_c;
mod incident_d;
mod incident_e;
mod init;
mod kubernetes;
mod ledger_states;
mod ledger_warnings;
mod life;
mod limits;
mod locks;
mod logging;
mod maintenance;
mod meddling;
mod metrics;
mod openapi;
mod operators;
mod passing;
mod pooler;
mod prisma_schema;
mod privileges;
mod promises;
mod proxy_protocol;
mod recheck;

mod reload;
mod replay;
mod requirements;
mod rescue;
mod retries;
mod routing;
mod secrets;
mod sent_again;
mod slow_clients;
mod soak;
mod sqlite;
mod stale;
mod stale_identities;
mod status;
mod storm;
mod straight;
mod streams;
mod supervisor;
mod symptoms;
mod tenant_alerts;
mod tenants;
mod terminal;
mod thousand_tenants;
mod tls;
mod traces;
mod upgrade;
mod waiting;
mod wire;
