use std::fs;
use std::path::Path;

use gate::ledger::{Change, Files, Step, Steps, TOOLS, Tool};
use tempfile::TempDir;

use super::{Folder, detect};

/// A folder of these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn read(tool: &str, path: &Path) -> Result<Folder, super::FolderError> {
    Folder::read(Tool::named(tool).expect(tool), path)
}

/// What reading complains of, less the way to the folder.
fn complaint(tool: &str, files: &[(&str, &str)]) -> String {
    let folder = folder(files);
    let error = read(tool, folder.path()).map(|found| found.migrations).expect_err(tool).to_string();
    error.replace(&*folder.path().to_string_lossy(), "")
}

fn keys(tool: &str, files: &[(&str, &str)]) -> Vec<String> {
    let folder = folder(files);
    let found = read(tool, folder.path()).unwrap_or_else(|error| panic!("{error}"));
    found.migrations.into_iter().map(|migration| migration.key.into()).collect()
}

const KNEX: &str = "exports.up = (knex) => knex.schema;";
const MIGRATION: &str = "class Migration(migrations.Migration):\n";

#[test]
fn a_folder_that_is_not_there_and_one_that_is_none_are_errors() {
    let place = folder(&[("file", "")]);
    for tool in TOOLS {
        let missing = Folder::read(tool, &place.path().join("nowhere")).expect_err(tool.name).to_string();
        assert!(missing.ends_with("nowhere: there is no such folder"), "{missing}");
        let file = Folder::read(tool, &place.path().join("file")).expect_err(tool.name).to_string();
        assert!(file.contains("file: it is not a folder"), "{file}");
        let empty = Folder::read(tool, tempfile::tempdir().unwrap().path()).expect_err(tool.name).to_string();
        assert!(empty.contains(&format!("no migration of {} is in it", tool.title)), "{empty}");
    }
    assert!(detect(&place.path().join("nowhere")).is_err());
}

#[test]
fn a_folder_of_another_tool_is_named_as_that_tools() {
    assert_eq!(
        complaint("prisma", &[("20251001090000_init.js", KNEX)]),
        ": no migration of Prisma Migrate is in it: they look like those of knex"
    );
    assert_eq!(
        complaint("sequelize", &[("20251001090000_init.js", KNEX)]),
        ": its files are not of Sequelize (umzug): they look like those of knex"
    );
}

#[test]
fn signs_that_nobody_bears_are_no_reason_to_refuse_a_tool_that_was_named() {
    assert_eq!(keys("knex", &[("1_a.js", "exports.up = (k) => k.schema;")]), ["1_a.js"]);
    assert_eq!(keys("prisma", &[("1_a/migration.sql", "SELECT 1;")]), ["1_a"]);
}

#[test]
fn two_tools_that_fit_equally_are_both_named() {
    let place = folder(&[("1_a.up.sql", "SELECT 1;"), ("1_a.down.sql", "SELECT 1;")]);
    let error = detect(place.path()).map(|found| found.tool.name).expect_err("ambiguous").to_string();
    assert!(error.ends_with("it may be of golang-migrate or sqlx: name one of them with `tool`"), "{error}");
    let place = folder(&[("README.md", "")]);
    let error = detect(place.path()).map(|found| found.tool.name).expect_err("nothing").to_string();
    assert!(error.contains("no known tool finds migrations in it"), "{error}");
}

#[test]
fn a_folder_of_one_tool_that_cannot_be_read_says_why() {
    let place = folder(&[("meta/_journal.json", "{}")]);
    let error = detect(place.path()).map(|found| found.tool.name).expect_err("a broken journal").to_string();
    assert!(error.contains("_journal.json:1: it is not a journal of Drizzle's"), "{error}");
}

