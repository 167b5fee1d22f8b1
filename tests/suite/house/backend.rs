//! A real application in a process of its own: the one of `tests/backends/express`, or another that says where it listens.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use tempfile::TempDir;

use super::cluster::Database;
use super::guarded::Guarded;
use super::wait::eventually;

/// A process that serves over one database.
pub(crate) struct Backend {
    folder: TempDir,
    _process: Guarded,
    port: u16,
}

impl Backend {
    /// Starts it and waits until it listens.
    pub(crate) async fn start(database: &Database) -> Self {
        let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/backends/express");
        assert!(
            home.join("node_modules/express").is_dir(),
            "the Express backend is not installed: `make test` does it, or `npm ci` in tests/backends/express"
        );
        Self::serve(Command::new("node").arg(home.join("server.js")).env("DATABASE_URL", database.url())).await
    }

    /// Starts an application that writes `listening PORT`, and waits until it does.
    pub(crate) async fn serve(command: &mut Command) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the backend's log");
        let log = fs::File::create(log_path(&folder)).expect("a log file");
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a log file")).stderr(log);
        let mut process = Guarded::start(command, Signal::SIGKILL, None);
        let port = eventually("the backend listens", Duration::from_secs(30), async || {
            let log = read_log(&folder);
            assert!(process.ended().is_none(), "the backend does not start:\n{log}");
            log.lines().find_map(|line| line.strip_prefix("listening ")?.parse().ok())
        })
        .await;
        Self { folder, _process: process, port }
    }

    /// `host:port`, as an upstream's `servers` have it.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Every request that reached it so far, as `GET /path 200`.
    pub(crate) fn requests(&self) -> Vec<String> {
        let is_request = |line: &&str| line.split(' ').nth(1).is_some_and(|path| path.starts_with('/'));
        read_log(&self.folder).lines().filter(is_request).map(str::to_owned).collect()
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the backend wrote:\n{}", read_log(&self.folder));
        }
    }
}

fn log_path(folder: &TempDir) -> PathBuf {
    folder.path().join("backend.log")
}

fn read_log(folder: &TempDir) -> String {
    fs::read_to_string(log_path(folder)).unwrap_or_default()
}
