//! A thousand tenants of twenty tables, and what watching them costs.

use std::fmt;
use std::fs;
use std::time::{Duration, Instant};

use nix::unistd::Pid;
use reqwest::Method;

use super::client::Client;
use super::cluster::{Cluster, Database};
use super::echo::Echo;
use super::gateway::Gateway;
use super::process::of_threads;
use super::trigger::install_trigger;
use super::zumodra::ask;

pub(crate) const TENANTS: usize = 1000;
pub(crate) const TABLES: usize = 20;
/// How often something is done while looks are measured.
const TIMES: u32 = 12;
/// How often a quiet time is waited for.
const GOES: u32 = 4;
/// How often one tenant's table is dropped and restored.
const ROUNDS: usize = 10;

/// By promise, of the database's time: a tick while nothing is committed.
pub(crate) const NOTHING: Duration = Duration::from_millis(2);
/// Looks at everything come so often.
const REFRESH: Duration = Duration::from_secs(1);
/// A change that is not seen within this is never seen.
const LIMIT: Duration = Duration::from_secs(5);

/// Ten columns.
const COLUMNS: &str = "id bigint NOT NULL, c1 text NOT NULL, c2 varchar(100), c3 integer, c4 timestamptz NOT NULL, \
                       c5 numeric(10,2), c6 boolean, c7 jsonb, c8 uuid, c9 date";
const REQUIRED_COLUMNS: &str = "[\"id bigint not null\", \"c1 text\", \"c2 varchar(100)\", \"c3 integer\", \
                                \"c4 timestamptz\", \"c5 numeric(10,2)\", \"c6 boolean\", \"c7 jsonb\", \"c8 uuid\", \"c9 date\"]";

/// In a cluster of its own: others would look for their names among its 20,000.
pub(super) async fn filled(cluster: &Cluster, tenants: usize) -> Database {
    let database = cluster.database().await;
    let watcher = database.watcher();
    let fill = format!(
        "CREATE TABLE customers_client (id serial PRIMARY KEY, schema_name varchar(63) NOT NULL UNIQUE);
         CREATE TABLE customers_domain (id serial PRIMARY KEY, domain varchar(253) NOT NULL UNIQUE,
             is_primary boolean NOT NULL, tenant_id int NOT NULL REFERENCES customers_client);
         GRANT SELECT ON customers_client, customers_domain TO {watcher};
         INSERT INTO customers_client (schema_name) SELECT 't' || i FROM generate_series(1, {tenants}) i;
         INSERT INTO customers_domain (domain, is_primary, tenant_id) SELECT schema_name || '.example', true, id FROM customers_client"
    );
    database.execute(&fill).await;
    // In parts: a transaction holds a lock for every table that it makes.
    for part in 0..tenants / 50 {
        let (first, last) = (part * 50 + 1, part * 50 + 50);
        database
            .execute(&format!(
                "DO $$ BEGIN FOR s IN {first}..{last} LOOP
                     EXECUTE format('CREATE SCHEMA t%s; GRANT USAGE ON SCHEMA t%s TO {watcher}', s, s);
                     FOR t IN 1..{TABLES} LOOP
                         EXECUTE format('CREATE TABLE t%s.app_%s ({COLUMNS})', s, t);
                     END LOOP;
                     EXECUTE format('CREATE TABLE t%s.django_migrations (id bigint, app varchar(255), name varchar(255), applied timestamptz);
                         INSERT INTO t%s.django_migrations SELECT i, ''app'', ''m'' || i, now() FROM generate_series(1, 50) i;
                         GRANT SELECT ON t%s.django_migrations TO {watcher}', s, s, s);
                 END LOOP; END $$"
            ))
            .await;
    }
    database.execute("ANALYZE").await;
    // Nothing is committed but by the test.
    database.execute("ALTER SYSTEM SET autovacuum = off").await;
    database.execute("SELECT pg_reload_conf()").await;
    // The server's own clock: how long each statement of the watcher's took.
    database.execute(&format!("ALTER ROLE {watcher} SET log_duration = on")).await;
    database
}

pub(super) fn config(database: &Database, upstream: &str, requirement: &str, refresh: Duration) -> String {
    format!(
        r#"
        [databases.main]
        url = "{url}"
        refresh = "{}ms"
        [upstreams.app]
        servers = ["{upstream}"]
        [tenants]
        from = "django-tenants"
        needs = ["app"]
        [requirements.app]
        per_tenant = true
        {requirement}
        [[routes]]
        path = "/*"
        "#,
        refresh.as_millis(),
        url = database.watcher_url(),
    )
}

pub(super) fn tables() -> String {
    let names: Vec<String> = (1..=TABLES).map(|table| format!("\"app_{table}\"")).collect();
    format!("tables = [{}]", names.join(", "))
}

fn columns() -> String {
    let columns: Vec<String> = (1..=TABLES).map(|table| format!("app_{table} = {REQUIRED_COLUMNS}")).collect();
    format!("columns = {{ {} }}", columns.join(", "))
}

/// A folder of fifty Django migrations, all of them applied.
fn ledger(folder: &std::path::Path) -> String {
    let home = folder.join("app/migrations");
    fs::create_dir_all(&home).expect("a folder");
    fs::write(home.join("__init__.py"), "").expect("a file");
    for i in 1..=50 {
        let text = "from django.db import migrations\n\nclass Migration(migrations.Migration):\n    operations = []\n";
        fs::write(home.join(format!("m{i}.py")), text).expect("a file");
    }
    format!("migrations = {{ tool = \"django\", path = \"{}\" }}", folder.display())
}

/// Time on a processor so far, by the kernel's own count (`/proc/PID/task/*/schedstat`, nanoseconds).
fn cpu(pid: Pid) -> Duration {
    Duration::from_nanos(of_threads(pid, "schedstat", |text| text.split(' ').next()?.parse().ok()))
}

/// MiB that are resident, and the most there ever were.
fn memory(pid: Pid) -> [u64; 2] {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a status");
    ["VmRSS:", "VmHWM:"].map(|name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse().unwrap_or(0) / 1024
    })
}

