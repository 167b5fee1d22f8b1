//! The release's folder, and a database that is behind it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use crate::house::{Client, Cluster, Database, Echo, Gateway, Run};

/// The promise is refresh + one read + 250 ms, and `detection` holds it; a busy machine with two cores gets five seconds more.
pub(super) const T: Duration = Duration::from_millis(200 + 250 + 5000);
pub(super) const LIMIT: Duration = Duration::from_secs(15);

pub(super) const LEDGER: &str = r#"
    CREATE TABLE "_prisma_migrations" (
        "id" varchar(36) PRIMARY KEY, "checksum" varchar(64) NOT NULL, "finished_at" timestamptz,
        "migration_name" varchar(255) NOT NULL, "logs" text, "rolled_back_at" timestamptz,
        "started_at" timestamptz NOT NULL DEFAULT now(), "applied_steps_count" int NOT NULL DEFAULT 0)
"#;

pub(super) const APPLIED: &str = "20251001090000_init";

pub(super) const CHANGE_CONTROL: &str = "20251029222740_change_control";

/// The one of them that only adds an index.
pub(super) const PERFORMANCE_INDEXES: &str = "20251121_m16_performance_indexes";

/// Some timestamps are cut to the day, so they sort as text.
pub(super) const PENDING: [&str; 22] = [
    "20251118075122_m1_kds_enterprise_hardening",
    "20251118075337_migration_1",
    "20251118082922_m2_shifts_scheduling_stock_override",
    "20251118091049_m3_stock_movements_wastage_enhancements",
    "20251118093645_m3_low_stock_config",
    "20251118100000_m4_report_subscriptions",
    "20251118120523_m4_scheduled_digest_support",
    "20251119_m14_dev_portal_hardening",
    "20251120_m14_dev_portal_hardening",
    "20251120_m15_reservations_hardening",
    "20251120_m15_reservations_schema_hardening",
    "20251121_m16_idempotency_keys",
    "20251121_m16_performance_indexes",
    "20251121_m17_event_booking_tax",
    "20251122053128_m18_documents",
    "20251122061003_m19_staff_awards",
    "20251122080226_m20_feedback",
    "20251122084642_m21_idempotency_keys",
    "20251122092809_m22_promotion_suggestions",
    "20251201102614_e22_franchise_budgets",
    "20251203163419_add_org_is_demo",
    "20251204203334_mmmm",
];

/// What undoes [`CHANGE_CONTROL`] behind the ledger's back.
pub(super) const ROLLBACK: &str = r#"
    DROP TABLE "flag_audits", "feature_flags", "maintenance_windows"; DROP TYPE "FlagAction";
"#;

/// What a migration does. Each of those that say nothing here makes a table of its own name.
pub(super) fn script(name: &str) -> String {
    match name {
        APPLIED => {
            r#"CREATE TABLE "orders" ("id" text PRIMARY KEY, "total" numeric(10,2));
CREATE TABLE "customers" ("id" text PRIMARY KEY, "email" text);
"#
        }
        CHANGE_CONTROL => {
            r#"-- CreateEnum
CREATE TYPE "FlagAction" AS ENUM ('CREATE', 'UPDATE', 'DELETE');

-- CreateTable
CREATE TABLE "maintenance_windows" (
    "id" text NOT NULL, "orgId" text, "startsAt" timestamp(3) NOT NULL, "endsAt" timestamp(3) NOT NULL,
    "message" text, "blockWrites" boolean NOT NULL DEFAULT true, "createdById" text,
    "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "maintenance_windows_pkey" PRIMARY KEY ("id")
);
CREATE TABLE "feature_flags" ("id" text PRIMARY KEY, "key" text NOT NULL);
CREATE TABLE "flag_audits" ("id" text PRIMARY KEY, "flagId" text NOT NULL, "action" "FlagAction" NOT NULL);

-- CreateIndex
CREATE INDEX "maintenance_windows_orgId_idx" ON "maintenance_windows"("orgId");

-- AddForeignKey
ALTER TABLE "flag_audits" ADD CONSTRAINT "flag_audits_flagId_fkey"
    FOREIGN KEY ("flagId") REFERENCES "feature_flags"("id") ON DELETE CASCADE;
"#
        }
        PERFORMANCE_INDEXES => "CREATE INDEX \"orders_total_idx\" ON \"orders\"(\"total\");\n",
        "20251121_m17_event_booking_tax" => "ALTER TABLE \"orders\" ADD COLUMN \"eventTax\" numeric(5,2);\n",
        "20251203163419_add_org_is_demo" => "ALTER TABLE \"customers\" ADD COLUMN \"isDemo\" boolean;\n",
        other => return format!("CREATE TABLE \"{other}\" (\"id\" text PRIMARY KEY);\n"),
    }
    .to_owned()
}

