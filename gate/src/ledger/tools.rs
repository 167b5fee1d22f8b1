//! The table: what is known of each migration tool.
//!
//! Sources: the tools themselves, run against PostgreSQL 15 (Prisma 6.19, Django 5.2, Knex 3.3,
//! sequelize-cli 6.6, `TypeORM` 1.1, Drizzle 0.45 and 1.0-rc.5, `MikroORM` 6.6, node-pg-migrate 8.0,
//! db-migrate 0.11, Alembic 1.20, Rails 6.1, dbmate 2.36, sql-migrate, sqlx 0.8.6, refinery 0.8.16,
//! Diesel 2.3); the documentation of Flyway, Liquibase, golang-migrate, goose, Ecto, EF Core and
//! Laravel.

use super::{
    Checksum, Counting, FALSE, Files, FlatFiles, Key, Language, Late, Lead, Lock, Order, ReadBy, Role, Script, TRUE,
    Tool,
};

/// What most tools have in common; a row of the table says where it differs.
const PLAIN: Tool = Tool {
    name: "",
    title: "",
    schema: None,
    table: "",
    columns: &[],
    also: &[],
    sequence: None,
    joint: "",
    not_migrations: &[],
    shared: false,
    counting: Counting::AnyRow,
    lock: Lock::Unseen,
    files: Files::Flat(FLAT),
    order: Order::Name,
    late: Late::Applies,
    checksum: Checksum::None,
    language: Language::Code,
    script: Script::Whole,
    signs: &[],
    marks: &[],
    mend: "",
};

const FLAT: FlatFiles = FlatFiles { lead: Lead::Any, suffixes: &[], except: &[], key: Key::Stem, deep: false };