#[test]
fn prismas_folders_are_all_migrations_and_one_without_a_script_is_an_error() {
    assert_eq!(
        keys(
            "prisma",
            &[
                ("20251119_b/migration.sql", ""),
                ("20251118075122_a/migration.sql", ""),
                (".hidden/migration.sql", ""),
                ("no_timestamp/migration.sql", ""),
                ("20251118075122_a/nested/migration.sql", ""),
                ("loose.sql", ""),
            ]
        ),
        [".hidden", "20251118075122_a", "20251119_b", "no_timestamp"]
    );
    assert_eq!(
        complaint("prisma", &[("1_a/migration.sql", ""), ("2_b/notes.txt", "")]),
        "/2_b: migration.sql is missing: restore it, or delete what announces it"
    );
}

#[test]
fn drizzles_journal_marks_the_layout_that_looks_like_prismas() {
    let prisma = folder(&[("1_a/migration.sql", ""), ("migration_lock.toml", "provider = \"postgresql\"")]);
    assert_eq!(detect(prisma.path()).unwrap().tool.name, "prisma");
    let drizzle = folder(&[("1_a/migration.sql", ""), ("1_a/snapshot.json", "{}")]);
    assert_eq!(detect(drizzle.path()).unwrap().tool.name, "drizzle-1");
    let unmarked = folder(&[("1_a/migration.sql", "SELECT 1;")]);
    assert!(detect(unmarked.path()).unwrap_err().to_string().contains("prisma or drizzle-1"));
}

#[test]
fn a_journal_that_is_broken_or_names_a_missing_file_is_an_error_with_its_place() {
    let entry = r#"{"entries":[{"idx":0,"when":7,"tag":"0000_init"}]}"#;
    assert_eq!(
        complaint("drizzle", &[("meta/_journal.json", entry)]),
        "/meta/_journal.json: 0000_init.sql is missing: restore it, or delete what announces it"
    );
    let broken = complaint("drizzle", &[("meta/_journal.json", "{\n\"entries\": 7}")]);
    assert!(broken.starts_with("/meta/_journal.json:2: it is not a journal of Drizzle's"), "{broken}");
    assert_eq!(keys("drizzle", &[("meta/_journal.json", entry), ("0000_init.sql", "")]), ["7"]);
}

#[test]
fn two_files_of_one_identity_are_an_error() {
    assert_eq!(
        complaint("sqlx", &[("1_a.sql", ""), ("1_b.sql", "")]),
        "/1_b.sql: it has the same identity, 1, as 1_a.sql: rename one of them"
    );
}

#[test]
fn an_apps_label_is_what_its_apps_py_says() {
    let files: &[(&str, &str)] = &[
        ("wagtail/images/apps.py", "class C(AppConfig):\n    name = 'wagtail.images'\n    label = 'wagtailimages'\n"),
        ("wagtail/images/migrations/__init__.py", ""),
        ("wagtail/images/migrations/0001_initial.py", &format!("{MIGRATION}    initial = True\n")),
        ("shop/apps.py", "class C(AppConfig):\n    name = 'project.store'\n"),
        ("shop/migrations/__init__.py", ""),
        (
            "shop/migrations/0001_initial.py",
            &format!("{MIGRATION}    dependencies = [('wagtailimages', '__first__')]\n"),
        ),
        ("shop/migrations/_helpers.py", "x = 1\n"),
        ("other/migrations/0001_is_no_package.py", "x = 1\n"),
        (".venv/x/migrations/__init__.py", ""),
        (".venv/x/migrations/0001_initial.py", MIGRATION),
    ];
    assert_eq!(keys("django", files), ["wagtailimages.0001_initial", "store.0001_initial"]);
}

