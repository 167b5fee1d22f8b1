//! What several schemagates cost the one database that each of them watches.

use std::fmt;
use std::time::{Duration, Instant};

use super::cluster::{Cluster, Database};
use super::echo::Echo;
use super::gateway::Gateway;
use super::thousand::{config, database_time, filled, tables};
use super::trigger::install_trigger;

/// How often everything is looked at.
const REFRESH: Duration = Duration::from_secs(1);
/// So seldom that only changes bring looks.
const SELDOM: Duration = Duration::from_secs(300);
/// How long a quiet time is measured, and how many changes are.
const QUIET: Duration = Duration::from_secs(10);
const CHANGES: u32 = 10;
/// How often a quiet time is measured.
const GOES: usize = 3;
/// Between two changes: the looks that the one before brought are over.
const PAUSE: Duration = Duration::from_secs(1);

/// What the watchers' statements took of a database.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Load {
    /// Statements, `BEGIN` and `COMMIT` among them.
    pub(crate) statements: f64,
    /// By the server's own clock.
    pub(crate) database: Duration,
}

impl Load {
    fn per(self, parts: f64) -> Self {
        Self { statements: self.statements / parts, database: self.database.div_f64(parts) }
    }
}

/// What so many replicas cost that watch so many tenants.
pub(crate) struct Fleet {
    pub(crate) tenants: usize,
    pub(crate) replicas: usize,
    /// A second in which nothing changes.
    pub(crate) idle: Load,
    /// One change of one tenant's schema.
    pub(crate) change: Load,
    /// Connections that are open at the database.
    pub(crate) connections: usize,
}

impl fmt::Display for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tenants, replicas, idle, change, connections } = self;
        let milliseconds = |load: &Load| load.database.as_secs_f64() * 1000.0;
        write!(
            f,
            "| {tenants} | {replicas} | {connections} | {:.1} | {:.2} | {:.1} | {:.1} |",
            idle.statements,
            milliseconds(idle),
            change.statements,
            milliseconds(change),
        )
    }
}

/// What the watchers' statements took while this was done.
async fn load(cluster: &Cluster, database: &Database, done: impl Future<Output = ()>) -> Load {
    let written = cluster.log().len();
    done.await;
    let log = cluster.log();
    let (log, watcher) = (&log[written..], database.watcher());
    let is_statement = |line: &&str| {
        line.split_once(&watcher).is_some_and(|(_, rest)| rest.contains(" statement: ") || rest.contains(" execute "))
    };
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let statements = log.lines().filter(is_statement).count() as f64;
    Load { statements, database: database_time(log, &watcher) }
}

/// While nothing is committed, of a second: the least of some goes, since the server itself writes up for a while what
/// was done before, as with a checkpoint, and each look sees everything then.
async fn idle(cluster: &Cluster, database: &Database) -> Load {
    let mut least = load(cluster, database, tokio::time::sleep(QUIET)).await;
    for _ in 1..GOES {
        let again = load(cluster, database, tokio::time::sleep(QUIET)).await;
        least = if again.database < least.database { again } else { least };
    }
    least.per(QUIET.as_secs_f64())
}

async fn started(database: &Database, tenants: usize, replicas: usize, refresh: Duration) -> (Echo, Vec<Gateway>) {
    let echo = Echo::start().await;
    // What was seen must count for longer than until the next look.
    let config =
        config(database, &echo.address(), &tables(), refresh).replace("refresh =", "max_age = \"1h\"\nrefresh =");
    let mut gateways = Vec::new();
    for _ in 0..replicas {
        let gateway = Gateway::start(&config).await;
        gateway.logged(&format!("{tenants} tenants are ready, 0 are not")).await;
        gateway.logged("listening for notifications").await;
        gateways.push(gateway);
    }
    tokio::time::sleep(REFRESH * 2).await;
    (echo, gateways)
}

/// Measures `replicas` of them over each number of tenants, which is a multiple of fifty.
pub(crate) async fn measure_replicas(tenants: &[usize], replicas: &[usize]) -> Vec<Fleet> {
    let mut measured = Vec::new();
    for &tenants in tenants {
        let cluster = Cluster::start();
        let database = filled(&cluster, tenants).await;
        install_trigger(&database).await;
        let watcher = database.watcher();
        database.execute(&format!("ALTER ROLE {watcher} SET log_statement = 'all'")).await;
        for &replicas in replicas {
            let (echo, gateways) = started(&database, tenants, replicas, REFRESH).await;
            let idle = idle(&cluster, &database).await;
            let count = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{watcher}'");
            let connections = database.value(&count).await.and_then(|count| count.parse().ok()).unwrap_or(0);
            drop((gateways, echo));

            let (echo, gateways) = started(&database, tenants, replicas, SELDOM).await;
            let ddl = database.connect().await;
            let changes = async {
                for change in 0..CHANGES {
                    let began = Instant::now();
                    let what = if change.is_multiple_of(2) { "ADD COLUMN another int" } else { "DROP COLUMN another" };
                    ddl.batch_execute(&format!("ALTER TABLE t40.app_9 {what}")).await.expect("DDL");
                    tokio::time::sleep(PAUSE.saturating_sub(began.elapsed())).await;
                }
            };
            let change = load(&cluster, &database, changes).await.per(f64::from(CHANGES));
            drop((gateways, echo));
            measured.push(Fleet { tenants, replicas, idle, change, connections });
        }
    }
    measured
}
