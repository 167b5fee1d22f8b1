//! Small projects of each kind, and hostile ones.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use tempfile::TempDir;

use super::*;
use crate::config::Config;

/// The folder of a fixture.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/projects").join(name)
}

/// What `init` says and writes of a project, its draft read back as `check` reads it.
fn seen(root: &Path) -> String {
    let project = Project::read(root).unwrap_or_else(|error| panic!("{error}"));
    let draft = project.draft(root);
    valid(&draft, root);
    let found = project.found().into_iter().map(|(what, place)| format!("{what}: {place}\n"));
    let notes = project.notes().iter().map(|note| format!("not understood: {note}\n"));
    format!("{}---\n{draft}", found.chain(notes).collect::<String>())
}

fn valid(draft: &str, root: &Path) -> Config {
    let is_url = |name: &str| name.ends_with("_URL");
    let env = |name: &str| is_url(name).then(|| "postgresql://app@127.0.0.1/app".to_owned());
    let config = Config::parse(draft, &root.join("proxy.toml"), &env);
    config.unwrap_or_else(|errors| panic!("{}\n{draft}", errors.render(false)))
}

fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    folder
}

#[test]
fn each_kind_of_project_gets_a_configuration_that_loads_with_a_reason_for_each_line() {
    let mut names: Vec<String> = fs::read_dir(fixture(""))
        .expect("fixtures")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    names.sort();
    assert_eq!(names.len(), 16, "{names:?}");
    for name in names {
        insta::assert_snapshot!(name.clone(), seen(&fixture(&name)));
    }
}

#[test]
fn no_value_of_a_variable_is_shown() {
    for (name, secrets) in [("prisma", ["hunter2", "very-secret"]), ("django", ["django-insecure", "hunter2"])] {
        let seen = seen(&fixture(name));
        assert!(secrets.iter().all(|secret| !seen.contains(secret)), "{seen}");
    }
}

#[test]
fn a_folder_that_says_nothing_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let complaint = |path: &Path| Project::read(path).expect_err("nothing").to_string();
    assert!(complaint(folder.path()).contains("nothing here is known to schemagate"), "{}", complaint(folder.path()));
    fs::write(folder.path().join("notes.txt"), "hello").expect("a file");
    assert!(complaint(folder.path()).contains("nothing here is known to schemagate"));
    assert!(complaint(&folder.path().join("notes.txt")).contains("it is not a folder"));
    assert!(complaint(&folder.path().join("nowhere")).contains("there is no such folder"));
}