#[test]
fn what_django_computes_is_left_out_where_only_the_order_hangs_on_it() {
    let computed = "    dependencies = [('shop', '0001_a')] if X else []\n";
    let swapped =
        "    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL), ('shop', '0001_a')]\n";
    let init = ("shop/migrations/__init__.py", "");
    let first = ("shop/migrations/0001_a.py", &*format!("{MIGRATION}    pass\n"));
    for second in [computed, swapped] {
        let second = ("shop/migrations/0002_b.py", &*format!("{MIGRATION}{second}"));
        assert_eq!(keys("django", &[init, first, second]), ["shop.0001_a", "shop.0002_b"]);
    }
    let squash = ("shop/migrations/0003_c.py", &*format!("{MIGRATION}    replaces = [('shop', n) for n in NAMES]\n"));
    let message = complaint("django", &[init, first, squash]);
    assert!(message.starts_with("/shop/migrations/0003_c.py: `replaces` is computed"), "{message}");
    let orphan = ("shop/migrations/0004_d.py", &*format!("{MIGRATION}    dependencies = [('shop', '0003_gone')]\n"));
    assert_eq!(
        complaint("django", &[init, first, orphan]),
        "/shop/migrations/0004_d.py: it depends on shop.0003_gone, which is not on disk"
    );
    let broken = complaint("django", &[init, ("shop/migrations/0001_a.py", "class Migration(:\n    pass\n")]);
    assert!(broken.starts_with("/shop/migrations/0001_a.py:1: it is not Python"), "{broken}");
    let stray = complaint("django", &[init, first, ("shop/migrations/tools.py", "x = 1\n")]);
    assert!(stray.starts_with("/shop/migrations/tools.py: it has no class `Migration`"), "{stray}");
    // A package that happens to be called `migrations` and holds none.
    let library = [init, first, ("lib/migrations/__init__.py", ""), ("lib/migrations/autodetector.py", "x = 1\n")];
    assert_eq!(keys("django", &library), ["shop.0001_a"]);
}

#[test]
fn alembics_revisions_hang_together_or_the_gap_is_named() {
    let first = ("versions/z_first.py", "revision = 'z'\ndown_revision = None\n");
    let second = ("versions/a_second.py", "revision: str = 'a'\ndown_revision: Union[str, None] = 'z'\n");
    assert_eq!(keys("alembic", &[first, second, ("env.py", "x = 1\n")]), ["z", "a"]);
    assert_eq!(complaint("alembic", &[second]), "/versions/a_second.py: it depends on z, which is not on disk");
    let circle = ("versions/z_first.py", "revision = 'z'\ndown_revision = 'a'\n");
    assert_eq!(complaint("alembic", &[circle, second]), ": these migrations depend on each other in a circle: a, z");
    let stray = complaint("alembic", &[first, ("versions/notes.py", "x = 1\n")]);
    assert!(stray.starts_with("/versions/notes.py: it gives no plain value to `revision`"), "{stray}");
    let computed = complaint("alembic", &[("x.py", "revision = 'x'\ndown_revision = find()\n")]);
    assert!(computed.contains("no plain value to `down_revision`"), "{computed}");
}

#[test]
fn typeorms_classes_must_end_in_a_timestamp() {
    let text = "export class Init implements MigrationInterface {}";
    assert_eq!(
        complaint("typeorm", &[("1-init.ts", text)]),
        "/1-init.ts: class Init must end in a 13-digit timestamp, or TypeORM refuses it"
    );
}

#[test]
fn liquibases_other_formats_are_said_to_be_unread() {
    let sql = ("a.sql", "--liquibase formatted sql\n--changeset jo:1\nSELECT 1;\n--changeset jo:2\nSELECT 2;\n");
    assert_eq!(keys("liquibase", &[sql, ("root.xml", "<databaseChangeLog><includeAll/>")]), ["jo:1", "jo:2"]);
    let unread = complaint("liquibase", &[sql, ("b.xml", "<databaseChangeLog><changeSet id='1'/>")]);
    assert_eq!(unread, "/b.xml: only changesets in formatted SQL are read, and this changelog holds others");
}

