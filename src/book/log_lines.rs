//! docs/logs.md: every line that schemagate writes of itself, read from where it is written.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::{cell, files, root, written};

/// By how much they matter. What `debug` tells is for those who change schemagate.
const LEVELS: [(&str, &str); 3] = [
    ("error", "What nobody asked for, and somebody must look at."),
    ("warn", "What the gate is there for, or what should not stay so."),
    ("info", "What came and went as it should."),
];

/// A line as its macro has it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    target: String,
    message: String,
    fields: Vec<String>,
}

#[test]
fn the_documentation_names_every_log_line_as_it_is() {
    let home = root().join("src");
    let mut sources = Vec::new();
    for path in files(&home, "rs") {
        let path = path.strip_prefix(&home).expect("below it");
        let is_test = path.components().any(|part| ["tests", "book"].map(OsStr::new).contains(&part.as_os_str()));
        if !is_test && !path.ends_with("tests.rs") {
            let source = fs::read_to_string(home.join(path)).expect("a source");
            sources.push((module(path), source.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned()));
        }
    }
    let mut text = String::from(
        "# Every log line\n\nWhat schemagate writes, by level and target, with the fields that stand beside the message: made of the places that write. `…` stands for \
         what differs. A target is what `[log] level` filters by: `level = \"info,schemagate::tenant=warn\"`. With `[log] format = \"json\"` each line is an object, with \
         `\"google\"` as Cloud Logging reads it; `[log.access]` is about the lines of requests.\n",
    );
    for (level, meaning) in LEVELS {
        let lines: BTreeSet<Line> = sources.iter().flat_map(|(module, source)| lines(source, level, module)).collect();
        assert!(!lines.is_empty(), "no line of {level} was found");
        write!(text, "\n## {level}\n\n{meaning}\n\n| target | message | fields |\n| --- | --- | --- |\n")
            .expect("written");
        for Line { target, message, fields } in lines {
            let fields: Vec<String> = fields.iter().map(|field| format!("`{field}`")).collect();
            writeln!(text, "| {target} | {} | {} |", cell(&message), fields.join(" ")).expect("written");
        }
    }
    written("docs/logs.md", &text, "the_documentation_names_every_log_line");
}

/// The module that a file is, which is the target where a line names none.
fn module(path: &Path) -> String {
    let parts = path.with_extension("");
    let parts = parts.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
    let parts: Vec<_> = parts.filter(|part| !["mod", "lib", "main"].contains(&&**part)).collect();
    [vec!["schemagate".to_owned()], parts].concat().join("::")
}

/// The lines of one level in a source.
fn lines(source: &str, level: &str, module: &str) -> Vec<Line> {
    let sign = format!("{level}!(");
    let mut found = Vec::new();
    for (place, _) in source.match_indices(&sign) {
        let is_whole = !source.get(..place).unwrap_or_default().ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let inside = source.get(place + sign.len()..).unwrap_or_default();
        if is_whole && !is_comment(source, place) {
            found.extend(line(&arguments(inside), module));
        }
    }
    found
}

fn is_comment(source: &str, place: usize) -> bool {
    let line = source.get(..place).unwrap_or_default().lines().next_back().unwrap_or_default();
    line.trim_start().starts_with("//")
}

fn line(arguments: &[String], module: &str) -> Option<Line> {
    let mut line = Line { target: format!("`{module}`"), message: String::new(), fields: Vec::new() };
    for argument in arguments {
        if let Some(target) = argument.strip_prefix("target:") {
            let target = target.trim();
            line.target =
                if target.starts_with('"') { format!("`{}`", target.trim_matches('"')) } else { "requests".to_owned() };
        } else if let Some(literal) = argument.strip_prefix('"') {
            line.message = message(literal.strip_suffix('"').unwrap_or(literal));
            break;
        } else if argument.starts_with('$') {
            // A macro of macros: what it is called with is found where it is called.
            return None;
        } else {
            let name = argument.split('=').next().unwrap_or_default().trim().trim_start_matches(['%', '?']);
            line.fields.push(name.rsplit('.').next().unwrap_or(name).to_owned());
        }
    }
    Some(line)
}

/// A literal as it is read, with `…` for what is put in.
fn message(literal: &str) -> String {
    let mut text = String::new();
    let mut depth = 0;
    let mut characters = literal.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\\' if characters.peek() == Some(&'\n') => while characters.next_if(|c| c.is_whitespace()).is_some() {},
            '\\' => text.extend(characters.next().map(|c| if c == 'n' { ' ' } else { c })),
            '{' => {
                if depth == 0 {
                    text.push('…');
                }
                depth += 1;
            }
            '}' => depth -= 1,
            c if depth == 0 => text.push(c),
            _ => {}
        }
    }
    // An address in angle brackets would be read as HTML.
    text.replace('<', "&lt;")
}

/// What stands between a macro's parentheses, parted at its own commas.
fn arguments(inside: &str) -> Vec<String> {
    let (mut arguments, mut argument) = (Vec::new(), String::new());
    let (mut depth, mut in_text, mut escaped) = (0_i32, false, false);
    for c in inside.chars() {
        if in_text {
            in_text = escaped || c != '"';
            escaped = c == '\\' && !escaped;
        } else {
            match c {
                '"' => in_text = true,
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' if depth == 0 => break,
                ')' | ']' | '}' => depth -= 1,
                ',' if depth == 0 => {
                    arguments.push(std::mem::take(&mut argument).trim().to_owned());
                    continue;
                }
                _ => {}
            }
        }
        argument.push(c);
    }
    arguments.push(argument.trim().to_owned());
    arguments.retain(|argument| !argument.is_empty());
    arguments
}

#[test]
fn a_line_is_found_with_its_message_and_its_fields() {
    let source = r#"warn!(target: "schemagate::x", database = name(a, b), %error, "the \"end\" of {name}: {}", 1);"#;
    let found = lines(source, "warn", "schemagate");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].target, "`schemagate::x`");
    assert_eq!(
        (found[0].message.as_str(), &*found[0].fields),
        ("the \"end\" of …: …", &["database".to_owned(), "error".to_owned()][..])
    );
}
