//! The recorded budget, and what is held against it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use toml::de::{DeTable, DeValue};

use super::callgrind::Counted;
use super::subject::Subject;

/// What more of a budget may be used before that is a mistake: builds of other compilers and libraries differ by this.
const TOLERANCE: f64 = 0.03;

/// How many functions are recorded of each subject, and told where it grew.
const FUNCTIONS: usize = 40;

/// The key that says what everything was recorded with.
const RECORDED: &str = "recorded";

const HEAD: &str = "\
# Instructions by callgrind, of the program's own side: what one of each may take, and the functions that took the most of it
# when it was recorded. `make budgets` counts again, and fails where one takes over three of a hundred more;
# `make budgets WRITE=1` records.
";

#[derive(Debug, Default)]
pub(crate) struct Budgets {
    /// The processor, the compiler and the valgrind that it was recorded with.
    pub(crate) recorded: String,
    subjects: BTreeMap<String, Counted>,
}

impl Budgets {
    /// Reads the file; one that is not there is empty.
    pub(crate) fn read(file: &Path) -> anyhow::Result<Self> {
        if !file.exists() {
            return Ok(Self::default());
        }
        let text = fs::read_to_string(file)?;
        Self::parse(&text).with_context(|| file.display().to_string())
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let table = DeTable::parse(text)?;
        let recorded = table.get_ref().get(RECORDED).and_then(|value| value.get_ref().as_str());
        let recorded = recorded.context("it does not say what it was recorded with")?.to_owned();
        let mut subjects = BTreeMap::new();
        for (name, subject) in table.get_ref().iter().filter(|(name, _)| name.get_ref() != RECORDED) {
            let subject = subject.get_ref().as_table().with_context(|| format!("{} is no table", name.get_ref()))?;
            let total = subject.get("instructions").and_then(|value| number(value.get_ref()));
            let functions = subject.get("functions").and_then(|value| value.get_ref().as_table());
            let functions = functions.into_iter().flatten();
            let functions =
                functions.filter_map(|(name, value)| Some((name.get_ref().to_string(), number(value.get_ref())?)));
            let total = total.with_context(|| format!("{} has no instructions", name.get_ref()))?;
            subjects.insert(name.get_ref().to_string(), Counted { total, functions: functions.collect() });
        }
        Ok(Self { recorded, subjects })
    }

    /// Whether they count the same instructions.
    pub(crate) fn are_of_this_machine(&self) -> bool {
        self.recorded.starts_with(std::env::consts::ARCH)
    }

    /// What was counted, beside what is recorded.
    pub(crate) fn line(&self, subject: &Subject, counted: &Counted) -> String {
        let budget = self.subjects.get(subject.name).map_or_else(
            || "no budget".to_owned(),
            |budget| format!("{:+.2} % of {:.0}", (counted.total / budget.total - 1.0) * 100.0, budget.total),
        );
        format!("{:22} {:>8.0}  ({budget})  {}", subject.name, counted.total, subject.one)
    }

    /// Which functions grew, where one takes too much; or that it has no budget.
    pub(crate) fn grown(&self, subject: &Subject, counted: &Counted) -> Option<String> {
        let name = subject.name;
        let Some(budget) = self.subjects.get(name) else {
            return Some(format!("{name} ({}) has no budget", subject.one));
        };
        if counted.total <= budget.total * (1.0 + TOLERANCE) {
            return None;
        }
        let mut text =
            format!("{name} ({}): {:.0} instructions, recorded {:.0}", subject.one, counted.total, budget.total);
        // What was recorded are the largest only; a smaller one may have been there all the same.
        let least = budget.functions.values().copied().fold(f64::INFINITY, f64::min);
        let mut growth: Vec<_> = counted
            .functions
            .iter()
            .map(|(name, cost)| (name, *cost, budget.functions.get(name).copied()))
            .map(|(name, cost, before)| (name, cost, before, cost - before.unwrap_or(least.min(cost))))
            .filter(|(.., more)| *more >= 1.0)
            .collect();
        growth.sort_by(|one, other| other.3.total_cmp(&one.3));
        for (name, cost, before, more) in growth.into_iter().take(FUNCTIONS / 4) {
            let before = before.map_or_else(|| format!("at most {least:.0}"), |before| format!("{before:.0}"));
            let _ = write!(text, "\n    {more:+7.0}  {name}: {cost:.0}, recorded {before}");
        }
        Some(text)
    }
}

