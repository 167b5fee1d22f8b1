//! `schemagate init`: a first configuration for a project.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::house::{Cluster, Echo, Gateway, Run, copied, schemagate};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/projects").join(name)
}

/// A copy of a fixture, to write into.
fn project(name: &str) -> TempDir {
    copied(&fixture(name))
}

/// `schemagate ARGS` where the variables of every fixture are set.
fn run(folder: &Path, args: &[&str]) -> Run {
    let mut command = schemagate();
    for variable in ["DATABASE_URL", "ORDERS_DB_URL", "POSTGRES_URL"] {
        command.env(variable, "postgresql://app@127.0.0.1:1/app");
    }
    Run::command(command.args(args).current_dir(folder))
}

#[test]
fn what_it_writes_for_each_kind_of_project_passes_check() {
    for entry in fs::read_dir(fixture("")).expect("fixtures") {
        let name = entry.expect("an entry").file_name().into_string().expect("a name");
        let project = project(&name);
        let said = run(project.path(), &["init"]).expect(0).stdout;
        assert!(said.contains("proxy.toml is written") && said.contains("schemagate check"), "{name}: {said}");
        run(project.path(), &["check"]).expect(0);
    }
}

#[test]
fn a_file_that_is_there_is_written_over_only_if_told_to() {
    let project = project("prisma");
    let file = project.path().join("proxy.toml");
    fs::write(&file, "mine").expect("a file");
    let refused = run(project.path(), &["init"]).expect(2);
    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    assert_eq!(fs::read_to_string(&file).expect("a file"), "mine");
    run(project.path(), &["init", "--force"]).expect(0);
    run(project.path(), &["check"]).expect(0);
}

#[test]
fn it_can_be_written_elsewhere_or_only_shown() {
    let (project, elsewhere) = (project("prisma"), tempfile::tempdir().expect("a folder"));
    let folder = project.path().to_str().expect("a plain name");
    run(elsewhere.path(), &["init", folder, "--output", "gate.toml"]).expect(0);
    run(elsewhere.path(), &["check", "--config", "gate.toml"]).expect(0);
    let shown = run(elsewhere.path(), &["init", folder, "--output", "-"]).expect(0).stdout;
    assert!(shown.contains("path = \"prisma/migrations\""), "{shown}");
    assert!(!project.path().join("proxy.toml").exists());
    let nowhere = run(elsewhere.path(), &["init", folder, "--output", "no/such/folder.toml"]).expect(2);
    assert!(nowhere.stderr.contains("cannot write no/such/folder.toml"), "{}", nowhere.stderr);
}

#[test]
fn a_folder_without_an_app_is_exit_2_and_nothing_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("photo.raw"), [0xff; 64]).expect("a file");
    for (args, expected) in [
        (&["init"][..], "nothing here is known to schemagate"),
        (&["init", "nowhere"], "there is no such folder"),
        (&["init", "photo.raw"], "it is not a folder"),
    ] {
        let run = run(folder.path(), args).expect(2);
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }
    assert!(!folder.path().join("proxy.toml").exists());
}

#[tokio::test]
async fn what_it_writes_serves_and_refuses_nothing_on_day_one() {
    let project = project("prisma");
    run(project.path(), &["init"]).expect(0);
    let (database, echo) = (Cluster::shared().database().await, Echo::start().await);
    let draft = fs::read_to_string(project.path().join("proxy.toml")).expect("the draft");
    // What the test's own house sets; the rest is as it was written.
    let config = draft
        .replace("[listen]", "")
        .replace("http = \"0.0.0.0:8080\"", "")
        .replace("${DATABASE_URL}", &database.url())
        .replace("127.0.0.1:4000", &echo.address())
        .replace("prisma/migrations", &format!("{}/prisma/migrations", project.path().display()));
    let mode = "mode = \"observe\"\n";
    let config = config.replace(mode, "");
    let gateway = Gateway::start(&format!("[defaults]\n{mode}{config}")).await;
    assert_eq!(gateway.verdict("release").await, "broken");
    for path in ["/", "/api/customers", "/api/health", "/static/app.js"] {
        gateway.client().get(path).await.expect(200);
    }
    let config = config.replace("[databases.main]", "[defaults]\nmode = \"enforce\"\n[databases.main]");
    let gateway = Gateway::start(&config).await;
    gateway.client().get("/api/customers").await.expect(503);
    gateway.client().get("/api/health").await.expect(200);
    gateway.client().get("/static/app.js").await.expect(200);
}
