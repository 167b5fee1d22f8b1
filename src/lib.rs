//! schemagate: a reverse proxy that knows the database schema behind the application.
//!
//! A map of the house:
//!
//! | room | what happens there |
//! | --- | --- |
//! | `gate` (a crate of its own) | the thinking: names, catalogs, requirements, verdicts, routes, decisions |
//! | [`config`] | `proxy.toml` as typed -> [`config::Config`] as valid; every error with its place |
//! | [`complaint`] | what is wrong with a file that a person wrote, with its place |
//! | [`lock`] | `schema.lock`: a schema that is written down |
//! | [`live`] | the one value that requests read and one writer swaps |
//! | [`watch`] | looks at the databases; sole owner of the writer |
//! | [`answer`] | everything that schemagate says to a client itself |
//! | [`wire`] | what of a request goes no further, whatever it means: bytes, before anything parses them |
//! | [`head`] | the head of a request, however it came |
//! | [`ask`] | what other proxies ask: which request of theirs they mean |
//! | [`pass`] | operators' passes: signed, and read |
//! | [`proxy`] | the way of a request, in pingora's phases |
//! | [`admin`] | the listener for operators and probes |
//! | [`alert`] | operators are told of changes, by webhook |
//! | [`migrations`] | migration folders on disk as [`gate::ledger`] judges them |
//! | [`prisma_schema`] | what a Prisma schema declares, held against what migrations make |
//! | [`init`] | a first `proxy.toml`, from what a project's files say |
//! | [`handover`] | listening sockets, from one process to the next |
//! | [`reload`] | a new configuration without a restart |
//! | [`desk`] | what operators order: bypasses, windows, holds; kept over a restart |
//! | [`report`] | how things stand, for operators |
//! | [`symptoms`] | what failures say of the schema and no requirement explains |
//! | [`metrics`] | what is counted |
//! | [`traces`] | to which trace a request belongs, and spans on their way to a collector |
//! | [`load`] | load on a server, and what comes of it |
//! | [`causes`] | why something failed, of errors with causes |
//! | [`sparing`] | log lines that are written sparingly |
//! | [`supervisor`] | systemd, told how it goes |
//! | [`cli`] | the commands; the only room that knows all others |
//!
//! `proxy`, `watch` and `admin` do not know each other: they meet in `live`.

pub mod admin;
pub mod alert;
pub mod answer;
pub mod ask;
#[cfg(test)]
mod book;
pub mod causes;
pub mod cli;
pub mod complaint;
pub mod config;
pub mod desk;
pub mod handover;
pub mod head;
pub mod init;
pub mod live;
pub mod load;
pub mod lock;
pub mod metrics;
pub mod migrations;
pub mod pass;
pub mod prisma_schema;
pub mod proxy;
pub mod reload;
pub mod report;
pub mod sparing;
pub mod supervisor;
pub mod symptoms;
pub mod traces;
pub mod watch;
pub mod wire;
