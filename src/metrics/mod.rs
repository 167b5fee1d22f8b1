//! What is counted, in Prometheus' text format.
//!
//! Names are `schemagate_*` with units; labels are bounded by the configuration, never by what clients send.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `requests` | what was done with requests, why, and how long it took |
//! | `failures` | upstreams' failures, and what was made of them |
//! | `windows` | maintenance windows |
//! | `questions` | what other proxies ask |
//! | `holds`, `stale` | requests that wait; good answers that are given once more |
//! | `looks`, `verdicts`, `tenants` | what is known of databases |
//! | `bypassed`, `operators`, `admin` | what operators let pass; what they come in for themselves; whom the admin listener refuses |
//! | `upstreams` | servers, and how it is to connect to them |
//! | `connections` | clients' connections |
//! | `alerts` | what operators are told, and probes |
//! | `logs` | log lines that nobody will read |
//! | `spans` | spans on their way to a collector |
//! | `program` | version, configuration, and what the process takes of the machine |
//! | `register` | where each metric is declared; docs/metrics.md is made of it |
//! | `remembered` | metrics that a request reaches without a lock |
//! | `gone` | series of what a reload took away |
//! | `shown` | gauges of what comes and goes |

mod admin;
mod alerts;
mod bypassed;
mod connections;
mod failures;
mod gone;
mod holds;
mod logs;
mod looks;
mod operators;
mod program;
mod questions;
mod register;
mod remembered;
mod requests;
mod shown;
mod spans;
mod stale;
mod tenants;
#[cfg(test)]
mod tests;
mod upstreams;
mod verdicts;
mod windows;

use std::sync::Arc;

use gate::{DatabaseId, Gate, Moment};
use prometheus::{Encoder, Registry, TextEncoder};

use crate::config::Config;

pub use admin::AdminMetrics;
pub use connections::Connections;
pub use gone::Named;
pub use holds::{Held, Holds};
pub use operators::Operators;
pub use register::Described;
pub use requests::{Answered, RouteCounts, Taken};
pub use spans::SpanCounts;
pub use upstreams::Servers;

use alerts::Alerts;
use bypassed::Bypassed;
use failures::Failures;
use gone::Gone;
use logs::Logs;
use looks::Looks;
use program::Program;
use questions::Questions;
use register::Register;
use requests::Requests;
use stale::Stale;
use tenants::Tenants;
use upstreams::Upstreams;
use verdicts::Verdicts;
use windows::Windows;

/// Every metric of the process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    described: Arc<[Described]>,
    requests: Requests,
    questions: Questions,
    failures: Failures,
    looks: Looks,
    verdicts: Verdicts,
    tenants: Tenants,
    stale: Stale,
    alerts: Alerts,
    bypasses: Bypassed,
    upstreams: Upstreams,
    logs: Logs,
    program: Program,
    gone: Gone,
    /// The admin listener's own.
    pub admin: AdminMetrics,
    /// Clients' connections.
    pub connections: Connections,
    /// Operators among those who come in.
    pub operators: Operators,
    /// Requests that wait for a verdict to turn.
    pub holds: Holds,
    /// Spans on their way to a collector.
    pub spans: SpanCounts,
    windows: Windows,
}

impl Metrics {
    /// Registers every metric.
    pub fn new() -> Result<Self, prometheus::Error> {
        let mut register = Register::default();
        let requests = Requests::new(&mut register)?;
        let questions = Questions::new(&mut register)?;
        let failures = Failures::new(&mut register)?;
        let looks = Looks::new(&mut register)?;
        let verdicts = Verdicts::new(&mut register)?;
        let tenants = Tenants::new(&mut register)?;
        let stale = Stale::new(&mut register)?;
        let alerts = Alerts::new(&mut register)?;
        let bypasses = Bypassed::new(&mut register)?;
        let upstreams = Upstreams::new(&mut register)?;
        let logs = Logs::new(&mut register)?;
        let program = Program::new(&mut register)?;
        let admin = AdminMetrics::new(&mut register)?;
        let connections = Connections::new(&mut register)?;
        let operators = Operators::new(&mut register)?;
        let holds = Holds::new(&mut register)?;
        let spans = SpanCounts::new(&mut register)?;
        let windows = Windows::new(&mut register)?;
        let Register { registry, mut described, labelled } = register;
        program::watch_process(&registry)?;
        described.sort_unstable();
        let described = described.into();
        Ok(Self {
            registry,
            described,
            requests,
            questions,
            failures,
            looks,
            verdicts,
            tenants,
            stale,
            alerts,
            bypasses,
            upstreams,
            logs,
            program,
            gone: Gone::of(labelled),
            admin,
            connections,
            operators,
            holds,
            spans,
            windows,
        })
    }

    /// What each metric is, by name; what the process takes of the machine is not among them.
    pub fn described(&self) -> &[Described] {
        &self.described
    }

    /// Sets the gauges to how things stand. Called when they are asked for, so that a verdict that
    /// grew old shows as `unknown` although nothing was swapped. The gate is one of the configuration.
    pub fn stand(&self, gate: &Gate, now: Moment, config: &Config) {
        let snapshot = gate.snapshot();
        self.looks.generation.set(i64::try_from(snapshot.generation()).unwrap_or(i64::MAX));
        self.looks.age.show((0..).map(DatabaseId).zip(&config.databases).map(|(id, database)| {
            let began = snapshot.last_look(id).unwrap_or_default();
            ([&*database.name], now.since(began).as_secs_f64())
        }));
        self.program.stand(config);
        self.verdicts.stand(gate, now);
        self.tenants.stand(gate, now);
        self.bypasses.stand(snapshot.bypasses().on(now).count());
        self.upstreams.stand();
        self.windows.stand(gate, now);
        self.logs.stand();
    }

    /// Everything, in Prometheus' text format.
    pub fn render(&self) -> Result<String, prometheus::Error> {
        let mut out = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut out)?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }
}
