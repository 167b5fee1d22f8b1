//! The database away, and back: what is said of it, and when.

use std::time::Instant;

use gate::Verdict;

use super::watched::Lines;
use super::*;

fn ready(cluster: &Cluster) {
    cluster.sql("postgres", "CREATE TABLE customers (id int, \"agreementUrl\" text)");
    cluster.sql("postgres", "CREATE ROLE app LOGIN PASSWORD 'secret'");
}

#[tokio::test]
async fn a_stopped_server_leaves_the_verdicts_standing_until_max_age_and_is_found_again() {
    let mut cluster = Cluster::start();
    ready(&cluster);
    let (lines, _guard) = Lines::collect();
    let watched = Watched::start(postgres(settings(cluster.url("app", "postgres"))));
    watched.until(Verdict::Ready).await;

    let stopped = Instant::now();
    cluster.stop();
    lines.until("cannot look at database main").await;
    assert_eq!(watched.verdict(), Verdict::Ready, "the last verdict stands");
    watched.until(Verdict::Unknown).await;
    let stood = stopped.elapsed();
    assert!(stood > Duration::from_millis(1500) && stood < Duration::from_millis(2500), "stood for {stood:?}");
    lines.until("with `pass`, what was blocked is open").await;

    cluster.start_again();
    let took = watched.until(Verdict::Ready).await;
    eprintln!("seen again {took:?} after the server answered");
    assert!(took < Duration::from_millis(5500));
    lines.until("is seen again after").await;
    assert_eq!(lines.with("cannot look at database main:").len(), 1, "said once: {:#?}", lines.with(""));
    assert_eq!(lines.with("was not seen for").len(), 1, "said once");
}

#[tokio::test]
async fn a_wrong_password_is_said_once_and_mends_without_a_restart() {
    let cluster = Cluster::start();
    ready(&cluster);
    cluster.sql("postgres", "ALTER ROLE app PASSWORD 'another'");
    let (lines, _guard) = Lines::collect();
    let mut watched = Watched::start(postgres(settings(cluster.url("app", "postgres"))));
    let line = lines.until("password authentication failed").await;
    assert!(line.contains("WARN") && line.contains("check the user and the password"), "{line}");
    tokio::time::timeout(Duration::from_secs(3), watched.reader.settled()).await.expect("settled without a look");
    lines.until("was not seen within 1s").await;
    watched.until_metric("schemagate_look_failures_total", 3.0).await;
    assert_eq!(lines.with("password authentication failed").len(), 1);
    cluster.sql("postgres", "ALTER ROLE app PASSWORD 'secret'");
    watched.until(Verdict::Ready).await;
}
