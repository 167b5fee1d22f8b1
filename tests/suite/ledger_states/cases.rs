//! The table: what each dump is, held against which files.

use gate::ledger::{MigrationState, Standing};

use MigrationState::{Failed, Late, Pending, Presumed, Replaced, RolledBack};
use Standing::{Ahead, Behind, NeverApplied, NoLedger, UpToDate};

/// A dump, the files held against it, and what they say together.
pub(super) struct Case {
    pub(super) tool: &'static str,
    /// Below the fixtures of that tool; empty: an empty database.
    pub(super) state: &'static str,
    pub(super) folder: &'static str,
    /// Files (or folders) that were not there when the dump was made.
    pub(super) without: &'static [&'static str],
    pub(super) standing: Standing,
    /// Every migration that is not simply applied.
    pub(super) but: &'static [(&'static str, MigrationState)],
    pub(super) unknown: &'static [&'static str],
}

const CASE: Case =
    Case { tool: "", state: "", folder: "migrations", without: &[], standing: UpToDate, but: &[], unknown: &[] };

pub(super) const CASES: &[Case] = &[
    // Prisma
    Case { tool: "prisma", state: "applied", ..CASE },
    Case { tool: "prisma", state: "empty", standing: NoLedger, but: ALL_OF_PRISMA, ..CASE },
    // Made by `db push`: the tables are there, and no ledger.
    Case { tool: "prisma", state: "push", standing: NoLedger, but: ALL_OF_PRISMA, ..CASE },
    Case {
        tool: "prisma",
        state: "pending",
        standing: Behind,
        but: &[
            ("20251115170000_admin_control_panel", Pending),
            ("20260209132434_add_customer_agreement_fields", Pending),
        ],
        ..CASE
    },
    Case {
        tool: "prisma",
        state: "failed",
        standing: Standing::Failed,
        but: &[
            ("20251115170000_admin_control_panel", Failed),
            ("20260209132434_add_customer_agreement_fields", Pending),
        ],
        ..CASE
    },
    Case {
        tool: "prisma",
        state: "rolled_back",
        standing: Behind,
        but: &[
            ("20251115170000_admin_control_panel", RolledBack),
            ("20260209132434_add_customer_agreement_fields", Pending),
        ],
        ..CASE
    },
    // Two rows of one name: the one that was rolled back is ignored.
    Case { tool: "prisma", state: "rolled_back_then_applied", ..CASE },
    Case {
        tool: "prisma",
        state: "resolve_applied",
        standing: Behind,
        but: &[
            ("20251029222740_change_control", Pending),
            ("20251115170000_admin_control_panel", Pending),
            ("20260209132434_add_customer_agreement_fields", Pending),
        ],
        ..CASE
    },
    Case {
        tool: "prisma",
        state: "absent_on_disk",
        without: &["20251115170000_admin_control_panel"],
        standing: Ahead,
        unknown: &["20251115170000_admin_control_panel"],
        ..CASE
    },
    Case {
        tool: "prisma",
        state: "push_over_ledger",
        standing: Standing::Failed,
        but: &[("20260209132434_add_customer_agreement_fields", Failed)],
        ..CASE
    },
    // Django
    Case { tool: "django", state: "plain_applied", folder: "plain", without: ONLY_THREE, ..CASE },
    Case {
        tool: "django",
        state: "",
        folder: "plain",
        without: ONLY_THREE,
        standing: NoLedger,
        but: &[
            ("customers.0001_initial", Pending),
            ("shop.0001_initial", Pending),
            ("shop.0002_product_price", Pending),
            ("shop.0003_product_sku", Pending),
        ],
        ..CASE
    },
    Case {
        tool: "django",
        state: "plain_pending",
        folder: "plain",
        without: ONLY_THREE,
        standing: Behind,
        but: &[("customers.0001_initial", Pending), ("shop.0003_product_sku", Pending)],
        ..CASE
    },
    // A faked migration cannot be told from an applied one by the ledger.
    Case { tool: "django", state: "plain_fake", folder: "plain", without: ONLY_THREE, ..CASE },
    Case {
        tool: "django",
        state: "plain_ghost_pruned",
        folder: "plain",
        without: &[SQUASH, BRANCH, MERGE, "shop/migrations/0003_product_sku.py"],
        ..CASE
    },
    Case {
        tool: "django",
        state: "plain_merged",
        folder: "plain",
        without: &[SQUASH],
        standing: Behind,
        but: &[("customers.0001_initial", Pending)],
        ..CASE
    },
    Case {
        tool: "django",
        state: "plain_squash_on_disk_originals_applied",
        folder: "plain",
        without: &[BRANCH, MERGE],
        ..CASE
    },
    Case { tool: "django", state: "plain_squash_recorded", folder: "plain", without: &[BRANCH, MERGE], ..CASE },
    Case {
        tool: "django",
        state: "plain_squash_fresh",
        folder: "plain",
        without: &[BRANCH, MERGE],
        standing: Behind,
        but: &[("customers.0001_initial", Pending)],
        ..CASE
    },
    Case {
        tool: "django",
        state: "plain_squash_originals_gone",
        folder: "plain",
        without: &[
            BRANCH,
            MERGE,
            "shop/migrations/0001_initial.py",
            "shop/migrations/0002_product_price.py",
            "shop/migrations/0003_product_sku.py",
        ],
        standing: Behind,
        but: &[("customers.0001_initial", Pending)],
        ..CASE
    },
    // Some originals of the squash are applied: they, and not the squash, are asked for.
    Case {
        tool: "django",
        state: "plain_pending",
        folder: "plain",
        without: &[BRANCH, MERGE],
        standing: Behind,
        but: &[
            ("customers.0001_initial", Pending),
            ("shop.0001_squashed_0003_product_sku", Replaced),
            ("shop.0003_product_sku", Pending),
        ],
        ..CASE
    },
    // Knex
    Case { tool: "knex", state: "applied", ..CASE },
    Case {
        tool: "knex",
        state: "pending_two_batches",
        standing: Behind,
        but: &[("20260209132434_agreement_fields", Pending)],
        ..CASE
    },
    // The whole batch is rolled back, so nothing tells the failure from a database never migrated.
    Case {
        tool: "knex",
        state: "failed",
        standing: NeverApplied,
        but: &[
            ("20251001090000_init", Pending),
            ("20251029222740_maintenance_windows", Pending),
            ("20260209132434_agreement_fields", Pending),
        ],
        ..CASE
    },
    Case {
        tool: "knex",
        state: "file_missing",
        without: &["20251029222740_maintenance_windows.js"],
        standing: Ahead,
        unknown: &["20251029222740_maintenance_windows.js"],
        ..CASE
    },
    // Sequelize
    Case { tool: "sequelize", state: "applied", ..CASE },
    Case {
        tool: "sequelize",
        state: "pending",
        standing: Behind,
        but: &[("20260209132434-add-agreement", Pending)],
        ..CASE
    },
    Case {
        tool: "sequelize",
        state: "failed",
        standing: Behind,
        but: &[("20260209132434-add-agreement", Pending)],
        ..CASE
    },
    Case {
        tool: "sequelize",
        state: "file_missing",
        without: &["20251029222740-create-maintenance-windows.js"],
        standing: Ahead,
        unknown: &["20251029222740-create-maintenance-windows.js"],
        ..CASE
    },
    // TypeORM
    Case { tool: "typeorm", state: "applied", ..CASE },
    Case {
        tool: "typeorm",
        state: "pending",
        standing: Behind,
        but: &[("AgreementFields1770643474000", Pending)],
        ..CASE
    },
    // Drizzle
    Case { tool: "drizzle", state: "applied", ..CASE },
    Case { tool: "drizzle", state: "pending", standing: Behind, but: &[("0002_agreement", Pending)], ..CASE },
    Case {
        tool: "drizzle",
        state: "failed",
        standing: NeverApplied,
        but: &[("0000_init", Pending), ("0001_maintenance_windows", Pending), ("0002_agreement", Pending)],
        ..CASE
    },
    // An older migration that came late: Drizzle says success and never applies it.
    Case {
        tool: "drizzle",
        state: "out_of_order",
        standing: Behind,
        but: &[("0001_maintenance_windows", Late)],
        ..CASE
    },
    Case { tool: "drizzle-1", state: "applied", ..CASE },
    // MikroORM
    Case { tool: "mikro-orm", state: "applied", ..CASE },
    Case {
        tool: "mikro-orm",
        state: "pending",
        standing: Behind,
        but: &[("Migration20261121080837_agreement", Pending)],
        ..CASE
    },
    Case {
        tool: "mikro-orm",
        state: "failed",
        standing: NeverApplied,
        but: &[("Migration20261121080834", Pending), ("Migration20261121080837_agreement", Pending)],
        ..CASE
    },
    // node-pg-migrate
    Case { tool: "node-pg-migrate", state: "applied", ..CASE },
    Case {
        tool: "node-pg-migrate",
        state: "pending",
        standing: Behind,
        but: &[("1770643474000_agreement", Pending)],
        ..CASE
    },
    // db-migrate
    Case { tool: "db-migrate", state: "applied", ..CASE },
    Case {
        tool: "db-migrate",
        state: "pending",
        standing: Behind,
        but: &[("20260209132434-agreement", Pending)],
        ..CASE
    },
    // Alembic
    Case { tool: "alembic", state: "applied", without: &["d4e5f6a7b8c9_branch.py", "e5f6a7b8c9d0_merge.py"], ..CASE },
    Case {
        tool: "alembic",
        state: "pending",
        without: &["d4e5f6a7b8c9_branch.py", "e5f6a7b8c9d0_merge.py"],
        standing: Behind,
        but: &[("c3d4e5f6a7b8_agreement", Pending)],
        ..CASE
    },
    // Alembic rolls back even the making of its table.
    Case {
        tool: "alembic",
        state: "failed",
        without: &["d4e5f6a7b8c9_branch.py", "e5f6a7b8c9d0_merge.py"],
        standing: NoLedger,
        but: &[
            ("a1b2c3d4e5f6_init", Pending),
            ("b2c3d4e5f6a7_change_control", Pending),
            ("c3d4e5f6a7b8_agreement", Pending),
        ],
        ..CASE
    },
    Case { tool: "alembic", state: "merged", ..CASE },
    // One of two branches is applied.
    Case {
        tool: "alembic",
        state: "applied",
        standing: Behind,
        but: &[("d4e5f6a7b8c9_branch", Pending), ("e5f6a7b8c9d0_merge", Pending)],
        ..CASE
    },
    // The ledger's only row names a revision of another release: what lies behind it is not told.
    Case {
        tool: "alembic",
        state: "unknown_revision",
        without: &["d4e5f6a7b8c9_branch.py", "e5f6a7b8c9d0_merge.py"],
        standing: Ahead,
        but: &[
            ("a1b2c3d4e5f6_init", Presumed),
            ("b2c3d4e5f6a7_change_control", Presumed),
            ("c3d4e5f6a7b8_agreement", Presumed),
        ],
        unknown: &["e5f6a7b8c9d0"],
        ..CASE
    },
    // The rest
    Case { tool: "rails", state: "applied", ..CASE },
    Case { tool: "dbmate", state: "applied", ..CASE },
    Case { tool: "sqlx", state: "applied", ..CASE },
    Case { tool: "diesel", state: "applied", ..CASE },
];

const ALL_OF_PRISMA: &[(&str, MigrationState)] = &[
    ("20251001090000_init", Pending),
    ("20251029222740_change_control", Pending),
    ("20251115170000_admin_control_panel", Pending),
    ("20260209132434_add_customer_agreement_fields", Pending),
];
const SQUASH: &str = "shop/migrations/0001_squashed_0003_product_sku.py";
const BRANCH: &str = "shop/migrations/0003_other_branch.py";
const MERGE: &str = "shop/migrations/0004_merge_0003_other_branch_0003_product_sku.py";
const ONLY_THREE: &[&str] = &[SQUASH, BRANCH, MERGE];
