//! The real schemagate in a process of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use http::Method;
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::net::TcpStream;

use super::client::{Answer, Client};
use super::guarded::Guarded;
use super::ports::free_port;
use super::wait::eventually;

const START_LIMIT: Duration = Duration::from_secs(30);
/// For what is written beside the requests and the looks.
const WRITTEN: Duration = Duration::from_secs(20);

/// A running `schemagate run`.
pub(crate) struct Gateway {
    folder: TempDir,
    process: Guarded,
    port: u16,
    admin: Client,
}

impl Gateway {
    /// Starts it and waits until clients can connect. `config` is what comes after `[listen]`,
    /// `[admin]` and `[log]`, which name free ports and JSON.
    pub(crate) async fn start(config: &str) -> Self {
        Self::start_with("", "", config).await
    }

    /// The same with more lines for `[listen]` and `[admin]`.
    pub(crate) async fn start_with(listen: &str, admin: &str, config: &str) -> Self {
        let mut gateway = Self::spawn(listen, admin, config);
        gateway.opens().await;
        gateway
    }

    /// Starts it and does not wait.
    pub(crate) fn spawn(listen: &str, admin: &str, config: &str) -> Self {
        Self::spawn_logging("json", listen, admin, config)
    }

    /// The same with another format of the log.
    pub(crate) fn spawn_logging(format: &str, listen: &str, admin: &str, config: &str) -> Self {
        let admin_port = free_port();
        Self::spawn_at(&format!("127.0.0.1:{admin_port}"), admin_port, format, listen, admin, config)
    }

    fn spawn_at(address: &str, admin_port: u16, format: &str, listen: &str, admin: &str, config: &str) -> Self {
        let port = free_port();
        let text = format!(
            "[listen]\nhttp = \"127.0.0.1:{port}\"\n{listen}\n\
             [admin]\nlisten = \"{address}\"\n{admin}\n\
             [log]\nformat = \"{format}\"\n\n{config}\n"
        );
        let folder = tempfile::tempdir().expect("a folder for the configuration");
        fs::write(folder.path().join("proxy.toml"), text).expect("the configuration can be written");
        let process = run_in(&folder, &[]);
        Self { folder, process, port, admin: Client::new(admin_port) }
    }

    /// Ends it, whatever it is at, and starts it again where it was, with these variables set.
    pub(crate) async fn restart(&mut self, env: &[(&str, &str)]) {
        self.stop();
        self.process = run_in(&self.folder, env);
        self.opens().await;
    }

    /// Ends it, whatever it is at.
    pub(crate) fn stop(&mut self) {
        self.signal(Signal::SIGKILL);
        self.process.ends_within(START_LIMIT).expect("nothing outlives that");
    }

    /// Where its configuration lies.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts it with its admin listener on a unix socket, where its own client cannot ask it.
    pub(crate) async fn with_admin_socket(socket: &Path, config: &str) -> Self {
        let mut gateway = Self::spawn_at(&format!("unix:{}", socket.display()), 0, "json", "", "", config);
        gateway.opens().await;
        gateway
    }

    /// Starts it without a configuration file, and waits until clients can connect.
    pub(crate) async fn without_file(upstream: &str, database: &str, lock: &str) -> Self {
        let (port, admin_port) = (free_port(), free_port());
        let folder = tempfile::tempdir().expect("a folder for the log");
        let log = fs::File::create(log_path(&folder)).expect("a log file");
        let mut command = schemagate();
        command
            .args(["run", "--upstream", upstream, "--database", database, "--lock", lock])
            .args(["--listen", &format!("127.0.0.1:{port}"), "--admin", &format!("127.0.0.1:{admin_port}")])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log file"))
            .stderr(log);
        let process = Guarded::start(&mut command, Signal::SIGKILL, None);
        let mut gateway = Self { folder, process, port, admin: Client::new(admin_port) };
        gateway.opens().await;
        gateway
    }

