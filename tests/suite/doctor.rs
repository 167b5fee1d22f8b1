//! `schemagate doctor`: each thing that can be wrong around schemagate is found, and told with what to do.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::house::{
    Cluster, Database, Echo, Gateway, PRISMA_LEDGER, PgBouncer, Run, WINDOWS, WrongClock, applied, free_port,
    install_trigger,
};

/// Every check has its row there.
const DOCS: &str = include_str!("../../docs/doctor.md");

/// The findings of one `schemagate doctor`, with the folder that it ran in.
struct Examined {
    run: Run,
    findings: Vec<Finding>,
    _folder: TempDir,
}

#[derive(Debug)]
struct Finding {
    grade: String,
    of: String,
    check: String,
    text: String,
}

impl Examined {
    /// Of this configuration, which lies beside a migration.
    fn of(config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let migration = folder.path().join("migrations/1_orders");
        fs::create_dir_all(&migration).expect("a folder");
        fs::write(migration.join("migration.sql"), "CREATE TABLE orders (id int);").expect("a file");
        fs::write(folder.path().join("proxy.toml"), config).expect("a file");
        let run = Run::of(folder.path(), &["doctor"]);
        let findings = run.stdout.lines().map(Finding::read).collect();
        Self { run, findings, _folder: folder }
    }

    /// How it ended, and all that is not as it should be: its grade, what it is of, and which check.
    #[track_caller]
    fn finds(&self, code: i32, expected: &[&str]) -> &Self {
        let wrong = self.findings.iter().filter(|finding| finding.grade != "ok");
        let wrong: Vec<String> =
            wrong.map(|Finding { grade, of, check, .. }| format!("{grade}: {of}: {check}")).collect();
        assert_eq!(
            (self.run.code, wrong),
            (Some(code), expected.iter().map(ToString::to_string).collect()),
            "{}",
            self.run.output()
        );
        self
    }

    /// What is said of it.
    #[track_caller]
    fn says(&self, of: &str, check: &str, text: &str) -> &Self {
        let all = self.findings.iter().filter(|finding| finding.of == of && finding.check == check);
        assert!(all.into_iter().any(|finding| finding.text.contains(text)), "no {text:?} in\n{}", self.run.output());
        self
    }
}

impl Finding {
    fn read(line: &str) -> Self {
        let parts: Vec<&str> = line.split('\t').collect();
        let [word, grade, of, check, text] = parts[..] else { panic!("{line}") };
        assert_eq!(word, "finding");
        assert!(DOCS.contains(&format!("\n| `{check}` | ")), "docs/doctor.md does not tell of {check}");
        let [grade, of, check, text] = [grade, of, check, text].map(str::to_owned);
        Self { grade, of, check, text }
    }
}

/// A database with `orders`, of whom the watcher was granted nothing.
async fn database() -> Database {
    let database = Cluster::shared().database().await;
    database.execute("CREATE TABLE orders (id int)").await;
    database
}

/// A configuration for this URL, with these lines for the database.
fn config(url: &str, lines: &str, echo: &Echo) -> String {
    format!(
        r#"
[admin]
listen = "127.0.0.1:{}"
[databases.main]
url = "{url}"
{lines}
[upstreams.api]
servers = ["{}"]
[requirements.orders]
tables = ["orders"]
[[routes]]
path = "/*"
needs = ["orders"]
"#,
        free_port(),
        echo.address()
    )
}

#[tokio::test]
async fn nothing_is_wrong_where_everything_is_as_recommended() {
    let (database, echo) = (database().await, Echo::start().await);
    install_trigger(&database).await;
    Examined::of(&config(&database.watcher_url(), "", &echo))
        .finds(0, &[])
        .says("database main", "reach", "PostgreSQL ")
        .says("database main", "tls", "does not leave this machine")
        .says("database main", "notify", "one was sent and heard after")
        .says("database main", "trigger", "installed, switched on and current")
        .says("database main", "clock", "agree")
        .says("upstream api", "reach", "takes connections")
        .says("machine", "running", "nothing answers");
}

