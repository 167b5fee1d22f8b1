//! A PostgreSQL server for schemagate and others to watch and ask.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, geteuid};
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

use super::arm::free_port;
use super::stage::{AROUND, on_core};

/// How long it may take to start.
const START: Duration = Duration::from_secs(30);

pub(crate) struct Postgres {
    folder: TempDir,
    port: u16,
    server: Child,
}

impl Postgres {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let data = folder.path().join("data");
        if let Some(user) = other_user()? {
            chown(folder.path(), Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
        }
        let mut initdb = Command::new(program("initdb"));
        initdb.arg("-D").arg(&data).args([
            "-U",
            "postgres",
            "--auth=trust",
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C",
        ]);
        let made =
            unprivileged(&mut initdb)?.current_dir(folder.path()).output().context("initdb cannot be started")?;
        ensure!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let port = free_port()?;
        let mut command = on_core(AROUND, &program("postgres"));
        command.arg("-D").arg(&data).args(["-p", &port.to_string(), "-k"]).arg(folder.path());
        for setting in [
            "listen_addresses=127.0.0.1",
            "fsync=off",
            "max_connections=200",
            "jit=off",
            "max_locks_per_transaction=1024",
        ] {
            command.args(["-c", setting]);
        }
        let server = unprivileged(&mut command)?.current_dir(folder.path()).stderr(Stdio::null()).spawn()?;
        let postgres = Self { folder, port, server };
        let began = Instant::now();
        while !postgres.is_ready() {
            ensure!(began.elapsed() < START, "PostgreSQL does not start");
            sleep(Duration::from_millis(20));
        }
        Ok(postgres)
    }

    /// The eighth line of `postmaster.pid` is the server's state.
    fn is_ready(&self) -> bool {
        let text = fs::read_to_string(self.folder.path().join("data/postmaster.pid")).unwrap_or_default();
        text.lines().nth(7).is_some_and(|state| state.trim() == "ready")
    }

    pub(crate) fn url(&self) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/postgres", self.port)
    }

    pub(crate) fn session(&self) -> anyhow::Result<Session> {
        Session::open(&self.url())
    }

    /// Every process of it stops where it is, or goes on.
    pub(crate) fn frozen(&self, frozen: bool) -> anyhow::Result<()> {
        let postmaster = self.server.id();
        let children = fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children"))?;
        for process in [postmaster.to_string().as_str()].into_iter().chain(children.split_whitespace()) {
            // A child may have ended meanwhile.
            let _ = kill(Pid::from_raw(process.parse()?), if frozen { Signal::SIGSTOP } else { Signal::SIGCONT });
        }
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = self.frozen(false);
        if let Ok(id) = i32::try_from(self.server.id()) {
            // At once, whoever is connected.
            let _ = kill(Pid::from_raw(id), Signal::SIGQUIT);
        }
        let _ = self.server.wait();
    }
}

/// A connection that statements are sent on, one after the other.
pub(crate) struct Session {
    runtime: tokio::runtime::Runtime,
    client: Client,
}

impl Session {
    fn open(url: &str) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (client, connection) = runtime.block_on(tokio_postgres::connect(url, NoTls))?;
        runtime.spawn(connection);
        Ok(Self { runtime, client })
    }

    /// Runs statements; when it returns they are committed.
    pub(crate) fn execute(&self, sql: &str) -> anyhow::Result<()> {
        self.runtime.block_on(self.client.batch_execute(sql)).with_context(|| sql.to_owned())
    }
}

/// PostgreSQL does not run as root.
fn other_user() -> anyhow::Result<Option<User>> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    Ok(Some(User::from_name("postgres")?.context("root needs a user `postgres` to run PostgreSQL as")?))
}

fn unprivileged(command: &mut Command) -> anyhow::Result<&mut Command> {
    if let Some(user) = other_user()? {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    Ok(command)
}

/// Where Debian keeps the server's programs, or wherever the path finds them.
fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let programs = versions.map(|version| version.path().join("bin").join(name)).filter(|path| path.is_file());
    programs.max().unwrap_or_else(|| Path::new(name).to_owned())
}