    /// Waits until clients can connect.
    pub(crate) async fn opens(&mut self) {
        let port = self.port;
        eventually("schemagate listens", START_LIMIT, async || {
            if let Some(status) = self.process.ended() {
                panic!("schemagate ended with {status} instead of listening");
            }
            TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
        // That it listens is not yet that it serves. Where it is asked elsewhere, or nowhere, that is as good. No connection
        // of this question is left.
        let admin_port = self.admin.port();
        eventually("schemagate serves", START_LIMIT, async || {
            match Answer::try_to(Client::new(admin_port).request(Method::GET, "/ready")).await {
                Ok(answer) if answer.text().contains("the listeners") => None,
                Ok(_) | Err(_) => Some(()),
            }
        })
        .await;
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A client of the proxy, HTTP/1.1.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.port)
    }

    /// A client of the admin listener.
    pub(crate) fn admin(&self) -> &Client {
        &self.admin
    }

    /// What `/metrics` says of a requirement: `ready`, `broken`, `unknown`, …
    pub(crate) async fn verdict(&self, requirement: &str) -> String {
        let metrics = self.metrics().await;
        let line = format!("schemagate_verdict{{requirement=\"{requirement}\",verdict=\"");
        let found = metrics.lines().find_map(|metric| metric.strip_prefix(&line)?.strip_suffix("\"} 1"));
        found.unwrap_or_else(|| panic!("no verdict on {requirement} in:\n{metrics}")).to_owned()
    }

    /// Waits for a verdict.
    pub(crate) async fn verdict_becomes(&self, requirement: &str, verdict: &str, limit: Duration) {
        let what = format!("{requirement} is {verdict}");
        eventually(&what, limit, async || (self.verdict(requirement).await == verdict).then_some(())).await;
    }

    /// How many looks at the database `main` succeeded.
    pub(crate) async fn looks(&self) -> u64 {
        let metrics = self.metrics().await;
        let count = metrics
            .lines()
            .find_map(|line| line.strip_prefix("schemagate_look_duration_seconds_count{database=\"main\"} "));
        count.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("no looks in:\n{metrics}"))
    }

    /// Waits until so many more looks at the database `main` succeeded.
    pub(crate) async fn looks_again(&self, more: u64) {
        let enough = self.looks().await + more;
        eventually("more looks", WRITTEN, async || (self.looks().await >= enough).then_some(())).await;
    }

    /// Everything that `/metrics` says.
    pub(crate) async fn metrics(&self) -> String {
        self.admin.get("/metrics").await.expect(200).text().to_owned()
    }

    /// Waits until `/metrics` has a line, since a request is counted after it was answered.
    pub(crate) async fn counts(&self, wanted: impl Fn(&str) -> bool) {
        let what = "a line of /metrics";
        eventually(what, WRITTEN, async || self.metrics().await.lines().any(&wanted).then_some(())).await;
    }

    /// Waits for a line of the log that holds `text`: lines are written beside the requests.
    pub(crate) async fn logged(&self, text: &str) -> String {
        let line = async || self.log().lines().find(|line| line.contains(text)).map(str::to_owned);
        eventually(&format!("the log says {text}"), WRITTEN, line).await
    }

