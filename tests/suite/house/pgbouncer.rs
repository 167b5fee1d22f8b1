//! A real PgBouncer in transaction mode before one database.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use tempfile::TempDir;
use tokio::net::TcpStream;

use super::cluster::{Database, connect};
use super::guarded::Guarded;
use super::ports::free_port;
use super::unprivileged::{demote, hand_over};
use super::wait::eventually;

/// A PgBouncer whose clients all share one server connection.
pub(crate) struct PgBouncer {
    folder: TempDir,
    _process: Guarded,
    port: u16,
    database: Database,
}

impl PgBouncer {
    /// Starts it and waits until it listens.
    pub(crate) async fn start(database: &Database) -> Self {
        let folder = tempfile::Builder::new().prefix("schemagate-pgbouncer-").tempdir().expect("a folder");
        hand_over(folder.path());
        let port = free_port();
        let ini = folder.path().join("pgbouncer.ini");
        // One server connection a user, so that whatever one client leaves behind meets the next.
        let text = format!(
            "[databases]\n{name} = host=127.0.0.1 port={server} user=postgres\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = any\npool_mode = transaction\ndefault_pool_size = 1\n",
            name = database.name(),
            server = database.port(),
        );
        fs::write(&ini, text).expect("the configuration can be written");
        let log = fs::File::create(folder.path().join("pgbouncer.log")).expect("a log file");
        // Debian installs it outside a user's path.
        let program =
            if fs::exists("/usr/sbin/pgbouncer").unwrap_or(false) { "/usr/sbin/pgbouncer" } else { "pgbouncer" };
        let mut command = Command::new(program);
        demote(&mut command)
            .arg(&ini)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log file"))
            .stderr(log);
        let process = Guarded::start(&mut command, Signal::SIGKILL, Some(folder.path()));
        let bouncer = Self { folder, _process: process, port, database: database.clone() };
        eventually("PgBouncer listens", Duration::from_secs(15), async || {
            TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
        bouncer
    }

    /// A client of the pooler's.
    pub(crate) async fn connect(&self) -> tokio_postgres::Client {
        connect(&self.url()).await
    }

    /// The database's URL through the pooler.
    pub(crate) fn url(&self) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/{}", self.port, self.database.name())
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(self.folder.path().join("pgbouncer.log")).unwrap_or_default();
            eprintln!("--- PgBouncer wrote:\n{log}");
        }
    }
}
