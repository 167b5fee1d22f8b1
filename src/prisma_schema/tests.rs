use std::fs;
use std::path::Path;

use gate::ledger::{Replay, Tool};
use proptest::prelude::*;

use super::{Compare, Kind, PrismaSchema, Schema, hold, parse};
use crate::migrations::Folder;

const POSTGRES: Compare = Compare { enums: true, types: true };

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// What is said of `schema` beside a migration of this SQL, a line each.
fn differences(schema: &str, sql: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[("schema.prisma", schema), ("migrations/1_all/migration.sql", sql)]);
    let read = PrismaSchema::read(&folder.path().join("schema.prisma")).unwrap_or_else(|error| panic!("{error}"));
    let migrations = Folder::read(Tool::named("prisma").unwrap(), &read.migrations()).unwrap();
    let held = hold(&read.schema, &Replay::of(&["public".into()], &migrations.migrations), POSTGRES);
    let line = |found: &super::Difference| {
        let colon = if found.detail.is_empty() { "" } else { ": " };
        let (place, kind) = (found.source.place.line, found.kind.as_str());
        format!("{place} {} {kind} {} {}{colon}{}", found.declared, found.what, found.object, found.detail)
    };
    held.differences.iter().map(line).collect()
}

fn complaint(schema: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[("schema.prisma", schema)]);
    let error = PrismaSchema::read(&folder.path().join("schema.prisma")).expect_err(schema).to_string();
    error.rsplit_once("schema.prisma").unwrap().1.to_owned()
}

/// Everything that Prisma can declare; its own migration is the fixture that follows.
const EVERYTHING: &str = r#"
generator client {
  provider        = "prisma-client-js"
  previewFeatures = ["views"]
}

datasource db {
  provider = "postgresql"
  url      = env("DATABASE_URL")
  schemas  = ["public",
    "audit"]
}

/// A person. { not a block
model User {
  id       String    @id @default(dbgenerated("gen_random_uuid()")) @db.Uuid
  email    String    @unique @map("email_address") // never { "lower
  role     Role      @default(USER)
  roles    Role[]    @default([USER])
  born     DateTime? @db.Date
  seen     DateTime  @default(now()) @db.Timestamptz(6)
  price    Decimal   @db.Decimal(10, 2)
  total    Decimal
  ratio    Float?
  n        Int       @default(autoincrement())
  small    Int       @db.SmallInt
  big      BigInt
  raw      Bytes?
  meta     Json?     @default("{\"a\": [1, 2]}")
  old      Json?     @db.Json
  tags     String[]
  name     String    @db.VarChar(191)
  place    Unsupported("geometry(Point, 4326)")?
  gone     String    @ignore
  posts    Post[]
  written  Post[]    @relation("Written")
  likes    User[]    @relation("Likes")
  liked    User[]    @relation("Likes")
  entries  Entry[]

  @@index([email, seen(sort: Desc)], map: "odd")
  @@schema("public")
}

model Post {
  a      Int
  b      Int
  by     User[]
  writer User   @relation("Written", fields: [userId], references: [id], onDelete: Cascade)
  userId String @map("user_id") @db.Uuid
  tags   Tag[]

  @@id([a, b])
  @@map("posts")
  @@schema("public")
}

model Tag {
  id    Int    @id
  posts Post[]
  @@schema("public")
}

model Entry {
  id     BigInt  @id
  kind   Kind?
  user   User?   @relation(fields: [userId], references: [id])
  userId String? @db.Uuid

  @@map("entries")
  @@schema("audit")
}

model Ignored {
  id Int @id
  @@ignore
  @@schema("public")
}

enum Role {
  USER
  ADMIN @map("admin")
  @@schema("public")
}

enum Kind {
  A
  @@map("entry_kind")
  @@schema("audit")
}

view Summary {
  id    Int @unique
  total Int
  @@map("summaries")
  @@schema("public")
}
"#;

