//! Every command line in the documentation is one.
//!
//! In blocks (of a shell, or of anything that starts programs) a line that runs `schemagate` or `make` is parsed as it stands.
//! Within a sentence `[…]` may be there, `a|b` is either, `…` and capital letters stand for something: there only what is
//! unknown is a mistake.

use std::fs;

use clap::error::ErrorKind;

use super::markdown::Page;
use super::root;
use crate::cli::command;

/// Blocks that are no commands: what a program writes, or reads.
const NO_COMMANDS: [&str; 7] = ["text", "toml", "sql", "json", "jinja", "html", "http"];

/// What stands before a program in a line of a shell.
const BEFORE: [&str; 9] = ["if", "then", "else", "do", "while", "until", "!", "exec", "sudo"];

#[test]
fn every_command_line_in_a_block_is_one() {
    let targets = targets();
    let (mut wrong, mut parsed) = (Vec::new(), 0);
    for page in Page::all() {
        let language = |info: &str| info.split([' ', ',']).next().unwrap_or_default().to_owned();
        for block in page.blocks.iter().filter(|block| !NO_COMMANDS.contains(&&*language(&block.info))) {
            let in_a_list = ["yaml", "dockerfile", "json5"].contains(&&*language(&block.info).to_lowercase());
            for line in block.text.replace("\\\n", " ").lines() {
                let line = if in_a_list { line.replace(['[', ']', ','], " ") } else { line.to_owned() };
                for words in commands(&line) {
                    let mistake = match words.split_first() {
                        Some((program, rest)) if program == "schemagate" => {
                            parsed += 1;
                            mistake(&words, rest.is_empty())
                        }
                        Some((program, rest)) if program == "make" => {
                            parsed += 1;
                            let unknown = rest.iter().find(|word| !word.contains('=') && !targets.contains(word));
                            unknown.map(|word| format!("the Makefile has no {word}"))
                        }
                        _ => None,
                    };
                    wrong.extend(mistake.map(|mistake| format!("{}:{}: {line}\n  {mistake}", page.name(), block.line)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(parsed > 40, "{parsed} commands were found");
}

#[test]
fn every_command_within_a_sentence_is_one() {
    let (mut wrong, mut parsed) = (Vec::new(), 0);
    for page in Page::all() {
        for span in page.spans.iter().filter(|span| span.starts_with("schemagate ")) {
            let plain = span.replace(['[', ']', '…'], " ");
            for line in alternatives(&plain) {
                for words in
                    commands(&line).into_iter().filter(|words| words.first().is_some_and(|w| w == "schemagate"))
                {
                    parsed += 1;
                    wrong.extend(mistake(&words, true).map(|mistake| format!("{}: {span}\n  {mistake}", page.name())));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(parsed > 40, "{parsed} commands were found");
}

/// What is wrong with a command of schemagate's.
fn mistake(words: &[String], part: bool) -> Option<String> {
    let error = command().try_get_matches_from(words).err()?;
    let unfinished = [
        ErrorKind::MissingRequiredArgument,
        ErrorKind::MissingSubcommand,
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
        ErrorKind::TooFewValues,
    ];
    let shown = [ErrorKind::DisplayHelp, ErrorKind::DisplayVersion];
    let stands_for_something =
        part && words.iter().any(|word| word.chars().all(|c| c.is_ascii_uppercase() || c == '_'));
    let fine = shown.contains(&error.kind())
        || part && unfinished.contains(&error.kind())
        || part && error.kind() == ErrorKind::InvalidValue && error.to_string().contains("a value is required")
        || stands_for_something && matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation);
    (!fine).then(|| error.to_string().lines().next().unwrap_or_default().to_owned())
}

/// `a b|c d` is `a b d` and `a c d`.
fn alternatives(line: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split_whitespace() {
        let choices = word.split('|').filter(|choice| !choice.is_empty());
        lines = choices.flat_map(|choice| lines.iter().map(move |line| format!("{line} {choice}"))).collect();
    }
    lines
}

/// The commands of a line of a shell, as words.
fn commands(line: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let (mut word, mut quote, mut begun) = (String::new(), None, false);
    let characters = line.trim_start().trim_start_matches("$ ").chars();
    for c in characters {
        let ends_word = quote.is_none() && (c.is_whitespace() || matches!(c, '|' | ';' | '&' | '>' | '<'));
        if ends_word && begun {
            let words: &mut Vec<String> = commands.last_mut().expect("one at least");
            words.push(std::mem::take(&mut word));
            begun = false;
        }
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('\'' | '"', None) => (quote, begun) = (Some(c), true),
            ('#', None) if !begun => break,
            // Where its output goes is no word of the command.
            ('>' | '<', None) => {
                commands.push(Vec::new());
            }
            ('|' | ';' | '&', None) => commands.push(Vec::new()),
            (c, None) if c.is_whitespace() => {}
            (c, _) => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        commands.last_mut().expect("one at least").push(word);
    }
    for words in &mut commands {
        let is_before = |word: &String| BEFORE.contains(&&**word) || is_assignment(word);
        let program = words.iter().position(|word| !is_before(word)).unwrap_or(words.len());
        words.drain(..program);
        // A list of a container's arguments begins with the key that they belong to.
        if let Some(place) = words.iter().position(|word| word == "schemagate")
            && words
                .first()
                .is_some_and(|word| word.ends_with(':') || matches!(&**word, "ENTRYPOINT" | "CMD" | "RUN" | "-"))
        {
            words.drain(..place);
        }
    }
    commands
}

/// `NAME=value` before a program.
fn is_assignment(word: &str) -> bool {
    word.split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

/// What the Makefile makes.
fn targets() -> Vec<String> {
    let text = fs::read_to_string(root().join("Makefile")).expect("the Makefile");
    let rules = text.lines().filter(|line| !line.starts_with(['\t', ' ', '#', '.', '$']));
    let names = rules.filter_map(|line| line.split_once(':').filter(|(_, rest)| !rest.starts_with('=')));
    names.flat_map(|(names, _)| names.split_whitespace().map(str::to_owned)).collect()
}

#[test]
fn a_line_is_taken_apart_as_a_shell_does_it() {
    let line = "$ A=1 schemagate bench --expect 'p95<150ms' > report && make test # and so on";
    let found: Vec<_> = commands(line).into_iter().filter(|words| words.len() > 1).collect();
    assert_eq!(found, [vec!["schemagate", "bench", "--expect", "p95<150ms"], vec!["make", "test"]]);
    assert_eq!(alternatives("bypass on|off").len(), 2);
    assert!(mistake(&["schemagate".to_owned(), "chekc".to_owned()], true).is_some());
}
