//! Which of a Django project's apps count.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::house::{Database, Run};
use crate::ledger_states::{fixtures, load};

/// What `check` says where `release` is this, of this project.
fn check(database: &Database, migrations: &str, arguments: &[&str], code: i32) -> Run {
    let folder: TempDir = tempfile::tempdir().expect("a folder");
    let config = format!(
        "[databases.main]\nurl = \"{}\"\n[upstreams.api]\nservers = [\"127.0.0.1:1\"]\n\
         [requirements.release]\nmigrations = {{ {migrations} }}\n[[routes]]\npath = \"/*\"\nneeds = [\"release\"]\n",
        database.url()
    );
    fs::write(folder.path().join("proxy.toml"), config).expect("a file");
    Run::of(folder.path(), &[&["check"], arguments].concat()).expect(code)
}

fn project(folder: &Path) -> String {
    format!("tool = \"django\", path = \"{}\"", folder.display())
}

#[tokio::test]
async fn only_the_apps_that_were_named_are_expected_and_judged() {
    let database = load("django", "plain_pending").await;
    let plain = project(&fixtures("django").join("plain"));
    let all = check(&database, &plain, &["--database"], 1).stdout;
    assert!(all.contains("migration customers.") && all.contains("migration shop."), "{all}");
    let crm = check(&database, &format!("{plain}, apps = [\"customers\"]"), &["--database"], 1).stdout;
    assert!(crm.contains("migration customers.") && !crm.contains("shop."), "{crm}");
}

#[tokio::test]
async fn an_app_that_is_not_there_is_an_error_at_its_place() {
    let database = load("django", "").await;
    let plain = project(&fixtures("django").join("plain"));
    let complaint = check(&database, &format!("{plain}, apps = [\"customers\", \"shopp\"]"), &[], 2).stderr;
    assert!(complaint.contains("the folder has no migrations of an app `shopp`"), "{complaint}");
    assert!(complaint.contains("did you mean `shop`?") && complaint.contains("proxy.toml:6:"), "{complaint}");
    let complaint = check(&database, &format!("{plain}, apps = []"), &[], 2).stderr;
    assert!(complaint.contains("no migration would count"), "{complaint}");
    let prisma = fixtures("prisma").join("migrations");
    let prisma = format!("tool = \"prisma\", path = \"{}\", apps = [\"shop\"]", prisma.display());
    let complaint = check(&database, &prisma, &[], 2).stderr;
    assert!(complaint.contains("Prisma Migrate has no apps, Django has"), "{complaint}");
}

#[tokio::test]
async fn rows_of_apps_whose_tables_lie_elsewhere_contradict_unless_only_the_others_count() {
    // django-tenants writes every app's rows into every schema, tables or not.
    let database = load("django", "tenants_five_states").await;
    let tenants = project(&fixtures("django").join("tenants"));
    let all = check(&database, &tenants, &["--database"], 1).stdout;
    let claim = "table messages_sys_userstatus is missing: messages_sys.0002_userstatus made it and is applied";
    assert!(all.contains("contradicted release") && all.contains(claim), "{all}");
    let shared = check(&database, &format!("{tenants}, apps = [\"tenants\"]"), &["--database"], 0).stdout;
    assert!(!shared.contains("missing"), "{shared}");
}
