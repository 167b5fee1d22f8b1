//! Notifications, the polls without them, and the triggers that send them.

use gate::Verdict;

use super::watched::Lines;
use super::*;
use crate::config::Notify;

const BREAK: &str = "ALTER TABLE customers DROP COLUMN \"agreementUrl\"";
const MEND: &str = "ALTER TABLE customers ADD COLUMN \"agreementUrl\" text";

/// A database in which the requirement holds.
fn ready(cluster: &Cluster) {
    cluster.sql("postgres", "CREATE TABLE customers (id int, \"agreementUrl\" text)");
}

/// Breaks and mends a few times; how long after its commit each change was seen, longest last.
async fn detection(cluster: &Cluster, watched: &Watched) -> Vec<Duration> {
    let address =
        format!("host={} port={} user=postgres dbname=postgres", cluster.socket_folder().display(), cluster.port);
    let (client, connection) = tokio_postgres::connect(&address, tokio_postgres::NoTls).await.expect("a client");
    let _connection = tokio::spawn(connection);
    let mut took = Vec::new();
    for _ in 0..10 {
        for (sql, verdict) in [(BREAK, Verdict::Broken), (MEND, Verdict::Ready)] {
            client.batch_execute(sql).await.expect("DDL");
            took.push(watched.until(verdict).await);
            // Not in step with the polls.
            tokio::time::sleep(Duration::from_millis(fastrand::u64(0..200))).await;
        }
    }
    took.sort();
    took
}

#[tokio::test]
async fn a_change_is_seen_at_once_by_notification_and_within_the_interval_by_poll() {
    let cluster = Cluster::start();
    ready(&cluster);
    cluster.sql("postgres", &trigger_sql(&TriggerKind::Event));
    let (lines, _guard) = Lines::collect();
    let mut slow = postgres(settings(cluster.socket_url("postgres", "postgres")));
    slow.refresh = Duration::from_secs(60);
    slow.max_age = Duration::from_secs(120);
    let watched = Watched::start(slow);
    watched.until(Verdict::Ready).await;
    assert!(watched.reader.is_settled());
    lines.until("listening for notifications").await;
    let took = detection(&cluster, &watched).await;
    eprintln!("by notification: median {:?}, longest {:?}", took[took.len() / 2], took[took.len() - 1]);
    assert!(took[took.len() - 1] < Duration::from_millis(250), "{took:?}");
    assert!(watched.metric("schemagate_notifications_total") >= 20.0);

    drop(watched);

    let mut poll = settings(cluster.socket_url("postgres", "postgres"));
    poll.notify = Notify::Never;
    let watched = Watched::start(postgres(poll));
    watched.until(Verdict::Ready).await;
    let took = detection(&cluster, &watched).await;
    eprintln!("by poll of 200 ms: median {:?}, longest {:?}", took[took.len() / 2], took[took.len() - 1]);
    assert!(took[took.len() - 1] < Duration::from_millis(450), "{took:?}");

    let broken = lines.with("requirement agreements is broken");
    assert_eq!(broken.len(), 20, "one line for each change");
    assert!(broken[0].contains("column customers.agreementUrl is missing"), "{}", broken[0]);
    assert!(broken[0].contains("npx prisma migrate deploy"), "{}", broken[0]);
    assert!(lines.with("is ready, after being broken for").len() >= 19);
}

#[tokio::test]
async fn a_burst_of_notifications_brings_few_looks() {
    let cluster = Cluster::start();
    ready(&cluster);
    let mut slow = postgres(settings(cluster.socket_url("postgres", "postgres")));
    slow.refresh = Duration::from_secs(60);
    let watched = Watched::start(slow);
    watched.until(Verdict::Ready).await;
    let looks = watched.metric("schemagate_look_duration_seconds_count");
    let began = std::time::Instant::now();
    let burst = format!("{};", "NOTIFY schemagate").repeat(500);
    cluster.sql("postgres", &burst.replace("schemagate;", "schemagate; COMMIT; BEGIN;"));
    watched.until_metric("schemagate_notifications_total", 500.0).await;
    watched.until_metric("schemagate_look_duration_seconds_count", looks + 1.0).await;
    let more = watched.metric("schemagate_look_duration_seconds_count") - looks;
    assert_eq!(watched.verdict(), Verdict::Ready);
    let most = began.elapsed().as_secs_f64() / 0.025 + 2.0;
    assert!(more <= most, "{more} looks for 500 notifications, at most {most} expected");
}