#[test]
fn a_database_that_is_not_watched_is_an_error_with_its_place() {
    let folder = project(&[
        ("package.json", r#"{ "dependencies": { "@prisma/client": "*" } }"#),
        ("prisma/schema.prisma", "datasource db {\n  provider = \"mysql\"\n  url = env(\"DATABASE_URL\")\n}\n"),
        ("prisma/migrations/migration_lock.toml", "provider = \"mysql\"\n"),
        ("prisma/migrations/1_a/migration.sql", "-- CreateTable\n"),
    ]);
    let error = Project::read(folder.path()).expect_err("MySQL").to_string();
    assert_eq!(error, "prisma/schema.prisma:2: the database is mysql, and schemagate watches PostgreSQL and SQLite");
}

#[test]
fn what_a_framework_mounts_elsewhere_is_told_of_and_not_guessed() {
    let controller = "@Controller('health')\nexport class HealthController {\n  @Get()\n  check() {}\n}\n";
    let folder =
        project(&[("package.json", r#"{ "dependencies": { "@nestjs/core": "*" } }"#), ("src/health.ts", controller)]);
    let seen = seen(folder.path());
    assert!(seen.contains("not understood: src/health.ts:1: \"health\" looks like a health check"), "{seen}");
    assert_eq!(seen.matches("[[routes]]").count(), 1, "{seen}");
}

#[test]
fn names_that_hold_anything_are_written_so_that_they_are_read_back() {
    let odd = "a \"b\"\n[c] ${D} \u{1b}]0;x\u{7} $$ 'e' \\f";
    let folder = project(&[
        ("package.json", r#"{ "dependencies": { "express": "*" } }"#),
        (&format!("{odd}/prisma/schema.prisma"), "datasource db {\n  url = env(\"DATABASE_URL\")\n}\n"),
        (&format!("{odd}/prisma/migrations/1_a/migration.sql"), "-- CreateTable\n"),
        (
            &format!("{odd}/server.js"),
            "app.get('/health', x)\napp.get('/health\\n\"]]', x)\napp.get('/a/*/health', x)\n",
        ),
    ]);
    let seen = seen(folder.path());
    assert!(seen.contains("path = \"/health\""), "{seen}");
    assert_eq!(seen.matches("[[routes]]").count(), 2, "{seen}");
    let draft = seen.split("---\n").last().expect("a draft");
    assert!(draft.chars().all(|c| c == '\n' || !c.is_control()), "{draft:?}");
}

#[test]
fn a_variable_is_only_what_may_be_one() {
    let schema = "datasource db {\n  url = env(\"A}\\n[x]\")\n  directUrl = env(\"\")\n}\n";
    let folder = project(&[("package.json", "{ }"), ("prisma/schema.prisma", schema)]);
    let draft = Project::read(folder.path()).expect("a project").draft(folder.path());
    assert!(draft.contains("url = \"${DATABASE_URL}\"") && !draft.contains("direct_url"), "{draft}");
}

#[test]
fn what_is_enormous_or_no_file_is_left_alone() {
    let folder = project(&[
        ("package.json", r#"{ "dependencies": { "express": "*" } }"#),
        ("server.js", "app.get('/health', x)\n"),
        ("migrations/1_a.js", "exports.up = (knex) => knex;"),
    ]);
    let root = folder.path();
    // Sparse: it takes no room, and would take long to read.
    fs::File::create(root.join("big.js")).expect("a file").set_len(64 << 30).expect("a size");
    fs::File::create(root.join("migrations/2_big.js")).expect("a file").set_len(64 << 30).expect("a size");
    symlink("/", root.join("everything")).expect("a link");
    let mut below = root.to_owned();
    for _ in 0..60 {
        below.push("down");
    }
    fs::create_dir_all(&below).expect("folders");
    let made = Command::new("mkfifo").arg(root.join("pipe.py")).status().expect("mkfifo runs");
    assert!(made.success());
    let seen = seen(root);
    assert!(seen.contains("path = \"/health\""), "{seen}");
    assert!(seen.contains("migrations: it is too large to look through here"), "{seen}");
}

#[test]
fn settings_that_are_nested_beyond_reason_are_left_unread() {
    let (open, close) = ("[".repeat(60_000), "]".repeat(60_000));
    for settings in [
        format!("INSTALLED_APPS = {open}{close}\n"),
        format!("INSTALLED_APPS = []{}\n", " + []".repeat(40_000)),
        format!("INSTALLED_APPS = {}\n", "(".repeat(200_000)),
        format!("INSTALLED_APPS = {}\n", "([{".repeat(60_000)),
    ] {
        let manage = "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 's')\n";
        let folder = project(&[("manage.py", manage), ("s.py", &settings)]);
        let seen = seen(folder.path());
        assert!(seen.contains("not understood: s.py:1: it is"), "{seen}");
    }
}

#[test]
fn a_pipe_among_migrations_keeps_nobody_waiting() {
    let folder = project(&[("package.json", r#"{ "dependencies": { "knex": "*" } }"#), ("migrations/1_a.js", "knex")]);
    let made = Command::new("mkfifo").arg(folder.path().join("migrations/2_b.js")).status().expect("mkfifo runs");
    assert!(made.success());
    assert!(seen(folder.path()).contains("holds more than files and folders"));
}
