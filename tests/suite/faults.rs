//! The database goes away, hangs, or is locked: traffic flows, the last verdict stands until it is
//! too old, and everything comes back without a restart.

use std::time::{Duration, Instant};

use crate::house::{Client, Cluster, Database, Echo, Gateway, Run, eventually, holds_for};

const MAX_AGE: Duration = Duration::from_secs(4);
const LIMIT: Duration = Duration::from_secs(15);
/// How long schemagate waits for a database that says nothing.
const PATIENCE: Duration = Duration::from_secs(15);
/// No answer waits for a database.
const QUICK: Duration = Duration::from_secs(3);

pub(crate) struct Shop {
    pub(crate) cluster: Cluster,
    pub(crate) database: Database,
    pub(crate) gateway: Gateway,
    pub(crate) client: Client,
    _echo: Echo,
}

impl Shop {
    /// `/ready` needs a table that is there, `/broken` and `/careful` one that is not.
    pub(crate) async fn open() -> Self {
        let cluster = Cluster::start();
        let database = cluster.database().await;
        database.execute("CREATE TABLE there (id int)").await;
        let echo = Echo::start().await;
        let gateway = Gateway::start(&config(&database.watcher_url(), &echo)).await;
        let client = gateway.client();
        let shop = Self { cluster, database, gateway, client, _echo: echo };
        shop.answers_by_verdict().await;
        shop
    }

    pub(crate) async fn status(&self, path: &str) -> u16 {
        let start = Instant::now();
        let status = self.client.get(path).await.status;
        assert!(start.elapsed() < QUICK, "{path} took {:?}", start.elapsed());
        status
    }

    async fn statuses(&self) -> [u16; 4] {
        [
            self.status("/open").await,
            self.status("/ready").await,
            self.status("/broken").await,
            self.status("/careful").await,
        ]
    }

    async fn answers_by_verdict(&self) {
        assert_eq!(self.statuses().await, [200, 200, 503, 503]);
    }

    /// The last verdict stands, then nothing is known; the whole time every request is answered.
    pub(crate) async fn stands_until_max_age_and_is_then_unknown(&self) {
        // The last look that ended may have begun a refresh, a look and a busy machine's pause before the database went away.
        let stands = MAX_AGE.saturating_sub(Duration::from_millis(2500));
        holds_for("the last verdict", stands, async || self.statuses().await == [200, 200, 503, 503]).await;
        eventually("unknown verdicts", MAX_AGE + LIMIT, async || {
            (self.statuses().await == [200, 200, 200, 503]).then_some(())
        })
        .await;
        for requirement in ["present", "absent"] {
            assert_eq!(self.gateway.verdict(requirement).await, "unknown");
        }
        holds_for("unknown verdicts", Duration::from_millis(500), async || {
            self.statuses().await == [200, 200, 200, 503]
        })
        .await;
    }

    pub(crate) async fn recovers_without_a_restart(&self) {
        eventually("the verdicts are back", LIMIT, async || {
            (self.statuses().await == [200, 200, 503, 503]).then_some(())
        })
        .await;
        self.database.execute("CREATE TABLE absent (id int)").await;
        eventually("all is open", LIMIT, async || (self.statuses().await == [200; 4]).then_some(())).await;
    }
}

fn config(url: &str, echo: &Echo) -> String {
    format!(
        r#"
        [databases.main]
        url = "{url}"
        refresh = "200ms"
        max_age = "{max_age}s"
        connect_timeout = "{patience}s"
        statement_timeout = "{patience}s"
        [upstreams.api]
        servers = ["{echo}"]
        [requirements.present]
        tables = ["there"]
        [requirements.absent]
        tables = ["absent"]
        [[routes]]
        path = "/ready"
        needs = ["present"]
        [[routes]]
        path = "/broken"
        needs = ["absent"]
        [[routes]]
        path = "/careful"
        needs = ["absent"]
        on_unknown = "block"
        [[routes]]
        path = "/*"
        "#,
        max_age = MAX_AGE.as_secs(),
        patience = PATIENCE.as_secs(),
        echo = echo.address()
    )
}

