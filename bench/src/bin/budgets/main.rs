//! How many instructions a decision and a request take, held against a recorded budget: `make budgets`.
//!
//! Times on a shared machine say little, and whole per cents of growth are lost in them. Callgrind counts instructions, and
//! counts nearly the same in every run. Each subject is counted twice, doing its work once and twice over: the difference
//! is the work, and starting falls out of it.

#![expect(clippy::print_stdout, reason = "it tells what it found")]

mod budget;
mod callgrind;
mod inside;
mod proxy;
mod subject;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use budget::Budgets;
use callgrind::Counted;
use subject::{RATIOS, SUBJECTS, Subject};

/// What the command line says: `--budgets FILE --only SUBJECT --keep FOLDER --write`.
struct Wanted {
    budgets: PathBuf,
    only: Option<String>,
    /// Where callgrind's files are left, for `callgrind_annotate`.
    keep: Option<PathBuf>,
    write: bool,
}

impl Wanted {
    fn from_arguments(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut wanted = Self { budgets: PathBuf::from("bench/budgets.toml"), only: None, keep: None, write: false };
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{name} lacks its value"));
            match name.as_str() {
                "--budgets" => wanted.budgets = value()?.into(),
                "--only" => wanted.only = Some(value()?),
                "--keep" => wanted.keep = Some(value()?.into()),
                "--write" => wanted.write = true,
                _ => anyhow::bail!("{name} is unknown: --budgets, --only, --keep, --write"),
            }
        }
        Ok(wanted)
    }
}

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|first| first == inside::ARGUMENT).is_some() {
        inside::work(arguments)?;
        return Ok(ExitCode::SUCCESS);
    }
    let wanted = Wanted::from_arguments(arguments)?;
    let budgets = Budgets::read(&wanted.budgets)?;
    let folder = tempfile::tempdir()?;
    let kept = wanted.keep.as_deref().unwrap_or(folder.path());
    std::fs::create_dir_all(kept)?;
    let mut counts: Vec<(&Subject, Counted)> = Vec::new();
    for subject in SUBJECTS.iter().filter(|subject| wanted.only.as_ref().is_none_or(|only| only == subject.name)) {
        let counted = subject.count(kept).with_context(|| subject.name.to_owned())?;
        println!("{}", budgets.line(subject, &counted));
        counts.push((subject, counted));
    }
    for ratio in RATIOS {
        if let Some(line) = ratio.line(&counts) {
            println!("{line}");
        }
    }
    if wanted.write {
        anyhow::ensure!(wanted.only.is_none(), "--write records everything: leave --only out");
        budget::write(&wanted.budgets, &counts)?;
        return Ok(ExitCode::SUCCESS);
    }
    let grown: Vec<String> = counts.iter().filter_map(|(subject, counted)| budgets.grown(subject, counted)).collect();
    if grown.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("\nbeyond the budget, which was recorded with {}:\n{}", budgets.recorded, grown.join("\n"));
    println!("\nIf that is worth it, record it: make budgets WRITE=1");
    // Another kind of processor has instructions of its own.
    Ok(if budgets.are_of_this_machine() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
