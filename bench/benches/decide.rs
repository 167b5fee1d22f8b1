//! What a decision costs, in nanoseconds a request.

use divan::Bencher;
use gate::{Host, MatchingForm, Request, Target};
use schemagate_bench::{NOW, Scene};

const ROUTES: [u32; 3] = [10, 1_000, 10_000];

fn main() {
    divan::main();
}

// Requests come one after the other and each for another route, so what they need of the gate is
// seldom in the nearest cache; what they bring along was just read from the wire, and is. Hence
// inputs are made right before each short sample.

/// The decision alone: host and path are parsed.
#[divan::bench(args = ROUTES, sample_count = 1_000, sample_size = 50)]
fn decide(bencher: Bencher<'_, '_>, routes: u32) {
    let scene = Scene::of(routes);
    let mut next = scene.requests.iter().cycle();
    let parsed = || next.next().map(|sent| (sent.host(), sent.target(), sent.method()));
    bencher.with_inputs(parsed).bench_local_refs(|input| {
        let (host, target, method) = input.as_ref()?;
        Some(scene.gate.decide(&Request { host, target, method: *method, tenant: None, organisation: None }, NOW))
    });
}

/// The decision alone, by whose the request is.
#[divan::bench(args = [10, 1_000, 10_000], sample_count = 1_000, sample_size = 50)]
fn decide_for_a_tenant(bencher: Bencher<'_, '_>, tenants: u32) {
    let scene = Scene::of_tenants(tenants);
    let mut next = scene.requests.iter().cycle();
    let parsed = || next.next().map(|sent| (sent.host(), sent.target(), sent.method()));
    bencher.with_inputs(parsed).bench_local_refs(|input| {
        let (host, target, method) = input.as_ref()?;
        Some(scene.gate.decide(&Request { host, target, method: *method, tenant: None, organisation: None }, NOW))
    });
}

/// All that a request pays: host, path, decision.
#[divan::bench(args = ROUTES, sample_count = 1_000, sample_size = 50)]
fn parse_and_decide(bencher: Bencher<'_, '_>, routes: u32) {
    let scene = Scene::of(routes);
    let mut next = scene.requests.iter().cycle();
    bencher.with_inputs(|| next.next().cloned()).bench_local_refs(|sent| {
        let sent = sent.as_ref()?;
        let request = Request {
            host: &sent.host(),
            target: &sent.target(),
            method: sent.method(),
            tenant: None,
            organisation: None,
        };
        Some(scene.gate.decide(&request, NOW))
    });
}

/// Paths by what is in them.
#[divan::bench(args = [
    "/",
    "/api/v1/orders/17",
    "/api/v1/orders/8f14e45f-ceea-467f-ab56-10a2f8d41f1e/items/42",
    "/files/r%C3%A9sum%C3%A9%20final%20(2).pdf",
    "/a/b/../c/./d",
])]
fn path(path: &str) -> bool {
    Target::parse(divan::black_box(path).as_bytes(), MatchingForm::default()).is_ok()
}

/// Paths of so many segments, as a hostile client sends them.
#[divan::bench(args = [100, 10_000])]
fn long_path(bencher: Bencher<'_, '_>, segments: usize) {
    let path = "/a".repeat(segments);
    bencher.bench(|| Target::parse(divan::black_box(path.as_bytes()), MatchingForm::default()).is_ok());
}

/// Hosts by what is in them.
#[divan::bench(args = ["localhost:8080", "shop.region7.example.com", "[2001:db8::1]:443"])]
fn host(host: &str) -> Host {
    Host::parse(divan::black_box(host))
}
