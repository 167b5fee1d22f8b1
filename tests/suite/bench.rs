//! `schemagate bench`: load, and what it came to.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use crate::house::{Echo, Run, free_port, shop};

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Runs it against a server for two seconds.
fn bench(folder: &TempDir, target: &str, more: &[&str]) -> Run {
    let short = ["bench", "--target", target, "--rate", "100", "--for", "2s", "--warm-up", "200ms", "--format", "json"];
    Run::of(folder.path(), &[&short, more].concat())
}

fn outcome(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_sends_what_it_is_told_to_and_ends_with_0_if_all_is_as_expected() {
    let (echo, folder) = (Echo::start().await, folder());
    let page = folder.path().join("report.html");
    let target = format!("http://{}", echo.address());
    let more =
        ["--expect", "p50<2s", "--expect", "errors=0", "--expect", "5xx=0", "--html", page.to_str().expect("a path")];
    let outcome = outcome(&bench(&folder, &target, &more).expect(0));
    assert_eq!(outcome["sent"], 200, "{outcome}");
    assert_eq!(outcome["statuses"]["200"], 200, "{outcome}");
    assert_eq!(outcome["expectations"].as_array().map(Vec::len), Some(3), "{outcome}");
    // One to see whether anybody is there, and those that warm up.
    assert_eq!(echo.requests(), 221);
    let page = fs::read_to_string(page).expect("a page");
    assert_eq!(page.matches("<svg").count(), 3, "{page}");
    assert!(page.contains("p50 &lt; 2s"), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_as_expected_is_named_and_ends_with_1() {
    let (_database, _echo, gateway) = shop("CREATE TABLE other (id int)", "", "").await;
    gateway.verdict_becomes("orders", "broken", Duration::from_secs(10)).await;
    let folder = folder();
    let scenario = "
        rate = 50
        lasts = '1s'
        expect = ['503<=10%', 'p99<30s']
        [[requests]]
        path = '/orders/1'
        weight = 3
        [[requests]]
        name = 'the rest'
        path = '/'
        headers = { X-Of = ['${OF:-the test}'] }
        expect = [200, 404]
    ";
    fs::write(folder.path().join("load.toml"), scenario).expect("a scenario");
    let target = format!("http://127.0.0.1:{}", gateway.port());
    let run = Run::of(folder.path(), &["bench", "load.toml", "--target", &target, "--format", "json"]).expect(1);
    let outcome = outcome(&run);
    let (orders, rest) = (&outcome["requests"][0], &outcome["requests"][1]);
    assert_eq!(orders["name"], "GET /orders/1");
    assert_eq!(orders["by_schemagate"], orders["sent"], "{outcome}");
    assert_eq!(orders["errors"], orders["sent"], "{outcome}");
    assert_eq!((&rest["name"], &rest["errors"]), (&"the rest".into(), &0.into()), "{outcome}");
    let judged: Vec<(&Value, &Value)> = outcome["expectations"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|judged| (&judged["expected"], &judged["met"]))
        .collect();
    assert_eq!(judged, [(&"503 <= 10%".into(), &false.into()), (&"p99 < 30s".into(), &true.into())]);
    let run = Run::of(folder.path(), &["bench", "load.toml", "--target", &target, "--for", "200ms"]).expect(1);
    assert!(run.stdout.contains("NOT MET  503 <= 10%"), "{}", run.stdout);
}

/// A server that answers at once but for one moment, in which nobody gets anything for a second.
async fn stalling() -> u16 {
    let (asked, busy) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(())));
    let answer = move || {
        let (number, busy) = (asked.fetch_add(1, Ordering::Relaxed), Arc::clone(&busy));
        async move {
            let _turn = busy.lock().await;
            if number == 100 {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", get(answer))).await });
    port
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stall_counts_for_all_who_would_have_come_meanwhile() {
    let folder = folder();
    let target = format!("http://127.0.0.1:{}", stalling().await);
    let outcome = outcome(&bench(&folder, &target, &["--connections", "1"]).expect(0));
    assert_eq!(outcome["sent"], 200, "{outcome}");
    // A hundred requests are due in that second; a generator that waits for its answers would have sent one.
    let p90 = outcome["took"]["p90_seconds"].as_f64().expect("a number");
    assert!(p90 > 0.5, "{outcome}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_measured_says_why() {
    let folder = folder();
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let run = bench(&folder, &nobody, &[]).expect(3);
    assert!(run.stderr.contains("cannot be reached"), "{}", run.stderr);
    let run = Run::of(folder.path(), &["bench"]).expect(2);
    assert!(run.stderr.contains("give --target"), "{}", run.stderr);
    let run = bench(&folder, &nobody, &["--expect", "p95<fast"]).expect(2);
    assert!(run.stderr.contains("`fast` is no bound for `p95`"), "{}", run.stderr);
    fs::write(folder.path().join("load.toml"), "rate = 0\nlast = '3s'\nexpect = ['quick']\n[[requests]]\npath = 'x'\n")
        .expect("a scenario");
    let run = Run::of(folder.path(), &["bench", "load.toml"]).expect(2);
    for mistake in [
        "load.toml:1:8",
        "unknown key `last`",
        "did you mean `lasts`?",
        "`quick` compares nothing",
        "begin with a slash",
    ] {
        assert!(run.stderr.contains(mistake), "{mistake}: {}", run.stderr);
    }
}
