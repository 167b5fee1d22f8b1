//! What a person gets wrong: one clear message that says what to do, and nothing half-started.

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::house::{Run, free_port};

/// Ten different mistakes. Each is followed by what its message must name and by its line.
const TEN_MISTAKES: &str = r#"[listen]
htpp = "127.0.0.1:8080"
[admin]
listen = "0.0.0.0:9901"
[databases.main]
url = "postgresql://app:hunter2@127.0.0.1:5432/app"
refresh = "soon"
[upstreams.api]
servers = []
[requirements.orders]
columns = { orders = ["total numeric(10,2"] }
[requirements.archive]
database = "mian"
tables = ["archive"]
[[routes]]
path = "/orders/*"
needs = ["order"]
[[routes]]
path = "orders"
[[routes]]
path = "/a/*"
on_broken = "blok"
[[routes]]
path = "/b/*"
upstream = "apii"
[[routes]]
path = "/c/*"
methods = "${SCHEMAGATE_TEST_UNSET}"
"#;

/// The line of each mistake, and a word that its message must have.
const PLACES: [(usize, &str); 11] = [
    (2, "http"),
    (4, "read_token"),
    (7, "soon"),
    (9, "servers"),
    (11, "numeric(10,2"),
    (13, "main"),
    (17, "orders"),
    (19, "/"),
    (22, "block"),
    (25, "api"),
    (28, "SCHEMAGATE_TEST_UNSET"),
];

fn folder_with(config: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("proxy.toml"), config).expect("a configuration");
    folder
}

#[test]
fn ten_mistakes_and_one_more_are_all_shown_at_once_each_with_its_place() {
    let folder = folder_with(TEN_MISTAKES);
    for command in ["check", "run"] {
        let run = Run::of(folder.path(), &[command]).expect(2);
        for (line, word) in PLACES {
            let place = format!("proxy.toml:{line}:");
            let at = run.stderr.find(&place).unwrap_or_else(|| panic!("no {place} in\n{}", run.stderr));
            // The message stands around its place; the next place begins another.
            let until = run.stderr[at + 1..].find("proxy.toml:").map_or(run.stderr.len(), |next| at + 1 + next);
            let from = run.stderr[..at].rfind("error").unwrap_or(0);
            let message = &run.stderr[from..until];
            assert!(message.contains(word), "{place} does not say {word:?}:\n{message}");
        }
        assert!(!run.output().contains("hunter2"), "a password is shown:\n{}", run.output());
        assert!(run.stdout.is_empty(), "complaints go to standard error: {}", run.stdout);
    }
}

#[test]
fn mistakes_in_json_have_their_places_too() {
    let folder = folder_with(TEN_MISTAKES);
    let run = Run::of(folder.path(), &["check", "--format", "json"]).expect(2);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON on standard output");
    let text = json.to_string();
    for (line, _) in PLACES {
        assert!(text.contains(&format!("\"line\":{line}")), "no line {line} in {json:#}");
    }
}

#[test]
fn a_mistyped_word_is_answered_with_the_nearest_known_one() {
    let folder = folder_with(TEN_MISTAKES);
    let run = Run::of(folder.path(), &["check"]).expect(2);
    for (typed, meant) in [("htpp", "http"), ("mian", "main"), ("blok", "block"), ("apii", "api")] {
        let near = run.stderr.lines().any(|line| line.contains("did you mean") && line.contains(meant));
        assert!(near, "{typed}: no suggestion of {meant} in\n{}", run.stderr);
    }
}

#[test]
fn toml_that_is_none_is_shown_with_its_place() {
    let folder = folder_with("[listen]\nhttp = \"127.0.0.1:8080\n");
    let run = Run::of(folder.path(), &["check"]).expect(2);
    assert!(run.stderr.contains("proxy.toml:2:"), "{}", run.stderr);
}

#[test]
fn a_missing_file_is_named_and_how_to_name_another() {
    let folder = tempfile::tempdir().expect("a folder");
    for command in ["run", "check"] {
        let run = Run::of(folder.path(), &[command, "--config", "elsewhere.toml"]).expect(2);
        assert!(run.stderr.contains("elsewhere.toml"), "{}", run.stderr);
        assert!(run.stderr.contains("--config"), "it says what to do: {}", run.stderr);
        assert!(run.stderr.lines().count() <= 4, "one clear message: {}", run.stderr);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("proxy.toml")).expect("a folder in the file's place");
    let run = Run::of(folder.path(), &["run"]).expect(2);
    assert!(run.stderr.contains("proxy.toml"), "{}", run.stderr);

    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("proxy.toml"), [0xff, 0xfe, b'a']).expect("a file");
    let run = Run::of(folder.path(), &["run"]).expect(2);
    assert!(run.stderr.contains("proxy.toml") && run.stderr.contains("UTF-8"), "{}", run.stderr);
}