fn number(value: &DeValue<'_>) -> Option<f64> {
    value.as_integer().and_then(|number| number.as_str().parse().ok())
}

/// Records what was counted.
pub(crate) fn write(file: &Path, counts: &[(&Subject, Counted)]) -> anyhow::Result<()> {
    let with = [std::env::consts::ARCH.to_owned(), version("rustc"), version("valgrind")].join(", ");
    Ok(fs::write(file, text(&with, counts)?)?)
}

/// What a program says that it is.
fn version(program: &str) -> String {
    let said = Command::new(program).arg("--version").output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&said).lines().next().unwrap_or(program).to_owned()
}

fn text(recorded: &str, counts: &[(&Subject, Counted)]) -> anyhow::Result<String> {
    let mut text = format!("{HEAD}{RECORDED} = {}\n", quoted(recorded));
    for (subject, counted) in counts {
        writeln!(text, "\n# {}\n[{}]\ninstructions = {:.0}\n", subject.one, subject.name, counted.total)?;
        writeln!(text, "[{}.functions]", subject.name)?;
        let mut functions: Vec<_> = counted.functions.iter().collect();
        functions.sort_by(|one, other| other.1.total_cmp(one.1));
        for (name, cost) in functions.into_iter().take(FUNCTIONS) {
            writeln!(text, "{} = {cost:.0}", quoted(name))?;
        }
    }
    Ok(text)
}

/// A key of TOML, whatever is in it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::super::subject::SUBJECTS;
    use super::*;

    fn counted(total: f64, functions: &[(&str, f64)]) -> Counted {
        let functions = functions.iter().map(|(name, cost)| ((*name).to_owned(), *cost)).collect();
        Counted { total, functions }
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let one = counted(113.0, &[("<a as \"b\">::c", 13.0), ("d\\e", 100.0)]);
        let text = text("x, y", &[(&SUBJECTS[0], one.clone())]).expect("written");
        let read = Budgets::parse(&text).expect("read");
        assert_eq!((read.subjects, read.recorded), ([(SUBJECTS[0].name.to_owned(), one)].into(), "x, y".to_owned()));
        for wrong in ["", "recorded = 'x'\npath = 1", "recorded = 'x'\n[path]"] {
            assert!(Budgets::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_grew_is_named_and_little_growth_is_let_be() {
        let budgets =
            |one: Counted| Budgets { recorded: String::new(), subjects: [(SUBJECTS[0].name.to_owned(), one)].into() };
        let budgets = budgets(counted(1000.0, &[("a", 500.0), ("b", 400.0)]));
        let grown = |one: Counted| budgets.grown(&SUBJECTS[0], &one);
        assert_eq!(grown(counted(1029.0, &[("a", 529.0), ("b", 400.0)])), None);
        assert_eq!(grown(counted(400.0, &[("b", 400.0)])), None);
        let told = grown(counted(2000.0, &[("a", 500.0), ("b", 900.0), ("c", 600.0)])).expect("it grew");
        let lines: Vec<&str> = told.lines().map(str::trim).collect();
        assert_eq!(lines[1..], ["+500  b: 900, recorded 400", "+200  c: 600, recorded at most 400"], "{told}");
        assert!(
            Budgets::default().grown(&SUBJECTS[0], &counted(1.0, &[])).is_some_and(|told| told.contains("no budget"))
        );
    }
}
