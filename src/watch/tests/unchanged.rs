//! When a look may be left out because nothing was committed.

use std::sync::Arc;

use gate::ledger::{Ledger, Tool};

use super::*;
use crate::watch::hint::Hint;
use crate::watch::reader::Reader;

/// Tries within which a server that is left alone comes to rest: it commits what it finds out about
/// itself.
const TRIES: u32 = 200;

/// A table, and the ledger of a tool that holds an advisory lock while it migrates.
fn wanted() -> Wanted {
    let ledgers = [Ledger::usual(Tool::named("prisma").expect("a tool"))];
    Wanted {
        tables: names(&["orders", "_prisma_migrations"]),
        indexes: names(&["orders_id"]),
        privileges: true,
        ledgers: ledgers.into(),
        ..Wanted::default()
    }
}

const LEDGER: &str = "CREATE TABLE _prisma_migrations (id varchar(36), checksum varchar(64), finished_at timestamptz, \
    migration_name varchar(255), logs text, rolled_back_at timestamptz, started_at timestamptz, applied_steps_count int)";

async fn reader(database: &Database) -> Reader {
    Reader::open(database, &Arc::new(wanted()), &Arc::new(Hint::uncounted())).await.expect("a connection")
}

/// Looks as a watcher does; whether it was left out.
async fn is_left_out(reader: &mut Reader) -> bool {
    if reader.unchanged().await.expect("an answer").is_some() {
        return true;
    }
    for step in reader.begin() {
        reader.look_at(&step).await.expect("a look");
    }
    reader.end();
    false
}

/// Looks until a look is left out.
async fn come_to_rest(reader: &mut Reader) {
    for _ in 0..TRIES {
        if is_left_out(reader).await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no look was left out");
}

/// A session that stays open.
async fn session(cluster: &Cluster) -> tokio_postgres::Client {
    let address =
        format!("host={} port={} user=postgres dbname=postgres", cluster.socket_folder().display(), cluster.port);
    let (client, connection) = tokio_postgres::connect(&address, tokio_postgres::NoTls).await.expect("a client");
    tokio::spawn(connection);
    client
}

#[tokio::test]
async fn no_look_is_left_out_after_any_kind_of_change() {
    let cluster = Cluster::start();
    cluster.sql("postgres", "CREATE ROLE app; CREATE ROLE team; CREATE TABLE orders (id int)");
    cluster.sql("postgres", LEDGER);
    let mut reader = reader(&postgres(settings(cluster.socket_url("postgres", "postgres")))).await;
    for sql in [
        "ALTER TABLE orders ADD COLUMN total int",
        "ALTER TABLE orders RENAME COLUMN total TO sum",
        "ALTER TABLE orders ALTER COLUMN sum SET NOT NULL",
        "ALTER TABLE orders DROP COLUMN sum",
        "DROP TABLE orders",
        "CREATE UNLOGGED TABLE orders (id int)",
        "ALTER TABLE orders SET LOGGED",
        "CREATE INDEX CONCURRENTLY orders_id ON orders (id)",
        "REINDEX INDEX CONCURRENTLY orders_id",
        "DROP INDEX CONCURRENTLY orders_id",
        "GRANT SELECT ON orders TO app",
        "GRANT team TO app",
        "ALTER ROLE app SET search_path = team",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO app",
        "CREATE EXTENSION IF NOT EXISTS plpgsql; CREATE SCHEMA app",
        "INSERT INTO _prisma_migrations (id, migration_name) VALUES ('1', 'one')",
        "UPDATE _prisma_migrations SET finished_at = now()",
        "DELETE FROM _prisma_migrations",
        "TRUNCATE _prisma_migrations",
        "SET synchronous_commit = off; CREATE TABLE at_leisure (id int)",
        "CREATE TYPE mood AS ENUM ('ok')",
        "ALTER TYPE mood ADD VALUE 'sad'",
        "CREATE MATERIALIZED VIEW one AS SELECT 1 WITH NO DATA",
        "REFRESH MATERIALIZED VIEW one",
        "UPDATE pg_class SET relname = 'renamed' WHERE relname = 'at_leisure'",
    ] {
        come_to_rest(&mut reader).await;
        cluster.sql("postgres", sql);
        assert!(!is_left_out(&mut reader).await, "{sql}");
    }
}

#[tokio::test]
async fn what_a_look_could_not_see_yet_is_seen_when_it_is_committed() {
    let cluster = Cluster::start();
    let session = session(&cluster).await;
    let mut reader = reader(&postgres(settings(cluster.socket_url("postgres", "postgres")))).await;
    session
        .batch_execute("BEGIN; CREATE TABLE orders (id int); SAVEPOINT one; CREATE TABLE more (id int)")
        .await
        .expect("DDL");
    come_to_rest(&mut reader).await;
    session.batch_execute("COMMIT").await.expect("a commit");
    assert!(!is_left_out(&mut reader).await);
    assert!(reader.look().await.expect("a look").schemas["public"].relations.contains_key("orders"));
}

#[tokio::test]
async fn locks_and_settings_that_no_transaction_changes_are_part_of_what_is_compared() {
    let cluster = Cluster::start();
    cluster.sql("postgres", LEDGER);
    let session = session(&cluster).await;
    let mut reader = reader(&postgres(settings(cluster.socket_url("postgres", "postgres")))).await;
    come_to_rest(&mut reader).await;
    // Prisma's own.
    for sql in ["SELECT pg_advisory_lock(72707369)", "SELECT pg_advisory_unlock(72707369)"] {
        session.batch_execute(sql).await.expect("a lock");
        assert!(!is_left_out(&mut reader).await, "{sql}");
        come_to_rest(&mut reader).await;
    }
    cluster.sql("postgres", "ALTER SYSTEM SET search_path = other");
    come_to_rest(&mut reader).await;
    cluster.sql("postgres", "SELECT pg_reload_conf()");
    for _ in 0..TRIES {
        let known = reader.unchanged().await.expect("an answer");
        if known.is_none() && reader.look().await.expect("a look").search_path.contains(&"other".into()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the server's search path did not come into force");
}

#[tokio::test]
async fn a_ledger_that_could_not_be_read_or_changes_without_a_trace_is_read_each_time() {
    let cluster = Cluster::start();
    cluster.sql("postgres", LEDGER);
    let session = session(&cluster).await;
    let mut reader = reader(&postgres(settings(cluster.socket_url("postgres", "postgres")))).await;
    come_to_rest(&mut reader).await;
    session.batch_execute("BEGIN; LOCK _prisma_migrations IN ACCESS EXCLUSIVE MODE").await.expect("a lock");
    for _ in 0..5 {
        assert!(!is_left_out(&mut reader).await, "what it held before stands, and nobody knows for how long");
    }
    session.batch_execute("ROLLBACK").await.expect("a rollback");
    come_to_rest(&mut reader).await;

    cluster.sql(
        "postgres",
        "ALTER TABLE _prisma_migrations RENAME TO kept; CREATE VIEW _prisma_migrations AS SELECT * FROM kept",
    );
    for _ in 0..5 {
        assert!(!is_left_out(&mut reader).await, "a view may show anything");
    }
}
