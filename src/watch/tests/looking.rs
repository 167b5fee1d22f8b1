//! What a single look finds.

use gate::{Privilege, RelationKind};

use super::*;

const SETUP: &str = r#"
    CREATE ROLE nobody LOGIN PASSWORD 'secret';
    CREATE ROLE app LOGIN PASSWORD 'secret';
    ALTER ROLE app SET search_path = "Tenant A", public;
    CREATE SCHEMA "Tenant A";
    CREATE SCHEMA locked;
    CREATE TYPE "Status" AS ENUM ('QUEUED', 'DONE');
    ALTER TYPE "Status" ADD VALUE 'RUNNING' BEFORE 'DONE';
    CREATE TABLE "AdminBackupJob" (
        id text PRIMARY KEY, status "Status" NOT NULL, "createdAt" timestamp(3), tags text[], gone int);
    ALTER TABLE "AdminBackupJob" DROP COLUMN gone;
    CREATE TABLE locked.secret (id int);
    CREATE TABLE "Tenant A".customers (id int, name varchar(20));
    CREATE TABLE customers (id int, email text, owner int);
    INSERT INTO customers (email) VALUES ('a'), ('a');
    ALTER TABLE customers ADD CONSTRAINT owner_positive CHECK (owner > 0) NOT VALID;
    ALTER TABLE customers ADD CONSTRAINT id_positive CHECK (id > 0);
    CREATE INDEX customers_owner ON customers (owner);
    CREATE VIEW a_view AS SELECT id FROM customers;
    CREATE MATERIALIZED VIEW never_refreshed AS SELECT id FROM customers WITH NO DATA;
    CREATE TABLE events (at timestamptz) PARTITION BY RANGE (at);
    CREATE FUNCTION add_tax(net numeric, percent int DEFAULT 20, OUT gross numeric) LANGUAGE sql AS 'SELECT $1';
    CREATE FUNCTION add_tax(numeric) RETURNS numeric LANGUAGE sql AS 'SELECT $1';
    GRANT SELECT, INSERT ON customers TO app;
    REVOKE ALL ON SCHEMA locked FROM PUBLIC;
"#;

/// Everything of [`SETUP`], and some things that are not there.
fn everything() -> Wanted {
    Wanted {
        schemas: ["locked".into(), "nowhere".into()].into(),
        tables: names(&[
            "AdminBackupJob",
            "adminbackupjob",
            "locked.secret",
            "customers",
            "a_view",
            "never_refreshed",
            "events",
            "customers_owner",
        ]),
        enums: names(&["Status", "customers"]),
        indexes: names(&["customers_owner", "customers_email"]),
        functions: names(&["add_tax", "gen_random_uuid"]),
        extensions: ["plpgsql".into(), "postgis".into()].into(),
        constraints: true,
        privileges: true,
        ..Wanted::default()
    }
}

async fn seen(settings: &Postgres, wanted: &Wanted) -> Catalog {
    look(&postgres(settings.clone()), wanted).await.expect("a look")
}

