//! What the command line offers beside its commands: help, completions, man pages, health checks, and colours.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::house::{Run, free_port, schemagate, shop};

fn here(args: &[&str]) -> Run {
    Run::of(Path::new("/"), args)
}

/// Every command, as `--help` lists them.
fn commands() -> Vec<String> {
    let help = here(&["--help"]).expect(0).stdout;
    let (_, list) = help.split_once("Commands:").expect("a list");
    let (list, _) = list.split_once("\n\n").expect("its end");
    // Longer descriptions go on in lines that are indented further.
    let names = list.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !name.is_empty() && *name != "help").map(str::to_owned).collect()
}

#[test]
fn the_help_of_every_command_has_an_example_that_names_it() {
    let commands = commands();
    assert!(commands.len() > 20, "{commands:?}");
    for command in commands {
        let help = here(&[&command, "--help"]).expect(0).stdout;
        let (_, notes) = help.split_once("\nExample").unwrap_or_else(|| panic!("no example of {command}:\n{help}"));
        assert!(
            notes.contains(&format!("schemagate {command}")) || notes.contains(&format!("\"{command}\"")),
            "{help}"
        );
    }
}

#[test]
fn the_readme_has_a_row_for_every_command() {
    let readme = include_str!("../../README.md");
    let rows: BTreeSet<&str> =
        readme.lines().filter_map(|line| line.strip_prefix("| `schemagate ")?.split([' ', '`']).next()).collect();
    for command in commands() {
        assert!(rows.contains(&*command), "the table of README.md lacks {command}");
    }
}

#[test]
fn completions_are_scripts_that_their_shell_reads_and_know_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let script = here(&["completions", shell]).expect(0).stdout;
        for command in commands() {
            assert!(script.contains(&command), "{shell} does not know {command}");
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("schemagate.bash");
    fs::write(&script, here(&["completions", "bash"]).expect(0).stdout).expect("a file");
    // As a shell asks for what can stand behind `schemagate doct`.
    let asked = format!(
        "source {} && COMP_WORDS=(schemagate doct) COMP_CWORD=1 && _schemagate schemagate doct schemagate; echo \"${{COMPREPLY[@]}}\"",
        script.display()
    );
    let told = Command::new("bash").args(["-c", &asked]).output().expect("bash runs");
    assert_eq!(String::from_utf8_lossy(&told.stdout).trim(), "doctor", "{}", String::from_utf8_lossy(&told.stderr));
    assert!(here(&["completions", "tcsh"]).expect(2).stderr.contains("bash"));
}

#[test]
fn every_command_has_a_man_page_with_its_examples_as_they_stand() {
    let folder = tempfile::tempdir().expect("a folder");
    let into = folder.path().join("man1");
    here(&["man", "--into", into.to_str().expect("a path")]).expect(0);
    let page = |name: &str| fs::read_to_string(into.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    for command in commands() {
        let page = page(&format!("schemagate-{command}.1"));
        assert!(page.starts_with(".ie") || page.starts_with(".TH"), "{page}");
        assert!(page.contains("EXAMPLES AND NOTES"), "{command}:\n{page}");
    }
    assert!(page("schemagate-bypass-on.1").contains("Only requests of this route"));
    assert!(page("schemagate.1").contains("Exit codes"));
    assert_eq!(here(&["man", "bypass", "on"]).expect(0).stdout, page("schemagate-bypass-on.1"));
    assert!(here(&["man", "bypas"]).expect(2).stderr.contains("did you mean `bypass`"));
}

#[tokio::test]
async fn a_health_check_asks_whether_it_lives_and_nothing_of_the_schema() {
    let (_database, _echo, gateway) =
        shop("CREATE TABLE other (id int)", "read_token = \"only-reads-0123456789\"", "").await;
    gateway.logged("requirement orders is broken").await;
    assert!(gateway.run(&["healthcheck"]).expect(0).stdout.contains("lives"));
    let address = format!("127.0.0.1:{}", gateway.admin().port());
    let mut elsewhere = schemagate();
    elsewhere.args(["healthcheck", "--format", "json"]).env("SCHEMAGATE_ADMIN", &address).current_dir("/");
    assert!(Run::command(&mut elsewhere).expect(0).stdout.contains("\"live\": true"));
    // A mistake somewhere else in the file, or a variable that is not set, is nothing to it.
    gateway.append("[uptreams]\nx = \"${NOT_SET_IN_THIS_SHELL}\"");
    gateway.run(&["check"]).expect(2);
    gateway.run(&["healthcheck"]).expect(0);
}

#[test]
fn a_health_check_of_nobody_fails_and_one_without_a_file_asks_where_it_usually_is() {
    let address = format!("127.0.0.1:{}", free_port());
    let run = here(&["healthcheck", "--admin", &address]).expect(3);
    assert!(run.stderr.contains(&address), "{}", run.stderr);
    // Nobody else's answer is waited for: this machine may run one there, or not.
    let run = here(&["healthcheck", "--timeout", "1s"]);
    assert!(run.output().contains("127.0.0.1:9901") && matches!(run.code, Some(0 | 3)), "{run:?}");
}

#[tokio::test]
async fn a_person_gets_tables_in_colour_and_a_program_gets_neither() {
    let (_database, _echo, gateway) = shop("CREATE TABLE other (id int)", "", "").await;
    gateway.verdict_becomes("orders", "broken", std::time::Duration::from_secs(15)).await;
    let red = "\u{1b}[31mbroken\u{1b}[0m";
    let program = env!("CARGO_BIN_EXE_schemagate");
    for command in ["status", "check --database"] {
        // `script` is a terminal to whom it runs.
        let on_a_terminal = |environment: &str| {
            let line = format!("{environment} {program} {command}");
            let mut script = Command::new("script");
            script
                .args(["-qec", &line, "/dev/null"])
                .env("TERM", "xterm")
                .env_remove("NO_COLOR")
                .env_remove("DATABASE_URL");
            Run::command(script.current_dir(gateway.folder())).stdout
        };
        assert!(on_a_terminal("").contains(red), "{command}");
        let plain = on_a_terminal("NO_COLOR=1");
        assert!(plain.contains("broken") && !plain.contains("\u{1b}[3"), "{plain}");
        assert!(!on_a_terminal("TERM=dumb").contains("\u{1b}[3"), "{command}");
        let mut piped = Command::new(program);
        piped.args(command.split(' ')).env_remove("NO_COLOR").current_dir(gateway.folder());
        let piped = Run::command(&mut piped).output();
        assert!(piped.contains("broken") && !piped.contains('\u{1b}'), "{piped}");
    }
}
