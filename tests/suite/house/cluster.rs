//! A throwaway PostgreSQL cluster: its own directory, port and processes.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio_postgres::{NoTls, SimpleQueryMessage};

use super::guarded::Guarded;
use super::ports::free_port;
use super::unprivileged::{demote, hand_over};

/// For tests that do not stop their server: initdb takes a second, a database 30 ms.
static SHARED: LazyLock<Cluster> = LazyLock::new(Cluster::start);

const START_LIMIT: Duration = Duration::from_secs(30);

/// Members must give a password; everybody else from 127.0.0.1 is let in.
const HBA: &str = "\
local all all trust
host all +passworded 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
";

const TLS_HBA: &str = "\
local all all trust
hostssl all all 127.0.0.1/32 trust
hostnossl all postgres 127.0.0.1/32 trust
";

/// A PostgreSQL server that dies with its owner, at the latest with the test process.
pub(crate) struct Cluster {
    folder: TempDir,
    port: u16,
    server: Mutex<Option<Guarded>>,
    databases: AtomicU32,
}

impl Cluster {
    /// The cluster that tests share, each with databases of its own. Do not stop it.
    pub(crate) fn shared() -> &'static Self {
        &SHARED
    }

    /// A cluster of one's own, to stop, pause and start as one likes.
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("schemagate-pg-").tempdir().expect("a folder for PostgreSQL");
        hand_over(folder.path());
        let data = folder.path().join("data");
        let made = demote(&mut Command::new(binary("initdb")))
            .arg("-D")
            .arg(&data)
            .args(["-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"])
            .current_dir(folder.path())
            .output()
            .expect("initdb runs; `make test` installs PostgreSQL");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        fs::write(data.join("pg_hba.conf"), HBA).expect("pg_hba.conf can be written");

        let cluster = Self { folder, port: free_port(), server: Mutex::default(), databases: AtomicU32::default() };
        cluster.run();
        cluster
    }

    /// A cluster that lets everybody but the owner in by TLS only.
    pub(crate) fn with_tls(certificate: &str, key: &str) -> Self {
        let cluster = Self::start();
        cluster.stop();
        let data = cluster.folder.path().join("data");
        for (name, text) in [("server.crt", certificate), ("server.key", key), ("pg_hba.conf", TLS_HBA)] {
            let path = data.join(name);
            fs::write(&path, text).expect("the cluster's folder can be written");
            // PostgreSQL refuses a key that others could read.
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("one's own file");
            hand_over(&path);
        }
        let conf = data.join("postgresql.auto.conf");
        fs::write(conf, "ssl = on\n").expect("the cluster's folder can be written");
        cluster.run();
        cluster
    }

    /// Starts the server again, at the same port.
    pub(crate) fn run(&self) {
        let mut server = self.server.lock().unwrap();
        assert!(server.is_none(), "the server runs already");
        let folder = self.folder.path();
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log_path()).expect("a log file");
        let mut command = Command::new(binary("postgres"));
        demote(&mut command)
            .arg("-D")
            .arg(folder.join("data"))
            .args(["-p", &self.port.to_string(), "-k"])
            .arg(folder)
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "full_page_writes=off"])
            .args(["-c", "shared_buffers=32MB", "-c", "max_connections=200"])
            .args(["-c", "jit=off", "-c", "log_line_prefix=%m [%p] %a %u@%d ", "-c", "log_checkpoints=off"])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log file"))
            .stderr(log);
        let mut running = Guarded::start(&mut command, Signal::SIGQUIT, Some(folder));
        let until = Instant::now() + START_LIMIT;
        while !self.is_ready() {
            assert!(running.ended().is_none() && Instant::now() < until, "PostgreSQL does not start:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
        *server = Some(running);
    }

    /// The eighth line of `postmaster.pid` is the server's state.
    fn is_ready(&self) -> bool {
        fs::read_to_string(self.folder.path().join("data/postmaster.pid"))
            .is_ok_and(|text| text.lines().nth(7).is_some_and(|state| state.trim() == "ready"))
    }

    /// Stops the server at once; connections are cut.
    pub(crate) fn stop(&self) {
        let mut server = self.server.lock().unwrap().take().expect("the server runs");
        server.signal(Signal::SIGQUIT);
        assert!(server.ends_within(START_LIMIT).is_some(), "PostgreSQL does not stop:\n{}", self.log());
        // Left behind by an immediate stop; it would read as ready.
        let _ = fs::remove_file(self.folder.path().join("data/postmaster.pid"));
    }

    /// Freezes every process of the server: connections stay open and nothing answers.
    pub(crate) fn pause(&self) {
        self.signal_all(Signal::SIGSTOP);
    }

    /// Thaws it.
    pub(crate) fn resume(&self) {
        self.signal_all(Signal::SIGCONT);
    }

    fn signal_all(&self, signal: Signal) {
        let server = self.server.lock().unwrap();
        let postmaster = server.as_ref().expect("the server runs").pid();
        // The postmaster first when stopping: it must not start another process meanwhile.
        for pid in std::iter::once(postmaster).chain(children(postmaster)) {
            let _ = kill(pid, signal);
        }
    }

    /// A new, empty database.
    pub(crate) async fn database(&self) -> Database {
        let name = format!("app{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let postgres = Database { name: "postgres".to_owned(), port: self.port };
        let watcher = format!("watcher_{name}");
        postgres.execute(&format!("CREATE DATABASE {name}")).await;
        postgres.execute(&format!("CREATE ROLE {watcher} LOGIN")).await;
        Database { name, port: self.port }
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("postgresql.log")
    }

    /// What the server wrote.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }
}

/// One database of a cluster.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    name: String,
    port: u16,
}

