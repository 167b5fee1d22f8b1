//! What a decision takes, of time.

use std::hint::black_box;
use std::time::Instant;

use gate::Request;
use schemagate_bench::{NOW, Scene};

use super::Bench;
use super::results::NANOSECONDS;

pub(crate) const SECTION: &str = "decide";

/// Decisions that are timed together: a clock is no finer than one of them.
const TOGETHER: usize = 50;

#[expect(clippy::unnecessary_wraps, reason = "as every part")]
pub(crate) fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let says =
        "one decision, host and path parsed; each for another route or tenant (instructions: bench/budgets.toml)";
    bench.results.section(SECTION, says);
    let scenes = [
        ("10 routes", Scene::of(10)),
        ("1,000 routes", Scene::of(1_000)),
        ("10,000 routes", Scene::of(10_000)),
        ("10,000 tenants", Scene::of_tenants(10_000)),
    ];
    for _ in 0..bench.rounds {
        for (name, scene) in &scenes {
            let mut took = times(scene);
            took.sort_by(f64::total_cmp);
            bench.results.add(SECTION, name, NANOSECONDS, took.get(took.len() / 2).copied().unwrap_or(f64::NAN));
        }
    }
    Ok(())
}

/// Nanoseconds of each, a thousand times.
fn times(scene: &Scene) -> Vec<f64> {
    let mut next = scene.requests.iter().cycle();
    let one = |_| {
        let parsed: Vec<_> =
            next.by_ref().take(TOGETHER).map(|sent| (sent.host(), sent.target(), sent.method())).collect();
        let began = Instant::now();
        for (host, target, method) in &parsed {
            let request = Request { host, target, method: *method, tenant: None, organisation: None };
            black_box(scene.gate.decide(black_box(&request), NOW));
        }
        began.elapsed().as_secs_f64() * 1e9 / 50.0
    };
    (0..1_000).map(one).collect()
}
