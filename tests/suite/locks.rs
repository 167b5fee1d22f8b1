//! `schema.lock`: what a database holds is written down, held against it in CI, and required of production.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::house::{Cluster, Database, Echo, Gateway, Judged, Run, SqliteFile, free_port};

const LIMIT: Duration = Duration::from_secs(15);

/// A shop, with one of everything that a lock knows.
pub(crate) const SHOP: &str = r#"
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE TYPE "OrderStatus" AS ENUM ('OPEN', 'PAID');
    CREATE TABLE customers (id serial PRIMARY KEY, email varchar(200) NOT NULL UNIQUE, note text);
    CREATE TABLE orders (
        id bigint PRIMARY KEY, "customerId" int NOT NULL REFERENCES customers, status "OrderStatus" NOT NULL,
        total numeric(10,2) CHECK (total >= 0), placed_at timestamp(3));
    CREATE INDEX orders_placed_at_idx ON orders (placed_at);
    CREATE UNIQUE INDEX orders_customer_status_key ON orders ("customerId", status);
    ALTER TABLE orders ADD CONSTRAINT orders_total_small CHECK (total < 1000000) NOT VALID;
    CREATE VIEW open_orders AS SELECT id, total FROM orders WHERE status = 'OPEN';
    CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS orders FROM orders;
    CREATE FUNCTION recount(since date, note text) RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE TABLE events (at date NOT NULL, what text) PARTITION BY RANGE (at);
    CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE SCHEMA audit;
    CREATE TABLE audit.log (id int, status "OrderStatus");
    CREATE TABLE _prisma_migrations (
        id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL,
        logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count int NOT NULL DEFAULT 0);
    INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name) VALUES
        ('2', '', now(), '20260202000000_events'), ('1', '', now(), '20260101000000_shop');
    INSERT INTO _prisma_migrations (id, checksum, rolled_back_at, migration_name) VALUES ('3', '', now(), '20260303000000_undone');
"#;

