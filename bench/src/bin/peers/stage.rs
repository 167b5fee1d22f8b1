//! What all proxies share: a folder, a backend, a certificate, a database.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::arm::free_port;

/// The core of whoever is measured.
pub(crate) const MEASURED: &str = "0";

/// The core of everybody else.
pub(crate) const AROUND: &str = "1";

pub(crate) struct Stage {
    folder: TempDir,
    backend_port: u16,
    backend: Child,
}

impl Stage {
    pub(crate) fn set() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let at = |name: &str| folder.path().join(name);
        // A server of nginx drops what rights it has.
        fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        fs::create_dir(at("files"))?;
        fs::write(at("files/64k"), kibibytes(64))?;
        fs::write(at("upload.lua"), include_str!("../../../peers/upload.lua"))?;
        fs::write(at("tenants.lua"), include_str!("../../../peers/tenants.lua"))?;
        run(Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=DNS:localhost,IP:127.0.0.1",
            ])
            .args([as_text("-keyout"), at("key.pem"), as_text("-out"), at("cert.pem")]))?;
        let both = [fs::read(at("cert.pem"))?, fs::read(at("key.pem"))?].concat();
        fs::write(at("both.pem"), both)?;
        let database = at("app.sqlite");
        rusqlite::Connection::open(&database)?.execute("CREATE TABLE orders (id int)", [])?;
        let backend_port = free_port()?;
        let config = at("backend.conf");
        let text = include_str!("../../../peers/backend.conf");
        fs::write(&config, filled(text, folder.path(), &[("BACKEND_PORT", backend_port.to_string())]))?;
        let backend =
            on_core(AROUND, Path::new("nginx")).arg("-c").arg(&config).spawn().context("nginx, the backend")?;
        Ok(Self { folder, backend_port, backend })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) const fn backend_port(&self) -> u16 {
        self.backend_port
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        super::arm::end(&mut self.backend);
    }
}

fn as_text(text: &str) -> PathBuf {
    PathBuf::from(text)
}

pub(crate) fn kibibytes(count: usize) -> String {
    "x".repeat(count * 1024)
}

/// A configuration with its `@NAME@` filled in.
pub(crate) fn filled(text: &str, folder: &Path, names: &[(&str, String)]) -> String {
    let text = text.replace("@FOLDER@", &folder.display().to_string()).replace("@KIBIBYTE@", &kibibytes(1));
    names.iter().fold(text, |text, (name, value)| text.replace(&format!("@{name}@"), value))
}

/// Keeps this program off the core of whoever is measured: it sends requests itself.
pub(crate) fn stay_around() -> anyhow::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(AROUND.parse()?)?;
    Ok(sched_setaffinity(Pid::this(), &cores)?)
}

/// A program that stays on one core.
pub(crate) fn on_core(core: &str, program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", core]).arg(program).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output()?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
