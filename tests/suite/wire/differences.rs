//! What nginx and `HAProxy` make of the corpus, beside schemagate: `make wire-differences`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use tempfile::TempDir;
use tokio::net::TcpStream;

use super::case::{Case, Outcome};
use super::{config, document};
use crate::house::{Gateway, Guarded, Recorder, eventually, free_port};

/// Another proxy in front of a recorder of its own, as Debian configures it.
struct Other {
    _folder: TempDir,
    _process: Guarded,
    recorder: Recorder,
    port: u16,
}

impl Other {
    async fn start(program: &str, configuration: impl Fn(&Path, u16, &str) -> String, args: &[&str]) -> Self {
        let recorder = Recorder::start().await;
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_port();
        let file = folder.path().join("proxy.conf");
        fs::write(&file, configuration(folder.path(), port, recorder.address())).expect("written");
        let log = fs::File::create(folder.path().join("log")).expect("a log");
        let mut command = Command::new(program);
        command.args(args).arg(&file).stdin(Stdio::null()).stdout(log.try_clone().expect("a log")).stderr(log);
        let process = Guarded::start(&mut command, Signal::SIGKILL, None);
        eventually(program, Duration::from_secs(10), async || TcpStream::connect(("127.0.0.1", port)).await.ok()).await;
        recorder.take();
        Self { _folder: folder, _process: process, recorder, port }
    }

    async fn nginx() -> Self {
        let configuration = |folder: &Path, port, backend: &str| {
            let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .map(|name| format!("{name}_temp_path {}/{name};", folder.display()))
                .join(" ");
            format!(
                "daemon off; master_process off; pid {0}/pid; error_log {0}/error.log; events {{}}\n\
                 http {{ access_log off; {temporary} server {{ listen 127.0.0.1:{port};\n\
                 location / {{ proxy_pass http://{backend}; proxy_http_version 1.1; proxy_set_header Host $http_host; \
                 proxy_set_header Connection \"\"; }} }} }}",
                folder.display(),
            )
        };
        Self::start("/usr/sbin/nginx", configuration, &["-c"]).await
    }

    async fn haproxy() -> Self {
        let configuration = |_: &Path, port, backend: &str| {
            format!(
                "defaults\n mode http\n timeout connect 5s\n timeout client 10s\n timeout server 10s\n\
                 frontend clients\n bind 127.0.0.1:{port}\n default_backend app\n\
                 backend app\n server app {backend}\n"
            )
        };
        Self::start("/usr/sbin/haproxy", configuration, &["-f"]).await
    }

    async fn asked(&self, case: &Case) -> Outcome {
        Outcome::of(case, self.port, &self.recorder).await
    }
}

/// What a reader of the table is told of an outcome; what was passed on, where it is not the same of all.
fn told(outcome: &Outcome, differs: bool) -> String {
    let answer = match (outcome.status, outcome.closed) {
        (0, true) => "closed".to_owned(),
        (0, false) => "waits".to_owned(),
        (status, _) => status.to_string(),
    };
    match &outcome.requests[..] {
        _ if outcome.requests.iter().any(|line| line.contains("/smuggled")) => format!("**{answer}, smuggled**"),
        [] => answer,
        [line] if differs => format!("{answer}, passed as `{line}`"),
        [_] => format!("{answer}, passed"),
        several => format!("{answer}, {} passed", several.len()),
    }
}

#[tokio::test]
#[ignore = "needs nginx and HAProxy: make wire-differences"]
async fn every_difference_from_nginx_and_haproxy_is_known_and_explained() {
    let recorder = Recorder::start().await;
    let gateway = Gateway::start(&config(recorder.address())).await;
    let (nginx, haproxy) = (Other::nginx().await, Other::haproxy().await);
    let mut table = String::from("| request | schemagate | nginx | HAProxy | why |\n| --- | --- | --- | --- | --- |\n");
    let (mut unexplained, mut same) = (Vec::new(), 0);
    let mut note = String::new();
    for case in Case::all() {
        let ours = Outcome::of(&case, gateway.port(), &recorder).await;
        let (one, other) = (nginx.asked(&case).await, haproxy.asked(&case).await);
        if case.note != "as above" {
            note = case.note.clone();
        }
        let differs = |theirs: &Outcome| (theirs.status, &theirs.requests) != (ours.status, &ours.requests);
        if !differs(&one) && !differs(&other) {
            same += 1;
            continue;
        }
        if note.is_empty() {
            unexplained.push(format!("{}: {ours:?}\n  nginx {one:?}\n  HAProxy {other:?}", case.name));
        }
        let all = [&ours, &one, &other];
        let differs = all.iter().all(|outcome| outcome.status == ours.status && !outcome.requests.is_empty());
        let [ours, one, other] = all.map(|outcome| told(outcome, differs));
        writeln!(table, "| {} | {ours} | {one} | {other} | {note} |", case.name).expect("written");
    }
    writeln!(table, "\n{same} more requests get the same from all three.").expect("written");
    document("differences", &table);
    assert!(unexplained.is_empty(), "{}", unexplained.join("\n"));
}