    /// Everything it wrote.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(log_path(&self.folder)).unwrap_or_default()
    }

    /// The process.
    pub(crate) fn pid(&self) -> Pid {
        self.process.pid()
    }

    /// The memory that the process takes, as the kernel counts it.
    pub(crate) fn resident_bytes(&self) -> usize {
        let statm = fs::read_to_string(format!("/proc/{}/statm", self.process.pid())).expect("it runs");
        let pages: usize = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number");
        pages * 4096
    }

    /// Runs another command of schemagate's with the same configuration file.
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        Run::of(self.folder.path(), args)
    }

    /// Adds to the configuration file, for commands that come after it.
    pub(crate) fn append(&self, text: &str) {
        let file = self.folder.path().join("proxy.toml");
        let before = fs::read_to_string(&file).expect("the configuration can be read");
        fs::write(file, format!("{before}\n{text}\n")).expect("the configuration can be written");
    }

    /// Starts a process that takes over from this one, which is returned: it ends by itself.
    pub(crate) fn upgrade(&mut self) -> Guarded {
        let log = fs::OpenOptions::new().append(true).open(log_path(&self.folder)).expect("a log file");
        let mut command = schemagate();
        command
            .args(["run", "--upgrade", "--config"])
            .arg(self.file())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log file"))
            .stderr(log);
        std::mem::replace(&mut self.process, Guarded::start(&mut command, Signal::SIGKILL, None))
    }

    /// The configuration file.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("proxy.toml")
    }

    /// Puts another configuration file in the place of this one, as editors do.
    pub(crate) fn rewrite(&self, change: impl FnOnce(String) -> String) {
        let text = change(fs::read_to_string(self.file()).expect("the configuration can be read"));
        let beside = self.folder.path().join("proxy.toml~");
        fs::write(&beside, text).expect("the configuration can be written");
        fs::rename(beside, self.file()).expect("the configuration can be replaced");
    }

    /// Has the configuration read anew; what the admin API answers.
    pub(crate) async fn reload(&self) -> Answer {
        let asked = self.admin.request(Method::POST, "/api/v1/reload");
        Answer::to(asked.header("content-type", "application/json").body("{}")).await
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// How it ended, if it does within `limit`.
    pub(crate) fn ends_within(&mut self, limit: Duration) -> Option<ExitStatus> {
        self.process.ends_within(limit)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let config = fs::read_to_string(self.folder.path().join("proxy.toml")).unwrap_or_default();
            eprintln!("--- proxy.toml:\n{config}\n--- schemagate wrote:\n{}", self.log());
        }
    }
}

/// Runs by the configuration of a folder.
fn run_in(folder: &TempDir, env: &[(&str, &str)]) -> Guarded {
    let log = fs::OpenOptions::new().create(true).append(true).open(log_path(folder)).expect("a log file");
    let mut command = schemagate();
    command
        .arg("run")
        .arg("--config")
        .arg(folder.path().join("proxy.toml"))
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a log file"))
        .stderr(log);
    Guarded::start(&mut command, Signal::SIGKILL, None)
}

fn log_path(folder: &TempDir) -> PathBuf {
    folder.path().join("schemagate.log")
}

/// The program, in an environment that steers nothing.
pub(crate) fn schemagate() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_schemagate"));
    command.env_remove("RUST_LOG").env_remove("DATABASE_URL").env("NO_COLOR", "1");
    command
}

/// A command of schemagate's that ran to its end.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Runs `schemagate ARGS` in `folder`.
    pub(crate) fn of(folder: &Path, args: &[&str]) -> Self {
        Self::command(schemagate().args(args).current_dir(folder))
    }

    /// Runs a prepared command; one that does not end fails the test.
    pub(crate) fn command(command: &mut Command) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the output");
        let [stdout, stderr] = ["stdout", "stderr"].map(|name| folder.path().join(name));
        command
            .stdin(Stdio::null())
            .stdout(fs::File::create(&stdout).expect("a file"))
            .stderr(fs::File::create(&stderr).expect("a file"));
        let mut process = Guarded::start(command, Signal::SIGKILL, None);
        let ended = process.ends_within(START_LIMIT);
        let read = |path: &Path| fs::read_to_string(path).unwrap_or_default();
        let run = Self { code: ended.and_then(|status| status.code()), stdout: read(&stdout), stderr: read(&stderr) };
        assert!(ended.is_some(), "still running after {START_LIMIT:?}: {run:?}");
        run
    }

    /// Fails the test unless the exit code is `code`; returns itself to look on.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n{}\n{}", self.stdout, self.stderr);
        self
    }

    /// Everything it wrote.
    pub(crate) fn output(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}