/// Milliseconds of the watcher's statements in what the server wrote.
pub(super) fn database_time(log: &str, watcher: &str) -> Duration {
    let of_line = |line: &str| -> Option<f64> {
        let (_, rest) = line.split_once(watcher)?;
        rest.split_once("duration: ")?.1.split(' ').next()?.parse().ok()
    };
    Duration::from_secs_f64(log.lines().filter_map(of_line).sum::<f64>() / 1000.0)
}

async fn looks(gateway: &Gateway) -> u32 {
    let metrics = gateway.metrics().await;
    let count = metrics
        .lines()
        .find_map(|line| line.strip_prefix("schemagate_look_duration_seconds_count{database=\"main\"} "));
    count.and_then(|count| count.parse().ok()).unwrap_or(0)
}

/// What a look costs.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// Of the database's time.
    pub(crate) database: Duration,
    /// Of schemagate's time on a processor.
    pub(crate) cpu: Duration,
}

/// What was measured while something was required of each tenant.
pub(crate) struct Figures {
    pub(crate) required: &'static str,
    /// Of a look at everything.
    pub(crate) everything: Cost,
    /// Of a look at one tenant that changed.
    pub(crate) one: Cost,
    /// Of a tick while nothing is committed.
    pub(crate) nothing: Cost,
    /// From the commit to the first changed answer of one tenant: the longest time of a break, and of a mend.
    pub(crate) seen_within: [Duration; 2],
    /// MiB that are resident, and the most there ever were.
    memory: [u64; 2],
}

impl Figures {
    /// Which part of a core, of a hundred, is taken while nothing is committed.
    pub(crate) fn idle(&self) -> f64 {
        self.nothing.cpu.as_secs_f64() / REFRESH.as_secs_f64() * 100.0
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { required, everything, one, nothing, seen_within: [breaking, mending], memory: [resident, most] } =
            self;
        let idle = self.idle();
        write!(
            f,
            "  {required}: database {:.0?} for everything, {:.1?} for one changed tenant, {:.2?} where nothing was \
             committed; own processor time {:.1?}, {:.1?}, {:.2?} ({idle:.2} % of a core at idle); memory {resident} MiB \
             (at most {most} MiB); one tenant's change seen within {breaking:.0?} (break), {mending:.0?} (mend)",
            everything.database, one.database, nothing.database, everything.cpu, one.cpu, nothing.cpu,
        )
    }
}

/// A house with its clocks.
struct House<'h> {
    cluster: &'h Cluster,
    database: &'h Database,
    gateway: &'h Gateway,
}