#[tokio::test]
async fn a_look_finds_every_kind_of_object_even_for_a_role_without_any_grants() {
    let cluster = Cluster::start();
    cluster.sql("postgres", SETUP);
    // Fails on purpose, and leaves an index that is not valid.
    assert!(
        cluster.try_sql("postgres", "CREATE UNIQUE INDEX CONCURRENTLY customers_email ON customers (email)").is_none()
    );
    cluster.sql("postgres", "REVOKE ALL ON SCHEMA public FROM PUBLIC");

    let mut catalogs = Vec::new();
    for url in [cluster.url("nobody", "postgres"), cluster.socket_url("postgres", "postgres")] {
        catalogs.push(seen(&settings(url), &everything()).await);
    }
    let [by_nobody, by_superuser] = catalogs.try_into().expect("two");
    let public = &by_nobody.schemas["public"];
    let job = &public.relations["AdminBackupJob"];
    assert_eq!(job.columns.keys().map(AsRef::as_ref).collect::<Vec<&str>>(), ["createdAt", "id", "status", "tags"]);
    assert_eq!(job.columns["createdAt"].ty.to_string(), "timestamp(3) without time zone");
    assert!("Status".parse::<gate::TypeName>().expect("a type").is_met_by(&job.columns["status"].ty));
    assert!(!job.columns["status"].nullable && job.columns["tags"].nullable);
    assert!(!public.relations.contains_key("adminbackupjob"), "names are exact");
    assert!(!public.relations.contains_key("customers_owner"), "an index is no table");
    assert!(by_nobody.schemas["locked"].relations.contains_key("secret"));
    assert_eq!(public.relations["a_view"].kind, RelationKind::View);
    assert_eq!(public.relations["events"].kind, RelationKind::Partitioned);
    assert!(!public.relations["never_refreshed"].populated);
    assert_eq!(public.enums["Status"], ["QUEUED".into(), "RUNNING".into(), "DONE".into()]);
    assert_eq!(public.enums.len(), 1, "a table's row type is no enum");
    assert!(public.indexes["customers_owner"].valid && !public.indexes["customers_email"].valid);
    let constraints = &public.relations["customers"].constraints;
    assert!(constraints["id_positive"] && !constraints["owner_positive"]);
    assert_eq!(public.functions["add_tax"], ["numeric".into(), "numeric, integer".into()].into());
    assert!(by_nobody.schemas["pg_catalog"].functions.contains_key("gen_random_uuid"), "pg_catalog is searched too");
    assert_eq!(by_nobody.extensions.keys().map(AsRef::as_ref).collect::<Vec<&str>>(), ["plpgsql"]);
    assert!(!by_nobody.schemas.contains_key("nowhere"));

    assert_eq!(by_nobody.role.as_deref(), Some("nobody"));
    assert!(!public.usage && public.relations["customers"].privileges.is_empty());
    assert!(by_superuser.schemas["public"].usage);
    assert_eq!(by_superuser.schemas["public"].relations["customers"].privileges.len(), Privilege::ALL.len());
}

#[tokio::test]
async fn privileges_and_search_path_are_those_of_the_role_that_is_named() {
    let cluster = Cluster::start();
    cluster.sql("postgres", SETUP);
    let watcher = settings(cluster.url("nobody", "postgres"));
    let app = Postgres { role: Some("app".to_owned()), ..watcher.clone() };

    let catalog = seen(&app, &everything()).await;
    assert_eq!(catalog.role.as_deref(), Some("app"));
    assert_eq!(*catalog.search_path, ["pg_catalog".into(), "Tenant A".into(), "public".into()]);
    assert!(catalog.schemas["Tenant A"].relations["customers"].columns.contains_key("name"));
    let granted = &catalog.schemas["public"].relations["customers"].privileges;
    assert_eq!(*granted, [Privilege::Select, Privilege::Insert].into());
    assert!(catalog.schemas["public"].usage && !catalog.schemas["Tenant A"].usage);
    cluster.sql("postgres", "REVOKE USAGE ON SCHEMA public FROM PUBLIC");
    assert!(!seen(&app, &everything()).await.schemas["public"].usage);

    let nobody_there = Postgres { role: Some("absent".to_owned()), ..watcher.clone() };
    assert_eq!(seen(&nobody_there, &everything()).await.role, None);

    assert_eq!(
        *seen(&watcher, &everything()).await.search_path,
        ["pg_catalog".into(), "nobody".into(), "public".into()]
    );
    let given = Postgres { search_path: Some(vec!["$user".to_owned(), "locked".to_owned()]), ..watcher };
    assert_eq!(*seen(&given, &everything()).await.search_path, ["pg_catalog".into(), "nobody".into(), "locked".into()]);
}

