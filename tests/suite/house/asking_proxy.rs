//! nginx, `HAProxy` and Caddy that ask schemagate, by the very files of `deploy/`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use tempfile::TempDir;
use tokio::net::TcpStream;

use super::client::Client;
use super::guarded::Guarded;
use super::ports::free_port;
use super::wait::eventually;

/// Which proxy asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Nginx,
    HaProxy,
    Caddy,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Nginx, Self::HaProxy, Self::Caddy];

    /// How it asks, as the log has it.
    pub(crate) const fn language(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::HaProxy | Self::Caddy => "forwarded",
        }
    }

    const fn program(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::HaProxy => "haproxy",
            Self::Caddy => "caddy",
        }
    }

    /// Its files below `deploy/`; the first is the one that it is started with.
    const fn files(self) -> &'static [&'static str] {
        match self {
            Self::Nginx => &["nginx/schemagate.conf", "nginx/schemagate-question.conf"],
            Self::HaProxy => &["haproxy/haproxy.cfg", "haproxy/schemagate.lua"],
            Self::Caddy => &["caddy/Caddyfile"],
        }
    }

    /// What fails open in its files, and what fails closed in its place.
    const fn closed(self) -> [&'static str; 2] {
        match self {
            Self::Nginx => ["error_page 502 504 = /_schemagate_down;", ""],
            Self::HaProxy => ["lua.schemagate open", "lua.schemagate closed"],
            Self::Caddy => ["in [502, 504]", "in [0]"],
        }
    }
}

/// A proxy that asks; it dies with its test.
pub(crate) struct AskingProxy {
    folder: TempDir,
    _process: Guarded,
    port: u16,
}

impl AskingProxy {
    /// In front of the application at `app`, asking at `decisions`. With `closed` it refuses while nobody answers.
    pub(crate) async fn start(kind: Kind, app: &str, decisions: &str, closed: bool) -> Self {
        let (folder, port) = (tempfile::tempdir().expect("a folder"), free_port());
        let [open, instead] = kind.closed();
        let mut found = false;
        for file in kind.files() {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(file);
            let mut text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            found |= text.contains(open);
            if closed {
                text = text.replace(open, instead);
            }
            let text = text
                .replace("127.0.0.1:3000", app)
                .replace("127.0.0.1:9902", decisions)
                .replace("listen 8080", &format!("listen 127.0.0.1:{port}"))
                .replace("bind :8080", &format!("bind 127.0.0.1:{port}"))
                .replace("\n:8080 {", &format!("\n:{port} {{\n\tbind 127.0.0.1"));
            let name = path.file_name().expect("a name");
            fs::write(folder.path().join(name), text).expect("written");
        }
        assert!(found, "{kind:?} has no {open}");
        let log = fs::File::create(folder.path().join("log")).expect("a log");
        let mut command = kind.command(folder.path());
        command.current_dir(folder.path()).stdin(Stdio::null()).stdout(log.try_clone().expect("a log")).stderr(log);
        let mut process = Guarded::start(&mut command, Signal::SIGKILL, None);
        eventually(kind.program(), Duration::from_secs(20), async || {
            let log = || fs::read_to_string(folder.path().join("log")).unwrap_or_default();
            assert!(process.ended().is_none(), "{kind:?} does not start:\n{}", log());
            TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
        Self { folder, _process: process, port }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Kind {
    fn command(self, folder: &Path) -> Command {
        // Debian has servers where a user's PATH does not look.
        let debian = Path::new("/usr/sbin").join(self.program());
        let mut command = Command::new(if debian.exists() { debian.as_path() } else { Path::new(self.program()) });
        match self {
            Self::Nginx => {
                // What a distribution's own nginx.conf has around it.
                let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                    .map(|name| format!("{name}_temp_path {}/{name};", folder.display()))
                    .join(" ");
                let around = format!(
                    "daemon off; master_process off; pid {0}/pid; error_log {0}/log; events {{}}\n\
                     http {{ access_log off; {temporary} include {0}/schemagate.conf; }}\n",
                    folder.display()
                );
                fs::write(folder.join("nginx.conf"), around).expect("written");
                command.arg("-c").arg(folder.join("nginx.conf"));
            }
            Self::HaProxy => {
                command.args(["-db", "-f", "haproxy.cfg"]);
            }
            Self::Caddy => {
                // Its own admin listener, and its folders, are none of the file's affair.
                let text = fs::read_to_string(folder.join("Caddyfile")).expect("the file");
                let off = "{\n\tadmin off\n\tauto_https off\n}\n";
                fs::write(folder.join("Caddyfile"), format!("{off}{text}")).expect("written");
                command.args(["run", "--config", "Caddyfile", "--adapter", "caddyfile"]);
                command.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
            }
        }
        command
    }
}

impl Drop for AskingProxy {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            eprintln!("--- the proxy that asks wrote:\n{log}");
        }
    }
}