async fn shop() -> Database {
    let database = Cluster::shared().database().await;
    database.execute(SHOP).await;
    database.execute(&format!("GRANT SELECT ON _prisma_migrations TO {}", database.watcher())).await;
    database
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn run(folder: &TempDir, args: &[&str]) -> Run {
    Run::of(folder.path(), args)
}

fn read(folder: &TempDir) -> String {
    fs::read_to_string(folder.path().join("schema.lock")).expect("a lock")
}

/// A lock of the database in a folder of its own, taken by a role that was granted nothing but the ledger.
fn locked(database: &Database) -> TempDir {
    let folder = folder();
    run(&folder, &["lock", "--database", &database.watcher_url()]).expect(0);
    folder
}

#[tokio::test]
async fn a_lock_says_what_a_reviewer_wants_to_know() {
    let folder = locked(&shop().await);
    insta::assert_snapshot!(read(&folder));
}

#[tokio::test]
async fn a_schema_locked_twice_is_the_same_text_and_the_file_is_left_alone() {
    let database = shop().await;
    let folder = locked(&database);
    let (text, time) = (read(&folder), fs::metadata(folder.path().join("schema.lock")).unwrap().modified().unwrap());
    let again = run(&folder, &["lock", "--database", &database.url()]).expect(0);
    assert!(again.stdout.starts_with("schema.lock is up to date: 3 tables, 2 views"), "{}", again.stdout);
    assert_eq!(fs::metadata(folder.path().join("schema.lock")).unwrap().modified().unwrap(), time);

    // Another database of the same schema: made in another order, in a schema of another name.
    let other = Cluster::shared().database().await;
    let twin = SHOP.replace(
        "CREATE EXTENSION IF NOT EXISTS pg_trgm;",
        "CREATE SCHEMA app; CREATE EXTENSION pg_trgm; SET search_path = app;",
    );
    other.execute(&twin).await;
    let url = format!("{}?schema=app", other.url());
    let twin = self::folder();
    run(&twin, &["lock", "--database", &url]).expect(0);
    assert_eq!(read(&twin), text);
    assert!(!text.contains("127.0.0.1") && !text.contains("postgres"), "{text}");
}

#[tokio::test]
async fn a_check_finds_each_kind_of_drift_and_nothing_where_there_is_none() {
    let database = shop().await;
    let folder = locked(&database);
    let check = || run(&folder, &["lock", "--check", "--database", &database.watcher_url()]);
    let clean = check().expect(0);
    assert!(clean.stdout.contains("is as schema.lock says: 3 tables"), "{}", clean.stdout);
    let before = read(&folder);

    let cases = [
        ("CREATE TABLE new (id int)", "DROP TABLE new", "extra  table  new"),
        (
            "ALTER TABLE customers RENAME TO clients",
            "ALTER TABLE clients RENAME TO customers",
            "missing  table  customers",
        ),
        (
            "ALTER TABLE customers ADD phone text",
            "ALTER TABLE customers DROP phone",
            "extra  column  customers.phone  text null",
        ),
        (
            "ALTER TABLE customers RENAME note TO notes",
            "ALTER TABLE customers RENAME notes TO note",
            "missing  column  customers.note   text null",
        ),
        (
            "ALTER TABLE customers ALTER note TYPE varchar(9)",
            "ALTER TABLE customers ALTER note TYPE text",
            "different  column  customers.note  text null -> character varying(9) null",
        ),
        (
            "ALTER TABLE customers ALTER note SET NOT NULL",
            "ALTER TABLE customers ALTER note DROP NOT NULL",
            "different  column  customers.note  text null -> text not null",
        ),
        (
            r#"ALTER TYPE "OrderStatus" RENAME VALUE 'PAID' TO 'DONE'"#,
            r#"ALTER TYPE "OrderStatus" RENAME VALUE 'DONE' TO 'PAID'"#,
            "different  enum  OrderStatus  OPEN, PAID -> OPEN, DONE",
        ),
        (
            "DROP INDEX orders_placed_at_idx",
            "CREATE INDEX orders_placed_at_idx ON orders (placed_at)",
            "missing  index  orders_placed_at_idx  index on orders",
        ),
        (
            "DROP INDEX orders_placed_at_idx; CREATE UNIQUE INDEX orders_placed_at_idx ON orders (placed_at)",
            "DROP INDEX orders_placed_at_idx; CREATE INDEX orders_placed_at_idx ON orders (placed_at)",
            "different  index  orders_placed_at_idx  index on orders -> unique index on orders",
        ),
        (
            "ALTER TABLE customers DROP CONSTRAINT customers_email_key",
            "ALTER TABLE customers ADD UNIQUE (email)",
            "missing  constraint  customers.customers_email_key  valid",
        ),
        (
            "ALTER TABLE orders VALIDATE CONSTRAINT orders_total_small",
            "ALTER TABLE orders DROP CONSTRAINT orders_total_small; \
             ALTER TABLE orders ADD CONSTRAINT orders_total_small CHECK (total < 1000000) NOT VALID",
            "different  constraint  orders.orders_total_small  not valid -> valid",
        ),
        (
            "CREATE FUNCTION recount() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "DROP FUNCTION recount()",
            "different  function  recount  (date, text) -> () and (date, text)",
        ),
        ("DROP EXTENSION pg_trgm", "CREATE EXTENSION pg_trgm", "missing  extension  pg_trgm"),
        (
            "DROP VIEW open_orders",
            "CREATE VIEW open_orders AS SELECT id, total FROM orders",
            "missing  table  open_orders  view",
        ),
        (
            "INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name) VALUES ('9', '', now(), 'later')",
            "DELETE FROM _prisma_migrations WHERE id = '9'",
            "extra  migration  later",
        ),
    ];
    for (drift, back, expected) in cases {
        database.execute(drift).await;
        let run = check().expect(1);
        assert!(run.stdout.lines().any(|line| line.trim() == expected), "{drift}\n{expected}\n{}", run.output());
        database.execute(back).await;
        check().expect(0);
    }
    assert_eq!(read(&folder), before, "a check writes nothing");

    database.execute("ALTER TABLE customers ADD phone text, DROP note").await;
    let json = run(&folder, &["lock", "--check", "--database", &database.watcher_url(), "--format", "json"]).expect(1);
    let json: Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(json["differences"][1]["object"], "customers.phone");
    let wrote = run(&folder, &["lock", "--database", &database.watcher_url()]).expect(0);
    assert!(wrote.stdout.contains("new      column  customers.phone  text null"), "{}", wrote.stdout);
    assert!(wrote.stdout.contains("gone     column  customers.note   text null"), "{}", wrote.stdout);
    check().expect(0);
}

#[tokio::test]
async fn some_tables_or_other_schemas_are_locked_when_asked_and_kept_so() {
    let database = shop().await;
    let folder = folder();
    let url = database.watcher_url();
    run(&folder, &["lock", "--database", &url, "--tables", "ord*", "--schema", "public", "audit"]).expect(0);
    insta::assert_snapshot!(read(&folder));
    // What was asked for need not be said again.
    run(&folder, &["lock", "--check", "--database", &url]).expect(0);
    database.execute("CREATE TABLE elsewhere (id int)").await;
    run(&folder, &["lock", "--check", "--database", &url]).expect(0);

    for (args, said) in [
        (&["--tables", "ordres"][..], "no table ordres"),
        (&["--schema", "nowhere"], "no schema nowhere"),
        (&["--schema", "pg_catalog"], "the system's own"),
    ] {
        let wrong = run(&folder, &[&["lock", "--database", &url], args].concat()).expect(2);
        assert!(wrong.stderr.contains(said), "{}", wrong.stderr);
    }
}

#[tokio::test]
async fn what_cannot_be_locked_or_checked_says_why_and_never_a_password() {
    let database = shop().await;
    let folder = folder();
    let nowhere = format!("postgresql://app:hunter2@127.0.0.1:{}/app", free_port());
    let unreachable = run(&folder, &["lock", "--database", &nowhere]).expect(3);
    assert!(!unreachable.output().contains("hunter2"), "{}", unreachable.output());
    let none = run(&folder, &["lock", "--check", "--database", &database.url()]).expect(2);
    assert!(none.stderr.contains("there is no lock schema.lock"), "{}", none.stderr);
    let unnamed = run(&folder, &["lock"]).expect(2);
    assert!(unnamed.stderr.contains("proxy.toml"), "{}", unnamed.stderr);

    fs::write(folder.path().join("schema.lock"), "version = 1\n[tables.orders]\nid = bigint\n").expect("a file");
    let broken = run(&folder, &["lock", "--check", "--database", &database.url()]).expect(2);
    assert!(broken.stderr.contains("schema.lock:3:6"), "{}", broken.stderr);
    fs::write(folder.path().join("schema.lock"), "version = 7\n").expect("a file");
    let newer = run(&folder, &["lock", "--check", "--database", &database.url()]).expect(2);
    assert!(
        newer.stderr.contains("schema.lock:1:11") && newer.stderr.contains("update schemagate"),
        "{}",
        newer.stderr
    );

    // A ledger that may not be read is said to be left out.
    database.execute(&format!("REVOKE SELECT ON _prisma_migrations FROM {}", database.watcher())).await;
    let denied = run(&folder, &["lock", "--database", &database.watcher_url()]).expect(0);
    assert!(denied.stderr.contains("the ledger _prisma_migrations may not be read"), "{}", denied.stderr);
    assert!(denied.stderr.contains("GRANT SELECT"), "{}", denied.stderr);
}

#[tokio::test]
async fn the_database_of_a_lock_can_be_named_by_the_configuration() {
    let database = shop().await;
    let folder = folder();
    let config = format!("[databases.main]\nurl = \"{}\"\n[databases.other]\nurl = \"sqlite:none\"\n", database.url());
    fs::write(folder.path().join("proxy.toml"), config).expect("a configuration");
    let several = run(&folder, &["lock"]).expect(2);
    assert!(several.stderr.contains("main, other"), "{}", several.stderr);
    run(&folder, &["lock", "--database", "main"]).expect(0);
    run(&folder, &["lock", "--database", "main", "--check"]).expect(0);
    let unknown = run(&folder, &["lock", "--database", "mian"]).expect(2);
    assert!(unknown.stderr.contains("databases in proxy.toml: main, other"), "{}", unknown.stderr);
}

#[tokio::test]
async fn a_thousand_tables_are_locked_in_one_go() {
    let database = Cluster::shared().database().await;
    let columns: Vec<String> = (0..20).map(|column| format!("c{column} varchar(99) NOT NULL")).collect();
    database
        .execute(&format!(
            "DO $$ BEGIN FOR i IN 1..1000 LOOP EXECUTE format('CREATE TABLE t%s (id bigserial PRIMARY KEY, {})', i); END LOOP; END $$",
            columns.join(", ")
        ))
        .await;
    let folder = folder();
    let began = Instant::now();
    let locked = run(&folder, &["lock", "--database", &database.watcher_url()]).expect(0);
    let took = began.elapsed();
    println!("a lock of 1,000 tables with 21 columns took {took:?} and is {} KiB", read(&folder).len() / 1024);
    assert!(locked.stdout.contains("1000 tables"), "{}", locked.stdout);
    assert!(took < Duration::from_secs(20), "{took:?}");
    run(&folder, &["lock", "--check", "--database", &database.watcher_url()]).expect(0);
}

#[test]
fn an_sqlite_file_is_locked_checked_and_compared() {
    let file = SqliteFile::of(
        "CREATE TABLE Orders (id INTEGER PRIMARY KEY, total NUMERIC(10,2) NOT NULL, note, odd VARCHAR(20) NOT NULL);
         CREATE UNIQUE INDEX orders_total ON Orders (total); CREATE VIEW totals AS SELECT sum(total) AS total FROM Orders;
         CREATE TABLE knex_migrations (id integer PRIMARY KEY, name varchar(255), batch integer, migration_time datetime);
         CREATE TABLE knex_migrations_lock (\"index\" integer PRIMARY KEY, is_locked integer);
         INSERT INTO knex_migrations (name, batch) VALUES ('1_orders.js', 1);",
    );
    let folder = folder();
    run(&folder, &["lock", "--database", &file.url()]).expect(0);
    insta::assert_snapshot!(read(&folder));
    run(&folder, &["lock", "--check", "--database", &file.url()]).expect(0);
    let path = file.path();
    run(&folder, &["diff", "schema.lock", path.to_str().expect("a path")]).expect(0);
    Judged::with(&format!("url = \"{}\"", file.url()), &requirement(&folder, "")).is_ready();

    // The same as migrations, whose constraints SQLite gives no names to.
    let first = "CREATE TABLE \"Orders\" (\"id\" INTEGER, \"total\" NUMERIC(10,2) NOT NULL, \"note\" BLOB, \"odd\" VARCHAR(20) NOT NULL,
        PRIMARY KEY (\"total\")); CREATE UNIQUE INDEX \"orders_total\" ON \"Orders\"(\"total\"); CREATE VIEW totals AS SELECT 1;";
    migrations(folder.path(), &[("1_orders", first)]);
    let diff = run(&folder, &["diff", "migrations", path.to_str().expect("a path")]).expect(1);
    assert!(diff.stdout.ends_with("\n  missing  ledger  _prisma_migrations\n"), "{}", diff.stdout);
    file.execute("ALTER TABLE orders RENAME COLUMN note TO notes");
    run(&folder, &["lock", "--check", "--database", &file.url()]).expect(1);
    Judged::with(&format!("url = \"{}\"", file.url()), &requirement(&folder, ""))
        .is_broken_by("missing column Orders.note");
}

/// A requirement on the lock in `folder`, with more keys.
fn requirement(folder: &TempDir, keys: &str) -> String {
    format!("lock = {{ path = \"{}\"{keys} }}", folder.path().join("schema.lock").display())
}

#[tokio::test]
async fn a_lock_as_a_requirement_is_met_by_more_and_broken_by_less() {
    let database = shop().await;
    let folder = locked(&database);
    let judged = |keys: &str| Judged::of(&database, &requirement(&folder, keys));
    judged("").is_ready();
    judged(", indexes = true, constraints = true").is_ready();

    let cases = [
        (
            "CREATE TABLE new (id int); ALTER TABLE orders ADD extra int",
            "DROP TABLE new; ALTER TABLE orders DROP extra",
            "",
            None,
        ),
        ("ALTER TYPE \"OrderStatus\" ADD VALUE 'GONE'", "SELECT 1", "", None),
        (
            "ALTER TABLE orders RENAME placed_at TO placed",
            "ALTER TABLE orders RENAME placed TO placed_at",
            "",
            Some("missing column orders.placed_at"),
        ),
        (
            "ALTER TABLE orders RENAME placed_at TO placed",
            "ALTER TABLE orders RENAME placed TO placed_at",
            ", tables = [\"custom*\", \"events\"]",
            None,
        ),
        (
            "ALTER TABLE orders ALTER placed_at TYPE timestamptz",
            "ALTER TABLE orders ALTER placed_at TYPE timestamp(3)",
            "",
            Some("different column orders.placed_at"),
        ),
        (
            "ALTER TABLE customers ALTER note SET NOT NULL",
            "ALTER TABLE customers ALTER note DROP NOT NULL",
            "",
            Some("different column customers.note"),
        ),
        // What makes requests slow does not close them; what makes ON CONFLICT fail does.
        ("DROP INDEX orders_placed_at_idx", "CREATE INDEX orders_placed_at_idx ON orders (placed_at)", "", None),
        (
            "DROP INDEX orders_placed_at_idx",
            "CREATE INDEX orders_placed_at_idx ON orders (placed_at)",
            ", indexes = true",
            Some("missing index orders_placed_at_idx"),
        ),
        (
            "ALTER TABLE customers DROP CONSTRAINT customers_email_key",
            "ALTER TABLE customers ADD UNIQUE (email)",
            "",
            Some("missing index customers_email_key"),
        ),
        (
            "ALTER TABLE customers DROP CONSTRAINT customers_email_key",
            "ALTER TABLE customers ADD UNIQUE (email)",
            ", unique = false",
            None,
        ),
        (
            "ALTER TABLE orders DROP CONSTRAINT orders_total_check",
            "ALTER TABLE orders ADD CHECK (total >= 0)",
            ", constraints = true",
            Some("missing constraint orders_total_check on orders"),
        ),
        (
            "ALTER FUNCTION recount RENAME TO count_again",
            "ALTER FUNCTION count_again RENAME TO recount",
            "",
            Some("missing function recount"),
        ),
        (
            "ALTER FUNCTION recount RENAME TO count_again",
            "ALTER FUNCTION count_again RENAME TO recount",
            ", functions = false",
            None,
        ),
        ("DROP EXTENSION pg_trgm", "CREATE EXTENSION pg_trgm", "", Some("missing extension pg_trgm")),
        ("DROP EXTENSION pg_trgm", "CREATE EXTENSION pg_trgm", ", extensions = false", None),
    ];
    for (change, back, keys, broken_by) in cases {
        database.execute(change).await;
        match broken_by {
            Some(finding) => judged(keys).is_broken_by(finding),
            None => judged(keys).is_ready(),
        }
        database.execute(back).await;
    }
    judged(", indexes = true, constraints = true").is_ready();
}

#[tokio::test]
async fn a_lock_catches_columns_that_the_code_has_and_production_has_not_and_opens_with_them() {
    // The developer's database, after `db push`: no migration was written.
    let developed = Cluster::shared().database().await;
    developed
        .execute(r#"CREATE TABLE customers (id serial PRIMARY KEY, "agreementFileUrl" text, "agreementUploadedAt" timestamp(3));
                    CREATE TABLE contacts (id serial PRIMARY KEY)"#)
        .await;
    let folder = locked(&developed);
    let production = Cluster::shared().database().await;
    production.execute("CREATE TABLE customers (id serial PRIMARY KEY); CREATE TABLE contacts (id serial PRIMARY KEY); CREATE TABLE more ()").await;
    let echo = Echo::start().await;
    let gateway = Gateway::start(&format!(
        r#"
        [databases.main]
        url = "{}"
        refresh = "100ms"
        [upstreams.api]
        servers = ["{}"]
        [requirements.contract]
        lock = {{ path = "{}", tables = ["custo*"] }}
        mend = "npx prisma migrate deploy"
        [[routes]]
        path = "/api/customers/*"
        needs = ["contract"]
        [[routes]]
        path = "/*"
        "#,
        production.watcher_url(),
        echo.address(),
        folder.path().join("schema.lock").display()
    ))
    .await;
    let client = gateway.client();
    client.get("/api/customers").await.expect(503);
    client.get("/api/health").await.expect(200);
    production
        .execute(r#"ALTER TABLE customers ADD "agreementFileUrl" text, ADD agreementuploadedat timestamp(3)"#)
        .await;
    gateway.logged("agreementuploadedat").await;
    client.get("/api/customers").await.expect(503);
    production.execute(r#"ALTER TABLE customers ADD "agreementUploadedAt" text"#).await;
    gateway.logged("its type is text").await;
    client.get("/api/customers").await.expect(503);
    production.execute(r#"ALTER TABLE customers ALTER "agreementUploadedAt" TYPE timestamp(3) USING NULL"#).await;
    gateway.verdict_becomes("contract", "ready", LIMIT).await;
    client.get("/api/customers").await.expect(200);
}

#[tokio::test]
async fn without_a_configuration_file_everything_needs_the_lock() {
    let database = shop().await;
    let folder = locked(&database);
    let echo = Echo::start().await;
    let lock = folder.path().join("schema.lock").display().to_string();
    let gateway = Gateway::without_file(&echo.address(), &database.watcher_url(), &lock).await;
    let client = gateway.client();
    client.get("/orders").await.expect(200);
    database.execute("ALTER TABLE customers RENAME note TO notes").await;
    gateway.verdict_becomes("schema", "broken", LIMIT).await;
    client.get("/orders").await.expect(503);
    database.execute("ALTER TABLE customers RENAME notes TO note").await;
    gateway.verdict_becomes("schema", "ready", LIMIT).await;
    client.get("/orders").await.expect(200);

    let none =
        run(&folder, &["run", "--upstream", "127.0.0.1:1", "--database", &database.url(), "--lock", "none"]).expect(2);
    assert!(none.stderr.contains("there is no lock none"), "{}", none.stderr);
    let half = run(&folder, &["run", "--upstream", "127.0.0.1:1"]).expect(2);
    assert!(half.stderr.contains("--lock"), "{}", half.stderr);
}

#[tokio::test]
async fn a_lock_that_a_configuration_cannot_use_is_an_error_at_its_place() {
    let folder = folder();
    let small = "version = 1\n[tables.orders]\nid = \"bigint not null\"\n";
    let cases = [
        (None, "\"schema.lock\"", "there is no lock"),
        (Some(""), "\"schema.lock\"", "is empty"),
        (Some("version = 2\n"), "\"schema.lock\"", "schema.lock:1:11: the lock is of version 2"),
        (Some("version = 1\ntabels = {}\n"), "\"schema.lock\"", "schema.lock:2:1: a lock knows no key `tabels`"),
        (Some("version = 1\n"), "\"schema.lock\"", "the lock demands nothing"),
        (Some(small), "{ path = \"schema.lock\", tables = [\"order\"] }", "the lock has no table `order`"),
        (Some(small), "{ path = \"schema.lock\", tables = [] }", "is empty"),
        (Some(small), "{ path = \"schema.lock\", idexes = true }", "unknown key `idexes`"),
        (Some(small), "{ tables = \"orders\" }", "lacks the key `path`"),
    ];
    for (lock, requirement, said) in cases {
        let path = folder.path().join("schema.lock");
        let _ = fs::remove_file(&path);
        if let Some(lock) = lock {
            fs::write(&path, lock).expect("a file");
        }
        let config = format!(
            "[databases.main]\nurl = \"postgres://app@127.0.0.1/app\"\n[requirements.contract]\nlock = {requirement}\n"
        );
        fs::write(folder.path().join("proxy.toml"), config).expect("a configuration");
        let run = run(&folder, &["check"]).expect(2);
        assert!(run.stderr.contains(said) && run.stderr.contains("proxy.toml:4:"), "{said}\n{}", run.stderr);
    }
}

/// A folder of Prisma's with these migrations.
fn migrations(folder: &Path, list: &[(&str, &str)]) {
    for (name, sql) in list {
        let folder = folder.join("migrations").join(name);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("migration.sql"), sql).expect("a migration");
    }
    fs::write(folder.join("migrations/migration_lock.toml"), "provider = \"postgresql\"\n").expect("a file");
}

const FIRST: &str = r#"
    -- CreateEnum
    CREATE TYPE "Status" AS ENUM ('OPEN', 'PAID');
    -- CreateTable
    CREATE TABLE "Customer" ("id" SERIAL NOT NULL, "email" TEXT NOT NULL, CONSTRAINT "Customer_pkey" PRIMARY KEY ("id"));
    -- CreateTable
    CREATE TABLE "Order" ("id" SERIAL NOT NULL, "customerId" INTEGER NOT NULL, "status" "Status" NOT NULL DEFAULT 'OPEN',
        "total" DECIMAL(10,2), "placedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY ("id"));
    -- CreateIndex
    CREATE UNIQUE INDEX "Customer_email_key" ON "Customer"("email");
    -- AddForeignKey
    ALTER TABLE "Order" ADD CONSTRAINT "Order_customerId_fkey" FOREIGN KEY ("customerId") REFERENCES "Customer"("id")
        ON DELETE RESTRICT ON UPDATE CASCADE;
"#;
const SECOND: &str = r#"
    ALTER TABLE "Customer" ADD COLUMN "phone" VARCHAR(20), ADD UNIQUE ("phone");
    CREATE TABLE "Event" ("at" DATE NOT NULL, "what" TEXT) PARTITION BY RANGE ("at");
    CREATE TABLE "Event_2026" PARTITION OF "Event" FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE INDEX ON "Event" ("at");
    CREATE VIEW "OpenOrder" AS SELECT "id", "total" FROM "Order" WHERE "status" = 'OPEN';
"#;

#[tokio::test]
async fn a_folder_of_migrations_is_compared_with_a_database_and_with_a_lock() {
    let database = Cluster::shared().database().await;
    let folder = folder();
    migrations(folder.path(), &[("20260101000000_first", FIRST), ("20260202000000_second", SECOND)]);
    database.execute(&format!("{FIRST} {SECOND}")).await;
    database
        .execute(
            &SHOP
                [SHOP.find("CREATE TABLE _prisma").expect("a ledger")..SHOP.find("INSERT INTO _prisma").expect("rows")],
        )
        .await;
    database
        .execute(
            "INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name) VALUES
                  ('1', '', now(), '20260101000000_first'), ('2', '', now(), '20260202000000_second')",
        )
        .await;
    let equal = run(&folder, &["diff", "migrations", &database.url()]).expect(0);
    assert!(equal.stdout.contains("are equal"), "{}", equal.stdout);
    run(&folder, &["lock", "--database", &database.url()]).expect(0);
    run(&folder, &["diff", "migrations", "schema.lock"]).expect(0);
    run(&folder, &["diff", "schema.lock", "migrations"]).expect(0);
    run(&folder, &["diff", "migrations", "migrations"]).expect(0);

    // Pending, pushed by hand, and of another type.
    migrations(folder.path(), &[("20260303000000_third", "ALTER TABLE \"Customer\" ADD COLUMN \"city\" TEXT;")]);
    database.execute(r#"ALTER TABLE "Order" ALTER "placedAt" TYPE timestamptz; CREATE TABLE pushed (id int)"#).await;
    let differs = run(&folder, &["diff", "migrations", &database.url()]).expect(1);
    let text = differs.stdout.replace(&database.url(), "[database]");
    insta::assert_snapshot!(text);

    // A statement that nobody understands: not a word of "equal".
    let unread = "DO $$ BEGIN EXECUTE 'CREATE TABLE ' || 'pushed' || ' (id int)'; END $$;";
    migrations(folder.path(), &[("20260404000000_dynamic", unread)]);
    let untold = run(&folder, &["diff", "migrations", &database.url(), "--format", "json"]).expect(1);
    let json: Value = serde_json::from_str(&untold.stdout).expect("JSON");
    assert_eq!(json["equal"], false);
    let told: Vec<&str> =
        json["cannot_tell"].as_array().expect("a list").iter().filter_map(|one| one["object"].as_str()).collect();
    assert!(told.contains(&"pushed"), "{json:#}");
    assert_eq!(json["not_read"][0]["file"], "migrations/20260404000000_dynamic/migration.sql");
    assert_eq!(json["not_read"][0]["line"], 1);
    let text = run(&folder, &["diff", "migrations", "migrations"]).expect(1);
    assert!(text.stderr.contains("migrations/20260404000000_dynamic/migration.sql:1: "), "{}", text.output());
}

#[tokio::test]
async fn two_databases_and_a_lock_and_a_database_are_compared() {
    let (first, second) = (shop().await, shop().await);
    let folder = locked(&first);
    let passworded = first.url_of("postgres:hunter2");
    let equal = run(&folder, &["diff", &passworded, &second.url()]).expect(0);
    assert!(!equal.output().contains("hunter2"), "{}", equal.output());
    second.execute("DROP TABLE events; ALTER TABLE audit.log ADD at date").await;
    let differs = run(&folder, &["diff", &first.url(), &second.url()]).expect(1);
    assert!(differs.stdout.contains("missing  table  events"), "{}", differs.stdout);
    let audit = run(&folder, &["diff", &first.url(), &second.url(), "--schema", "audit"]).expect(1);
    assert!(audit.stdout.contains("extra  column  audit.log.at  date null"), "{}", audit.stdout);
    run(&folder, &["diff", &first.url(), &second.url(), "--tables", "orders", "cust*"]).expect(0);
    run(&folder, &["diff", "schema.lock", &first.url()]).expect(0);
    let json = run(&folder, &["diff", "schema.lock", &second.url(), "--format", "json"]).expect(1);
    let json: Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(
        (&json["differences"][0]["kind"], &json["differences"][0]["object"]),
        (&"missing".into(), &"events".into())
    );
    let nowhere = format!("postgresql://app@127.0.0.1:{}/app", free_port());
    run(&folder, &["diff", "schema.lock", &nowhere]).expect(3);
    let nothing = run(&folder, &["diff", "schema.lock", "nothing"]).expect(2);
    assert!(nothing.stderr.contains("proxy.toml"), "{}", nothing.stderr);
}
