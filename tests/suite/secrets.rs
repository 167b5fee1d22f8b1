//! Secrets stay with those who have them: not in logs, on the admin listener, in answers, in arguments or in core files.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use futures_util::StreamExt;
use http::Method;
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::house::{Cluster, Database, Echo, Gateway, Guarded, Receiver, eventually, free_port, schemagate};

const LIMIT: Duration = Duration::from_secs(20);
/// What every secret of the configuration has in it, and nothing else.
const MARK: &str = "s3cret";

/// A role of the database's that must give a password.
async fn role(database: &Database, password: &str) -> String {
    let role = format!("secretive_{}", database.name());
    let make = format!(
        "DO $$ BEGIN CREATE ROLE passworded; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
         CREATE ROLE {role} LOGIN PASSWORD '{password}' IN ROLE passworded"
    );
    database.execute(&make).await;
    role
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_of_the_configuration_is_told_by_a_log_an_answer_a_command_or_the_process_list() {
    let database = Cluster::shared().database().await;
    let role = role(&database, "s3cret-url").await;
    let (port, name) = (database.port(), database.name());
    let echo = Echo::start().await;
    let refusing = Receiver::start().await;
    refusing.answers(&[403, 404, 500, 400]);
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let wrong_url = file("url", format!("postgresql://{role}:s3cret-wrong@127.0.0.1:{port}/{name}\n"));
    let alice = file("alice", "s3cret-alice\n".to_owned());
    let admin = format!(
        "read_token = \"s3cret-read\"\ncontrol_token = \"s3cret-control\"\n\
         tokens = [{{ name = \"alice\", token_file = \"{alice}\", may = \"read\" }}]"
    );
    // A password that is right, one that is wrong, one of nobody's, and hooks that are away or say no.
    let gateway = Gateway::start_with(
        "",
        &admin,
        &format!(
            r#"
            level = "trace"
            [databases.main]
            url = "postgresql://{role}:s3cret-url@127.0.0.1:{port}/{name}"
            direct_url = "host=127.0.0.1 port={port} user={role} password=s3cret-url dbname={name}"
            refresh = "100ms"
            [databases.other]
            url_file = "{wrong_url}"
            refresh = "100ms"
            [databases.third]
            url = "postgresql://nobody:${{UNSET_SECRET:-s3cret-default}}@127.0.0.1:{}/nowhere?sslmode=disable"
            refresh = "100ms"
            [upstreams.api]
            servers = ["{}"]
            [requirements.it]
            database = "main"
            tables = ["it"]
            [requirements.there]
            database = "other"
            tables = ["there"]
            [requirements.nowhere]
            database = "third"
            tables = ["nowhere"]
            [operators]
            key = "s3cret-of-the-operators-32-bytes"
            [maintenance]
            table = "windows"
            database = "main"
            organisation = {{ jwt = {{ claim = "org", key = "s3cret-of-tokens-that-are-32-long" }} }}
            [[alerts]]
            webhook = "http://127.0.0.1:{}/services/s3cret-away"
            on = ["broken", "unknown"]
            [[alerts]]
            webhook = "http://{}/s3cret-refused"
            format = "slack"
            on = ["broken", "unknown"]
            [[probes]]
            path = "/it/probed"
            headers = {{ Authorization = "Bearer s3cret-probe" }}
            expect = [200]
            every = "1s"
            [[routes]]
            path = "/it/*"
            needs = ["it", "there", "nowhere"]
            [[routes]]
            path = "/*"
            "#,
            free_port(),
            echo.address(),
            free_port(),
            refusing.address(),
        ),
    )
    .await;
    let client = gateway.client();
    client.get("/it/1").await.expect(503);
    // As the backend hears it, a link of an operator's pass has none of the key.
    let pass = gateway.run(&["pass", "--reason", "a look"]);
    // Nor are those of clients.
    for path in ["/", "/it/1"] {
        let request =
            client.request(Method::GET, path).bearer_auth("s3cret-client").header("cookie", "id=s3cret-cookie");
        request.send().await.expect("an answer");
    }
    gateway.logged("password").await;
    eventually("the hooks are called", LIMIT, async || {
        let metrics = gateway.admin().request(Method::GET, "/metrics").bearer_auth("s3cret-read").send().await.ok()?;
        metrics.text().await.ok()?.contains("schemagate_alerts_total{").then_some(())
    })
    .await;

    let mut told = vec![("the log", gateway.log()), ("pass", pass.output())];
    for args in [
        &["check"][..],
        &["check", "--database"],
        &["check", "--database", "--format", "json"],
        &["explain", "GET", "http://a.test/it/1"],
        &["bypass", "list"],
    ] {
        told.push(("a command", gateway.run(args).output()));
    }
    let told_by_admin = async |path: &str| {
        let asked = gateway.admin().request(Method::GET, path).bearer_auth("s3cret-control").send();
        let answer = asked.await.expect("an answer");
        let head = format!("{:?}", answer.headers());
        let mut body = answer.bytes_stream();
        let mut text = head;
        // A stream of events has no end.
        while let Ok(Some(Ok(piece))) = tokio::time::timeout(Duration::from_secs(1), body.next()).await {
            text.push_str(&String::from_utf8_lossy(&piece));
        }
        text
    };
    let described = gateway.admin().request(Method::GET, "/api/v1/openapi.json").bearer_auth("s3cret-control");
    let described: Value = described.send().await.expect("an answer").json().await.expect("JSON");
    let paths = described["paths"].as_object().expect("paths");
    assert!(paths.len() > 10, "{paths:?}");
    for (path, methods) in paths {
        if methods.get("get").is_some() && !path.contains('{') {
            told.push(("the admin listener", told_by_admin(path).await));
        }
    }
    for (which, file) in [("arguments", "cmdline"), ("its name", "comm")] {
        told.push((which, fs::read_to_string(format!("/proc/{}/{file}", gateway.pid())).expect("it runs")));
    }
    for (where_, text) in told {
        let found = text.lines().find(|line| line.contains(MARK));
        assert!(found.is_none(), "{where_}: {}", found.unwrap_or_default());
    }
}

#[tokio::test]
async fn a_password_among_the_arguments_does_not_stay_there() {
    let database = Cluster::shared().database().await;
    database.execute("CREATE TABLE there (id int)").await;
    let role = role(&database, "s3cret-argument").await;
    let url = format!("postgresql://{role}:s3cret-argument@127.0.0.1:{}/{}", database.port(), database.name());
    let folder = tempfile::tempdir().expect("a folder");
    let lock = folder.path().join("schema.lock").display().to_string();
    let written = crate::house::Run::of(folder.path(), &["lock", "--database", &url, "--output", &lock]);
    assert!(!written.output().contains(MARK), "{}", written.output());

    let echo = Echo::start().await;
    let gateway = Gateway::without_file(&echo.address(), &url, &lock).await;
    gateway.verdict_becomes("schema", "ready", LIMIT).await;
    let arguments = fs::read_to_string(format!("/proc/{}/cmdline", gateway.pid())).expect("it runs");
    assert!(arguments.contains("--database") && !arguments.contains(MARK), "{arguments:?}");
    assert!(!gateway.log().contains(MARK), "{}", gateway.log());
    gateway.client().get("/").await.expect(200);
}

/// Starts a program in a folder, lets it leave as much of itself as it wants, ends it when it is `up`, and says whether
/// it left a core file.
async fn leaves_a_core(program: &[&str], folder: &Path, up: impl AsyncFn(Pid) -> bool) -> bool {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -c unlimited; exec \"$@\"", "sh"]).args(program).current_dir(folder);
    let mut process = Guarded::start(command.stdout(Stdio::null()).stderr(Stdio::null()), Signal::SIGKILL, None);
    eventually("it is up", LIMIT, async || up(process.pid()).await.then_some(())).await;
    process.signal(Signal::SIGABRT);
    process.ends_within(LIMIT).expect("nothing outlives that").core_dumped()
}

#[tokio::test]
async fn a_crash_leaves_no_core_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = free_port();
    let config = format!(
        "[listen]\nhttp = \"127.0.0.1:{port}\"\n[admin]\nlisten = \"127.0.0.1:{}\"\n[upstreams.api]\n\
         servers = [\"127.0.0.1:1\"]\n[[routes]]\npath = \"/*\"\n",
        free_port()
    );
    fs::write(folder.path().join("proxy.toml"), config).expect("a file");
    let schemagate = schemagate();
    let program = schemagate.get_program().to_str().expect("a path of text");
    let listens = async |_| TcpStream::connect(("127.0.0.1", port)).await.is_ok();
    assert!(!leaves_a_core(&[program, "run"], folder.path(), listens).await);

    let sleeps = async |pid| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "sleep");
    let others_do = leaves_a_core(&["sleep", "60"], folder.path(), sleeps).await;
    println!("whether another program leaves one on this machine: {others_do}");
}
