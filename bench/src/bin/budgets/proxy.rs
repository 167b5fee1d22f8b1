//! A proxy that serves requests one after the other, for callgrind to count.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::callgrind::{Counted, count};

/// How many requests each time brings.
pub(crate) const ONES: u32 = 1_000;

/// How long one may take to listen: it runs fifty times as slowly as otherwise.
const START: Duration = Duration::from_secs(120);

/// How long it may take to answer.
const ANSWER: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy)]
pub(crate) enum Program {
    Pingora,
    Schemagate { logs: bool },
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Proxied {
    pub(crate) program: Program,
    pub(crate) path: &'static str,
    /// The request's headers.
    pub(crate) head: &'static str,
}

impl Proxied {
    /// Has it serve so many times [`ONES`] requests on one connection.
    pub(crate) fn count(self, times: u32, out: &Path) -> anyhow::Result<Counted> {
        let folder = tempfile::tempdir()?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let command = self.command(folder.path(), address, backend()?)?;
        let request = format!("GET {} HTTP/1.1\r\n{}\r\n", self.path, self.head);
        count(&command, out, |proxy| {
            let mut client = BufReader::new(connected(address, proxy)?);
            client.get_ref().set_nodelay(true)?;
            client.get_ref().set_read_timeout(Some(ANSWER))?;
            for _ in 0..times * ONES {
                client.get_mut().write_all(request.as_bytes())?;
                answered(&mut client).context("no whole answer")?;
            }
            Ok(kill(Pid::from_raw(proxy.id().try_into()?), Signal::SIGINT)?)
        })
    }

    fn command(self, folder: &Path, address: SocketAddr, backend: SocketAddr) -> anyhow::Result<Command> {
        let beside = |name: &str| -> anyhow::Result<Command> {
            let program = std::env::current_exe()?.with_file_name(name);
            ensure!(program.exists(), "{} is not built", program.display());
            Ok(Command::new(program))
        };
        match self.program {
            Program::Pingora => {
                let mut command = beside("bare-pingora")?;
                command.args([backend.to_string(), address.port().to_string()]);
                Ok(command)
            }
            Program::Schemagate { logs } => {
                let database = folder.join("app.sqlite");
                rusqlite::Connection::open(&database)?.execute("CREATE TABLE orders (id int)", [])?;
                let config = folder.join("proxy.toml");
                let text = include_str!("../../../peers/counted.toml");
                let names = [
                    ("ADDRESS", address.to_string()),
                    ("FOLDER", folder.display().to_string()),
                    ("BACKEND", backend.to_string()),
                    ("LEVEL", if logs { "info" } else { "error" }.to_owned()),
                ];
                let text =
                    names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("@{name}@"), value));
                fs::write(&config, text)?;
                let mut command = beside("schemagate")?;
                command.args(["run", "--config"]).arg(config);
                Ok(command)
            }
        }
    }
}

fn connected(address: SocketAddr, proxy: &mut Child) -> anyhow::Result<TcpStream> {
    let began = Instant::now();
    loop {
        match TcpStream::connect(address) {
            Ok(connection) => return Ok(connection),
            Err(_) if began.elapsed() < START => {
                ensure!(proxy.try_wait()?.is_none(), "it has ended instead of serving");
                thread::sleep(Duration::from_millis(50));
            }
            Err(error) => return Err(error).context("it does not listen"),
        }
    }
}

/// Reads one answer to its end.
fn answered(client: &mut impl BufRead) -> anyhow::Result<()> {
    let mut length: Option<usize> = None;
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        ensure!(client.read_line(&mut line)? > 0, "the connection is closed");
        let value = line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        length = value.map_or(Ok(length), |(_, value)| value.trim().parse().map(Some))?;
    }
    let mut body = vec![0; length.context("an answer without Content-Length")?];
    Ok(client.read_exact(&mut body)?)
}

/// Answers whatever it is asked with 1 KiB, in one piece.
fn backend() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for connection in listener.incoming().map_while(Result::ok) {
            // It ends when the proxy does.
            thread::spawn(move || serve(connection));
        }
    });
    Ok(address)
}

fn serve(connection: TcpStream) -> std::io::Result<()> {
    let answer = format!(
        "HTTP/1.1 200 OK\r\nServer: backend\r\nDate: Sat, 21 Nov 2026 12:00:00 GMT\r\nContent-Type: text/plain\r\n\
         Content-Length: 1024\r\nLast-Modified: Sat, 21 Nov 2026 11:00:00 GMT\r\nETag: \"6740b9c0-400\"\r\n\r\n{}",
        "x".repeat(1024)
    );
    connection.set_nodelay(true)?;
    let mut requests = BufReader::new(connection);
    let mut line = String::new();
    while requests.read_line(&mut line)? > 0 {
        if line == "\r\n" {
            requests.get_mut().write_all(answer.as_bytes())?;
        }
        line.clear();
    }
    Ok(())
}
