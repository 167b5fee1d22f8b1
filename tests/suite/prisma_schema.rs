//! In CI, a field that stands in the Prisma schema and in no migration fails the build: what would
//! have prevented the customer outage (`incident_c`).

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::house::Run;

const SCHEMA: &str = r#"datasource db {
  provider = "postgresql"
  url      = env("DATABASE_URL")
}

model Customer {
  id                       String    @id @default(cuid())
  name                     String
  contacts                 Contact[]
  agreementFileUrl         String?
  agreementFileName        String?
  agreementFileMimeType    String?
  agreementUploadedAt      DateTime?
  agreementUploadedByEmail String?

  @@map("customers")
}

model Contact {
  id         String   @id @default(cuid())
  email      String?
  customer   Customer @relation(fields: [customerId], references: [id])
  customerId String

  @@map("contacts")
}

model CustomerAuditEvent {
  id     String      @id @default(cuid())
  action AuditAction

  @@map("customer_audit_events")
}

enum AuditAction {
  CREATED
  UPDATED
}
"#;

/// What production had.
const BEFORE: [(&str, &str); 2] = [
    (
        "20250101000000_init",
        r#"
-- CreateTable
CREATE TABLE "customers" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,

    CONSTRAINT "customers_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "contacts" (
    "id" TEXT NOT NULL,
    "email" TEXT,
    "customerId" TEXT NOT NULL,

    CONSTRAINT "contacts_pkey" PRIMARY KEY ("id")
);

-- AddForeignKey
ALTER TABLE "contacts" ADD CONSTRAINT "contacts_customerId_fkey" FOREIGN KEY ("customerId") REFERENCES "customers"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
"#,
    ),
    (
        "20260209600000_add_customer_audit_events",
        r#"
-- CreateEnum
CREATE TYPE "AuditAction" AS ENUM ('CREATED', 'UPDATED');

-- CreateTable
CREATE TABLE "customer_audit_events" (
    "id" TEXT NOT NULL,
    "action" "AuditAction" NOT NULL,

    CONSTRAINT "customer_audit_events_pkey" PRIMARY KEY ("id")
);
"#,
    ),
];

const MENDING: (&str, &str) = (
    "20260209132434_add_customer_agreement_fields",
    r#"
-- AlterTable
ALTER TABLE "customers" ADD COLUMN     "agreementFileUrl" TEXT,
ADD COLUMN     "agreementFileName" TEXT,
ADD COLUMN     "agreementFileMimeType" TEXT,
ADD COLUMN     "agreementUploadedAt" TIMESTAMP(3),
ADD COLUMN     "agreementUploadedByEmail" TEXT;
"#,
);

fn migrate(folder: &Path, (name, sql): (&str, &str)) {
    let place = folder.join("prisma/migrations").join(name);
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join("migration.sql"), sql).unwrap();
}

/// The project's folder: no proxy.toml is needed.
fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for migration in BEFORE {
        migrate(folder.path(), migration);
    }
    fs::write(folder.path().join("prisma/migrations/migration_lock.toml"), "provider = \"postgresql\"\n").unwrap();
    fs::write(folder.path().join("prisma/schema.prisma"), SCHEMA).unwrap();
    folder
}

const CHECK: [&str; 3] = ["check", "--prisma-schema", "prisma/schema.prisma"];

