//! Which migrations are pending, and whether it is safe to let traffic in (`NestJS`, Prisma).

mod chef_cloud;
mod contradiction;
mod radius;

use std::fs;

use tokio_postgres::Client as Connection;

use crate::house::{Database, Run};

use chef_cloud::{APPLIED, CHANGE_CONTROL, ChefCloud, LEDGER, LIMIT, PENDING, ROLLBACK, T};

/// The migrations that are said to be pending, in order.
fn pending(printed: &str) -> Vec<&str> {
    let name = |line: &'_ str| -> Option<(usize, usize)> {
        let line = line.trim().strip_prefix("migration ")?;
        let line = line.split_once(" is pending").map(|(name, _)| name)?;
        let start = line.as_ptr() as usize - printed.as_ptr() as usize;
        Some((start, start + line.len()))
    };
    printed.lines().filter_map(name).map(|(start, end)| &printed[start..end]).collect()
}

#[tokio::test]
async fn check_prints_the_pending_migrations_in_order_and_exits_1() {
    let house = ChefCloud::with([APPLIED, CHANGE_CONTROL]).await;
    let printed = house.check(1);
    assert_eq!(pending(&printed), PENDING);
    assert!(printed.contains("to mend it: npx prisma migrate deploy"), "{printed}");

    house
        .database
        .execute(&format!("DELETE FROM \"_prisma_migrations\" WHERE migration_name = '{CHANGE_CONTROL}'"))
        .await;
    let printed = house.check(1);
    assert_eq!(pending(&printed), [&[CHANGE_CONTROL], &PENDING[..]].concat());

    house.database.execute(ROLLBACK).await;
    house.migrate([CHANGE_CONTROL].into_iter().chain(PENDING)).await;
    assert!(house.check(0).contains("ready"));
}

#[tokio::test]
async fn only_the_routes_that_need_the_ledger_are_gated_and_they_open_by_themselves() {
    let house = ChefCloud::with([APPLIED]).await;
    let (gateway, client, _echo) = house.gateway().await;
    assert_eq!(gateway.verdict("release").await, "broken");
    client.get("/api/orders/7").await.expect(503);
    client.get("/api/health").await.expect(200);

    // All but the last: still closed.
    house.migrate([CHANGE_CONTROL].into_iter().chain(PENDING).take(22)).await;
    let last = format!("migration {} is pending", PENDING[21]);
    crate::house::eventually("one is left", LIMIT, async || {
        let snapshot = gateway.admin().get("/api/v1/snapshot").await.expect(200);
        (snapshot.text().contains(&last) && !snapshot.text().contains(PENDING[20])).then_some(())
    })
    .await;
    client.get("/api/orders/7").await.expect(503);

    house.migrate([PENDING[21]]).await;
    gateway.verdict_becomes("release", "ready", T).await;
    client.get("/api/orders/7").await.expect(200);
}

#[tokio::test]
async fn wait_holds_the_container_until_the_ledger_is_complete_or_ends_with_the_list() {
    let house = ChefCloud::with([APPLIED, CHANGE_CONTROL]).await;
    fs::write(house.folder.path().join("proxy.toml"), house.config("127.0.0.1:1")).expect("a file");
    let wait = |timeout: &'static str, code: i32| {
        let folder = house.folder.path().to_owned();
        let run = move || Run::of(&folder, &["wait", "--interval", "100ms", "--timeout", timeout]).expect(code);
        tokio::task::spawn_blocking(run)
    };
    let late = wait("5s", 1).await.expect("a wait");
    assert_eq!((pending(&late.stdout), pending(&late.stderr)), (PENDING.to_vec(), PENDING.to_vec()));

    let held = wait("20s", 0);
    for name in PENDING {
        assert!(!held.is_finished());
        house.migrate([name]).await;
    }
    assert!(held.await.expect("a wait").stdout.starts_with("ready after "));
}

/// A migrator at work: its lock, and the row of a migration that it has begun.
async fn migrator(database: &Database) -> Connection {
    let migrator = database.connect().await;
    let begun = format!(
        "SELECT pg_advisory_lock(72707369); INSERT INTO \"_prisma_migrations\" (id, checksum, migration_name) VALUES \
         ('begun', 'x', '{CHANGE_CONTROL}')"
    );
    migrator.batch_execute(&begun).await.expect("a lock and a row");
    migrator
}

#[tokio::test]
async fn a_running_migration_is_migrating_and_one_whose_migrator_died_has_failed() {
    let house = ChefCloud::with([APPLIED]).await;
    let (gateway, client, _echo) = house.gateway().await;
    let migrator = migrator(&house.database).await;
    gateway.verdict_becomes("release", "migrating", LIMIT).await;
    assert_eq!(client.get("/api/orders").await.expect(503).json()["code"], "MIGRATING");
    client.get("/api/health").await.expect(200);

    drop(migrator);
    gateway.verdict_becomes("release", "broken", LIMIT).await;
    let snapshot = gateway.admin().get("/api/v1/snapshot").await.expect(200);
    assert!(snapshot.text().contains(&format!("migration {CHANGE_CONTROL} has failed")), "{}", snapshot.text());
}

