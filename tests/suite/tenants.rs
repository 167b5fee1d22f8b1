//! Tenants beyond the incident: other ways to name them, their ledgers, and what goes wrong.

use std::fs;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::house::zumodra::{Zumodra, ask, host};
use crate::house::{Answer, Cluster, Database, Echo, Gateway, Run, eventually, install_trigger};

const LIMIT: Duration = Duration::from_secs(15);

/// A configuration of tenants, and one requirement of each, `messages`.
fn config(database: &str, upstream: &str, tenants: &str, messages: &str) -> String {
    format!(
        r#"
        [databases.main]
        url = "{database}"
        refresh = "200ms"
        [upstreams.app]
        servers = ["{upstream}"]
        [tenants]
        needs = ["messages"]
        {tenants}
        [requirements.messages]
        per_tenant = true
        {messages}
        [[routes]]
        path = "/*"
        "#
    )
}

/// What `check --database` prints.
fn check(folder: &TempDir, config: &str, code: i32) -> String {
    fs::write(folder.path().join("proxy.toml"), config).expect("a file");
    Run::of(folder.path(), &["check", "--database"]).expect(code).stdout
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

const TABLES: &str = "tables = [\"messages\"]";

async fn schemas(names: &[&str]) -> Database {
    let database = Cluster::shared().database().await;
    for name in names {
        database.execute(&format!("CREATE SCHEMA \"{name}\"; CREATE TABLE \"{name}\".messages (id int)")).await;
    }
    database
}

#[tokio::test]
async fn a_label_of_the_host_names_the_tenant_who_is_there_while_the_schema_is() {
    let database = schemas(&["t_acme", "t_demo", "other"]).await;
    let echo = Echo::start().await;
    let tenants = "host = \"{tenant}.example.com\"\nschema = \"t_{tenant}\"\nunknown = 404";
    let gateway = Gateway::start(&config(&database.watcher_url(), &echo.address(), tenants, TABLES)).await;
    let client = gateway.client();
    let status = async |host: &str| ask(&client, Method::GET, host, "/").await.status;
    assert_eq!(status("acme.example.com").await, 200);
    assert_eq!(status("www.ACME.example.com.:80").await, 200);
    for stranger in ["other.example.com", "t_acme.example.com", "example.com", "public.example.com"] {
        assert_eq!(status(stranger).await, 404, "{stranger}");
    }
    database.execute("DROP TABLE t_demo.messages").await;
    eventually("demo is gated", LIMIT, async || (status("demo.example.com").await == 503).then_some(())).await;
    assert_eq!(status("acme.example.com").await, 200);
    database.execute("CREATE SCHEMA t_new; CREATE TABLE t_new.messages (id int)").await;
    eventually("a new one is served", LIMIT, async || (status("new.example.com").await == 200).then_some(())).await;
    database.execute("DROP SCHEMA t_demo CASCADE").await;
    eventually("demo is gone", LIMIT, async || (status("demo.example.com").await == 404).then_some(())).await;
}

#[tokio::test]
async fn a_header_names_the_tenant_once_and_in_any_case() {
    let database = schemas(&["acme", "demo"]).await;
    database.execute("DROP TABLE demo.messages").await;
    let echo = Echo::start().await;
    let tenants = "header = \"X-Tenant\"\nunknown = \"block\"";
    let gateway = Gateway::start(&config(&database.watcher_url(), &echo.address(), tenants, TABLES)).await;
    let client = gateway.client();
    let status = async |values: &[&str]| {
        let request = client.request(Method::GET, "/");
        Answer::to(values.iter().fold(request, |request, value| request.header("x-tenant", *value))).await.status
    };
    assert_eq!(status(&["acme"]).await, 200);
    assert_eq!(status(&["demo"]).await, 503);
    assert_eq!(status(&["DEMO"]).await, 503);
    assert_eq!(status(&[]).await, 503, "nobody is blocked");
    assert_eq!(status(&["nobody"]).await, 503);
    // Which one a backend takes, nobody knows.
    assert_eq!(status(&["acme", "demo"]).await, 400);
}

#[tokio::test]
async fn explain_says_whose_a_request_is_and_what_that_tenant_lacks() {
    let house = Zumodra::with(&["acme", "demo"]).await;
    house.break_tenant("demo").await;
    let folder = folder();
    let messages = "tables = [\"messages_sys_userstatus\"]";
    let text = config(&house.database.watcher_url(), "127.0.0.1:1", "from = \"django-tenants\"", messages);
    fs::write(folder.path().join("proxy.toml"), text).expect("a file");
    let explain = |tenant: &str, code| {
        let url = format!("https://{}/x", host(tenant));
        Run::of(folder.path(), &["explain", "GET", &url]).expect(code).stdout
    };
    let demo = explain("demo", 1);
    for told in ["tenant    demo", "need      messages: broken", "messages_sys_userstatus is missing", "--schema=demo"]
    {
        assert!(demo.contains(told), "{told} in {demo}");
    }
    assert!(explain("acme", 0).contains("need      messages: ready"));
    assert!(explain("nobody", 0).contains("of tenants, and the request is none's"));
}

#[tokio::test]
async fn every_kind_of_object_is_looked_for_in_the_tenants_own_schema() {
    let database = Cluster::shared().database().await;
    let watcher = database.watcher();
    for tenant in ["whole", "bare"] {
        database.execute(&format!("CREATE SCHEMA {tenant}")).await;
    }
    // Everything that the bare one lacks is in a schema that is no tenant's, too.
    for schema in ["whole", "public"] {
        database
            .execute(&format!(
                "SET search_path TO {schema};
                 CREATE TYPE mood AS ENUM ('ok', 'sad');
                 CREATE TABLE orders (id int NOT NULL, total numeric(10,2), mood mood, moods mood[], note varchar(20));
                 ALTER TABLE orders ADD CONSTRAINT orders_total CHECK (total > 0);
                 CREATE INDEX orders_total_idx ON orders (total);
                 CREATE FUNCTION recount(mood, int) RETURNS int LANGUAGE sql AS 'SELECT 1';
                 CREATE VIEW open_orders AS SELECT 1 AS one;
                 GRANT USAGE ON SCHEMA {schema} TO {watcher}; GRANT SELECT ON orders TO {watcher}"
            ))
            .await;
    }
    let messages = r#"
        tables = ["orders", "open_orders"]
        columns = { orders = ["id int not null", "total numeric(10,2) null", "mood mood", "moods mood[]", "note varchar(20)"] }
        enums = { mood = ["ok", "sad"] }
        indexes = ["orders_total_idx"]
        constraints = { orders = ["orders_total"] }
        functions = ["recount(mood, integer)"]
        privileges = { orders = ["SELECT"] }
    "#;
    let text = config(&database.watcher_url(), "127.0.0.1:1", "header = \"X-Tenant\"", messages);
    let folder = folder();
    let printed = check(&folder, &text, 1);
    assert!(printed.contains("1 tenants are ready, 1 are not"), "{printed}");
    assert!(printed.contains("tenant bare") && !printed.contains("tenant whole"), "{printed}");
    for told in [
        "table orders falls through to public",
        "table open_orders falls through to public",
        "enum type mood falls through to public",
        "index orders_total_idx is missing",
        "function recount falls through to public",
    ] {
        assert!(printed.contains(told), "{told} in {printed}");
    }

    for (breaks, mends, told) in [
        (
            "ALTER TABLE whole.orders ALTER note TYPE varchar(30)",
            "ALTER TABLE whole.orders ALTER note TYPE varchar(20)",
            "column orders.note is different: its type is character varying(30)",
        ),
        (
            "ALTER TABLE whole.orders ALTER mood TYPE public.mood USING 'ok'",
            "ALTER TABLE whole.orders ALTER mood TYPE whole.mood USING 'ok'",
            "",
        ),
        (
            "ALTER TABLE whole.orders ALTER id DROP NOT NULL",
            "ALTER TABLE whole.orders ALTER id SET NOT NULL",
            "required is NOT NULL",
        ),
        (
            "ALTER TYPE whole.mood RENAME VALUE 'sad' TO 'blue'",
            "ALTER TYPE whole.mood RENAME VALUE 'blue' TO 'sad'",
            "enum type mood is different: it lacks sad",
        ),
        (
            &format!("REVOKE SELECT ON whole.orders FROM {watcher}"),
            &format!("GRANT SELECT ON whole.orders TO {watcher}"),
            "GRANT SELECT ON \"whole\".\"orders\" TO",
        ),
    ] {
        database.execute(breaks).await;
        let printed = check(&folder, &text, 1);
        assert!(printed.contains(told), "{told} in {printed}");
        assert_eq!(printed.contains("tenant whole"), !told.is_empty(), "{breaks}: {printed}");
        database.execute(mends).await;
    }
}

/// A folder of Django migrations of one application.
fn migrations() -> TempDir {
    let folder = folder();
    let home = folder.path().join("messages_sys/migrations");
    fs::create_dir_all(&home).expect("a folder");
    fs::write(home.join("__init__.py"), "").expect("a file");
    for (name, after) in [("0001_initial", "[]"), ("0002_userstatus", "[(\"messages_sys\", \"0001_initial\")]")] {
        let text = format!(
            "from django.db import migrations\n\nclass Migration(migrations.Migration):\n    dependencies = {after}\n    \
             operations = [migrations.RunSQL(sql)]\n"
        );
        fs::write(home.join(format!("{name}.py")), text).expect("a file");
    }
    folder
}

/// A tenant's ledger in which these are applied.
async fn ledger(database: &Database, schema: &str, applied: &[&str]) {
    let watcher = database.watcher();
    let rows: Vec<String> = applied.iter().map(|name| format!("('messages_sys', '{name}', now())")).collect();
    let rows = rows.join(", ");
    database
        .execute(&format!(
            "CREATE SCHEMA IF NOT EXISTS {schema}; SET search_path TO {schema};
             CREATE TABLE django_migrations (id bigint GENERATED BY DEFAULT AS IDENTITY, app varchar(255) NOT NULL,
                 name varchar(255) NOT NULL, applied timestamptz NOT NULL);
             INSERT INTO django_migrations (app, name, applied) VALUES {rows};
             GRANT USAGE ON SCHEMA {schema} TO {watcher}; GRANT SELECT ON django_migrations TO {watcher}"
        ))
        .await;
}

const BOTH: [&str; 2] = ["0001_initial", "0002_userstatus"];

struct Ledgers {
    database: Database,
    _folder: TempDir,
    text: String,
    echo: Echo,
}

impl Ledgers {
    /// `acme` is complete, `behind` lacks one, `none` has no ledger, and the shared schema's is complete.
    async fn set() -> Self {
        let database = Cluster::shared().database().await;
        ledger(&database, "public", &BOTH).await;
        ledger(&database, "acme", &BOTH).await;
        ledger(&database, "behind", &BOTH[..1]).await;
        database.execute("CREATE SCHEMA none").await;
        let folder = migrations();
        let messages = format!("migrations = {{ tool = \"django\", path = \"{}\" }}", folder.path().display());
        let echo = Echo::start().await;
        let text = config(&database.watcher_url(), &echo.address(), "header = \"X-Tenant\"", &messages);
        Self { database, _folder: folder, text, echo }
    }

    async fn status(gateway: &Gateway, tenant: &str) -> u16 {
        Answer::to(gateway.client().request(Method::GET, "/").header("x-tenant", tenant)).await.status
    }
}

#[tokio::test]
async fn each_tenants_ledger_is_held_against_the_same_folder() {
    let house = Ledgers::set().await;
    let printed = check(&folder(), &house.text, 1);
    assert!(printed.contains("1 tenants are ready, 2 are not"), "{printed}");
    for told in [
        "tenant behind",
        "migration messages_sys.0002_userstatus is pending",
        "tenant none",
        "ledger django_migrations falls through to public",
    ] {
        assert!(printed.contains(told), "{told} in {printed}");
    }
    let gateway = Gateway::start(&house.text).await;
    assert_eq!(Ledgers::status(&gateway, "acme").await, 200);
    assert_eq!(Ledgers::status(&gateway, "behind").await, 503);
    assert_eq!(Ledgers::status(&gateway, "none").await, 503);
    assert!(house.echo.requests() > 0);
    house
        .database
        .execute("INSERT INTO behind.django_migrations (app, name, applied) VALUES ('messages_sys', '0002_userstatus', now())")
        .await;
    eventually("it is open", LIMIT, async || (Ledgers::status(&gateway, "behind").await == 200).then_some(())).await;
    house.database.execute("DELETE FROM acme.django_migrations WHERE name = '0002_userstatus'").await;
    eventually("it is shut", LIMIT, async || (Ledgers::status(&gateway, "acme").await == 503).then_some(())).await;
}

#[tokio::test]
async fn a_ledger_that_is_locked_stands_and_holds_up_no_other_tenant() {
    let house = Ledgers::set().await;
    let gateway = Gateway::start(&house.text).await;
    let migrator = house.database.connect().await;
    migrator.batch_execute("BEGIN; LOCK TABLE acme.django_migrations").await.expect("a lock");
    house
        .database
        .execute("INSERT INTO behind.django_migrations (app, name, applied) VALUES ('messages_sys', '0002_userstatus', now())")
        .await;
    eventually("another is seen", LIMIT, async || (Ledgers::status(&gateway, "behind").await == 200).then_some(()))
        .await;
    assert_eq!(Ledgers::status(&gateway, "acme").await, 200, "as it was read last");

    // Who never saw it knows nothing of it, and of the others everything.
    let late = Gateway::start(&house.text).await;
    assert_eq!(Ledgers::status(&late, "none").await, 503);
    let report = late.admin().get("/health/migrations").await.expect(200).json();
    let failing = report["requirements"][0]["tenants"]["failing"].as_array().expect("a list").clone();
    let verdicts: Vec<(&str, &str)> = failing
        .iter()
        .map(|tenant| (tenant["schema"].as_str().expect("a name"), tenant["verdict"].as_str().expect("a verdict")))
        .collect();
    assert_eq!(verdicts, [("acme", "unknown"), ("none", "broken")], "{report}");
    assert_eq!(Ledgers::status(&late, "acme").await, 200, "on_unknown");
    migrator.batch_execute("COMMIT").await.expect("the end of it");
    eventually("it is known", LIMIT, async || (late.verdict("messages").await == "broken").then_some(())).await;
}

#[tokio::test]
async fn a_ledger_that_may_not_be_read_names_the_grant_of_its_tenant() {
    let house = Ledgers::set().await;
    house.database.execute(&format!("REVOKE SELECT ON acme.django_migrations FROM {}", house.database.watcher())).await;
    let printed = check(&folder(), &house.text, 1);
    let grant = "GRANT SELECT ON \"acme\".\"django_migrations\" TO";
    assert!(printed.contains("tenant acme") && printed.contains(grant), "{printed}");
    assert!(!printed.contains("{schema}"), "{printed}");
}

const DJANGO: &str = "from = \"django-tenants\"";
const STATUS: &str = "tables = [\"messages_sys_userstatus\"]";

/// What is said of who the tenants are.
fn problem(gateway_or_report: &Json) -> String {
    gateway_or_report["tenants"]["problem"]["text"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn tables_of_tenants_that_are_missing_denied_or_several_are_said_and_nobody_is_gated() {
    let house = Zumodra::with(&["acme"]).await;
    let watcher = house.database.watcher();
    let folder = folder();
    let text = config(&house.database.watcher_url(), "127.0.0.1:1", DJANGO, STATUS);
    check(&folder, &text, 0);

    house.database.execute(&format!("REVOKE SELECT ON customers_domain FROM {watcher}")).await;
    let printed = check(&folder, &text, 1);
    assert!(
        printed.contains("it is not known who the tenants are")
            && printed.contains("GRANT SELECT ON \"public\".\"customers_domain\""),
        "{printed}"
    );
    let echo = Echo::start().await;
    let gateway = Gateway::start(&config(&house.database.watcher_url(), &echo.address(), DJANGO, STATUS)).await;
    ask(&gateway.client(), Method::GET, &host("acme"), "/").await.expect(200);
    assert_eq!(gateway.verdict("messages").await, "unknown");
    house.database.execute(&format!("GRANT SELECT ON customers_domain TO {watcher}")).await;
    gateway.verdict_becomes("messages", "ready", LIMIT).await;

    house
        .database
        .execute(&format!(
            "CREATE TABLE shops_domain (id serial, domain text, is_primary boolean, tenant_id int REFERENCES customers_client);
             GRANT SELECT ON shops_domain TO {watcher}"
        ))
        .await;
    let printed = check(&folder, &text, 1);
    assert!(
        printed.contains("customers_domain with customers_client, shops_domain with customers_client"),
        "{printed}"
    );
    let named = format!("{DJANGO}\ndomains = {{ table = \"customers_domain\" }}");
    check(&folder, &config(&house.database.watcher_url(), "127.0.0.1:1", &named, STATUS), 0);
    let wrong = format!("{DJANGO}\ndomains = {{ table = \"customers_domains\" }}");
    let printed = check(&folder, &config(&house.database.watcher_url(), "127.0.0.1:1", &wrong, STATUS), 1);
    assert!(
        printed.contains("there is no table `customers_domains` with the columns domain and tenant_id"),
        "{printed}"
    );
}

#[tokio::test]
async fn who_the_tenants_are_stands_while_the_tables_are_locked_denied_or_gone() {
    let house = Zumodra::with(&["acme", "demo"]).await;
    house.break_tenant("demo").await;
    let echo = Echo::start().await;
    let gateway = Gateway::start(&config(&house.database.watcher_url(), &echo.address(), DJANGO, STATUS)).await;
    let client = gateway.client();
    let both = async || {
        let (acme, demo) = (host("acme"), host("demo"));
        (ask(&client, Method::GET, &acme, "/").await.status, ask(&client, Method::GET, &demo, "/").await.status)
    };
    assert_eq!(both().await, (200, 503));
    let migrator = house.database.connect().await;
    migrator.batch_execute("BEGIN; LOCK TABLE customers_domain").await.expect("a lock");
    gateway.looks_again(3).await;
    assert_eq!(both().await, (200, 503));
    migrator.batch_execute("COMMIT").await.expect("the end of it");

    for (breaks, says) in [
        (format!("REVOKE SELECT ON customers_client FROM {}", house.database.watcher()), "privilege SELECT"),
        ("ALTER TABLE customers_domain RENAME TO customers_hosts".to_owned(), "there is no table *_domain"),
    ] {
        house.database.execute(&breaks).await;
        let report = eventually("it is said", LIMIT, async || {
            let report = gateway.admin().get("/health/migrations").await.expect(200).json();
            problem(&report).contains(says).then_some(report)
        })
        .await;
        assert_eq!(report["tenants"]["ready"], 1, "{report}");
        assert_eq!(both().await, (200, 503));
    }
    gateway.logged("it cannot be learnt who the tenants are, and those that were known stand").await;
}

#[tokio::test]
async fn rows_that_a_policy_hides_are_not_taken_for_no_tenants() {
    let house = Zumodra::with(&["acme"]).await;
    house.database.execute("ALTER TABLE customers_client ENABLE ROW LEVEL SECURITY").await;
    let printed = check(&folder(), &config(&house.database.watcher_url(), "127.0.0.1:1", DJANGO, STATUS), 1);
    assert!(printed.contains("row-level security policy"), "{printed}");
}

#[tokio::test]
async fn a_reload_takes_along_what_looks_at_one_tenant_found() {
    let house = Zumodra::with(&["acme", "demo"]).await;
    install_trigger(&house.database).await;
    let echo = Echo::start().await;
    let tables = "tables = [\"messages_sys_userstatus\"]";
    let text = config(&house.database.watcher_url(), &echo.address(), "from = \"django-tenants\"", tables);
    // After the first look at everything there are only those at one tenant that a notification brings.
    let gateway = Gateway::start(&text.replace("\"200ms\"", "\"20s\"")).await;
    gateway.logged("listening for notifications").await;
    let client = gateway.client();
    let turns = async |status: u16| {
        let what = format!("demo gets {status}");
        eventually(&what, LIMIT, async || {
            (ask(&client, Method::GET, &host("demo"), "/").await.status == status).then_some(())
        })
        .await;
    };
    turns(200).await;
    house.break_tenant("demo").await;
    turns(503).await;
    let teapot = "\n[[routes]]\npath = \"/teapot\"\ntenant_needs = false\n";
    gateway.rewrite(|text| text + teapot);
    gateway.reload().await.expect(200);
    ask(&client, Method::GET, &host("demo"), "/").await.expect(503);
    ask(&client, Method::GET, &host("demo"), "/teapot").await.expect(200);
    ask(&client, Method::GET, &host("acme"), "/").await.expect(200);
    house.mend_tenant("demo").await;
    turns(200).await;
    gateway.reload().await.expect(200);
    ask(&client, Method::GET, &host("demo"), "/").await.expect(200);
}
