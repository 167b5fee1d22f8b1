//! Each example's own script, which breaks, shows, mends, and fails where something is not as it says.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::house::{Cluster, Guarded, free_port};
use crate::project::{examples, home};

/// The tools of a project take seconds to start, and several examples run at once.
const LIMIT: Duration = Duration::from_secs(240);

/// Declares a test for each example, and one that none is left out.
macro_rules! examples {
    ($($test:ident: $folder:literal,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                tries($folder).await;
            }
        )*

        #[test]
        fn every_folder_of_the_examples_is_tried() {
            let tried = BTreeSet::from([$($folder.to_owned()),*]);
            let folders = fs::read_dir(examples()).expect("the examples").map(|entry| entry.expect("an entry"));
            let folders = folders.filter(|entry| entry.path().is_dir());
            let there: BTreeSet<_> = folders.map(|entry| entry.file_name().into_string().expect("a plain name")).collect();
            assert_eq!(there, tried);
        }
    };
}

examples! {
    a_django_project_is_gated_until_it_is_migrated_and_when_a_column_is_taken_away: "django",
    one_tenant_of_django_tenants_is_gated_alone: "django-tenants",
    an_app_over_knex_is_gated_until_it_is_migrated_and_when_that_is_taken_back: "express-knex",
    an_app_over_prisma_is_gated_until_its_columns_are_there: "express-prisma",
    a_list_over_sequelize_is_empty_until_its_table_is_there: "express-sequelize",
    a_fastapi_app_opens_migration_by_migration: "fastapi-alembic",
    logins_of_a_nestjs_app_are_refused_until_the_table_that_protects_is_there: "nestjs",
}

/// Runs an example's script over a database of the tests' cluster.
async fn tries(name: &str) {
    let database = Cluster::shared().database().await;
    let folder = tempfile::tempdir().expect("a folder for the output");
    let output = folder.path().join("output");
    let file = fs::File::create(&output).expect("a file");
    let mut script = Command::new(home(name).join("try"));
    script
        .env("DATABASE_URL", database.url())
        .env("SCHEMAGATE", env!("CARGO_BIN_EXE_schemagate"))
        .envs(["PORT", "APP_PORT", "ADMIN_PORT"].map(|variable| (variable, free_port().to_string())))
        .stdout(file.try_clone().expect("a file"))
        .stderr(file);
    // It ends what it has started when it is told to end.
    let mut script = Guarded::start(&mut script, Signal::SIGTERM, None);
    let ended = tokio::task::spawn_blocking(move || script.ends_within(LIMIT)).await.expect("a thread");
    let said = fs::read_to_string(output).expect("its output");
    assert_eq!(ended.and_then(|status| status.code()), Some(0), "{name}/try:\n{said}");
    let client = said.lines().rfind(|line| line.starts_with("of a client that asked all the time: "));
    let client = client.unwrap_or_else(|| panic!("nobody asked meanwhile:\n{said}"));
    println!("{name}: {client}");
    assert!(client.ends_with(" 0 × another failure") && !client.contains(": 0 × 200"), "{client}");
}