#[tokio::test]
async fn a_database_that_may_fall_asleep_is_let_go_and_looked_at_with_the_next_request() {
    let cluster = Cluster::start();
    ready(&cluster);
    let mut sleepy = postgres(settings(cluster.socket_url("postgres", "postgres")));
    sleepy.idle = Some(Idle { after: Duration::from_secs(1), refresh: Duration::from_secs(60) });
    let watched = Watched::start(sleepy);
    watched.until(Verdict::Ready).await;
    let connected = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'schemagate'";
    for _ in 0..100 {
        if cluster.sql("postgres", connected) == "0" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(cluster.sql("postgres", connected), "0", "it is let fall asleep");
    cluster.sql("postgres", BREAK);
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(watched.verdict(), Verdict::Ready, "what was known counts longer than max_age while it sleeps");
    watched.reader.note_request(watched.reader.now());
    assert!(watched.until(Verdict::Broken).await < Duration::from_millis(250));
}

#[tokio::test]
async fn the_triggers_notify_of_what_matters_and_can_be_removed() {
    let cluster = Cluster::start();
    ready(&cluster);
    let event = TriggerKind::Event;
    let ledger = TriggerKind::Ledger(ObjectName::qualified("public", "_prisma_migrations"));
    cluster.sql("postgres", "CREATE ROLE owner LOGIN; CREATE SCHEMA app AUTHORIZATION owner");
    let windows = TriggerKind::Windows(ObjectName::qualified("public", "maintenance_windows"));
    cluster.sql("postgres", "CREATE TABLE _prisma_migrations (id int); CREATE TABLE maintenance_windows (id int)");
    for kind in [&event, &ledger, &windows] {
        cluster.sql("postgres", &trigger_sql(kind));
        cluster.sql("postgres", &trigger_sql(kind));
    }
    let mut slow = postgres(settings(cluster.socket_url("postgres", "postgres")));
    slow.refresh = Duration::from_secs(60);
    let watched = Watched::start(slow);
    watched.until(Verdict::Ready).await;
    let mut heard = 0.0;
    for sql in [
        "CREATE TABLE t (id int)",
        "ALTER TABLE t ADD COLUMN name text",
        "CREATE INDEX CONCURRENTLY t_name ON t (name)",
        "REINDEX INDEX CONCURRENTLY t_name",
        "DROP INDEX CONCURRENTLY t_name",
        "CREATE TYPE mood AS ENUM ('good')",
        "ALTER TYPE mood ADD VALUE 'bad'",
        "CREATE MATERIALIZED VIEW m AS SELECT 1 AS one WITH NO DATA",
        "REFRESH MATERIALIZED VIEW m",
        "GRANT SELECT ON t TO owner",
        "DROP TABLE t",
        "INSERT INTO _prisma_migrations VALUES (1)",
        "UPDATE _prisma_migrations SET id = 2",
        "TRUNCATE _prisma_migrations",
        "INSERT INTO maintenance_windows VALUES (1)",
        "DELETE FROM maintenance_windows",
    ] {
        cluster.sql("postgres", sql);
        let before = heard;
        if sql.starts_with("REINDEX") {
            continue; // fires no event trigger before PostgreSQL 17
        }
        watched.until_metric("schemagate_notifications_total", before + 1.0).await;
        heard = watched.metric("schemagate_notifications_total");
    }
    cluster.sql("postgres", "CREATE TEMP TABLE mine (id int); ALTER TABLE mine ADD COLUMN x int; DROP TABLE mine");
    for kind in [&event, &ledger, &windows] {
        cluster.sql("postgres", &removal_sql(kind));
        cluster.sql("postgres", &removal_sql(kind));
    }
    // The removal itself is noticed while the event triggers still stand; nothing after it is.
    let left = "SELECT (SELECT count(*) FROM pg_event_trigger) + (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal) \
                + (SELECT count(*) FROM pg_proc WHERE proname ~ 'notify_schema_change|schemagate') \
                + (SELECT count(*) FROM pg_namespace WHERE nspname = 'schemagate')";
    assert_eq!(cluster.sql("postgres", left), "0");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(watched.metric("schemagate_notifications_total") <= heard, "temporary tables are nobody's business");
}

#[tokio::test]
async fn a_ledger_trigger_can_be_installed_by_the_ledgers_owner_and_a_broken_trigger_breaks_no_migration() {
    let cluster = Cluster::start();
    cluster.sql("postgres", "CREATE ROLE owner LOGIN; CREATE SCHEMA app AUTHORIZATION owner");
    let as_owner = |sql: &str| cluster.run_sql("postgres", "owner", sql);
    let ledger = TriggerKind::Ledger(ObjectName::qualified("app", "Odd \"Ledger\""));
    as_owner(r#"CREATE TABLE app."Odd ""Ledger""" (id int)"#).expect("a ledger");
    as_owner(&trigger_sql(&ledger)).expect("a trigger");

    let sabotaged = |kind: &TriggerKind| {
        let sql = trigger_sql(kind);
        let broken = sql.replace("IF pg_notification_queue_usage()", "PERFORM 1 / 0; IF pg_notification_queue_usage()");
        assert_ne!(sql, broken);
        broken
    };
    for sabotage in [
        Box::new(|kind: &TriggerKind| sabotaged(kind)) as Box<dyn Fn(&TriggerKind) -> String>,
        Box::new(|kind| trigger_sql(kind).replace("pg_notify(", "no_such_function(")),
        Box::new(|kind| trigger_sql(kind).replace("PERFORM pg_notify", "RAISE EXCEPTION 'no'; PERFORM pg_notify")),
    ] {
        cluster.sql("postgres", &sabotage(&TriggerKind::Event));
        as_owner(&sabotage(&ledger)).expect("a sabotaged trigger");
        as_owner(r#"CREATE TABLE app.t (id int); INSERT INTO app."Odd ""Ledger""" VALUES (1); DROP TABLE app.t"#)
            .expect("a migration");
    }
    // Nobody but the superuser may notify any more.
    cluster.sql("postgres", &trigger_sql(&TriggerKind::Event));
    as_owner(&trigger_sql(&ledger)).expect("a trigger");
    cluster.sql("postgres", "REVOKE EXECUTE ON FUNCTION pg_notify(text, text) FROM PUBLIC");
    as_owner(r#"CREATE TABLE app.t (id int); INSERT INTO app."Odd ""Ledger""" VALUES (1)"#).expect("a migration");
    as_owner(&removal_sql(&ledger)).expect("a removal");
}
