//! A PostgreSQL cluster that is thrown away.

use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, geteuid};

use crate::config::{Notify, Postgres, PostgresHost, PostgresUrl, Secret, TlsMode};

/// A PostgreSQL cluster of its own folder, port and socket; gone when dropped.
pub(super) struct Cluster {
    folder: tempfile::TempDir,
    pub(super) port: u16,
    server: Option<Child>,
}

impl Cluster {
    /// Makes and starts one; passwords are asked for over TCP and not on the socket.
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        if let Some(user) = server_user() {
            chown(folder.path(), Some(user.uid.as_raw()), Some(user.gid.as_raw())).expect("a folder of the server's");
        }
        let port = free_port();
        let mut cluster = Self { folder, port, server: None };
        let data = cluster.data();
        let made = as_server_user(&binary("initdb"))
            .args(["--auth-local=trust", "--auth-host=scram-sha-256", "--username=postgres", "--no-sync"])
            .args(["--encoding=UTF8", "--no-locale", "-D"])
            .arg(&data)
            .stdout(Stdio::null())
            .status();
        assert!(made.expect("initdb").success());
        cluster.start_again();
        cluster
    }

    /// Starts the server and waits until it answers.
    pub(super) fn start_again(&mut self) {
        let server = as_server_user(&binary("postgres"))
            .arg("-D")
            .arg(self.data())
            .arg("-k")
            .arg(self.folder.path())
            .args(["-p", &self.port.to_string()])
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=20"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("postgres");
        self.server = Some(server);
        for _ in 0..200 {
            if self.try_sql("postgres", "SELECT 1").is_some() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("PostgreSQL did not start within ten seconds");
    }

    /// Stops the server at once, without farewell to its clients.
    pub(super) fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = kill(Pid::from_raw(server.id().cast_signed()), Signal::SIGQUIT);
            let _ = server.wait();
        }
    }

    /// Runs SQL as the superuser with psql; what it printed.
    pub(super) fn sql(&self, database: &str, sql: &str) -> String {
        self.try_sql(database, sql).unwrap_or_else(|| panic!("failed: {sql}"))
    }

    pub(super) fn try_sql(&self, database: &str, sql: &str) -> Option<String> {
        self.run_sql(database, "postgres", sql)
    }

    /// Runs SQL as somebody.
    pub(super) fn run_sql(&self, database: &str, user: &str, sql: &str) -> Option<String> {
        let output = Command::new(binary("psql"))
            .args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-U", user, "-d", database, "-p", &self.port.to_string(), "-h"])
            .arg(self.folder.path())
            .args(["-c", sql])
            .output()
            .expect("psql");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Over TCP, with a password.
    pub(super) fn url(&self, user: &str, database: &str) -> PostgresUrl {
        url_at(PostgresHost::Tcp("127.0.0.1".to_owned(), self.port), user, database)
    }

    /// Over the socket.
    pub(super) fn socket_url(&self, user: &str, database: &str) -> PostgresUrl {
        url_at(PostgresHost::Unix(self.folder.path().to_owned(), self.port), user, database)
    }

    /// Where the server's socket is.
    pub(super) fn socket_folder(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of the data.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

/// At any address.
pub(super) fn url_at(host: PostgresHost, user: &str, database: &str) -> PostgresUrl {
    PostgresUrl {
        hosts: vec![host],
        user: user.to_owned(),
        password: Some(Secret::new("secret")),
        database: database.to_owned(),
        tls: TlsMode::Prefer,
        root_cert: None,
        search_path: None,
        pooled: false,
        connect_timeout: None,
        statement_timeout: None,
    }
}

/// How a database at `url` is watched.
pub(super) fn settings(url: PostgresUrl) -> Postgres {
    Postgres {
        url,
        direct_url: None,
        search_path: None,
        role: None,
        notify: Notify::Auto,
        statement_timeout: Duration::from_secs(1),
        connect_timeout: Duration::from_secs(1),
    }
}

pub(super) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|socket| socket.local_addr()).expect("a port").port()
}

/// The newest installed server's programme of that name, or the one on the path.
pub(super) fn binary(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let installed = versions.map(|version| version.path().join("bin").join(name)).filter(|path| path.exists());
    installed.max().unwrap_or_else(|| Path::new(name).to_owned())
}

/// Whom the server runs as: it refuses to be root.
fn server_user() -> Option<User> {
    let named = |name| User::from_name(name).ok().flatten();
    geteuid().is_root().then(|| named("postgres").or_else(|| named("nobody")).expect("a user for the server"))
}

pub(super) fn as_server_user(program: &Path) -> Command {
    let mut command = Command::new(program);
    if let Some(user) = server_user() {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw()).current_dir("/");
    }
    command
}
