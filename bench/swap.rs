//! Whether a swap of the live value keeps a request waiting: `make bench-swap`.
//!
//! One thread pins what is live and decides, as every request does, while another one swaps it every 10 ms or does
//! not, in turns. Nothing else runs, so that what is seen is the swap's.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "what goes wrong ends the measurement, and a person reads what it prints"
)]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gate::{Host, MatchingForm, Method, Request, Target};
use hdrhistogram::Histogram;
use schemagate::config::Config;
use schemagate::live::{GateReader, GateWriter, live};

const PERIOD: Duration = Duration::from_millis(10);
const ROUNDS: usize = 10;
const LASTS: Duration = Duration::from_secs(1);
const ROUTES: usize = 1_000;

fn main() {
    let (reader, mut writer) = live(Arc::new(config()));
    let mut all = [(); 2].map(|()| Histogram::<u64>::new(3).expect("three digits"));
    let mut swaps = 0;
    for _ in 0..ROUNDS {
        for (swapping, times) in all.iter_mut().enumerate() {
            let over = AtomicBool::new(false);
            thread::scope(|scope| {
                if swapping == 1 {
                    scope.spawn(|| swaps += swap(&mut writer, &over));
                }
                decide(&reader, times);
                over.store(true, Ordering::Relaxed);
            });
        }
    }
    println!("pin and decide, {ROUTES} routes, {ROUNDS} times {LASTS:?} of each in turns; {swaps} swaps\n");
    println!("| | p50 | p99 | p99.9 | p99.99 | decisions |\n| --- | ---: | ---: | ---: | ---: | ---: |");
    for (says, times) in ["no swap", "a swap every 10 ms"].into_iter().zip(&all) {
        let [p50, p99, p999, p9999] = [0.5, 0.99, 0.999, 0.9999].map(|part| times.value_at_quantile(part));
        println!("| {says} | {p50} ns | {p99} ns | {p999} ns | {p9999} ns | {} |", times.len());
    }
}

fn config() -> Config {
    let routes = (0..ROUTES).map(|route| format!("[[routes]]\npath = \"/app/{route}/*\"\nneeds = [\"it\"]\n"));
    let before = "[databases.main]\nurl = \"sqlite:none\"\n[upstreams.api]\nservers = [\"127.0.0.1:1\"]\n\
                  [requirements.it]\ntables = [\"t\"]\n";
    let text = [before, &routes.collect::<Vec<_>>().concat()].concat();
    Config::parse(&text, Path::new("proxy.toml"), &|_| None).expect("a configuration")
}

/// Decides one request after another, and notes how long each took.
fn decide(reader: &GateReader, times: &mut Histogram<u64>) {
    let host = Host::parse("example.com");
    let target = Target::parse(b"/app/500/orders", MatchingForm::default()).expect("a path");
    let request =
        Request { host: &host, target: &target, method: Method::new("GET"), tenant: None, organisation: None };
    let until = Instant::now() + LASTS;
    loop {
        let began = Instant::now();
        let now = reader.moment(began);
        black_box(reader.pin().decide(black_box(&request), now));
        times.saturating_record(u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX));
        if began >= until {
            return;
        }
    }
}

/// Swaps until it is over: how often.
fn swap(writer: &mut GateWriter, over: &AtomicBool) -> usize {
    let mut swaps = 0;
    while !over.load(Ordering::Relaxed) {
        let snapshot = writer.current().snapshot().clone();
        writer.swap(snapshot);
        swaps += 1;
        thread::sleep(PERIOD);
    }
    swaps
}
