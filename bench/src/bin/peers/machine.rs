//! Where and with what it was measured.

use std::fs;
use std::process::Command;

/// The machine and the programs, a line each.
pub(crate) fn describe() -> Vec<String> {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown", |(_, model)| model);
    let count = processors.matches("\nmodel name").count() + usize::from(processors.starts_with("model name"));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut lines = vec![format!("{model}, {count} processors"), format!("Linux {}", kernel.trim())];
    let programs = [("nginx", "-v"), ("haproxy", "-v"), ("caddy", "version"), ("wrk", "-v"), ("h2load", "--version")];
    lines.extend(programs.iter().filter_map(|(program, argument)| {
        let output = Command::new(program).arg(argument).output().ok()?;
        // Some tell it on standard error, and wrk ends with 1.
        let text = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&text).lines().next().map(|line| format!("{program}: {line}"))
    }));
    lines
}

/// The kind of its processor, as a part of a file's name.
pub(crate) fn name() -> String {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let words = model.map_or("machine", |(_, model)| model).split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<String> = words.filter(|word| !word.is_empty()).take(2).map(str::to_ascii_lowercase).collect();
    words.join("-")
}

/// Today as `2026-11-21`.
pub(crate) fn today() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()
}