#[test]
fn an_empty_configuration_is_warned_about() {
    let folder = folder_with("");
    let run = Run::of(folder.path(), &["check"]).expect(0);
    assert!(run.stderr.contains("warning") && run.stderr.contains("[[routes]]"), "{}", run.stderr);
}

#[test]
fn a_requirement_that_nobody_defined_is_named_with_the_ones_there_are() {
    let folder = folder_with(
        "[databases.main]\nurl = \"sqlite:app.db\"\n[upstreams.api]\nservers = [\"127.0.0.1:3000\"]\n\
         [requirements.backups]\ntables = [\"b\"]\n[[routes]]\npath = \"/*\"\nneeds = [\"bakups\"]\n",
    );
    let run = Run::of(folder.path(), &["run"]).expect(2);
    assert!(run.stderr.contains("proxy.toml:9:") && run.stderr.contains("bakups"), "{}", run.stderr);
    assert!(run.stderr.contains("did you mean") && run.stderr.contains("`backups`"), "{}", run.stderr);
}

#[test]
fn two_routes_for_the_same_requests_are_refused_naming_both() {
    let folder = folder_with(
        "[upstreams.api]\nservers = [\"127.0.0.1:3000\"]\n\
         [[routes]]\nname = \"first one\"\npath = \"/a/{id}\"\n[[routes]]\nname = \"second one\"\npath = \"/A/*/\"\n",
    );
    let run = Run::of(folder.path(), &["check"]).expect(2);
    assert!(run.stderr.contains("first one") && run.stderr.contains("second one"), "{}", run.stderr);
}

#[test]
fn an_action_that_must_be_told_more_is_shown_how() {
    let folder = folder_with(
        "[upstreams.api]\nservers = [\"127.0.0.1:3000\"]\n[[routes]]\npath = \"/*\"\non_broken = \"stale\"\n",
    );
    let run = Run::of(folder.path(), &["check"]).expect(2);
    assert!(run.stderr.contains("`stale` needs to be told more"), "{}", run.stderr);
    assert!(run.stderr.contains("such as { stale = { up_to = \"10m\" } }"), "{}", run.stderr);
}

#[test]
fn an_unknown_command_or_option_is_a_usage_error() {
    let folder = tempfile::tempdir().expect("a folder");
    for args in [&["serve"][..], &["run", "--prot"], &["explain", "GET"], &[]] {
        let run = Run::of(folder.path(), args).expect(2);
        assert!(run.stderr.contains("Usage"), "{args:?}: {}", run.stderr);
    }
}

fn config(http: u16, admin: u16) -> String {
    format!(
        "[listen]\nhttp = \"127.0.0.1:{http}\"\n[admin]\nlisten = \"127.0.0.1:{admin}\"\n\
         [upstreams.api]\nservers = [\"127.0.0.1:3000\"]\n[[routes]]\npath = \"/*\"\n"
    )
}

#[tokio::test]
async fn a_port_in_use_ends_it_at_once_and_nothing_is_half_started() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let used = taken.local_addr().expect("it is bound").port();
    let other = free_port();
    for (http, admin, hint) in [(used, other, "[listen]"), (other, used, "[admin]")] {
        let folder = folder_with(&config(http, admin));
        let start = Instant::now();
        let run = Run::of(folder.path(), &["run"]).expect(2);
        assert!(start.elapsed() < Duration::from_secs(15), "it took {:?}", start.elapsed());
        assert!(run.stderr.contains(&format!("127.0.0.1:{used}")), "{}", run.stderr);
        assert!(run.stderr.contains("already") && run.stderr.contains(hint), "what to do: {}", run.stderr);
        assert!(TcpStream::connect(("127.0.0.1", other)).await.is_err(), "the other listener stayed");
        assert!(!run.output().contains("panicked"), "{}", run.output());
    }
}

#[test]
fn an_address_that_is_not_this_machines_is_said_to_be_none() {
    let folder = folder_with(&config(free_port(), free_port()).replacen("127.0.0.1", "192.0.2.1", 1));
    let run = Run::of(folder.path(), &["run"]).expect(2);
    assert!(run.stderr.contains("192.0.2.1"), "{}", run.stderr);
}

#[test]
fn certificates_that_are_none_are_an_error_before_anything_starts() {
    let folder =
        folder_with(&config(free_port(), free_port()).replace(
            "[admin]",
            "https = { address = \"127.0.0.1:0\", cert = \"cert.pem\", key = \"key.pem\" }\n[admin]",
        ));
    let missing = Run::of(folder.path(), &["run"]).expect(2);
    assert!(missing.stderr.contains("cert.pem"), "{}", missing.stderr);
    for name in ["cert.pem", "key.pem"] {
        fs::write(folder.path().join(name), "no PEM").expect("a file");
    }
    let broken = Run::of(folder.path(), &["run"]).expect(2);
    assert!(broken.stderr.contains("cert.pem"), "{}", broken.stderr);
    assert!(!broken.stderr.contains("panicked"), "{}", broken.stderr);
}
