//! A proxy that is measured.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::stage::{MEASURED, Stage, filled, on_core};

/// The ticks of `/proc/PID/stat` (`USER_HZ`), the same on every Linux that this runs on.
const TICK: Duration = Duration::from_millis(10);

/// How long one may take to listen.
const START: Duration = Duration::from_secs(20);

/// How long one may take to end when it is told to.
const END: Duration = Duration::from_secs(5);

pub(crate) struct Arm {
    pub(crate) name: &'static str,
    pub(crate) port: u16,
    pub(crate) tls_port: u16,
    /// The backend itself is measured without anybody in front.
    process: Option<Child>,
}

/// What schemagate is told beside what it has in common with the others.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Of the database; SQLite if nothing is said.
    pub(crate) database: Option<String>,
    /// More of its configuration.
    pub(crate) more: String,
    /// What answers, if not the backend of all.
    pub(crate) backend: Option<u16>,
}

impl Arm {
    pub(crate) fn start(name: &'static str, stage: &Stage, schemagate: &Path) -> anyhow::Result<Self> {
        if name == "direct" {
            return Ok(Self { name, port: stage.backend_port(), tls_port: 0, process: None });
        }
        let ports = (free_port()?, free_port()?);
        let routes = if name == "schemagate, 10,000 routes" { routes(10_000) } else { String::new() };
        let told = Told { more: routes, ..Told::default() };
        Self::running(name, ports, command(name, stage, schemagate, ports, &told)?)
    }

    /// schemagate, told more than that.
    pub(crate) fn schemagate(
        name: &'static str,
        stage: &Stage,
        schemagate: &Path,
        told: &Told,
    ) -> anyhow::Result<Self> {
        let ports = (free_port()?, free_port()?);
        Self::running(name, ports, command("schemagate", stage, schemagate, ports, told)?)
    }

    fn running(name: &'static str, (port, tls_port): (u16, u16), mut command: Command) -> anyhow::Result<Self> {
        let process = command.spawn().with_context(|| format!("{command:?}"))?;
        let mut arm = Self { name, port, tls_port, process: Some(process) };
        arm.listens()?;
        Ok(arm)
    }

    /// A program that listens at this port.
    pub(crate) fn of(name: &'static str, port: u16, command: Command) -> anyhow::Result<Self> {
        Self::running(name, (port, 0), command)
    }

    /// The process itself, to send signals to.
    pub(crate) fn process(&self) -> Option<Pid> {
        self.process.as_ref().and_then(|process| process.id().try_into().ok()).map(Pid::from_raw)
    }

    fn listens(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            ensure!(began.elapsed() < START, "it does not listen after {START:?}");
            let ended = self.process.as_mut().is_some_and(|process| !matches!(process.try_wait(), Ok(None)));
            ensure!(!ended, "it has ended instead of listening");
            sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// What it and its children took of processors so far.
    pub(crate) fn processor_time(&self) -> anyhow::Result<Duration> {
        let times = self.processes()?.into_iter().map(|process| {
            let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
            // The name is in parentheses and may hold anything; utime and stime are the 14th and 15th field.
            let (_, fields) = stat.rsplit_once(')').context("no name in stat")?;
            let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
            Ok(TICK * ticks.sum::<Result<u32, _>>()?)
        });
        times.sum()
    }

    /// Bytes of memory that it and its children hold.
    pub(crate) fn resident(&self) -> anyhow::Result<u64> {
        let sizes = self.processes()?.into_iter().map(|process| {
            let status = fs::read_to_string(format!("/proc/{process}/status"))?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS in status")?;
            Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
        });
        sizes.sum()
    }

    fn processes(&self) -> anyhow::Result<Vec<u32>> {
        let Some(process) = &self.process else { return Ok(Vec::new()) };
        let mut found = vec![process.id()];
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", process.id()))?;
        for child in children.split_whitespace() {
            found.push(child.parse()?);
        }
        Ok(found)
    }
}

impl Drop for Arm {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            end(process);
        }
    }
}

/// Ends a process that was started here, and its children with it.
pub(crate) fn end(process: &mut Child) {
    if let Ok(id) = i32::try_from(process.id()) {
        // SIGTERM would have some of them wait for whoever is connected. It may have ended by itself.
        let _ = kill(Pid::from_raw(id), Signal::SIGINT);
    }
    let told = Instant::now();
    while told.elapsed() < END && matches!(process.try_wait(), Ok(None)) {
        sleep(TICK);
    }
    // What a script starts in its background does not hear SIGINT, and HAProxy not if who started it did not.
    let _ = process.kill();
    let _ = process.wait();
}

/// A proxy as it is started.
pub(crate) fn command(
    name: &str,
    stage: &Stage,
    schemagate: &Path,
    (port, tls_port): (u16, u16),
    told: &Told,
) -> anyhow::Result<Command> {
    let (folder, backend) = (stage.folder(), format!("127.0.0.1:{}", told.backend.unwrap_or(stage.backend_port())));
    let sqlite = || format!("sqlite:{}", folder.join("app.sqlite").display());
    let names = [
        ("PORT", port.to_string()),
        ("TLS_PORT", tls_port.to_string()),
        ("BACKEND", backend.clone()),
        ("DATABASE", told.database.clone().unwrap_or_else(sqlite)),
    ];
    let written = |text: &str, more: &str| -> anyhow::Result<PathBuf> {
        let file = folder.join(format!("{name}-{port}"));
        fs::write(&file, filled(text, folder, &names) + more)?;
        Ok(file)
    };
    let with = |program: &Path, arguments: &[&str], file: PathBuf| {
        let mut command = on_core(MEASURED, program);
        command.args(arguments).arg(file);
        command
    };
    Ok(match name {
        "pingora" => {
            let mut command = on_core(MEASURED, &beside("bare-pingora")?);
            command.args([backend, port.to_string(), tls_port.to_string()]);
            command.args([folder.join("cert.pem"), folder.join("key.pem")]);
            command
        }
        "nginx" => with(Path::new("nginx"), &["-c"], written(include_str!("../../../peers/nginx.conf"), "")?),
        "HAProxy" => with(Path::new("haproxy"), &["-f"], written(include_str!("../../../peers/haproxy.cfg"), "")?),
        "Caddy" => {
            let file = written(include_str!("../../../peers/Caddyfile"), "")?;
            let mut command = with(Path::new("caddy"), &["run", "--adapter", "caddyfile", "--config"], file);
            command.env("HOME", folder).env("GOMAXPROCS", "1");
            command
        }
        _ => {
            with(schemagate, &["run", "--config"], written(include_str!("../../../peers/schemagate.toml"), &told.more)?)
        }
    })
}

/// The program of this name that was built with this one.
pub(crate) fn beside(name: &str) -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?.with_file_name(name);
    ensure!(program.exists(), "{} is not built", program.display());
    Ok(program)
}

/// So many routes, of which each needs something.
pub(crate) fn routes(count: u32) -> String {
    let route = |number: u32| format!("\n[[routes]]\npath = \"/api/resource{number}/{{id}}\"\nneeds = [\"here\"]\n");
    (0..count).map(route).collect()
}

/// A port that nobody listens at.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
