//! Looks at parts, and what notifications say of where to look.

use std::collections::BTreeMap;
use std::sync::Arc;

use gate::ledger::Ledger;
use gate::{DatabaseId, Directory, Extent, Shape, Stranger, Tenancy, TenantKey, TenantsWanted};

use super::*;
use crate::watch::hint::{Heard, Hint};
use crate::watch::postgres::Step;
use crate::watch::reader::Reader;

const LIMIT: Duration = Duration::from_secs(10);

/// Tenants whose schemas begin with `t_`, and a bit of everything that can be required of them.
fn wanted() -> Wanted {
    let tenancy = Tenancy {
        database: DatabaseId(0),
        key: TenantKey::Header { schema: "t_{tenant}".parse().expect("a template") },
        shared: vec!["public".into()],
        stranger: Stranger::Pass,
    };
    let knex = Ledger::usual(gate::ledger::Tool::named("knex").expect("a tool"));
    let objects = Wanted {
        tables: names(&["orders", "customers", "knex_migrations", "knex_migrations_lock", "all_orders"]),
        columns: [(ObjectName::unqualified("orders"), ["id".into()].into())].into(),
        enums: names(&["mood"]),
        indexes: names(&["orders_total"]),
        functions: names(&["recount"]),
        ledgers: [knex].into(),
        constraints: true,
        privileges: true,
        ..Wanted::default()
    };
    let tenants = TenantsWanted { tenancy: Arc::new(tenancy), objects };
    Wanted { tables: names(&["public.orders"]), tenants: Some(Box::new(tenants)), ..Wanted::default() }
}

/// A reader that listens.
struct Listening {
    reader: Reader,
    hint: Arc<Hint>,
    known: Arc<Catalog>,
}

impl Listening {
    async fn start(cluster: &Cluster) -> Self {
        let hint = Arc::new(Hint::uncounted());
        let database = postgres(settings(cluster.socket_url("postgres", "postgres")));
        let mut reader = Reader::open(&database, &Arc::new(wanted()), &hint).await.expect("a connection");
        reader.listen().await.expect("a connection that listens");
        let known = reader.look().await.expect("a look");
        Self { reader, hint, known }
    }

    /// What was heard of all changes so far. Notifications arrive in the order of commits, so a last one
    /// tells that there are no more.
    async fn heard(&self, cluster: &Cluster) -> Heard {
        const LAST: &str = "t_last";
        cluster.sql("postgres", &format!("NOTIFY schemagate, 'schemas {LAST}'"));
        let wanted = wanted().tenants.expect("tenants");
        let mut heard = Heard::default();
        loop {
            tokio::time::timeout(LIMIT, self.hint.heard()).await.expect("a notification");
            heard.and(self.hint.take().among(Some(&wanted.tenancy)));
            if let Some(Extent::Shared(schemas)) = &mut heard.part
                && schemas.remove(LAST)
            {
                heard.part = heard.part.filter(|part| *part != Extent::shared());
                return heard;
            }
        }
    }

    async fn look_at(&mut self, step: Step) {
        self.known = self.reader.look_at(&step).await.expect("a look");
    }

    /// Looks where notifications say that something changed.
    async fn follow(&mut self, heard: Heard) {
        if let Some(part) = heard.part {
            self.look_at(Step::At(part)).await;
        }
        if heard.everything {
            // In steps, as if there were many tenants.
            self.look_at(Step::At(Extent::shared())).await;
            let schemas: Vec<Box<str>> = told(&self.known).schemas.into_keys().collect();
            for slice in schemas.chunks(2) {
                self.look_at(Step::Slice(slice.iter().cloned().collect())).await;
            }
        }
    }
}

/// What a catalog tells, in an order of its own.
#[derive(Debug, PartialEq)]
struct Told {
    shared: Catalog,
    directory: Option<Arc<Directory>>,
    schemas: BTreeMap<Box<str>, Arc<Shape>>,
}

fn told(catalog: &Catalog) -> Told {
    let seen = catalog.tenants.clone().expect("tenants");
    let of_shape =
        |(shape, schemas): (Arc<Shape>, Vec<Box<str>>)| schemas.into_iter().map(move |it| (it, shape.clone()));
    Told {
        shared: Catalog { tenants: None, ..catalog.clone() },
        directory: seen.directory,
        schemas: seen.shapes.into_iter().flat_map(of_shape).collect(),
    }
}

async fn fresh(cluster: &Cluster) -> Told {
    let database = postgres(settings(cluster.socket_url("postgres", "postgres")));
    told(&look(&database, &wanted()).await.expect("a look"))
}

