//! Writes what was measured: a page of tables, drawings, and the raw figures.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use super::generator::Load;
use super::machine;
use super::median::Middle;
use super::scenario::Scenario;

/// One run of one scenario against one proxy.
pub(crate) struct Measured {
    pub(crate) load: Load,
    /// What the proxy took of processors meanwhile.
    pub(crate) spent: Duration,
    /// Bytes of memory at its end.
    pub(crate) resident: u64,
}

/// All runs of one scenario against one proxy.
pub(crate) struct Row {
    scenario: (&'static str, &'static str),
    arm: &'static str,
    runs: Vec<Measured>,
}

pub(crate) struct Report {
    pub(crate) machine: Vec<String>,
    pub(crate) rounds: usize,
    pub(crate) seconds: u64,
    pub(crate) rows: Vec<Row>,
}

impl Row {
    pub(crate) fn new(scenario: &Scenario, arm: &'static str, runs: Vec<Measured>) -> Self {
        Self { scenario: (scenario.name, scenario.says), arm, runs }
    }

    fn middle(&self, value: impl Fn(&Measured) -> Option<f64>) -> Option<Middle> {
        Middle::of(self.runs.iter().filter_map(value))
    }

    fn per_second(&self) -> Option<Middle> {
        self.middle(|run| Some(run.load.answers / run.load.lasted.as_secs_f64()))
    }

    /// Requests for each second of processor; the backend alone has none.
    fn per_core(&self) -> Option<Middle> {
        self.middle(|run| (!run.spent.is_zero()).then(|| run.load.answers / run.spent.as_secs_f64()))
    }
}

/// Which proxy the others are compared with in a scenario.
const YARDSTICK: &str = "schemagate";

impl Report {
    /// Writes `DATE-bench.md`, with its raw figures beside it.
    pub(crate) fn write(&self, folder: &Path) -> anyhow::Result<PathBuf> {
        fs::create_dir_all(folder)?;
        let name = format!("{}-peers", machine::today());
        let page = folder.join(format!("{name}.md"));
        fs::write(folder.join(format!("{name}.json")), serde_json::to_string_pretty(&self.raw())? + "\n")?;
        fs::write(&page, self.page())?;
        Ok(page)
    }

    fn page(&self) -> String {
        let mut text = String::from("# Beside other proxies\n\n");
        let _ = writeln!(
            text,
            "`make bench`: {} rounds of {} s each, the proxies in turns; medians, and between what the middle half lies. One core for \
             the proxy, another one for the generator and the backend together.\n",
            self.rounds, self.seconds
        );
        for line in &self.machine {
            let _ = writeln!(text, "- {line}");
        }
        let mut scenario = "";
        for row in &self.rows {
            if row.scenario.0 != scenario {
                scenario = row.scenario.0;
                let _ = write!(
                    text,
                    "\n## {}: {}\n\n| | requests/s | for each second of its processor | {YARDSTICK} has of it | p50 | p99 | errors | memory |\n\
                     | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
                    row.scenario.0, row.scenario.1
                );
            }
            let _ = writeln!(text, "{}", self.line(row));
        }
        text
    }

    fn line(&self, row: &Row) -> String {
        let own = self.rows.iter().find(|other| other.scenario == row.scenario && other.arm == YARDSTICK);
        let ratio = own.and_then(Row::per_core).zip(row.per_core()).map(|(own, other)| own.median / other.median);
        let number = |middle: Option<Middle>| {
            middle.map_or_else(
                || "–".to_owned(),
                |Middle { low, median, high }| format!("{median:.0} ({low:.0}–{high:.0})"),
            )
        };
        let time = |pick: fn(&Load) -> Option<Duration>| {
            let middle = row.middle(|run| pick(&run.load).map(|time| time.as_secs_f64() * 1e3));
            middle.map_or_else(|| "–".to_owned(), |middle| format!("{:.2} ms", middle.median))
        };
        let errors: f64 = row.runs.iter().map(|run| run.load.errors).sum();
        #[expect(clippy::cast_precision_loss, reason = "memory in MiB")]
        let memory = row.middle(|run| (run.resident > 0).then(|| run.resident as f64 / f64::from(1 << 20)));
        format!(
            "| {} | {} | {} | {} | {} | {} | {errors:.0} | {} |",
            row.arm,
            number(row.per_second()),
            number(row.per_core()),
            ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}")),
            time(|load| load.p50),
            time(|load| load.p99),
            memory.map_or_else(|| "–".to_owned(), |middle| format!("{:.0} MiB", middle.median)),
        )
    }

    fn raw(&self) -> serde_json::Value {
        let run = |run: &Measured| {
            let Measured { load, spent, resident } = run;
            json!({
                "answers": load.answers,
                "errors": load.errors,
                "seconds": load.lasted.as_secs_f64(),
                "p50_seconds": load.p50.map(|time| time.as_secs_f64()),
                "p99_seconds": load.p99.map(|time| time.as_secs_f64()),
                "processor_seconds": spent.as_secs_f64(),
                "resident_bytes": resident,
            })
        };
        let rows = self.rows.iter().map(|row| {
            json!({ "scenario": row.scenario.0, "proxy": row.arm, "runs": row.runs.iter().map(run).collect::<Vec<_>>() })
        });
        json!({ "machine": self.machine, "rows": rows.collect::<Vec<_>>() })
    }
}
