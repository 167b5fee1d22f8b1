//! How long answers take while a proxy has half of what it could do: requests come by the clock.

use super::Bench;
use super::arm::Arm;
use super::generator::wrk;
use super::open_loop::Steady;
use super::results::{ERRORS, LATE, LONGEST, P50, P99, P999, RATE};

pub(crate) const SECTION: &str = "half-load";

/// Caddy is left out: this would be more than it can do.
const ARMS: &[&str] = &["direct", "pingora", "schemagate", "nginx", "HAProxy"];

/// Connections at most.
pub(crate) const CONNECTIONS: usize = 256;

pub(crate) fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let rate = half_the_knee(bench)?;
    let says =
        format!("1 KiB passes, {rate:.0} times a second by the clock: half of what schemagate and pingora both can do");
    bench.results.section(SECTION, says);
    let arms = bench.arms(ARMS);
    for round in 0..=bench.rounds {
        for arm in &arms {
            let steady = Steady { port: arm.port, path: "/1k", rate, lasts: bench.lasts, connections: CONNECTIONS };
            let outcome = steady.run()?;
            // The first one makes connections and fills caches.
            if round > 0 {
                bench.note(SECTION, arm.name, &outcome, 200);
            }
        }
        println!("{SECTION}: round {round} of {}", bench.rounds);
    }
    Ok(())
}

/// Requests a second.
pub(crate) fn half_the_knee(bench: &Bench) -> anyhow::Result<f64> {
    let knee = |arm| {
        if let Some(known) = bench.results.median("pass-1k", arm, RATE) {
            return Ok(known);
        }
        let arm = Arm::start(arm, &bench.stage, &bench.schemagate)?;
        anyhow::Ok(wrk(&format!("http://127.0.0.1:{}/1k", arm.port), None, 200, bench.lasts)?.rate())
    };
    Ok(knee("pingora")?.min(knee("schemagate")?) / 2.0)
}

impl Bench {
    /// What came of requests that were due at even times.
    pub(crate) fn note(&mut self, section: &'static str, arm: &str, outcome: &super::open_loop::Outcome, right: u16) {
        let figures = [
            (P50, outcome.percentile(0.5)),
            (P99, outcome.percentile(0.99)),
            (P999, outcome.percentile(0.999)),
            (LONGEST, outcome.percentile(1.0)),
            (ERRORS, outcome.unlike(right)),
            (LATE, outcome.late()),
        ];
        for (figure, value) in figures {
            self.results.add(section, arm, figure, value);
        }
    }
}