#[tokio::test]
async fn what_hinders_a_look_is_said_with_what_to_do() {
    let mut cluster = Cluster::start();
    let fails = async |settings: &Postgres| look(&postgres(settings.clone()), &tables(&["t"])).await.unwrap_err();
    cluster.sql("postgres", "CREATE ROLE nobody LOGIN PASSWORD 'another'; CREATE ROLE one LOGIN CONNECTION LIMIT 0");
    let mut with = settings(cluster.url("nobody", "postgres"));
    let error = fails(&with).await;
    assert_eq!(error.word, "authentication");
    assert!(error.message.contains("password authentication failed for user \"nobody\""), "{error}");
    assert!(!error.message.contains("secret"), "{error}");
    with.url.password = None;
    assert!(fails(&with).await.message.contains("asks for a password"));
    with.url = cluster.socket_url("one", "postgres");
    assert_eq!(fails(&with).await.word, "too_many_connections");
    with.url = cluster.socket_url("nobody", "absent");
    assert_eq!(fails(&with).await.word, "no_database");
    with.url = cluster.url("nobody", "postgres");
    with.url.tls = crate::config::TlsMode::Require;
    let error = fails(&with).await;
    assert_eq!(error.word, "tls", "{error}");
    assert!(error.message.contains("sslmode=disable"), "{error}");
    with.url.hosts = vec![crate::config::PostgresHost::Tcp("nowhere.invalid".to_owned(), 5432)];
    assert_eq!(fails(&with).await.word, "dns");

    // A lock on a system catalog, as VACUUM FULL takes it.
    let lock = "BEGIN; LOCK pg_catalog.pg_attribute IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(3)";
    let waits = settings(cluster.socket_url("nobody", "postgres"));
    std::thread::scope(|scope| {
        scope.spawn(|| cluster.sql("postgres", lock));
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(500));
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            let error = runtime.block_on(fails(&waits));
            assert!(matches!(error.word, "lock_timeout" | "timeout"), "{error}");
        });
    });

    cluster.stop();
    with.url = cluster.url("nobody", "postgres");
    assert_eq!(fails(&with).await.word, "refused");
    with.url = cluster.socket_url("nobody", "postgres");
    assert!(matches!(fails(&with).await.word, "refused" | "no_socket"));
}

#[tokio::test]
async fn a_look_at_a_hundred_tables_costs_the_server_at_most_five_milliseconds() {
    let cluster = Cluster::start();
    let columns = (0..10).map(|column| format!("\"column{column}\" timestamp(3)")).collect::<Vec<_>>().join(", ");
    let ddl: Vec<String> = (0..400).map(|table| format!("CREATE TABLE \"Table{table}\" ({columns})")).collect();
    cluster.sql("postgres", &ddl.join(";"));
    let mut wanted = Wanted::default();
    wanted.tables.extend((0..100).map(|table| ObjectName::unqualified(&format!("Table{table}"))));
    let columns = cost(&cluster, wanted.clone()).await;
    let more = cost(&cluster, Wanted { constraints: true, privileges: true, ..wanted }).await;
    eprintln!("one look: {columns:.2} ms of the server's time; constraints and privileges too: {more:.2} ms");
    assert!(columns <= 5.0, "{columns} ms");
}

/// Milliseconds that the server spends on a look at a hundred tables: time on a processor, and the
/// least of five goes, so that the machine's other work counts as little as it can.
async fn cost(cluster: &Cluster, wanted: Wanted) -> f64 {
    let settings = settings(cluster.socket_url("postgres", "postgres"));
    let mut looker = Looker::new(postgres(settings), wanted);
    looker.look().await.expect("a look");
    let server = cluster.sql("postgres", "SELECT pid FROM pg_stat_activity WHERE application_name = 'schemagate'");
    let spent = || {
        let schedule = std::fs::read_to_string(format!("/proc/{server}/schedstat")).expect("the server process");
        let nanoseconds: f64 = schedule.split(' ').next().and_then(|first| first.parse().ok()).expect("a number");
        nanoseconds / 1e6
    };
    let mut least = f64::INFINITY;
    for _ in 0..5 {
        let before = spent();
        for _ in 0..20 {
            let catalog = looker.look().await.expect("a look");
            assert_eq!(catalog.schemas["public"].relations.len(), 100);
        }
        least = least.min((spent() - before) / 20.0);
    }
    looker.close().await;
    least
}
