//! `schemagate wait`: an entrypoint that lets the app start when the schema is there.

use std::fs;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::house::{Cluster, Database, Guarded, Run, eventually, free_port, schemagate};

const LIMIT: Duration = Duration::from_secs(15);
/// For a server that says nothing, where a command is to be quicker.
const PATIENCE: Duration = Duration::from_secs(25);

/// A wait that goes on beside the test.
struct Waiting {
    folder: TempDir,
    process: Guarded,
}

impl Waiting {
    fn start(config: &str, args: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("proxy.toml"), config).expect("a configuration");
        let file = |name: &str| fs::File::create(folder.path().join(name)).expect("a file");
        let mut command = schemagate();
        command.arg("wait").args(args).current_dir(folder.path());
        command.stdin(Stdio::null()).stdout(file("stdout")).stderr(file("stderr"));
        let process = Guarded::start(&mut command, Signal::SIGKILL, None);
        Self { folder, process }
    }

    fn wrote(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).expect("a file")
    }

    async fn says(&self, text: &str) {
        let said = async || self.wrote("stderr").contains(text).then_some(());
        eventually(&format!("{text:?} among {:?}", self.wrote("stderr")), LIMIT, said).await;
    }

    fn ends(&mut self, code: i32) {
        let ended = self.process.ends_within(LIMIT).and_then(|status| status.code());
        assert_eq!(ended, Some(code), "{}\n{}", self.wrote("stderr"), self.wrote("stdout"));
    }
}

fn config(url: &str, columns: &str) -> String {
    format!(
        "[databases.main]\nurl = \"{url}\"\n[upstreams.api]\nservers = [\"127.0.0.1:1\"]\n\
         [requirements.agreements]\ncolumns = {{ customers = [{columns}] }}\nmend = \"npx prisma migrate deploy\"\n\
         [requirements.backups]\ntables = [\"AdminBackupJob\"]\n\
         [[routes]]\npath = \"/*\"\nneeds = [\"agreements\"]\n"
    )
}

/// What waits longer for a server than any command may.
fn patient(url: &str) -> String {
    let timeouts = format!("connect_timeout = \"{0}s\"\nstatement_timeout = \"{0}s\"\n", PATIENCE.as_secs());
    config(url, "\"name\"").replace("[upstreams.api]", &format!("{timeouts}[upstreams.api]"))
}

fn once(config: &str, args: &[&str]) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("proxy.toml"), config).expect("a configuration");
    Run::of(folder.path(), &[&["wait"], args].concat())
}

async fn customers() -> Database {
    let database = Cluster::shared().database().await;
    database.execute("CREATE TABLE customers (id int, name text)").await;
    database
}

