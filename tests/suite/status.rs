//! `schemagate status` and `schemagate reload`: how a running one stands, and having it read its configuration anew.

use std::fs;
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::house::{Guarded, Run, eventually, schemagate, shop};

const LIMIT: Duration = Duration::from_secs(15);

const TOKENS: &str = "read_token = \"only-reads-0123456789\"\ncontrol_token = \"changes-things-0123456789\"";

fn at(address: &str, args: &[&str]) -> Command {
    let mut command = schemagate();
    command.args(args).args(["--admin", address]).current_dir("/");
    command
}

#[tokio::test]
async fn status_shows_what_is_wrong_what_is_ordered_and_what_becomes_of_the_routes() {
    let (database, _echo, gateway) = shop("CREATE TABLE other (id int)", "", "").await;
    gateway.verdict_becomes("orders", "broken", LIMIT).await;
    gateway.run(&["bypass", "on", "--route", "orders", "--reason", "a look"]).expect(0);
    gateway.run(&["hold", "on", "the rest", "--reason", "one index", "--by", "ada"]).expect(0);
    gateway.run(&["maintenance", "on", "--lasts", "1h", "--host", "shop.example"]).expect(0);
    let run = gateway.run(&["status"]).expect(1);
    let line = |beginning: &str| {
        let found = run.stdout.lines().find(|line| line.starts_with(beginning));
        found.unwrap_or_else(|| panic!("no line {beginning:?} in\n{}", run.stdout)).to_owned()
    };
    assert_eq!(run.stdout.lines().next(), Some("status\tdegraded"));
    assert!(line("requirement\torders\tmain\tbroken\t").contains("table orders is missing"), "{}", run.stdout);
    assert!(line("order\tbypass\tb1\t").contains("a look"), "{}", run.stdout);
    assert!(line("order\thold\th2\trequests of the rest wait\t").ends_with("ada (local): one index"), "{}", run.stdout);
    assert!(line("window\tw3\topen\t").contains("host shop.example"), "{}", run.stdout);
    assert!(line("route\torders\tblock\tbroken\torders").ends_with('0'), "{}", run.stdout);
    line("route\tthe rest\thold\theld\t");
    line("database\tmain\tknown\t");

    gateway.run(&["hold", "off", "--all"]).expect(0);
    database.execute("CREATE TABLE orders (id int)");
    gateway.verdict_becomes("orders", "ready", LIMIT).await;
    let json = gateway.run(&["status", "--format", "json"]).expect(0);
    let json: Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!((&json["status"], &json["requirements"][0]["verdict"]), (&"ready".into(), &"ready".into()));
}

#[tokio::test]
async fn a_running_schemagate_is_asked_by_its_address_with_a_token_of_a_file_or_the_environment() {
    let (_database, _echo, gateway) = shop("CREATE TABLE orders (id int)", TOKENS, "").await;
    let address = format!("127.0.0.1:{}", gateway.admin().port());
    let none = Run::command(&mut at(&address, &["status"])).expect(3);
    assert!(none.stderr.contains("--token-file"), "{}", none.stderr);
    let wrong = Run::command(at(&address, &["status"]).env("SCHEMAGATE_TOKEN", "hunter2 hunter2")).expect(3);
    assert!(wrong.stderr.contains("does not know the token") && !wrong.stderr.contains("hunter2"), "{}", wrong.stderr);
    Run::command(at(&address, &["status"]).env("SCHEMAGATE_TOKEN", "only-reads-0123456789")).expect(0);

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    fs::write(&file, "changes-things-0123456789\n").expect("written");
    let file = file.to_str().expect("a path");
    Run::command(&mut at(&address, &["bypass", "on", "--token-file", file])).expect(0);
    let list =
        Run::command(&mut at(&format!("http://{address}/"), &["bypass", "list", "--token-file", file])).expect(0);
    assert!(list.stdout.contains("b1"), "{}", list.stdout);
    let reads =
        Run::command(at(&address, &["bypass", "off", "--all"]).env("SCHEMAGATE_TOKEN", "only-reads-0123456789"));
    assert!(reads.expect(3).stderr.contains("may read and not change"), "it names the token's rights");
    Run::command(&mut at(&address, &["suggest", "--token-file", file])).expect(0);

    for (url, why) in [("ftp://x", "no host"), ("http://me:hunter2@127.0.0.1", "--token-file")] {
        let run = Run::command(&mut at(url, &["status"])).expect(2);
        assert!(run.stderr.contains(why) && !run.stderr.contains("hunter2"), "{}", run.stderr);
    }
}

#[tokio::test]
async fn who_orders_something_needs_nothing_of_the_configuration_but_where_to_ask() {
    let (_database, _echo, gateway) = shop("CREATE TABLE orders (id int)", "", "").await;
    let text = fs::read_to_string(gateway.file()).expect("read");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let broken = format!("{text}\n[databases.other]\nurl = \"${{NOT_SET_IN_THIS_SHELL}}\"\n");
    fs::write(elsewhere.path().join("proxy.toml"), broken).expect("written");
    Run::of(elsewhere.path(), &["check"]).expect(2);
    Run::of(elsewhere.path(), &["status"]).expect(0);
    Run::of(elsewhere.path(), &["bypass", "on", "--lasts", "1m"]).expect(0);
    fs::write(elsewhere.path().join("proxy.toml"), text.replace("[admin]", "[admin]\nlistn = 1")).expect("written");
    let run = Run::of(elsewhere.path(), &["status"]).expect(2);
    assert!(run.stderr.contains("listn") && run.stderr.contains("did you mean `listen`"), "{}", run.stderr);
}

#[tokio::test]
async fn status_watched_tells_each_change_as_it_happens() {
    let (database, _echo, gateway) = shop("CREATE TABLE orders (id int)", "", "").await;
    let mut command = schemagate();
    command.args(["status", "--watch"]).current_dir(gateway.folder());
    let folder = tempfile::tempdir().expect("a folder");
    let output = folder.path().join("output");
    command.stdout(fs::File::create(&output).expect("a file"));
    let _watching = Guarded::start(&mut command, Signal::SIGKILL, None);
    let told = async |wanted: &str| {
        let tells = async || {
            let output = fs::read_to_string(&output).ok()?;
            output.lines().any(|line| line.starts_with(wanted)).then_some(())
        };
        eventually(wanted, LIMIT, tells).await;
    };
    told("requirement\torders\tmain\tready").await;
    database.execute("DROP TABLE orders");
    told("requirement\torders\tmain\tbroken").await;
    gateway.run(&["hold", "on", "the rest"]).expect(0);
    told("order\thold\th1").await;
}

#[tokio::test]
async fn reload_says_what_is_in_force_what_needs_a_restart_and_every_mistake() {
    let (_database, _echo, gateway) = shop("CREATE TABLE orders (id int)", "", "").await;
    let run = gateway.run(&["reload"]).expect(0);
    assert!(run.stdout.starts_with("in force: configuration "), "{}", run.stdout);
    gateway.rewrite(|text| text.replace("[log]", "[log]\nlevel = \"debug\""));
    let json = gateway.run(&["reload", "--format", "json"]).expect(0);
    let json: Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(json["needs_restart"], serde_json::json!(["log.level"]));
    gateway.rewrite(|text| format!("{text}\n[uptreams.x]\nservers = []\n[databases.y]\nurl = 1\n"));
    let run = gateway.run(&["reload"]).expect(2);
    for mistake in ["uptreams", "databases.y.url", "stays in force"] {
        assert!(run.stderr.contains(mistake), "no {mistake} in {}", run.stderr);
    }
}