/// Every tool that schemagate knows.
pub static TOOLS: &[Tool] = &[
    Tool {
        name: "prisma",
        title: "Prisma Migrate",
        table: "_prisma_migrations",
        columns: &[
            (Role::Identity, "migration_name"),
            (Role::Checksum, "checksum"),
            (Role::FinishedAt, "finished_at"),
            (Role::RolledBackAt, "rolled_back_at"),
            (Role::Log, "logs"),
        ],
        also: &["id", "applied_steps_count"],
        sequence: Some("started_at"),
        lock: Lock::Advisory(72_707_369),
        files: Files::Folders { file: "migration.sql", key: Key::Name, every: true },
        checksum: Checksum::Sha256AnyNewline,
        language: Language::Sql,
        signs: &[
            "-- CreateTable",
            "-- AlterTable",
            "-- CreateEnum",
            "-- CreateIndex",
            "-- DropTable",
            "-- AddForeignKey",
        ],
        marks: &["migration_lock.toml"],
        mend: "npx prisma migrate deploy",
        ..PLAIN
    },
    Tool {
        name: "django",
        title: "Django",
        table: "django_migrations",
        columns: &[(Role::Identity, "app"), (Role::Identity, "name")],
        also: &["applied"],
        sequence: Some("id"),
        joint: ".",
        shared: true,
        files: Files::Read(ReadBy::Django),
        order: Order::Parents,
        signs: &["django.db", "(migrations.Migration)"],
        mend: "python manage.py migrate",
        ..PLAIN
    },
    Tool {
        name: "knex",
        title: "Knex",
        table: "knex_migrations",
        columns: &[(Role::Identity, "name")],
        also: &["batch", "migration_time"],
        sequence: Some("id"),
        lock: Lock::Row { table: "knex_migrations_lock", column: "is_locked" },
        files: Files::Flat(FlatFiles {
            suffixes: &[".js", ".ts", ".mjs", ".cjs", ".coffee", ".co", ".eg", ".iced", ".litcoffee", ".ls"],
            key: Key::Name,
            ..FLAT
        }),
        signs: &["knex", "Knex"],
        mend: "npx knex migrate:latest",
        ..PLAIN
    },
    Tool {
        name: "sequelize",
        title: "Sequelize (umzug)",
        table: "SequelizeMeta",
        columns: &[(Role::Identity, "name")],
        sequence: Some("name"),
        files: Files::Flat(FlatFiles {
            suffixes: &[".js", ".ts", ".cjs", ".cts", ".mjs", ".mts"],
            except: &[".d.ts", ".d.cts", ".d.mts"],
            key: Key::Name,
            ..FLAT
        }),
        signs: &["queryInterface", "QueryInterface", ".STRING", ".INTEGER", ".BOOLEAN", ".TEXT", ".DATE"],
        mend: "npx sequelize-cli db:migrate",
        ..PLAIN
    },
    Tool {
        name: "typeorm",
        title: "TypeORM",
        table: "migrations",
        columns: &[(Role::Identity, "name")],
        also: &["timestamp"],
        sequence: Some("id"),
        files: Files::Read(ReadBy::TypeOrm),
        order: Order::AsRead,
        signs: &["MigrationInterface"],
        mend: "npx typeorm migration:run",
        ..PLAIN
    },
    Tool {
        name: "drizzle",
        title: "Drizzle 0.x",
        schema: Some("drizzle"),
        table: "__drizzle_migrations",
        columns: &[(Role::Identity, "created_at"), (Role::Checksum, "hash")],
        sequence: Some("id"),
        files: Files::Read(ReadBy::DrizzleJournal),
        order: Order::AsRead,
        late: Late::Skips,
        checksum: Checksum::Sha256,
        language: Language::Sql,
        marks: &["meta/_journal.json"],
        mend: "npx drizzle-kit migrate",
        ..PLAIN
    },
    Tool {
        name: "drizzle-1",
        title: "Drizzle 1.0",
        schema: Some("drizzle"),
        table: "__drizzle_migrations",
        columns: &[(Role::Identity, "name"), (Role::Checksum, "hash")],
        also: &["created_at", "applied_at"],
        sequence: Some("id"),
        files: Files::Folders { file: "migration.sql", key: Key::Name, every: false },
        checksum: Checksum::Sha256,
        language: Language::Sql,
        signs: &["--> statement-breakpoint"],
        marks: &["snapshot.json"],
        mend: "npx drizzle-kit migrate",
        ..PLAIN
    },
    Tool {
        name: "mikro-orm",
        title: "MikroORM",
        table: "mikro_orm_migrations",
        columns: &[(Role::Identity, "name")],
        also: &["executed_at"],
        sequence: Some("id"),
        files: Files::Flat(FlatFiles { suffixes: &[".js", ".ts", ".cjs", ".mjs"], except: &[".d.ts"], ..FLAT }),
        signs: &["@mikro-orm/"],
        mend: "npx mikro-orm migration:up",
        ..PLAIN
    },
    Tool {
        name: "node-pg-migrate",
        title: "node-pg-migrate",
        table: "pgmigrations",
        columns: &[(Role::Identity, "name")],
        also: &["run_on"],
        sequence: Some("id"),
        lock: Lock::Advisory(7_241_865_325_823_964),
        files: Files::Flat(FlatFiles {
            suffixes: &[".js", ".ts", ".cjs", ".mjs", ".cts", ".mts", ".sql"],
            except: &[".d.ts"],
            ..FLAT
        }),
        order: Order::Number,
        late: Late::Refuses,
        language: Language::Either,
        script: Script::Marked { up: "Up Migration", down: "Down Migration", else_whole: true },
        signs: &["pgm", "-- Up Migration"],
        mend: "npx node-pg-migrate up",
        ..PLAIN
    },
    Tool {
        name: "db-migrate",
        title: "db-migrate",
        table: "migrations",
        columns: &[(Role::Identity, "name")],
        also: &["run_on"],
        sequence: Some("id"),
        files: Files::Flat(FlatFiles {
            suffixes: &[".js", ".ts", ".coffee"],
            except: &[".d.ts"],
            key: Key::SlashStem,
            ..FLAT
        }),
        signs: &["dbmigrate", "db-migrate"],
        mend: "npx db-migrate up",
        ..PLAIN
    },
    Tool {
        name: "alembic",
        title: "Alembic (Flask-Migrate)",
        table: "alembic_version",
        columns: &[(Role::Identity, "version_num")],
        counting: Counting::Heads,
        files: Files::Read(ReadBy::Alembic),
        order: Order::Parents,
        signs: &["down_revision"],
        mend: "alembic upgrade head",
        ..PLAIN
    },
    Tool {
        name: "rails",
        title: "Rails (ActiveRecord)",
        table: "schema_migrations",
        columns: &[(Role::Identity, "version")],
        lock: Lock::AdvisoryOfDatabase(2_053_462_845),
        files: Files::Flat(FlatFiles {
            lead: Lead::DigitsUnderscore,
            suffixes: &[".rb"],
            key: Key::Number,
            deep: true,
            ..FLAT
        }),
        order: Order::Number,
        signs: &["ActiveRecord::Migration"],
        mend: "bin/rails db:migrate",
        ..PLAIN
    },
    Tool {
        name: "dbmate",
        title: "dbmate",
        table: "schema_migrations",
        columns: &[(Role::Identity, "version")],
        files: Files::Flat(FlatFiles { lead: Lead::Digits, suffixes: &[".sql"], key: Key::Digits, ..FLAT }),
        language: Language::Sql,
        script: Script::Marked { up: "migrate:up", down: "migrate:down", else_whole: false },
        signs: &["-- migrate:up"],
        mend: "dbmate up",
        ..PLAIN
    },
    Tool {
        name: "golang-migrate",
        title: "golang-migrate",
        table: "schema_migrations",
        columns: &[(Role::Identity, "version"), (Role::BrokenIf(TRUE), "dirty")],
        counting: Counting::Watermark,
        files: Files::Flat(FlatFiles {
            lead: Lead::DigitsUnderscore,
            suffixes: &[".up.sql"],
            key: Key::Number,
            ..FLAT
        }),
        order: Order::Number,
        late: Late::Skips,
        language: Language::Sql,
        mend: "migrate up",
        ..PLAIN
    },
    Tool {
        name: "ecto",
        title: "Ecto",
        table: "schema_migrations",
        columns: &[(Role::Identity, "version")],
        sequence: Some("inserted_at"),
        files: Files::Flat(FlatFiles {
            lead: Lead::DigitsUnderscore,
            suffixes: &[".exs"],
            key: Key::Number,
            deep: true,
            ..FLAT
        }),
        order: Order::Number,
        signs: &["Ecto.Migration"],
        mend: "mix ecto.migrate",
        ..PLAIN
    },
    Tool {
        name: "laravel",
        title: "Laravel",
        table: "migrations",
        columns: &[(Role::Identity, "migration")],
        also: &["batch"],
        sequence: Some("id"),
        files: Files::Flat(FlatFiles { suffixes: &[".php"], ..FLAT }),
        signs: &["Illuminate\\Database\\Migrations"],
        mend: "php artisan migrate --force",
        ..PLAIN
    },
    Tool {
        name: "flyway",
        title: "Flyway",
        table: "flyway_schema_history",
        columns: &[
            (Role::Identity, "version"),
            (Role::IdentityElse, "script"),
            (Role::Checksum, "checksum"),
            (Role::DoneIf(TRUE), "success"),
            (Role::UndoneIf(&["undo_sql", "undo_script", "undo_jdbc", "delete"]), "type"),
            (Role::BaselineIf(&["baseline", "sql_baseline", "script_baseline", "jdbc_baseline"]), "type"),
        ],
        also: &["description"],
        sequence: Some("installed_rank"),
        not_migrations: &["<< Flyway Schema Creation >>"],
        counting: Counting::LastRow,
        files: Files::Flat(FlatFiles {
            lead: Lead::Letter(&['V', 'R']),
            suffixes: &[".sql"],
            key: Key::Version,
            deep: true,
            ..FLAT
        }),
        order: Order::Version,
        late: Late::Refuses,
        checksum: Checksum::Crc32OfLines,
        language: Language::Sql,
        mend: "flyway migrate",
        ..PLAIN
    },
    Tool {
        name: "refinery",
        title: "refinery",
        table: "refinery_schema_history",
        columns: &[(Role::Identity, "version")],
        also: &["name", "applied_on", "checksum"],
        files: Files::Flat(FlatFiles {
            lead: Lead::Letter(&['V', 'U']),
            suffixes: &[".sql", ".rs"],
            key: Key::Version,
            ..FLAT
        }),
        order: Order::Version,
        late: Late::Refuses,
        language: Language::Either,
        mend: "refinery migrate",
        ..PLAIN
    },
    Tool {
        name: "liquibase",
        title: "Liquibase",
        table: "databasechangelog",
        columns: &[
            (Role::Identity, "author"),
            (Role::Identity, "id"),
            (Role::DoneIf(&["executed", "reran", "mark_ran"]), "exectype"),
        ],
        also: &["filename", "md5sum"],
        sequence: Some("orderexecuted"),
        joint: ":",
        counting: Counting::LastRow,
        lock: Lock::Row { table: "databasechangeloglock", column: "locked" },
        files: Files::Read(ReadBy::Liquibase),
        order: Order::AsRead,
        language: Language::Sql,
        signs: &["--liquibase formatted sql", "-- liquibase formatted sql"],
        mend: "liquibase update",
        ..PLAIN
    },
    Tool {
        name: "goose",
        title: "goose",
        table: "goose_db_version",
        columns: &[(Role::Identity, "version_id"), (Role::UndoneIf(FALSE), "is_applied")],
        also: &["tstamp"],
        sequence: Some("id"),
        not_migrations: &["0"],
        counting: Counting::LastRow,
        files: Files::Flat(FlatFiles {
            lead: Lead::DigitsUnderscore,
            suffixes: &[".sql", ".go"],
            except: &["_test.go"],
            key: Key::Number,
            ..FLAT
        }),
        order: Order::Number,
        late: Late::Refuses,
        language: Language::Either,
        script: Script::Marked { up: "+goose Up", down: "+goose Down", else_whole: false },
        signs: &["+goose Up", "pressly/goose"],
        mend: "goose up",
        ..PLAIN
    },
    Tool {
        name: "sqlx",
        title: "sqlx",
        table: "_sqlx_migrations",
        columns: &[(Role::Identity, "version"), (Role::Checksum, "checksum"), (Role::DoneIf(TRUE), "success")],
        also: &["description", "installed_on"],
        sequence: Some("version"),
        lock: Lock::AdvisoryOfDatabase(0x3d32_ad9e),
        files: Files::Flat(FlatFiles {
            lead: Lead::DigitsUnderscore,
            suffixes: &[".up.sql", ".sql"],
            except: &[".down.sql"],
            key: Key::Number,
            ..FLAT
        }),
        order: Order::Number,
        checksum: Checksum::Sha384,
        language: Language::Sql,
        mend: "sqlx migrate run",
        ..PLAIN
    },
    Tool {
        name: "diesel",
        title: "Diesel",
        table: "__diesel_schema_migrations",
        columns: &[(Role::Identity, "version")],
        also: &["run_on"],
        sequence: Some("version"),
        files: Files::Folders { file: "up.sql", key: Key::Dashless, every: false },
        language: Language::Sql,
        mend: "diesel migration run",
        ..PLAIN
    },
    Tool {
        name: "ef-core",
        title: "Entity Framework Core",
        table: "__EFMigrationsHistory",
        columns: &[(Role::Identity, "MigrationId")],
        also: &["ProductVersion"],
        sequence: Some("MigrationId"),
        files: Files::Flat(FlatFiles {
            lead: Lead::DigitsUnderscore,
            suffixes: &[".cs"],
            except: &[".Designer.cs"],
            ..FLAT
        }),
        signs: &["Microsoft.EntityFrameworkCore.Migrations"],
        mend: "dotnet ef database update",
        ..PLAIN
    },
    Tool {
        name: "sql-migrate",
        title: "sql-migrate",
        table: "gorp_migrations",
        columns: &[(Role::Identity, "id")],
        also: &["applied_at"],
        sequence: Some("applied_at"),
        files: Files::Flat(FlatFiles { suffixes: &[".sql"], key: Key::Name, ..FLAT }),
        order: Order::Number,
        language: Language::Sql,
        script: Script::Marked { up: "+migrate Up", down: "+migrate Down", else_whole: false },
        signs: &["+migrate Up"],
        mend: "sql-migrate up",
        ..PLAIN
    },
];