#[tokio::test]
async fn it_ends_well_as_soon_as_the_last_requirement_is_met() {
    let database = customers().await;
    let mut waiting = Waiting::start(&config(&database.watcher_url(), "\"url\", \"signed\""), &["--interval", "100ms"]);
    waiting.says("column customers.signed is missing").await;
    waiting.says("table AdminBackupJob is missing").await;
    waiting.says("to mend it: npx prisma migrate deploy").await;
    assert!(waiting.process.ended().is_none());
    database.execute("ALTER TABLE customers ADD COLUMN url text, ADD COLUMN signed text").await;
    assert!(waiting.process.ended().is_none(), "a table is still missing");
    database.execute(r#"CREATE TABLE "AdminBackupJob" ()"#).await;
    waiting.ends(0);
    assert!(waiting.wrote("stdout").starts_with("ready after "), "{}", waiting.wrote("stdout"));
}

#[tokio::test]
async fn a_database_that_is_not_there_yet_is_waited_for() {
    let cluster = Cluster::start();
    let database = cluster.database().await;
    database.execute(r#"CREATE TABLE customers (url text); CREATE TABLE "AdminBackupJob" ()"#).await;
    cluster.stop();
    let mut waiting = Waiting::start(&config(&database.watcher_url(), "\"url\""), &["--interval", "100ms"]);
    waiting.says("database main: ").await;
    assert!(waiting.wrote("stderr").contains("nothing listens there"), "{}", waiting.wrote("stderr"));
    assert!(waiting.process.ended().is_none());
    cluster.run();
    waiting.ends(0);
}

#[tokio::test]
async fn too_late_is_exit_1_with_what_is_missing() {
    let database = customers().await;
    let run = once(&config(&database.watcher_url(), "\"name\""), &["--timeout", "3s", "--interval", "50ms"]).expect(1);
    assert_eq!(
        run.stdout, "not ready after 3s:\nbroken       backups\n             table AdminBackupJob is missing\n",
        "what is ready is not listed"
    );
    // Many looks and one thing to say.
    assert_eq!(run.stderr.matches("AdminBackupJob").count(), 1, "{}", run.stderr);
}

#[tokio::test]
async fn only_what_is_named_is_waited_for() {
    let database = customers().await;
    let text = config(&database.watcher_url(), "\"name\"");
    once(&text, &["--timeout", "10s", "--require", "agreements"]).expect(0);
    let json = once(&text, &["--timeout", "3s", "--require", "backups", "--format", "json"]).expect(1);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(json["ready"], false);
    assert_eq!(json["report"]["status"], "degraded");
    assert_eq!(json["report"]["requirements"][0]["findings"][0]["object"], "AdminBackupJob");
    assert_eq!(json["report"]["requirements"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_database_that_holds_nothing_of_what_is_named_is_left_alone() {
    let database = customers().await;
    let away = format!("[databases.other]\nurl = \"postgresql://a@127.0.0.1:{}/a\"\n", free_port());
    let text = away
        + &config(&database.watcher_url(), "\"name\"")
            .replace("columns", "database = \"main\"\ncolumns")
            .replace("tables", "database = \"other\"\ntables");
    let run = once(&text, &["--timeout", "10s", "--require", "agreements"]).expect(0);
    assert_eq!(run.stderr, "");
    let run = once(&text, &["--timeout", "3s"]).expect(3);
    assert!(run.stdout.contains("database other: ") && run.stdout.contains("unknown      backups"), "{}", run.stdout);
}

#[test]
fn a_database_that_never_comes_is_exit_3() {
    let url = format!("postgresql://app:hunter2@127.0.0.1:{}/app", free_port());
    let run = once(&config(&url, "\"name\""), &["--timeout", "2s", "--interval", "100ms"]).expect(3);
    assert!(run.stdout.contains("nothing listens there"), "{}", run.stdout);
    assert!(!run.output().contains("hunter2"), "{}", run.output());
}

#[test]
fn a_server_that_takes_the_connection_and_says_nothing_is_exit_3_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("postgresql://app@127.0.0.1:{}/app", silent.local_addr().expect("an address").port());
    let began = Instant::now();
    let run = once(&patient(&url), &["--timeout", "500ms"]).expect(3);
    assert!(began.elapsed() < PATIENCE / 2, "{:?}: {}", began.elapsed(), run.output());
}

#[test]
fn wrong_words_are_exit_2() {
    let text = config("postgresql://a@127.0.0.1:1/a", "\"name\"");
    let run = once(&text, &["--require", "agreement"]).expect(2);
    assert!(run.stderr.contains("did you mean `agreements`?"), "{}", run.stderr);
    for args in [["--timeout", "soon"], ["--timeout", "0s"], ["--interval", "-1s"]] {
        once(&text, &args).expect(2);
    }
    once("[databases.main]\nurl = \"${NOT_SET_ANYWHERE}\"\n", &[]).expect(2);
}

#[tokio::test]
async fn a_signal_ends_it_at_once_even_while_a_server_says_nothing() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("postgresql://app@127.0.0.1:{}/app", silent.local_addr().expect("an address").port());
    let database = customers().await;
    for (url, signal, code) in [
        (url, Signal::SIGTERM, 143),
        (database.watcher_url(), Signal::SIGTERM, 143),
        (database.watcher_url(), Signal::SIGINT, 130),
    ] {
        let mut waiting = Waiting::start(&patient(&url), &[]);
        let caught = async || {
            let status = fs::read_to_string(format!("/proc/{}/status", waiting.process.pid())).ok()?;
            let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"))?;
            let bits = u64::from_str_radix(caught.trim(), 16).ok()?;
            (bits & (1 << (signal as i32 - 1)) != 0).then_some(())
        };
        eventually("it listens for signals", LIMIT, caught).await;
        let told = Instant::now();
        waiting.process.signal(signal);
        waiting.ends(code);
        assert!(told.elapsed() < PATIENCE / 2, "{:?}", told.elapsed());
    }
}

#[tokio::test]
async fn it_keeps_one_connection_and_leaves_nothing_behind() {
    let database = customers().await;
    let mut waiting = Waiting::start(&config(&database.watcher_url(), "\"name\""), &["--interval", "50ms"]);
    let sessions = format!(
        "SELECT string_agg(pid || ' ' || backend_start, ', ') FROM pg_stat_activity WHERE usename = '{}'",
        database.watcher()
    );
    waiting.says("table AdminBackupJob is missing").await;
    let first = database.value(&sessions).await.expect("a session");
    assert!(!first.contains(','), "{first}");
    let looks = async || {
        let state = "SELECT max(state_change) FROM pg_stat_activity WHERE usename = ";
        database.value(&format!("{state}'{}'", database.watcher())).await
    };
    let then = looks().await;
    eventually("another look", LIMIT, async || (looks().await != then).then_some(())).await;
    assert_eq!(database.value(&sessions).await, Some(first));
    database.execute(r#"CREATE TABLE "AdminBackupJob" ()"#).await;
    waiting.ends(0);
    eventually("the session is gone", LIMIT, async || database.value(&sessions).await.is_none().then_some(())).await;
}