#[tokio::test]
async fn a_database_that_hangs_holds_no_request_up() {
    let shop = Shop::open().await;
    shop.cluster.pause();
    shop.stands_until_max_age_and_is_then_unknown().await;
    shop.cluster.resume();
    shop.recovers_without_a_restart().await;
}

#[tokio::test]
async fn a_short_outage_changes_no_verdict() {
    let shop = Shop::open().await;
    shop.cluster.pause();
    holds_for("the last verdict", Duration::from_millis(800), async || shop.statuses().await == [200, 200, 503, 503])
        .await;
    shop.cluster.resume();
    holds_for("the same verdict", MAX_AGE + Duration::from_secs(1), async || {
        shop.statuses().await == [200, 200, 503, 503]
    })
    .await;
}

#[tokio::test]
async fn an_open_alter_table_locks_nobody_out_and_counts_when_it_commits() {
    let shop = Shop::open().await;
    shop.database.execute("CREATE TABLE migrations (id int)").await;
    let migration = shop.database.connect().await;
    migration
        .batch_execute("BEGIN; ALTER TABLE there RENAME TO gone; CREATE TABLE absent (id int)")
        .await
        .expect("DDL in a transaction");
    // Nothing is committed, so nothing has changed; and nothing that a look asks waits for the lock.
    holds_for("the committed schema", MAX_AGE + Duration::from_secs(1), async || {
        shop.statuses().await == [200, 200, 503, 503]
    })
    .await;
    let waiting = shop.database.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'").await;
    assert_eq!(waiting.as_deref(), Some("0"), "somebody waits for the lock");
    migration.batch_execute("COMMIT").await.expect("a commit");
    eventually("the migrated schema", LIMIT, async || (shop.statuses().await == [200, 503, 200, 200]).then_some(()))
        .await;
}

#[tokio::test]
async fn a_connection_that_is_cut_is_made_again() {
    let shop = Shop::open().await;
    let ours = "SELECT pid FROM pg_stat_activity WHERE application_name = 'schemagate'";
    let first = shop.database.value(ours).await.expect("the watcher names itself");
    shop.database
        .execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'schemagate'")
        .await;
    eventually("another connection", LIMIT, async || shop.database.value(ours).await.filter(|pid| *pid != first)).await;
    shop.answers_by_verdict().await;
}

#[tokio::test]
async fn one_database_has_one_connection_and_no_look_writes() {
    let shop = Shop::open().await;
    let count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'schemagate'";
    holds_for("one connection", Duration::from_secs(1), async || {
        shop.database.value(count).await.is_some_and(|count| count == "1")
    })
    .await;
    let xid = "SELECT txid_snapshot_xmax(txid_current_snapshot())";
    let first = shop.database.value(xid).await;
    shop.gateway.looks_again(5).await;
    assert_eq!(shop.database.value(xid).await, first, "a look took a transaction id");
}

#[tokio::test]
async fn a_database_that_is_away_at_the_start_is_unknown_and_learnt_when_it_comes() {
    let cluster = Cluster::start();
    let database = cluster.database().await;
    database.execute("CREATE TABLE there (id int)").await;
    cluster.stop();
    let echo = Echo::start().await;
    let gateway = Gateway::start_with("", "startup_timeout = \"1s\"", &config(&database.watcher_url(), &echo)).await;
    let client = gateway.client();
    let shop = Shop { cluster, database, gateway, client, _echo: echo };
    assert_eq!(shop.statuses().await, [200, 200, 200, 503]);
    shop.cluster.run();
    shop.recovers_without_a_restart().await;
}

#[tokio::test]
async fn a_database_that_hangs_at_the_start_delays_the_listeners_by_the_startup_timeout_only() {
    let cluster = Cluster::start();
    let database = cluster.database().await;
    cluster.pause();
    let echo = Echo::start().await;
    let start = Instant::now();
    let gateway = Gateway::start_with("", "startup_timeout = \"1s\"", &config(&database.watcher_url(), &echo)).await;
    let took = start.elapsed();
    assert!(took > Duration::from_millis(900) && took < PATIENCE / 2, "it took {took:?}");
    gateway.client().get("/broken").await.expect(200);
    gateway.client().get("/careful").await.expect(503);
    cluster.resume();
    gateway.verdict_becomes("absent", "broken", LIMIT).await;
}