#[tokio::test]
async fn a_failed_migration_is_broken_in_the_tools_own_words() {
    let house = ChefCloud::with([APPLIED]).await;
    let failed = format!(
        "INSERT INTO \"_prisma_migrations\" (id, checksum, migration_name, logs) VALUES ('f', 'x', '{CHANGE_CONTROL}', \
         E'A migration failed to apply.\\nDatabase error code: 42P01')"
    );
    house.database.execute(&failed).await;
    let printed = house.check(1);
    let words = "has failed: A migration failed to apply. Database error code: 42P01";
    assert!(printed.contains(&format!("migration {CHANGE_CONTROL} {words}")), "{printed}");
    assert_eq!(pending(&printed), PENDING);
}

#[tokio::test]
async fn a_missing_ledger_is_named_and_found_when_it_comes() {
    let house = ChefCloud::without_ledger().await;
    let printed = house.check(1);
    assert!(printed.contains("ledger _prisma_migrations is missing: 24 migrations of Prisma Migrate"), "{printed}");
    assert_eq!(pending(&printed), [""; 0], "nothing is known of them");

    let (gateway, client, _echo) = house.gateway().await;
    client.get("/api/orders").await.expect(503);
    let all = [APPLIED, CHANGE_CONTROL].into_iter().chain(PENDING);
    let grant = format!("GRANT SELECT ON \"_prisma_migrations\" TO {}", house.database.watcher());
    house.database.execute(&format!("{LEDGER}; {grant}")).await;
    house.migrate(all).await;
    gateway.verdict_becomes("release", "ready", LIMIT).await;

    house.database.execute("DROP TABLE \"_prisma_migrations\"").await;
    gateway.verdict_becomes("release", "broken", LIMIT).await;
}

#[tokio::test]
async fn a_ledger_that_may_not_be_read_names_the_grant_and_hides_nothing_else() {
    let mut house = ChefCloud::without_ledger().await;
    house.database.execute(LEDGER).await;
    house.migrate([APPLIED, CHANGE_CONTROL].into_iter().chain(PENDING)).await;
    let printed = house.check(1);
    let grant = format!("GRANT SELECT ON \"public\".\"_prisma_migrations\" TO \"{}\"", house.database.watcher());
    assert!(
        printed.contains("privilege SELECT on _prisma_migrations is denied") && printed.contains(&grant),
        "{printed}"
    );

    house.database.execute(&grant).await;
    house.check(0);
    house.url = house.database.url();
    house.check(0);
}

#[tokio::test]
async fn a_table_that_is_no_ledger_of_the_tools_is_not_taken_for_one() {
    let house = ChefCloud::without_ledger().await;
    house.database.execute("CREATE TABLE \"_prisma_migrations\" (id int, note text)").await;
    let printed = house.check(1);
    let expected = "ledger _prisma_migrations is different: it is not Prisma Migrate's; its columns are id, note";
    assert!(printed.contains(expected), "{printed}");
}

#[tokio::test]
async fn a_ledger_that_is_locked_keeps_what_it_said_last() {
    let house = ChefCloud::with([APPLIED, CHANGE_CONTROL].into_iter().chain(PENDING)).await;
    let (gateway, client, _echo) = house.gateway().await;
    assert_eq!(gateway.verdict("release").await, "ready");
    let migrator = house.database.connect().await;
    migrator.batch_execute("BEGIN; LOCK TABLE \"_prisma_migrations\"").await.expect("a lock");
    gateway.looks_again(3).await;
    assert_eq!(gateway.verdict("release").await, "ready");
    client.get("/api/orders").await.expect(200);
}

#[tokio::test]
async fn an_unset_database_url_is_another_exit_code_than_pending_migrations() {
    let mut house = ChefCloud::without_ledger().await;
    "${DATABASE_URL}".clone_into(&mut house.url);
    house.check(2);
}

#[tokio::test]
async fn a_folder_that_is_missing_empty_or_anothers_is_an_error_at_its_place() {
    let house = ChefCloud::without_ledger().await;
    let config = house.config("127.0.0.1:1");
    let file = house.folder.path().join("proxy.toml");
    let complaint = |config: &str| {
        fs::write(&file, config).expect("a file");
        Run::of(house.folder.path(), &["check"]).expect(2).stderr
    };
    let missing = complaint(&config.replace("/migrations\"", "/migrationz\""));
    assert!(missing.contains("there is no such folder") && missing.contains("proxy.toml:8:"), "{missing}");
    let another = complaint(&config.replace("\"prisma\"", "\"knex\""));
    assert!(another.contains("no migration of Knex is in it"), "{another}");
    let typo = complaint(&config.replace("\"prisma\"", "\"prism\""));
    assert!(typo.contains("knows no tool `prism`") && typo.contains("prisma"), "{typo}");
    fs::write(house.migrations().join("migrations/migration_lock.toml"), "provider = \"mysql\"\n").expect("a file");
    let foreign = complaint(&config);
    assert!(foreign.contains("they are for mysql"), "{foreign}");
}