impl House<'_> {
    /// What each of the looks costs that are made while this is done so many times, with a pause after each.
    async fn cost(&self, pause: Duration, mut done: impl AsyncFnMut(u32)) -> Cost {
        let (first, spent, written) = (looks(self.gateway).await, cpu(self.gateway.pid()), self.cluster.log().len());
        for time in 0..TIMES {
            done(time).await;
            tokio::time::sleep(pause).await;
        }
        let spent = cpu(self.gateway.pid()).saturating_sub(spent);
        let (log, made) = (self.cluster.log(), looks(self.gateway).await - first);
        assert!(made > 0, "no look");
        Cost { database: database_time(&log[written..], &self.database.watcher()) / made, cpu: spent / made }
    }

    /// While something is committed all the time that may be anything: each look sees everything.
    async fn of_everything(&self) -> Cost {
        let busy = self.database.connect().await;
        let commit = async |_| busy.batch_execute("SELECT txid_current()").await.expect("a transaction");
        self.cost(REFRESH / 2, commit).await
    }

    /// While nothing is: the least of some goes, since the server itself writes up for a while what was
    /// done before, as with a checkpoint.
    async fn of_nothing(&self) -> Cost {
        tokio::time::sleep(REFRESH * 2).await;
        let mut least = self.cost(REFRESH / 2, async |_| ()).await;
        for _ in 0..GOES {
            if least.database < NOTHING {
                break;
            }
            let again = self.cost(REFRESH / 2, async |_| ()).await;
            least = if again.database < least.database { again } else { least };
        }
        least
    }

    /// Of a look that is brought by a change of one tenant's.
    async fn of_one_tenant(&self) -> Cost {
        let ddl = self.database.connect().await;
        let change = async |time: u32| {
            let what = if time.is_multiple_of(2) { "ADD COLUMN another int" } else { "DROP COLUMN another" };
            ddl.batch_execute(&format!("ALTER TABLE t400.app_9 {what}")).await.expect("DDL");
        };
        self.cost(REFRESH / 4, change).await
    }
}

/// From the commit to the first changed answer of one tenant, the longest of some.
async fn flap(database: &Database, client: &Client) -> [Duration; 2] {
    let ddl = database.connect().await;
    let create = format!("CREATE TABLE t500.app_7 ({COLUMNS})");
    let mut longest = [Duration::ZERO; 2];
    for _ in 0..ROUNDS {
        for (place, (sql, status)) in [("DROP TABLE t500.app_7", 503), (create.as_str(), 200)].into_iter().enumerate() {
            // Not in step with the looks: a change must be able to come at any moment of one.
            tokio::time::sleep(REFRESH.mul_f64(fastrand::f64())).await;
            ddl.batch_execute(sql).await.expect("DDL");
            let committed = Instant::now();
            while ask(client, Method::GET, "t500.example", "/").await.status != status {
                assert!(committed.elapsed() < LIMIT, "{sql}: not seen for {:?}", committed.elapsed());
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            longest[place] = longest[place].max(committed.elapsed());
            ask(client, Method::GET, "t501.example", "/").await.expect(200);
        }
    }
    longest
}

/// Measures it all, with one requirement after the other.
pub(crate) async fn measure() -> Vec<Figures> {
    let cluster = Cluster::start();
    let database = filled(&cluster, TENANTS).await;
    install_trigger(&database).await;
    let folder = tempfile::tempdir().expect("a folder");
    let echo = Echo::start().await;
    let mut measured = Vec::new();
    for (required, requirement) in [
        ("tables", tables()),
        ("tables and ledgers of 50 rows", tables() + "\n" + &ledger(folder.path())),
        ("all columns and types", columns()),
    ] {
        let started = async |refresh| {
            let gateway = Gateway::start(&config(&database, &echo.address(), &requirement, refresh)).await;
            gateway.logged("1000 tenants are ready, 0 are not").await;
            gateway
        };
        let gateway = started(REFRESH).await;
        let house = House { cluster: &cluster, database: &database, gateway: &gateway };
        let (everything, nothing) = (house.of_everything().await, house.of_nothing().await);
        let seen_within = flap(&database, &gateway.client()).await;
        let memory = memory(gateway.pid());
        drop(gateway);
        let seldom = started(REFRESH * 25).await;
        seldom.logged("listening for notifications").await;
        let one = House { cluster: &cluster, database: &database, gateway: &seldom }.of_one_tenant().await;
        measured.push(Figures { required, everything, one, nothing, seen_within, memory });
    }
    measured
}