const ITS_MIGRATION: &str = r#"
CREATE SCHEMA IF NOT EXISTS "audit";
CREATE TYPE "public"."Role" AS ENUM ('USER', 'admin');
CREATE TYPE "audit"."entry_kind" AS ENUM ('A');
CREATE TABLE "public"."User" ("id" UUID NOT NULL DEFAULT gen_random_uuid(), "email_address" TEXT NOT NULL,
  "role" "public"."Role" NOT NULL DEFAULT 'USER', "roles" "public"."Role"[] DEFAULT ARRAY['USER']::"public"."Role"[],
  "born" DATE, "seen" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP, "price" DECIMAL(10,2) NOT NULL,
  "total" DECIMAL(65,30) NOT NULL, "ratio" DOUBLE PRECISION, "n" SERIAL NOT NULL, "small" SMALLINT NOT NULL,
  "big" BIGINT NOT NULL, "raw" BYTEA, "meta" JSONB DEFAULT '{"a": [1, 2]}', "old" JSON, "tags" TEXT[],
  "name" VARCHAR(191) NOT NULL, "place" geometry(Point, 4326), CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
CREATE TABLE "public"."posts" ("a" INTEGER NOT NULL, "b" INTEGER NOT NULL, "user_id" UUID NOT NULL,
  CONSTRAINT "posts_pkey" PRIMARY KEY ("a","b"));
CREATE TABLE "public"."Tag" ("id" INTEGER NOT NULL, CONSTRAINT "Tag_pkey" PRIMARY KEY ("id"));
CREATE TABLE "audit"."entries" ("id" BIGINT NOT NULL, "kind" "audit"."entry_kind", "userId" UUID);
CREATE TABLE "public"."_Likes" ("A" UUID NOT NULL, "B" UUID NOT NULL);
CREATE TABLE "public"."_PostToUser" ("A" INTEGER NOT NULL, "B" UUID NOT NULL);
CREATE TABLE "public"."_PostToTag" ("A" INTEGER NOT NULL, "B" INTEGER NOT NULL);
CREATE VIEW "public"."summaries" ("id", "total") AS SELECT 1, 2;
"#;

#[test]
fn a_schema_and_its_migration_agree() {
    assert_eq!(differences(EVERYTHING, ITS_MIGRATION), [""; 0]);
}

#[test]
fn what_no_migration_makes_is_named_with_its_line() {
    let sql = ITS_MIGRATION
        .replace(", \"place\" geometry(Point, 4326)", "")
        .replace("\"email_address\"", "\"email\"")
        .replace(", 'admin'", "")
        .replace("CREATE TABLE \"public\".\"_Likes\"", "CREATE TABLE \"public\".\"_likes\"")
        .replace("CREATE TYPE \"audit\"", "CREATE TYPE \"public\"")
        .replace("(\"A\" INTEGER NOT NULL, \"B\" INTEGER", "(\"A\" INTEGER NOT NULL, \"C\" INTEGER")
        .replace("CREATE TABLE \"audit\"", "CREATE TABLE \"public\"")
        .replace("CREATE VIEW", "-- ");
    assert_eq!(
        differences(EVERYTHING, &sql),
        [
            "17 User.email missing column User.email_address",
            "33 User.place missing column User.place",
            "37 User.likes missing table _Likes",
            "51 Post.tags missing column _PostToTag.B",
            "64 Entry missing table audit.entries",
            "82 Role.ADMIN missing enum value Role.admin",
            "86 Kind missing enum audit.entry_kind",
            "92 Summary missing table summaries",
        ]
    );
}

#[test]
fn another_type_is_different_and_another_case_is_missing() {
    let schema = "model A {\n id Int @id\n at DateTime\n Name String\n e E\n}\nenum E {\n A\n}";
    let sql = "CREATE TABLE \"A\" (id text, at timestamptz, name text, e text); CREATE TYPE \"E\" AS ENUM ('A')";
    assert_eq!(
        differences(schema, sql),
        [
            "2 A.id different column A.id: migrations give it the type text, the schema integer",
            "3 A.at different column A.at: migrations give it the type timestamp with time zone, the schema timestamp(3) without time zone",
            "4 A.Name missing column A.Name: there is name, in another case",
            "5 A.e different column A.e: migrations give it the type text, the schema E",
        ]
    );
}

#[test]
fn what_a_migration_may_make_that_is_not_understood_cannot_be_told() {
    let schema =
        "model A {\n id Int @id\n note String\n other String\n kind K\n}\nenum K {\n x\n}\nmodel B {\n id Int @id\n}";
    let sql = "CREATE TABLE \"A\" (id int, kind int);\n\
               DO $$ BEGIN IF true THEN ALTER TABLE \"A\" ADD COLUMN note text, ALTER kind TYPE \"K\"; END IF; END $$;\n\
               CREATE TABLE \"B\" AS SELECT 1;";
    let block = "1_all (line 2) is not understood: it is a block of program";
    assert_eq!(
        differences(schema, sql),
        [
            format!("3 A.note cannot tell column A.note: {block}"),
            "4 A.other missing column A.other".to_owned(),
            format!(
                "5 A.kind cannot tell column A.kind: migrations give it the type integer, the schema K, but {block}"
            ),
            format!("7 K cannot tell enum K: {block}"),
            "10 B cannot tell table B: a query makes its columns, so id may be missing".to_owned(),
        ]
    );
}

#[test]
fn what_was_dropped_again_says_by_which_migration() {
    let sql = "CREATE TABLE \"A\" (id int, note text);\nALTER TABLE \"A\" DROP COLUMN note;";
    let schema = "model A {\n id Int @id\n note String\n}";
    assert_eq!(differences(schema, sql), ["3 A.note missing column A.note: 1_all (line 2) drops or renames it"]);
}

#[test]
fn the_files_of_a_folder_are_one_schema_and_its_migrations_lie_beside_the_datasource() {
    let folder = tempfile::tempdir().unwrap();
    let source = "datasource db {\n provider = \"sqlite\"\n url = \"file:x\"\n}\n";
    write(folder.path(), &[("models/a.prisma", "model A { id Int @id\n b B[] }"), ("main.prisma", source)]);
    write(
        folder.path(),
        &[(
            "models/deep/b.prisma",
            "model B {\n id Int @id\n aId Int\n a A @relation(fields: [aId], references: [id])\n}",
        )],
    );
    write(folder.path(), &[("migrations/x.sql", ""), ("node_modules/c.prisma", "nonsense")]);
    let read = PrismaSchema::read(folder.path()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((read.files.len(), read.schema.models.len()), (3, 2));
    assert_eq!(read.schema.provider.as_deref(), Some("sqlite"));
    assert_eq!(read.migrations(), folder.path().join("migrations"));
}

#[test]
fn what_is_no_schema_is_an_error_with_its_place() {
    let blocks = "`model`, `view`, `enum`, `type`, `datasource` or `generator`";
    for (schema, expected) in [
        ("modle A {\n}", format!(":1:1: expected {blocks}, found `modle`")),
        ("model A {\n  id Int @id\n", ":2:13: expected `}`, found the end of the file".to_owned()),
        ("model A {\n  id\n}", ":2:5: expected a type, found the end of the line".to_owned()),
        ("model A {\n  id Int @map(\"x\n}", ":2:15: this string does not end on its line".to_owned()),
        ("model A {\n  id Int @map(\"x\"\n}", ":3:1: expected `)` before this".to_owned()),
        (
            "model A {\n  id Int ?\n  @id\n}",
            ":3:4: expected `@`: a block's attributes begin with two, found `id`".to_owned(),
        ),
        ("model A {\n  id Int id\n}", ":2:10: expected the end of the line, found `id`".to_owned()),
        ("model A {\n  id Int\n  id Int\n}", ":3:3: id is declared twice".to_owned()),
        ("enum A {\n B\n}\nenum A {\n}", ":4:6: A is declared twice".to_owned()),
        (
            "model A {\n  id Strin\n}",
            ":2:3: Strin, the type of id, is no model, no enum and no type of Prisma's: do you mean String?".to_owned(),
        ),
    ] {
        assert_eq!(complaint(schema), expected, "{schema}");
    }
    assert!(PrismaSchema::read(Path::new("/nowhere.prisma")).unwrap_err().to_string().contains("it cannot be read"));
    let empty = tempfile::tempdir().unwrap();
    assert!(PrismaSchema::read(empty.path()).unwrap_err().to_string().contains("no .prisma file is in it"));
}

#[test]
fn a_missing_kind_is_counted_by_kind() {
    let schema = "model A {\n id Int @id\n}";
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[("schema.prisma", schema)]);
    let read = PrismaSchema::read(folder.path()).unwrap();
    let held = hold(&read.schema, &Replay::new(&["public".into()]), POSTGRES);
    assert_eq!([Kind::Missing, Kind::Different, Kind::CannotTell].map(|kind| held.count(kind)), [1, 0, 0]);
    assert_eq!(held.looked_for, 2);
}

/// Pieces of which schemas are made, and such as break them.
const PIECES: &[&str] = &[
    "model",
    "enum",
    "view",
    "datasource",
    "generator",
    "type",
    "A",
    "B",
    "{",
    "}",
    "\n",
    "id",
    "Int",
    "String",
    "?",
    "[]",
    "[",
    "]",
    "@",
    "@@",
    "map",
    "(",
    ")",
    "\"x\"",
    "\"",
    ",",
    ":",
    "fields",
    "//",
    ".",
    "db",
    "=",
    "Unsupported",
    "é",
    "\\",
    "provider",
    "relation",
    "ignore",
];

proptest! {
    #[test]
    fn whatever_a_schema_holds_reading_it_ends_well(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
        let _ = parse::add(&mut Schema::default(), &pieces.join(" "), 0);
        let _ = parse::add(&mut Schema::default(), &format!("model A {{\n{}\n}}", pieces.concat()), 0);
    }

    #[test]
    fn whatever_the_characters_of_a_schema_are_reading_them_ends_well(text in "\\PC{0,80}") {
        let _ = parse::add(&mut Schema::default(), &text, 0);
    }
}