#[tokio::test]
async fn a_field_that_no_migration_creates_fails_ci_until_its_migration_is_written() {
    let folder = project();
    let run = Run::of(folder.path(), &CHECK).expect(1);
    let lines: Vec<&str> = run.stdout.lines().collect();
    let missing = |line: u32, name: &str| {
        format!("prisma/schema.prisma:{line}:3: Customer.{name}: no migration makes column customers.{name}")
    };
    let names = [
        "agreementFileUrl",
        "agreementFileName",
        "agreementFileMimeType",
        "agreementUploadedAt",
        "agreementUploadedByEmail",
    ];
    let expected: Vec<String> = (10..).zip(names).map(|(line, name)| missing(line, name)).collect();
    assert_eq!(lines[..5], expected, "{}", run.stdout);
    assert_eq!(
        lines[5],
        "18 declared tables, columns, enums and values: 5 are in none of the 2 migrations in prisma/migrations"
    );
    assert!(lines[6].contains("npx prisma migrate dev --name add_customer_agreement_file_url"), "{}", lines[6]);

    migrate(folder.path(), MENDING);
    let run = Run::of(folder.path(), &CHECK).expect(0);
    assert_eq!(
        run.stdout.trim_end(),
        "18 declared tables, columns, enums and values: none is missing from the 3 migrations in prisma/migrations"
    );
}

#[tokio::test]
async fn programs_are_told_the_same_as_json() {
    let folder = project();
    let run = Run::of(folder.path(), &[&CHECK[..], &["--format", "json"]].concat()).expect(1);
    let json: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&json["complete"], &json["missing"], &json["cannot_tell"]), (&false.into(), &5.into(), &0.into()));
    let first = &json["differences"][0];
    assert_eq!(first["declared"], "Customer.agreementFileUrl");
    assert_eq!((&first["file"], &first["line"]), (&"prisma/schema.prisma".into(), &10.into()));
    assert_eq!((&first["kind"], &first["object"]), (&"missing".into(), &"customers.agreementFileUrl".into()));
}

#[tokio::test]
async fn what_may_be_made_where_nobody_can_read_is_a_warning_and_no_failure() {
    let folder = project();
    let block = "DO $$ BEGIN IF true THEN ALTER TABLE customers ADD COLUMN \"agreementFileUrl\" TEXT; END IF; END $$;\n\
                 ALTER TABLE customers ADD \"agreementFileName\" TEXT, ADD \"agreementFileMimeType\" TEXT,\n\
                 ADD \"agreementUploadedAt\" TIMESTAMP(3), ADD \"agreementUploadedByEmail\" TEXT;";
    migrate(folder.path(), ("20260301000000_odd", block));
    let run = Run::of(folder.path(), &CHECK).expect(0);
    let warning = "warning: prisma/schema.prisma:10:3: Customer.agreementFileUrl: cannot tell whether a migration makes column \
                   customers.agreementFileUrl so: 20260301000000_odd (line 1) is not understood: it is a block of program";
    assert_eq!(run.stderr.trim_end(), warning);
    assert!(
        run.stdout.contains("none is missing from the 3 migrations in prisma/migrations, 1 cannot be told"),
        "{}",
        run.stdout
    );
}

#[tokio::test]
async fn a_schema_that_does_not_parse_and_migrations_that_are_nowhere_are_usage_errors() {
    let folder = project();
    fs::write(folder.path().join("broken.prisma"), "model Customer {\n  id Strin\n").unwrap();
    let run = Run::of(folder.path(), &["check", "--prisma-schema", "broken.prisma"]).expect(2);
    assert!(run.stderr.contains("broken.prisma:2:11: expected `}`"), "{}", run.stderr);
    fs::write(folder.path().join("lonely.prisma"), SCHEMA).unwrap();
    let run = Run::of(folder.path(), &["check", "--prisma-schema", "lonely.prisma"]).expect(2);
    assert!(
        run.stderr.contains("migrations: there is no such folder: name the one with the migrations by --migrations"),
        "{}",
        run.stderr
    );
    let elsewhere = ["check", "--prisma-schema", "lonely.prisma", "--migrations", "prisma/migrations"];
    Run::of(folder.path(), &elsewhere).expect(1);
    let mysql = SCHEMA.replace("postgresql", "mysql");
    fs::write(folder.path().join("prisma/schema.prisma"), mysql).unwrap();
    let run = Run::of(folder.path(), &CHECK).expect(2);
    assert!(run.stderr.contains("it is for mysql"), "{}", run.stderr);
    Run::of(folder.path(), &["check", "--migrations", "prisma/migrations"]).expect(2);
}