#[test]
fn flyways_repeatables_come_last_and_are_not_summed_up_with_placeholders() {
    let folder = folder(&[
        ("V2__b.sql", "x"),
        ("V1_10__a.sql", "x"),
        ("V1_9__a.sql", "x"),
        ("views/R__plain.sql", "x"),
        ("R__placed.sql", "${x}"),
    ]);
    let found = read("flyway", folder.path()).unwrap().migrations;
    let said: Vec<(&str, bool, usize)> =
        found.iter().map(|one| (&*one.key, one.repeatable, one.checksums.len())).collect();
    assert_eq!(
        said,
        [
            ("1.9", false, 1),
            ("1.10", false, 1),
            ("2", false, 1),
            ("R__placed.sql", true, 0),
            ("views/R__plain.sql", true, 1)
        ]
    );
}

/// The tables that the one migration makes, and its lines; why it was not read, where it was not.
fn made(tool: &str, name: &str, text: &str) -> Vec<String> {
    let folder = folder(&[(name, text)]);
    let found = read(tool, folder.path()).unwrap_or_else(|error| panic!("{error}"));
    let step = |step: &Step| match &step.change {
        Change::CreateRelation(new) => format!("{} {}", step.line, new.name),
        other => panic!("{other:?}"),
    };
    match &found.migrations[0].steps {
        Steps::Read(steps) => steps.iter().map(step).collect(),
        Steps::NotRead { why } => vec![why.to_string()],
    }
}

#[test]
fn only_what_a_tool_applies_of_a_file_is_read() {
    let (up, down) = ("CREATE TABLE up (id int);", "CREATE TABLE down (id int);");
    let apart = |before: &str, between: &str| format!("{before}\n{up}\n{between}\n{down}\n");
    for (tool, name, text, expected) in [
        ("dbmate", "1_a.sql", apart("-- migrate:up transaction:false", "-- migrate:down"), "2 up"),
        ("goose", "1_a.sql", apart("-- +goose Up", "-- +goose Down"), "2 up"),
        ("sql-migrate", "1_a.sql", apart("-- +migrate Up", "-- +migrate Down"), "2 up"),
        ("node-pg-migrate", "1_a.sql", apart("-- Up Migration", "-- Down Migration"), "2 up"),
        ("node-pg-migrate", "1_a.sql", up.to_owned(), "1 up"),
        ("golang-migrate", "1_a.up.sql", up.to_owned(), "1 up"),
        ("sqlx", "1_a.sql", up.to_owned(), "1 up"),
        ("flyway", "V1__a.sql", up.to_owned(), "1 up"),
        ("diesel", "1_a/up.sql", up.to_owned(), "1 up"),
        ("prisma", "1_a/migration.sql", up.to_owned(), "1 up"),
        ("dbmate", "1_a.sql", up.to_owned(), "no line says what of it dbmate applies"),
        ("knex", "1_a.js", KNEX.to_owned(), "migrations of Knex are programs"),
        ("node-pg-migrate", "1_a.js", "pgm".to_owned(), "migrations of node-pg-migrate are programs"),
        ("goose", "1_a.go", "pressly/goose".to_owned(), "migrations of goose are programs"),
    ] {
        assert_eq!(made(tool, name, &text), [expected], "{tool} {name}");
    }
}

#[test]
fn each_changeset_of_a_file_is_read_on_its_own() {
    let text = "--liquibase formatted sql\n--changeset jo:1\nCREATE TABLE a (id int);\n\n--changeset jo:2\nCREATE TABLE b (id int);\n";
    let folder = folder(&[("a.sql", text)]);
    let found = read("liquibase", folder.path()).unwrap().migrations;
    let lines: Vec<Vec<u32>> =
        found.iter().map(|one| one.steps.read().iter().map(|step| step.line).collect()).collect();
    assert_eq!(lines, [[3], [6]]);
}

#[test]
fn every_tool_says_how_its_files_are_found() {
    for tool in TOOLS {
        if let Files::Flat(files) = tool.files {
            assert!(!files.suffixes.is_empty(), "{}", tool.name);
        }
    }
}
