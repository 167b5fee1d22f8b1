//! The ledger says that it is applied, and what it made is gone.

use super::chef_cloud::{APPLIED, CHANGE_CONTROL, ChefCloud, LIMIT, PENDING, ROLLBACK, T, rows, script};
use crate::house::{Client, Gateway, eventually};

const GONE: [&str; 4] = [
    "table feature_flags is missing: 20251029222740_change_control made it and is applied",
    "table flag_audits is missing: 20251029222740_change_control made it and is applied",
    "table maintenance_windows is missing: 20251029222740_change_control made it and is applied",
    "enum type FlagAction is missing: 20251029222740_change_control made it and is applied",
];

async fn whole() -> ChefCloud {
    ChefCloud::with([APPLIED, CHANGE_CONTROL].into_iter().chain(PENDING)).await
}

async fn opens(client: &Client, path: &str) {
    eventually("it opens", LIMIT, async || (client.get(path).await.status == 200).then_some(())).await;
}

#[tokio::test]
async fn objects_that_were_rolled_back_behind_the_ledgers_back_are_a_contradiction_within_t() {
    let house = whole().await;
    let (gateway, client, _echo) = house.gateway().await;
    assert_eq!(gateway.verdict("release").await, "ready");
    client.get("/ops/maintenance/active").await.expect(200);

    house.database.execute(ROLLBACK).await;
    gateway.verdict_becomes("release", "contradicted", T).await;
    let refused = client.get("/ops/maintenance/active").await.expect(503);
    assert_eq!(refused.json()["code"], "CONTRADICTED");
    client.get("/api/orders/7").await.expect(503);
    // What they declare beside the ledger is whole.
    client.get("/api/documents").await.expect(200);
    client.get("/api/emails").await.expect(200);
    client.get("/api/health").await.expect(200);

    let printed = house.check(1);
    for finding in GONE {
        assert!(printed.contains(finding), "{finding} in\n{printed}");
    }
    assert_eq!(printed.matches("maintenance_windows is missing").count(), 2, "of `windows` too:\n{printed}");
    let mend = "take the migration's row out of the ledger and then npx prisma migrate deploy";
    assert!(printed.contains(mend), "{printed}");
    let line = gateway.logged("requirement release is contradicted").await;
    assert!(line.contains("maintenance_windows"), "{line}");

    // The migration is run again.
    house.database.execute(&format!("DELETE FROM _prisma_migrations WHERE migration_name = '{CHANGE_CONTROL}'")).await;
    gateway.verdict_becomes("release", "broken", LIMIT).await;
    house.migrate([CHANGE_CONTROL]).await;
    gateway.verdict_becomes("release", "ready", T).await;
    opens(&client, "/ops/maintenance/active").await;
    client.get("/api/orders/7").await.expect(200);
}

#[tokio::test]
async fn a_column_and_a_value_of_an_enum_that_are_gone_are_named() {
    let house = whole().await;
    house
        .database
        .execute(
            "ALTER TABLE orders DROP COLUMN \"eventTax\";
             DROP TABLE flag_audits; DROP TYPE \"FlagAction\"; CREATE TYPE \"FlagAction\" AS ENUM ('CREATE', 'UPDATE');
             CREATE TABLE flag_audits (id text, \"flagId\" text, action \"FlagAction\")",
        )
        .await;
    let printed = house.check(1);
    for finding in [
        "column orders.eventTax is missing: 20251121_m17_event_booking_tax made it and is applied",
        "enum type FlagAction is different: it lacks DELETE, which 20251029222740_change_control made, and that is applied",
    ] {
        assert!(printed.contains(finding), "{finding} in\n{printed}");
    }
    assert!(printed.contains("contradicted release"), "{printed}");
}

#[tokio::test]
async fn pending_and_contradicted_at_once_is_contradicted() {
    let house = ChefCloud::with([APPLIED, CHANGE_CONTROL]).await;
    house.database.execute(ROLLBACK).await;
    let printed = house.check(1);
    assert!(printed.contains("contradicted release"), "{printed}");
    assert_eq!(super::pending(&printed), PENDING);
}

#[tokio::test]
async fn a_contradiction_can_be_switched_off_or_passed() {
    let house = whole().await;
    house.database.execute(ROLLBACK).await;
    let echo = crate::house::Echo::start().await;
    let config = house.config(&echo.address());
    let off = Gateway::start(&config.replace("migrations\" }", "migrations\", contradictions = false }")).await;
    assert_eq!(off.verdict("release").await, "ready");
    off.client().get("/api/orders/7").await.expect(200);
    let passed = config.replace("on_migrating = {", "on_contradicted = \"pass\"\non_migrating = {");
    let passed = Gateway::start(&passed).await;
    assert_eq!(passed.verdict("release").await, "contradicted");
    passed.client().get("/api/orders/7").await.expect(200);
}

#[tokio::test]
async fn a_ledger_in_a_schema_of_its_own_says_where_the_tables_lie() {
    let mut house = ChefCloud::without_ledger().await;
    let all = || [APPLIED, CHANGE_CONTROL].into_iter().chain(PENDING);
    let scripts: String = all().map(script).collect();
    house
        .database
        .execute(&format!("CREATE SCHEMA app; SET search_path = app; {} ; {scripts} {}", super::LEDGER, rows(all())))
        .await;
    // The owner reads it; the search path leads to public.
    house.url = house.database.url();
    let echo = crate::house::Echo::start().await;
    let config = house.config(&echo.address()).replace("migrations\" }", "migrations\", schema = \"app\" }");
    let gateway = Gateway::start(&config).await;
    assert_eq!(gateway.verdict("release").await, "ready");
    house.database.execute("DROP TABLE app.flag_audits").await;
    gateway.verdict_becomes("release", "contradicted", LIMIT).await;
    let report = gateway.admin().get("/api/v1/snapshot").await.expect(200);
    assert!(report.text().contains(GONE[1]), "{}", report.text());
}