/// What Prisma writes of migrations that ended well.
pub(super) fn rows<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let row = |name: &str| {
        format!(
            "INSERT INTO \"_prisma_migrations\" (id, checksum, finished_at, migration_name, started_at, \
             applied_steps_count) VALUES (gen_random_uuid(), encode(sha256($script${script}$script$), 'hex'), \
             clock_timestamp(), '{name}', clock_timestamp(), 1);",
            script = script(name),
        )
    };
    names.into_iter().map(row).collect()
}

/// The release's folder and a database.
pub(super) struct ChefCloud {
    pub(super) folder: TempDir,
    pub(super) database: Database,
    pub(super) url: String,
}

impl ChefCloud {
    /// A database whose ledger holds `applied`, read by a role that may read the ledger.
    pub(super) async fn with<'n>(applied: impl IntoIterator<Item = &'n str>) -> Self {
        let house = Self::without_ledger().await;
        house.database.execute(LEDGER).await;
        house.migrate(applied).await;
        let grant = format!("GRANT SELECT ON \"_prisma_migrations\" TO {}", house.database.watcher());
        house.database.execute(&grant).await;
        house
    }

    /// Applies migrations as Prisma does: one after the other, each with its row.
    pub(super) async fn migrate<'n>(&self, names: impl IntoIterator<Item = &'n str>) {
        for name in names {
            self.database.execute(&format!("BEGIN; {} {} COMMIT;", script(name), rows([name]))).await;
        }
    }

    pub(super) async fn without_ledger() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let migrations = folder.path().join("migrations");
        for name in [APPLIED, CHANGE_CONTROL].iter().chain(&PENDING) {
            fs::create_dir_all(migrations.join(name)).expect("a folder");
            fs::write(migrations.join(name).join("migration.sql"), script(name)).expect("a file");
        }
        fs::write(migrations.join("migration_lock.toml"), "provider = \"postgresql\"\n").expect("a file");
        let database = Cluster::shared().database().await;
        let url = database.watcher_url();
        Self { folder, database, url }
    }

    pub(super) fn migrations(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn config(&self, upstream: &str) -> String {
        format!(
            r#"
            [databases.main]
            url = "{url}"
            refresh = "200ms"
            [upstreams.api]
            servers = ["{upstream}"]
            [requirements.release]
            migrations = {{ tool = "prisma", path = "{folder}/migrations" }}
            [requirements.windows]
            tables = ["maintenance_windows"]
            [requirements.documents]
            tables = ["20251122053128_m18_documents"]
            [requirements.emails]
            columns = {{ customers = ["email"] }}
            [[routes]]
            path = "/api/orders/*"
            needs = ["release"]
            on_migrating = {{ block = {{ code = "MIGRATING" }} }}
            [[routes]]
            path = "/ops/maintenance/*"
            needs = ["release", "windows"]
            on_contradicted = {{ block = {{ code = "CONTRADICTED" }} }}
            [[routes]]
            path = "/api/documents/*"
            needs = ["documents", "release"]
            [[routes]]
            path = "/api/emails/*"
            needs = ["emails", "release"]
            [[routes]]
            path = "/*"
            "#,
            url = self.url,
            folder = self.migrations().display(),
        )
    }

    pub(super) async fn gateway(&self) -> (Gateway, Client, Echo) {
        let echo = Echo::start().await;
        let gateway = Gateway::start(&self.config(&echo.address())).await;
        let client = gateway.client();
        (gateway, client, echo)
    }

    /// What `check --database` prints.
    pub(super) fn check(&self, code: i32) -> String {
        fs::write(self.folder.path().join("proxy.toml"), self.config("127.0.0.1:1")).expect("a file");
        Run::of(self.folder.path(), &["check", "--database"]).expect(code).stdout
    }
}
