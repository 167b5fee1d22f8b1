//! What the tests live in: clusters, backends, gateways and clients that die with their test.

mod alone;
mod authority;
mod backend;
mod client;
mod cluster;
mod echo;
mod echo_http2;
mod gateway;
mod guarded;
mod pgbouncer;
mod ports;
mod schema;
mod scripted;
mod sqlite_file;
mod unprivileged;
mod verdict;
mod wait;

pub(crate) use alone::turn;
pub(crate) use authority::Authority;
pub(crate) use backend::Backend;
pub(crate) use client::{Answer, Client, raw};
pub(crate) use cluster::{Cluster, Database, connect, value};
pub(crate) use echo::{Echo, ODD_HEADERS, odd_body, pattern};
pub(crate) use echo_http2::EchoHttp2;
pub(crate) use gateway::{Gateway, Run, schemagate};
pub(crate) use guarded::Guarded;
pub(crate) use pgbouncer::PgBouncer;
pub(crate) use ports::free_port;
pub(crate) use schema::{BACKUP_TABLES, BACKUP_TYPES, PRISMA_LEDGER, WINDOWS, applied, prisma_ledger, rolled_back};
pub(crate) use scripted::{Scripted, Step, plain};
pub(crate) use sqlite_file::SqliteFile;
pub(crate) use verdict::Judged;
pub(crate) use wait::{eventually, holds_for};
