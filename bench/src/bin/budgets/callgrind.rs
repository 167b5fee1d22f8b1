//! Instructions, as callgrind counts them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};

/// Instructions in all, and in each function without those it calls.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Counted {
    pub(crate) total: f64,
    pub(crate) functions: BTreeMap<String, f64>,
}

/// Counts what a program does until it ends by itself or `meanwhile` has ended it.
pub(crate) fn count(
    program: &Command,
    out: &Path,
    meanwhile: impl FnOnce(&mut Child) -> anyhow::Result<()>,
) -> anyhow::Result<Counted> {
    let mut command = Command::new("valgrind");
    command
        // What a thread does before another one may go on is long enough for a whole request.
        .args(["--tool=callgrind", "--quiet", "--fair-sched=no"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program.get_program())
        .args(program.get_args())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().context("valgrind cannot be started")?;
    if let Err(error) = meanwhile(&mut child) {
        // It would be left behind.
        let _ = child.kill();
        let _ = child.wait();
        return Err(error);
    }
    let status = child.wait()?;
    ensure!(status.success(), "{program:?} under valgrind ended with {status}");
    let text = fs::read_to_string(out).with_context(|| format!("{} is not there", out.display()))?;
    Counted::read(&text)
}

impl Counted {
    /// Reads callgrind's own format (valgrind's manual, chapter "Callgrind Format Specification"), where each line costs so many
    /// instructions and names are told once and then by number.
    fn read(text: &str) -> anyhow::Result<Self> {
        let mut names: BTreeMap<&str, &str> = BTreeMap::new();
        let mut counted = Self::default();
        let mut function = String::new();
        let mut called = false;
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("fn=") {
                function = plain(named(&mut names, name)?);
            } else if let Some(name) = line.strip_prefix("cfn=") {
                named(&mut names, name)?;
            } else if line.starts_with("calls=") {
                // The next line is what the called function costs.
                called = true;
            } else if line.starts_with(|c: char| c.is_ascii_digit() || "+-*".contains(c)) {
                let cost = line.split(' ').nth(1).map_or(Ok(0.0), str::parse::<f64>)?;
                if !std::mem::take(&mut called) {
                    *counted.functions.entry(function.clone()).or_default() += cost;
                    counted.total += cost;
                }
            }
        }
        ensure!(counted.total > 0.0, "nothing was counted");
        Ok(counted)
    }

    /// What there is more than of another.
    pub(crate) fn without(mut self, other: &Self) -> Self {
        self.total -= other.total;
        for (name, cost) in &other.functions {
            *self.functions.entry(name.clone()).or_default() -= cost;
        }
        self
    }

    /// Shared among so many; what is not worth telling of one is left out.
    pub(crate) fn of_one(mut self, ones: u32) -> Self {
        self.total /= f64::from(ones);
        for cost in self.functions.values_mut() {
            *cost /= f64::from(ones);
        }
        self.functions.retain(|_, cost| *cost >= 1.0);
        self
    }
}

/// `(7) name` tells a name and its number, `(7)` means it again.
fn named<'t>(names: &mut BTreeMap<&'t str, &'t str>, text: &'t str) -> anyhow::Result<&'t str> {
    let Some((number, name)) = text.split_once(' ') else {
        return names.get(text).copied().with_context(|| format!("{text} is the name of nothing"));
    };
    names.insert(number, name);
    Ok(name)
}

/// Without what differs from build to build: the hash of a symbol, and callgrind's mark of a recursion.
fn plain(name: &str) -> String {
    let name = match name.rsplit_once('\'') {
        Some((name, depth)) if !depth.is_empty() && depth.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => name,
    };
    match name.rsplit_once("::h") {
        Some((path, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => path.to_owned(),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
version: 1
events: Ir
ob=(1) /bin/x
fl=(1) x.rs
fn=(1) gate::decide::h0123456789abcdef
10 5
+2 7
cfn=(2) gate::look
calls=1 20
+1 100
* 1
fn=(2)
20 60
cfn=(2)
calls=1 20
* 40
fn=(3) gate::look'2
21 40
totals: 113
";

    #[test]
    fn what_is_called_counts_where_it_is_done() {
        let counted = Counted::read(TEXT).expect("callgrind's format");
        let functions = [("gate::decide".to_owned(), 13.0), ("gate::look".to_owned(), 100.0)];
        assert_eq!(counted, Counted { total: 113.0, functions: functions.into() });
        assert!(Counted::read("fn=(1)\n1 1\n").is_err(), "a name that was never told");
        assert!(Counted::read("").is_err(), "nothing");
    }

    #[test]
    fn starting_falls_out() {
        let of = |start: f64, work: f64| Counted {
            total: start + work,
            functions: [("start".to_owned(), start), ("work".to_owned(), work)].into(),
        };
        let one = of(100.0, 2000.0).without(&of(100.0, 1000.0)).of_one(10);
        assert_eq!(one, Counted { total: 100.0, functions: [("work".to_owned(), 100.0)].into() });
    }
}