impl Database {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// As the application has it: the owner of everything.
    pub(crate) fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// As a role that was granted nothing at all.
    pub(crate) fn watcher_url(&self) -> String {
        self.url_of(&self.watcher())
    }

    /// The role that was granted nothing at all.
    pub(crate) fn watcher(&self) -> String {
        format!("watcher_{}", self.name)
    }

    /// `user` may be `name:password`.
    pub(crate) fn url_of(&self, user: &str) -> String {
        format!("postgresql://{user}@127.0.0.1:{}/{}", self.port, self.name)
    }

    /// A connection of the owner's.
    pub(crate) async fn connect(&self) -> tokio_postgres::Client {
        connect(&self.url()).await
    }

    /// Runs one or more statements as the owner.
    pub(crate) async fn execute(&self, sql: &str) {
        self.connect().await.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// The first column of the first row, as text.
    pub(crate) async fn value(&self, sql: &str) -> Option<String> {
        value(&self.connect().await, sql).await
    }

    /// The first column of every row, as text.
    pub(crate) async fn lines(&self, sql: &str) -> Vec<String> {
        let messages = self.connect().await.simple_query(sql).await;
        let messages = messages.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        let first = |message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        };
        messages.into_iter().filter_map(first).collect()
    }

    /// What `pg_dump` writes of it.
    pub(crate) fn dump(&self) -> String {
        let dumped = Command::new(binary("pg_dump")).arg(self.url()).output().expect("pg_dump runs");
        assert!(dumped.status.success(), "pg_dump: {}", String::from_utf8_lossy(&dumped.stderr));
        String::from_utf8(dumped.stdout).expect("UTF-8")
    }
}

/// Connects by a URL.
pub(crate) async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.unwrap_or_else(|error| panic!("{url}: {error:?}"));
    // Ends with the client; a server that is stopped ends it too.
    tokio::spawn(connection);
    client
}

/// The first column of the first row, as text. The simple protocol goes through any pooler.
pub(crate) async fn value(client: &tokio_postgres::Client, sql: &str) -> Option<String> {
    let messages = client.simple_query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    })
}

/// Where Debian keeps the servers' programs (newest first), or wherever the path finds them.
fn binary(name: &str) -> PathBuf {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin").join(name))))
        .filter(|(_, path)| path.is_file())
        .collect();
    versions.sort();
    versions.pop().map_or_else(|| PathBuf::from(name), |(_, path)| path)
}

/// The processes that `parent` started.
fn children(parent: Pid) -> Vec<Pid> {
    let mut path = String::new();
    write!(path, "/proc/{parent}/task/{parent}/children").unwrap();
    fs::read_to_string(Path::new(&path))
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|pid| pid.parse().ok().map(Pid::from_raw))
        .collect()
}
