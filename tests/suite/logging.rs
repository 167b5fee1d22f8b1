//! What the log says of requests: in which form, where, and of which of them.

use std::fs;
use std::time::Duration;

use http::Method;
use tempfile::TempDir;

use crate::house::{Answer, Cluster, Database, Echo, Gateway, eventually, raw};

const LIMIT: Duration = Duration::from_secs(15);

struct House {
    folder: TempDir,
    database: Database,
    _echo: Echo,
    gateway: Gateway,
}

impl House {
    /// A gated route and one for the rest; the log as `log` says, in which FOLDER is a folder of the test's own.
    async fn with(log: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let database = Cluster::shared().database().await;
        database.execute("CREATE TABLE orders (id int)").await;
        let echo = Echo::start().await;
        let log = log.replace("FOLDER", &folder.path().display().to_string());
        let config = format!(
            r#"
            {log}
            [databases.main]
            url = "{}"
            refresh = "100ms"
            [upstreams.api]
            servers = ["{}"]
            [requirements.orders]
            tables = ["orders"]
            [[routes]]
            path = "/orders/*"
            needs = ["orders"]
            [[routes]]
            path = "/*"
            "#,
            database.watcher_url(),
            echo.address(),
        );
        let gateway = Gateway::start(&config).await;
        Self { folder, database, _echo: echo, gateway }
    }

    async fn breaks(&self) {
        self.database.execute("DROP TABLE orders").await;
        self.gateway.verdict_becomes("orders", "broken", LIMIT).await;
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    /// Waits until a file has so many lines; what it holds.
    async fn lines(&self, name: &str, count: usize) -> Vec<String> {
        eventually(&format!("{count} lines in {name}"), LIMIT, async || {
            let lines: Vec<String> = self.file(name).lines().map(str::to_owned).collect();
            (lines.len() >= count).then_some(lines)
        })
        .await
    }
}

#[tokio::test]
async fn requests_have_a_file_of_their_own_in_apaches_form_whatever_the_level() {
    let house = House::with("level = \"error\"\n[log.access]\nformat = \"combined\"\nto = \"FOLDER/access.log\"").await;
    let client = house.gateway.client();
    let request = client.request(Method::GET, "/a/b?token=s3cr3t").header("user-agent", "curl/8 \"quoted\"");
    Answer::to(request.header("referer", "https://app.example/page?token=s3cr3t")).await.expect(200);
    let line = house.lines("access.log", 1).await.remove(0);
    let (before, after) = line.split_once("] ").expect("a time");
    assert!(before.starts_with("127.0.0.1 - - [") && before.ends_with(" +0000"), "{line}");
    assert!(after.starts_with("\"GET /a/b HTTP/1.1\" 200 "), "{line}");
    assert!(after.ends_with(" \"https://app.example/page\" \"curl/8 \\\"quoted\\\"\""), "{line}");
    assert!(!house.gateway.log().contains("/a/b"), "{}", house.gateway.log());
    assert!(!house.gateway.log().contains("s3cr3t") && !house.file("access.log").contains("s3cr3t"));
}

#[tokio::test]
async fn a_file_that_logrotate_moved_away_is_begun_anew_with_no_signal() {
    let house = House::with("[log.access]\nformat = \"json\"\nto = \"FOLDER/access.log\"").await;
    house.gateway.client().get("/first").await.expect(200);
    house.lines("access.log", 1).await;
    fs::rename(house.folder.path().join("access.log"), house.folder.path().join("access.log.1")).expect("moved");
    eventually("a new file", LIMIT, async || {
        house.gateway.client().get("/later").await.expect(200);
        house.file("access.log").contains("/later").then_some(())
    })
    .await;
    assert!(house.file("access.log.1").contains("\"path\":\"/first\""));
}

#[tokio::test]
async fn a_sample_leaves_out_what_passed_and_never_what_was_refused_or_failed() {
    let house = House::with("[log.access]\nformat = \"json\"\nto = \"FOLDER/access.log\"\nsample = 0").await;
    let client = house.gateway.client();
    for _ in 0..20 {
        client.get("/orders/1").await.expect(200);
    }
    client.get("/status/500").await.expect(500);
    client.get("/status/404").await.expect(404);
    house.breaks().await;
    for _ in 0..20 {
        client.get("/orders/1").await.expect(503);
    }
    let lines = house.lines("access.log", 21).await;
    assert!(lines[0].contains("\"status\":500"), "{lines:#?}");
    assert!(lines[1..].iter().all(|line| line.contains("\"status\":503")), "{lines:#?}");
    assert_eq!(lines.len(), 21);
}

#[tokio::test]
async fn a_sample_never_leaves_out_what_waited_although_it_passed_then() {
    let house = House::with("[log.access]\nformat = \"json\"\nto = \"FOLDER/access.log\"\nsample = 0").await;
    house.gateway.run(&["hold", "on", "--all"]).expect(0);
    let client = house.gateway.client();
    let waiting = tokio::spawn(async move { client.get("/orders/1").await });
    house.gateway.counts(|line| line.starts_with("schemagate_held_requests{") && line.ends_with(" 1")).await;
    house.gateway.run(&["hold", "off", "--all"]).expect(0);
    waiting.await.expect("it is answered").expect(200);
    let lines = house.lines("access.log", 1).await;
    assert!(lines[0].contains("\"held_ms\":") && lines[0].contains("\"status\":200"), "{lines:#?}");
}

#[tokio::test]
async fn of_a_sample_each_line_tells_the_share_that_it_stands_for() {
    let house = House::with("[log.access]\nformat = \"json\"\nto = \"FOLDER/access.log\"\nsample = 0.5").await;
    for _ in 0..200 {
        house.gateway.client().get("/").await.expect(200);
    }
    house.breaks().await;
    house.gateway.client().get("/orders/1").await.expect(503);
    eventually("the refusal", LIMIT, async || house.file("access.log").contains("\"status\":503").then_some(())).await;
    let text = house.file("access.log");
    let (passed, refused): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.contains("\"status\":200"));
    // Of two hundred throws of a coin, fewer than fifty heads come once in 10^13.
    assert!((50..=150).contains(&passed.len()), "{}", passed.len());
    assert!(passed.iter().all(|line| line.contains("\"sample\":0.5")), "{passed:#?}");
    assert!(refused.len() == 1 && !refused[0].contains("sample"), "{refused:#?}");
}