fn prepare(cluster: &Cluster) {
    cluster.sql("postgres", &trigger_sql(&TriggerKind::Event));
    let ledger = TriggerKind::Ledger(ObjectName::qualified("t_a", "knex_migrations"));
    cluster.sql(
        "postgres",
        "CREATE ROLE app; CREATE SCHEMA t_a; CREATE SCHEMA t_b; CREATE SCHEMA \"t_Odd, \"\"c\"\"\"; CREATE SCHEMA other;
         CREATE TYPE t_a.mood AS ENUM ('ok'); CREATE TYPE public.mood AS ENUM ('ok'); CREATE TYPE other.level AS ENUM ('low');
         CREATE TABLE public.orders (id int); CREATE TABLE other.parent (id int);
         CREATE TABLE t_a.orders (id int, total int, mood t_a.mood, level other.level);
         CREATE TABLE t_b.customers (note text) INHERITS (other.parent);
         CREATE TABLE t_a.knex_migrations (id serial, name varchar(255), batch int, migration_time timestamptz);
         CREATE TABLE t_a.knex_migrations_lock (index serial, is_locked int)",
    );
    cluster.sql("postgres", &trigger_sql(&ledger));
}

#[tokio::test]
async fn a_notification_names_the_schemas_to_look_at_and_says_where_that_is_not_enough() {
    let cluster = Cluster::start();
    prepare(&cluster);
    let mut listening = Listening::start(&cluster).await;
    for (sql, schemas, everything) in [
        ("ALTER TABLE t_a.orders ADD COLUMN one int", "t_a", false),
        ("ALTER TABLE t_a.orders RENAME COLUMN one TO two", "t_a", false),
        ("ALTER TABLE t_a.orders ALTER COLUMN two TYPE bigint", "t_a", false),
        ("ALTER TABLE t_a.orders ALTER COLUMN two SET NOT NULL", "t_a", false),
        ("ALTER TABLE t_a.orders ADD CONSTRAINT positive CHECK (two > 0) NOT VALID", "t_a", false),
        ("ALTER TABLE t_a.orders VALIDATE CONSTRAINT positive", "t_a", false),
        ("ALTER TABLE t_a.orders DROP COLUMN two", "t_a", false),
        ("CREATE INDEX CONCURRENTLY orders_total ON t_a.orders (total)", "t_a", false),
        ("DROP INDEX CONCURRENTLY t_a.orders_total", "t_a", false),
        ("CREATE TABLE t_b.orders (id int PRIMARY KEY, mood t_a.mood)", "t_b", false),
        ("CREATE TABLE \"t_Odd, \"\"c\"\"\".orders (id int)", "t_Odd, \"c\"", false),
        ("CREATE VIEW t_b.all_orders AS SELECT id FROM t_b.orders", "t_b", false),
        ("CREATE TYPE t_b.mood AS ENUM ('ok', 'sad')", "t_b", false),
        ("CREATE FUNCTION t_a.recount(int) RETURNS int LANGUAGE sql AS 'SELECT 1'", "t_a", false),
        ("DROP FUNCTION t_a.recount(int)", "t_a", false),
        ("INSERT INTO t_a.knex_migrations (name) VALUES ('one')", "t_a", false),
        (
            "BEGIN; ALTER TABLE t_a.orders ADD COLUMN x int; ALTER TABLE t_b.orders ADD COLUMN x int; COMMIT",
            "t_a|t_b",
            false,
        ),
        ("CREATE SCHEMA t_c; CREATE TABLE t_c.orders (id int)", "t_c", false),
        ("DROP TABLE t_c.orders", "t_c", false),
        ("DROP SCHEMA t_c CASCADE", "t_c", false),
        ("CREATE SCHEMA t_c", "t_c", false),
        // What it was moved from is not named.
        ("ALTER TABLE t_b.orders SET SCHEMA t_c", "t_c", true),
        ("ALTER TABLE t_c.orders ADD COLUMN moved int", "t_c", true),
        ("ALTER VIEW t_b.all_orders SET SCHEMA t_c", "t_c", true),
        // What uses a type may be anywhere, as what inherits from a table.
        ("ALTER TYPE t_a.mood RENAME TO feeling", "t_a", true),
        ("ALTER TYPE other.level RENAME TO height", "", true),
        ("ALTER TABLE other.parent ADD COLUMN inherited int", "", true),
        ("ALTER TABLE t_a.orders ADD COLUMN inherited int; ALTER TABLE t_a.orders INHERIT other.parent", "t_a", false),
        ("CREATE TABLE t_a.customers () INHERITS (t_b.customers)", "t_a", false),
        ("ALTER TABLE t_b.customers ADD COLUMN passed_on int", "t_b", true),
        ("ALTER SCHEMA t_c RENAME TO t_d", "", true),
        ("GRANT SELECT ON t_a.orders TO app", "", true),
        ("GRANT USAGE ON SCHEMA t_a TO app", "", true),
        ("DROP TYPE t_a.feeling CASCADE", "t_a|t_d", false),
        ("DROP TABLE other.parent CASCADE", "t_a|t_b", true),
        ("DROP TABLE public.orders", "", true),
    ] {
        cluster.sql("postgres", sql);
        let heard = listening.heard(&cluster).await;
        let expected = schemas.split('|').filter(|schema| !schema.is_empty()).map(Extent::tenant).reduce(Extent::and);
        assert_eq!((&heard.part, heard.everything), (&expected, everything), "{sql}");
        listening.follow(heard).await;
        assert_eq!(told(&listening.known), fresh(&cluster).await, "{sql}");
    }
}