#[tokio::test]
async fn a_missing_grant_is_told_as_the_grant_to_run() {
    let (database, echo) = (database().await, Echo::start().await);
    install_trigger(&database).await;
    database.execute(&format!("{PRISMA_LEDGER}; {WINDOWS}; {}", applied(["1_orders"]))).await;
    let text = config(&database.watcher_url(), "", &echo)
        .replace("needs = [\"orders\"]", "needs = [\"orders\", \"release\"]")
        + "[requirements.release]\nmigrations = { tool = \"prisma\", path = \"migrations\" }\n\
           [maintenance]\ntable = \"maintenance_windows\"\n";
    let grant = |table: &str| format!("GRANT SELECT ON \"public\".\"{table}\" TO \"{}\"", database.watcher());
    Examined::of(&text)
        .finds(
            1,
            &[
                "warning: database main: trigger",
                "problem: database main: sight",
                "warning: database main: schema",
                "problem: database main: sight",
            ],
        )
        .says("database main", "sight", &grant("_prisma_migrations"))
        .says("database main", "sight", &grant("maintenance_windows"))
        .says("database main", "trigger", "schemagate trigger-sql --windows maintenance_windows | psql");
    // As it says, so it is mended.
    database.execute(&[grant("_prisma_migrations"), grant("maintenance_windows")].join("; ")).await;
    let sql = Run::of(Path::new("/"), &["trigger-sql", "--windows", "maintenance_windows"]).expect(0).stdout;
    database.execute(&sql).await;
    Examined::of(&text).finds(0, &[]);
}

#[tokio::test]
async fn a_wrong_password_ends_with_3_and_is_told_once_and_never_shown() {
    let (database, echo) = (database().await, Echo::start().await);
    let role = format!("locked_{}", database.name());
    // Members of it must give a password (pg_hba.conf of the test's cluster).
    database.execute("DO $$ BEGIN CREATE ROLE passworded; EXCEPTION WHEN duplicate_object THEN NULL; END $$").await;
    database.execute(&format!("CREATE ROLE {role} LOGIN PASSWORD 'right' IN ROLE passworded")).await;
    let examined = Examined::of(&config(&database.url_of(&format!("{role}:hunter2")), "", &echo));
    examined.finds(3, &["problem: database main: reach"]).says(
        "database main",
        "reach",
        "check the user and the password",
    );
    assert!(!examined.run.output().contains("hunter2"));
    Examined::of(&config(&database.url_of(&format!("{role}:right")), "", &echo))
        .finds(0, &["warning: database main: trigger"]);
}

#[tokio::test]
async fn a_server_that_is_away_is_told_with_the_rest() {
    let echo = Echo::start().await;
    let url = format!("postgresql://me@127.0.0.1:{}/app", free_port());
    Examined::of(&config(&url, "", &echo))
        .finds(3, &["problem: database main: reach"])
        .says("database main", "reach", "nothing listens there")
        .says("upstream api", "reach", "takes connections");
}

#[tokio::test]
async fn clocks_that_differ_are_told_with_how_far() {
    let (database, echo) = (database().await, Echo::start().await);
    install_trigger(&database).await;
    let wrong = WrongClock::before(database.port());
    let url = database.watcher_url().replace(&format!(":{}/", database.port()), &format!(":{}/", wrong.port()));
    let examined = Examined::of(&config(&url, "", &echo));
    examined.finds(0, &["warning: database main: clock"]).says("database main", "clock", "NTP");
    // A digit off is a hundred thousand seconds, but for what rounding makes of it.
    examined.says("database main", "clock", "differ by ");
    let seconds = examined
        .findings
        .iter()
        .find(|finding| finding.check == "clock")
        .and_then(|finding| finding.text.split("differ by ").nth(1)?.split(' ').next()?.parse::<f64>().ok());
    assert!(seconds.is_some_and(|seconds| (99_000.0..101_000.0).contains(&seconds)), "{seconds:?}");
}

