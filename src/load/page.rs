//! What load came to, as a page that stands by itself.

use std::time::Duration;

use minijinja::value::Serde;
use minijinja::{Environment, Value, context};

use super::chart::{Chart, Line};
use super::outcome::Outcome;
use super::tally::{Counts, Tally};

/// How far a chart of percentiles goes: to 99.99 of a hundred.
const NINES: u32 = 4;

/// Points of a chart of percentiles for each nine.
const STEPS: u32 = 25;

/// The page.
pub fn page(outcome: &Outcome, tally: &Tally) -> Result<String, minijinja::Error> {
    let mut templates = Environment::new();
    templates.add_template("report.html", include_str!("report.html"))?;
    let drawn = [percentiles(tally), times(tally), answers(tally)].into_iter();
    let drawn = drawn.filter_map(|(chart, lines)| Some(context! { title => chart.title, svg => chart.svg(&lines)? }));
    let charts: Vec<Value> = drawn.collect();
    let (text, outcome) = (outcome.to_string(), Value::from(Serde(outcome)));
    templates.get_template("report.html")?.render(context! { outcome, charts, text })
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// How many of a hundred so many nines are.
fn part(nines: f64) -> f64 {
    100.0 * (1.0 - 10_f64.powf(-nines))
}

/// The time by which so many were answered; each nine has as much room as the one before.
fn percentiles(tally: &Tally) -> (Chart<'static>, Vec<Line>) {
    let nines = (0..=NINES * STEPS).map(|step| f64::from(step) / f64::from(STEPS));
    let points = nines.map(|nines| (nines, milliseconds(tally.all.times.percentile(part(nines))))).collect();
    let chart = Chart {
        title: "Time by percentile",
        across: "of all requests",
        up: "ms",
        place: |nines| format!("{}%", (part(nines) * 100.0).round() / 100.0),
    };
    (chart, vec![Line { name: "all".to_owned(), points }])
}

fn over_time(name: &str, tally: &Tally, value: impl Fn(&Counts) -> f64) -> Line {
    let points = (0_u32..).map(f64::from).zip(tally.seconds.iter().map(value)).collect();
    Line { name: name.to_owned(), points }
}

fn times(tally: &Tally) -> (Chart<'static>, Vec<Line>) {
    let chart = Chart { title: "Time by second", across: "second", up: "ms", place: |second| format!("{second:.0}") };
    let at = |name, part| over_time(name, tally, move |counts| milliseconds(counts.times.percentile(part)));
    (chart, vec![at("p50", 50.0), at("p99", 99.0), at("max", 100.0)])
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^52")]
fn answers(tally: &Tally) -> (Chart<'static>, Vec<Line>) {
    let chart =
        Chart { title: "Answers by second", across: "second", up: "answers", place: |second| format!("{second:.0}") };
    let lines = [
        over_time("below 400", tally, |counts| counts.with_status(..400) as f64),
        over_time("400 to 499", tally, |counts| counts.with_status(400..500) as f64),
        over_time("500 and above", tally, |counts| counts.with_status(500..) as f64),
        over_time("none", tally, |counts| counts.failures.values().sum::<u64>() as f64),
        over_time("by schemagate itself", tally, |counts| counts.own as f64),
    ];
    let any = |line: &Line| line.points.iter().any(|(_, count)| *count > 0.0);
    (chart, lines.into_iter().filter(any).collect())
}