#[tokio::test]
async fn nothing_that_a_client_sends_makes_a_second_line_or_steers_a_terminal() {
    let house = House::with("[log.access]\nformat = \"text\"\nto = \"FOLDER/access.log\"").await;
    // Those that HTTP lets through.
    let forged = "\u{9b}31m\u{85}\u{2028}ERROR forged";
    let request =
        format!("GET /x HTTP/1.1\r\nHost: a\r\nUser-Agent: {forged}\r\nReferer: {forged}\r\nConnection: close\r\n\r\n");
    raw(house.gateway.port(), request.as_bytes()).await;
    let path = "GET /\u{85}\u{2028}\u{e9} HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n";
    raw(house.gateway.port(), path.as_bytes()).await;
    let lines = house.lines("access.log", 2).await;
    assert_eq!(lines.len(), 2, "{lines:#?}");
    let steers = |character: char| character.is_control() || character == '\u{2028}';
    assert!(!lines.concat().contains(steers), "{lines:#?}");
}

#[tokio::test]
async fn a_log_that_nobody_can_write_is_said_at_the_start() {
    let config = "[log.access]\nto = \"none/access.log\"\n[databases.main]\nurl = \"postgres://a@127.0.0.1:1/a\"\n\
                  [upstreams.api]\nservers = [\"127.0.0.1:1\"]\n[[routes]]\npath = \"/*\"";
    let mut gateway = Gateway::spawn("", "", config);
    assert_eq!(gateway.ends_within(LIMIT).and_then(|status| status.code()), Some(2));
    let said = gateway.log();
    assert!(said.contains("none/access.log") && said.contains("set another `to` under [log.access]"), "{said}");
}

#[tokio::test]
async fn a_disk_that_is_full_costs_no_request_and_is_counted() {
    let house = House::with("[log.access]\nto = \"/dev/full\"").await;
    house.gateway.client().get("/").await.expect(200);
    house.gateway.counts(|line| line.starts_with("schemagate_log_write_failures_total{to=\"file\"} ")).await;
    house.gateway.client().get("/").await.expect(200);
}