#[tokio::test]
async fn a_wrong_password_is_unknown_and_said_without_being_shown() {
    let cluster = Cluster::shared();
    let database = cluster.database().await;
    let role = format!("keyed_{}", database.name());
    database
        .execute(&format!(
            "DO $$ BEGIN CREATE ROLE passworded; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
             CREATE ROLE {role} LOGIN PASSWORD 'right-horse' IN ROLE passworded;
             CREATE TABLE there (id int); CREATE TABLE absent (id int)"
        ))
        .await;
    let echo = Echo::start().await;
    let wrong = config(&database.url_of(&format!("{role}:battery-staple")), &echo);
    let gateway = Gateway::start(&wrong).await;
    gateway.client().get("/broken").await.expect(200);
    gateway.client().get("/careful").await.expect(503);
    assert_eq!(gateway.verdict("present").await, "unknown");
    gateway.logged("password").await;
    assert!(!gateway.log().contains("battery-staple"), "{}", gateway.log());

    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("proxy.toml"), &wrong).expect("a configuration");
    let check = Run::of(folder.path(), &["check", "--database"]).expect(3);
    assert!(check.stderr.contains("password") && check.stderr.contains(&role), "{}", check.stderr);
    assert!(!check.output().contains("battery-staple"), "{}", check.output());

    let right = config(&database.url_of(&format!("{role}:right-horse")), &echo);
    std::fs::write(folder.path().join("proxy.toml"), right).expect("a configuration");
    Run::of(folder.path(), &["check", "--database"]).expect(0);
}

#[tokio::test]
async fn no_free_connection_is_unknown_and_says_so() {
    let database = Cluster::shared().database().await;
    database.execute(&format!("ALTER ROLE {} CONNECTION LIMIT 0", database.watcher())).await;
    let echo = Echo::start().await;
    let gateway = Gateway::start(&config(&database.watcher_url(), &echo)).await;
    gateway.client().get("/broken").await.expect(200);
    assert_eq!(gateway.verdict("present").await, "unknown");
    gateway.logged("too many connections").await;
    database.execute(&format!("ALTER ROLE {} CONNECTION LIMIT 5", database.watcher())).await;
    gateway.verdict_becomes("absent", "broken", LIMIT).await;
}

#[tokio::test]
async fn of_two_databases_the_one_that_is_away_takes_only_its_own_routes_along() {
    let (one, two) = (Cluster::shared().database().await, Cluster::start());
    let away = two.database().await;
    away.execute("CREATE TABLE there (id int)").await;
    one.execute("CREATE TABLE there (id int)").await;
    let echo = Echo::start().await;
    let gateway = Gateway::start(&format!(
        r#"
        [databases.one]
        url = "{}"
        refresh = "200ms"
        max_age = "5s"
        [databases.two]
        url = "{}"
        refresh = "200ms"
        max_age = "5s"
        [upstreams.api]
        servers = ["{}"]
        [requirements.first]
        database = "one"
        tables = ["there"]
        [requirements.second]
        database = "two"
        tables = ["there"]
        [defaults]
        on_unknown = "block"
        [[routes]]
        path = "/one"
        needs = ["first"]
        [[routes]]
        path = "/two"
        needs = ["second"]
        "#,
        one.watcher_url(),
        away.watcher_url(),
        echo.address()
    ))
    .await;
    let client = gateway.client();
    client.get("/one").await.expect(200);
    client.get("/two").await.expect(200);
    two.stop();
    eventually("two is unknown", LIMIT, async || (client.get("/two").await.status == 503).then_some(())).await;
    holds_for("one is ready", Duration::from_secs(2), async || client.get("/one").await.status == 200).await;
}