#[tokio::test]
async fn a_notification_of_an_older_trigger_or_of_very_many_schemas_is_one_of_everything() {
    let cluster = Cluster::start();
    prepare(&cluster);
    let listening = Listening::start(&cluster).await;
    let everything = async |sql: &str| {
        cluster.sql("postgres", sql);
        let heard = listening.heard(&cluster).await;
        assert_eq!((heard.part, heard.everything), (None, true), "{sql}");
    };
    everything("NOTIFY schemagate").await;
    let long = |schema: usize| format!("t_{schema:0>60}");
    let create: Vec<String> = (0..200).map(|schema| format!("CREATE SCHEMA {}", long(schema))).collect();
    cluster.sql("postgres", &create.join(";"));
    listening.heard(&cluster).await;
    let names: Vec<String> = (0..200).map(long).collect();
    everything(&format!("DROP SCHEMA {}", names.join(", "))).await;
}

/// Something that a migration may do in one of a few schemas.
fn some_ddl() -> String {
    let schema = |prefix: &str| format!("{prefix}{}", fastrand::u8(0..4));
    let (own, other) = (schema("t_"), schema("t_"));
    let column = fastrand::u8(0..3);
    let kinds = [
        format!("CREATE SCHEMA {own}"),
        format!("DROP SCHEMA {own} CASCADE"),
        format!("CREATE TABLE {own}.orders (id int, total int)"),
        format!("CREATE TABLE {own}.customers (id int) INHERITS ({other}.orders)"),
        format!("DROP TABLE {own}.orders CASCADE"),
        format!("ALTER TABLE {own}.orders ADD COLUMN c{column} int"),
        format!("ALTER TABLE {own}.orders DROP COLUMN c{column} CASCADE"),
        format!("ALTER TABLE {own}.orders ALTER COLUMN total TYPE bigint"),
        format!("ALTER TABLE {own}.orders SET SCHEMA {other}"),
        format!("CREATE INDEX orders_total ON {own}.orders (total)"),
        format!("CREATE TYPE {own}.mood AS ENUM ('ok')"),
        format!("ALTER TYPE {own}.mood ADD VALUE IF NOT EXISTS 'sad'"),
        format!("ALTER TYPE {own}.mood SET SCHEMA {other}"),
        format!("ALTER TABLE {own}.orders ADD COLUMN mood {other}.mood"),
        format!("DROP TYPE {own}.mood CASCADE"),
        format!("CREATE FUNCTION {own}.recount(int) RETURNS int LANGUAGE sql AS 'SELECT 1'"),
        format!("DROP FUNCTION {own}.recount(int)"),
        format!("ALTER SCHEMA {own} RENAME TO {other}"),
        format!("GRANT SELECT ON ALL TABLES IN SCHEMA {own} TO PUBLIC"),
        format!(
            "CREATE TABLE {own}.knex_migrations (id serial, name varchar(255), batch int, migration_time timestamptz)"
        ),
        "CREATE TABLE public.customers (id int)".to_owned(),
        "DROP TABLE public.customers".to_owned(),
    ];
    fastrand::choice(kinds).unwrap_or_default()
}

#[tokio::test]
async fn any_sequence_of_looks_at_parts_ends_in_what_one_look_at_everything_sees() {
    let cluster = Cluster::start();
    prepare(&cluster);
    let mut listening = Listening::start(&cluster).await;
    let mut done = Vec::new();
    cluster.sql(
        "postgres",
        "CREATE SCHEMA t_0; CREATE SCHEMA t_1; CREATE SCHEMA t_2; CREATE TABLE t_0.orders (total int)",
    );
    // Several changes are followed at once, or each by itself. Many fail: what they want is not there.
    while done.len() < 60 {
        for _ in 0..fastrand::u8(1..10) {
            let sql = some_ddl();
            done.extend(cluster.try_sql("postgres", &sql).map(|_| sql));
        }
        let heard = listening.heard(&cluster).await;
        listening.follow(heard).await;
        assert_eq!(told(&listening.known), fresh(&cluster).await, "{done:#?}");
    }
}
