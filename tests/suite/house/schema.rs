//! The tables that the incidents are about, as their migrations create them.

use super::cluster::Database;

/// `20251115170000_admin_control_panel`: the types.
pub(crate) const BACKUP_TYPES: &str = r#"
    CREATE TYPE "AdminBackupType" AS ENUM ('FULL', 'INCREMENTAL');
    CREATE TYPE "AdminBackupStatus" AS ENUM ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED');
"#;

/// The same: the tables.
pub(crate) const BACKUP_TABLES: &str = r#"
    CREATE TABLE "AdminBackupJob" ("id" serial PRIMARY KEY, "type" "AdminBackupType" NOT NULL,
                                   "status" "AdminBackupStatus" NOT NULL);
    CREATE TABLE "ServiceApiKey" ("id" serial PRIMARY KEY, "hash" text NOT NULL);
"#;

/// `20251029222740_change_control`.
pub(crate) const WINDOWS: &str = r#"
    CREATE TABLE "maintenance_windows" ("id" text, "orgId" text null, "startsAt" timestamp(3), "endsAt" timestamp(3),
        "message" text null, "blockWrites" boolean default true, "createdById" text null, "createdAt" timestamp(3));
"#;

/// Prisma's ledger.
pub(crate) const PRISMA_LEDGER: &str = r#"
    CREATE TABLE "_prisma_migrations" (
        "id" varchar(36) PRIMARY KEY, "checksum" varchar(64) NOT NULL, "finished_at" timestamptz,
        "migration_name" varchar(255) NOT NULL, "logs" text, "rolled_back_at" timestamptz,
        "started_at" timestamptz NOT NULL DEFAULT now(), "applied_steps_count" int NOT NULL DEFAULT 0)
"#;

/// Creates Prisma's ledger, empty, which the watcher may read.
pub(crate) async fn prisma_ledger(database: &Database) {
    database.execute(PRISMA_LEDGER).await;
    database.execute(&format!("GRANT SELECT ON \"_prisma_migrations\" TO {}", database.watcher())).await;
}

/// What Prisma writes of migrations that ended well.
pub(crate) fn applied<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    names.into_iter().map(|name| row(name, "clock_timestamp()", "NULL", 1)).collect()
}

/// What is left of a migration that failed and was resolved as rolled back.
pub(crate) fn rolled_back(name: &str) -> String {
    row(name, "NULL", "clock_timestamp()", 0)
}

fn row(name: &str, finished: &str, rolled_back: &str, steps: u8) -> String {
    format!(
        "INSERT INTO \"_prisma_migrations\" (id, checksum, finished_at, rolled_back_at, migration_name, started_at, \
         applied_steps_count) VALUES (gen_random_uuid(), 'edited', {finished}, {rolled_back}, '{name}', \
         clock_timestamp(), {steps});"
    )
}