#[tokio::test]
async fn a_trigger_that_is_missing_switched_off_or_old_is_told_with_what_brings_it() {
    let (database, echo) = (database().await, Echo::start().await);
    let text = config(&database.watcher_url(), "refresh = \"7s\"", &echo);
    let trigger = ["warning: database main: trigger"];
    Examined::of(&text).finds(0, &trigger).says("database main", "trigger", "every 7s").says(
        "database main",
        "trigger",
        "schemagate trigger-sql | psql",
    );
    install_trigger(&database).await;
    Examined::of(&text).finds(0, &[]);
    database.execute("ALTER EVENT TRIGGER schemagate_drop DISABLE").await;
    Examined::of(&text).finds(0, &trigger).says(
        "database main",
        "trigger",
        "ALTER EVENT TRIGGER schemagate_drop ENABLE",
    );
    // As an older version would have left it.
    database
        .execute(
            "ALTER EVENT TRIGGER schemagate_drop ENABLE;
             CREATE OR REPLACE FUNCTION schemagate.notify_schema_change() RETURNS event_trigger LANGUAGE plpgsql
             AS 'BEGIN PERFORM pg_notify(''schemagate'', ''''); END'",
        )
        .await;
    Examined::of(&text).finds(0, &[trigger, trigger].concat()).says("database main", "trigger", "of another version");
    install_trigger(&database).await;
    Examined::of(&text).finds(0, &[]);
}

#[tokio::test]
async fn behind_a_pooler_it_says_why_changes_are_seen_late_and_what_helps() {
    let (database, echo) = (database().await, Echo::start().await);
    install_trigger(&database).await;
    let bouncer = PgBouncer::start(&database).await;
    let role = "warning: database main: role";
    Examined::of(&config(&bouncer.url(), "", &echo))
        .finds(0, &[role, "warning: database main: notify"])
        .says("database main", "reach", "through a pooler")
        .says("database main", "notify", "give a direct_url past the pooler");
    let direct = format!("direct_url = \"{}\"", database.watcher_url());
    Examined::of(&config(&bouncer.url(), &direct, &echo)).finds(0, &[role]).says(
        "database main",
        "notify",
        "over direct_url",
    );
    let nowhere = format!("direct_url = \"postgresql://me@127.0.0.1:{}/app\"", free_port());
    Examined::of(&config(&bouncer.url(), &nowhere, &echo)).finds(1, &[role, "problem: database main: notify"]).says(
        "database main",
        "notify",
        "nothing listens there",
    );
}

// The backend answers in this process, while a command is waited for.
#[tokio::test(flavor = "multi_thread")]
async fn upstreams_that_are_down_or_not_well_are_told_by_server() {
    let (database, echo) = (database().await, Echo::start().await);
    install_trigger(&database).await;
    let down = free_port();
    let text = config(&database.watcher_url(), "", &echo).replace(
        &format!("[\"{}\"]", echo.address()),
        &format!("[\"{}\", \"127.0.0.1:{down}\", \"no-such-host.invalid:80\"]", echo.address()),
    );
    Examined::of(&text)
        .finds(1, &["problem: upstream api: reach", "problem: upstream api: reach"])
        .says("upstream api", "reach", &format!("127.0.0.1:{down}: nothing listens there"))
        .says("upstream api", "reach", "no-such-host.invalid:80: its name does not resolve");
    let text = config(&database.watcher_url(), "", &echo)
        .replace("[requirements.orders]", "health = { path = \"/status/500\" }\n[requirements.orders]");
    Examined::of(&text).finds(1, &["problem: upstream api: reach"]).says(
        "upstream api",
        "reach",
        "says that it is not well (",
    );
}

#[tokio::test]
async fn a_broken_schema_a_state_file_that_cannot_be_written_and_a_mistake_are_told_apart() {
    let (database, echo) = (database().await, Echo::start().await);
    install_trigger(&database).await;
    let text = config(&database.watcher_url(), "", &echo);
    let state = format!("{text}[control]\nstate = \"/no/such/folder/state.json\"\n");
    Examined::of(&state).finds(0, &["warning: machine: disk"]).says("machine", "disk", "its folder is not there").says(
        "machine",
        "disk",
        "`state` under [control]",
    );
    database.execute("DROP TABLE orders").await;
    Examined::of(&text).finds(0, &["warning: database main: schema"]).says(
        "database main",
        "schema",
        "schemagate check --database",
    );
    let mistaken = Examined::of(&text.replace("servers", "srvers"));
    assert_eq!((mistaken.run.code, mistaken.findings.len()), (Some(2), 0), "{}", mistaken.run.output());
    assert!(mistaken.run.stderr.contains("did you mean `servers`"), "{}", mistaken.run.stderr);
}

#[tokio::test]
async fn programs_get_it_as_json_and_a_running_schemagate_is_noticed_and_not_disturbed() {
    let (database, echo) = (database().await, Echo::start().await);
    install_trigger(&database).await;
    let text = config(&database.watcher_url(), "", &echo);
    let (_, text) = text.split_once("[databases.main]").expect("a configuration");
    let gateway = Gateway::start(&format!("[databases.main]{text}")).await;
    gateway.verdict_becomes("orders", "ready", Duration::from_secs(10)).await;
    let run = gateway.run(&["doctor", "--format", "json"]).expect(0);
    let json: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!((&json["problems"], &json["warnings"]), (&0.into(), &0.into()), "{json:#}");
    let running = json["findings"].as_array().into_iter().flatten().find(|finding| finding["check"] == "running");
    assert!(
        running.is_some_and(|finding| finding["text"].as_str().is_some_and(|text| text.contains("schemagate runs")))
    );
    assert_eq!(gateway.verdict("orders").await, "ready");
    gateway.client().get("/").await.expect(200);
}
