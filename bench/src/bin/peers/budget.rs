//! What was promised, beside what was seen.

use std::fmt::Write;
use std::fs;

use toml::de::DeTable;

use super::results::{
    BINARY, ERRORS, Figure, LEAKED, MAX_RATE, MEMORY, NANOSECONDS, P50, P99, P999, PER_CORE, RATE, Results, START,
};
use super::{deciding, events, footprint, latency, means};

enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// What is held against a budget.
enum Seen {
    /// What schemagate has of a figure in a section, for each of another's.
    Over(&'static str, &'static str, Figure),
    /// The median of a figure of one arm of a section.
    Median(&'static str, &'static str, Figure),
    /// Its sum.
    Sum(&'static str, &'static str, Figure),
    /// Instructions of one subject for each of another's.
    Counted(&'static str, &'static str),
    /// What is made of more than that.
    Made(fn(&Results) -> Option<f64>),
}

struct Budget {
    says: &'static str,
    bound: Bound,
    unit: &'static str,
    seen: Seen,
}

use Bound::{AtLeast, AtMost};
use Seen::{Counted, Made, Median, Over, Sum};

const fn budget(says: &'static str, bound: Bound, unit: &'static str, seen: Seen) -> Budget {
    Budget { says, bound, unit, seen }
}

const OWN: &str = "schemagate";

impl Seen {
    /// `None` where it was not measured.
    fn value(&self, results: &Results) -> Option<f64> {
        match self {
            Over(section, other, figure) => {
                Some(results.median(section, OWN, *figure)? / results.median(section, other, *figure)?)
            }
            Median(section, arm, figure) => results.median(section, arm, *figure),
            Sum(section, arm, figure) => results.sum(section, arm, *figure),
            Counted(of, for_each_of) => counted(of, for_each_of),
            Made(value) => value(results),
        }
    }
}

/// Instructions of one subject for each of another's, as they were counted last (`make budgets`).
fn counted(of: &str, for_each_of: &str) -> Option<f64> {
    let text = fs::read_to_string("bench/budgets.toml").ok()?;
    let table = DeTable::parse(&text).ok()?;
    let total = |name: &str| -> Option<f64> {
        let subject = table.get_ref().get(name)?.get_ref().as_table()?;
        subject.get("instructions")?.get_ref().as_integer()?.as_str().parse().ok()
    };
    Some(total(of)? / total(for_each_of)?)
}

/// By how much schemagate has more, of microseconds.
fn later(results: &Results, figure: Figure) -> Option<f64> {
    let of = |arm| results.median(latency::SECTION, arm, figure);
    Some((of(OWN)? - of("pingora")?) * 1e3)
}

fn room_of_the_generator(results: &Results) -> Option<f64> {
    let others = ["pingora", OWN, "nginx", "HAProxy", "Caddy"];
    let most = others.iter().filter_map(|arm| results.median("pass-1k", arm, RATE)).fold(0.0, f64::max);
    results.median("pass-1k", "direct", RATE).map(|direct| direct / most)
}

fn swapped(results: &Results) -> Option<f64> {
    let of = |arm| results.median(events::SECTION, arm, P999);
    Some(of(events::SWAPPED)? / of(events::NOTHING)?)
}

fn errors(results: &Results) -> Option<f64> {
    let arms = results.arms(events::SECTION);
    arms.iter().filter_map(|arm| results.sum(events::SECTION, arm, ERRORS)).reduce(|sum, more| sum + more)
}

fn over_best_means(results: &Results) -> Option<f64> {
    over_best(results, &means::OTHERS)
}

fn over_best_by_route(results: &Results) -> Option<f64> {
    let by_route: Vec<_> = means::OTHERS.into_iter().filter(|arm| *arm != means::WHOLE_APPLICATION).collect();
    over_best(results, &by_route)
}

fn over_best(results: &Results, others: &[&str]) -> Option<f64> {
    let best = others.iter().filter_map(|arm| results.median(means::SECTION, arm, MAX_RATE)).reduce(f64::max);
    Some(results.median(means::SECTION, OWN, MAX_RATE)? / best?)
}

fn clean_means(results: &Results) -> Option<f64> {
    let clean = means::OTHERS.iter().filter_map(|arm| results.sum(means::SECTION, arm, LEAKED));
    clean.map(|leaked| f64::from(u8::from(leaked == 0.0))).reduce(|sum, more| sum + more)
}

/// All that have figures here; those of refresh are `make bench-refresh`'s.
const BUDGETS: &[Budget] = &[
    budget(
        "instructions of a request that passes, over pingora alone",
        AtMost(1.03),
        "",
        Counted("pass", "pingora-pass"),
    ),
    budget("p50 at half load, more than pingora alone", AtMost(10.0), "µs", Made(|results| later(results, P50))),
    budget("p99 at half load, more than pingora alone", AtMost(50.0), "µs", Made(|results| later(results, P99))),
    budget("requests/s passing, of pingora alone", AtLeast(0.97), "", Over("pass-1k", "pingora", RATE)),
    budget("passing for each core, of nginx", AtLeast(0.75), "", Over("pass-1k", "nginx", PER_CORE)),
    budget("passing for each core, of HAProxy", AtLeast(0.85), "", Over("pass-1k", "HAProxy", PER_CORE)),
    budget("passing for each core, of Caddy", AtLeast(4.0), "", Over("pass-1k", "Caddy", PER_CORE)),
    budget("refusing for each core, of nginx's inline return", AtLeast(0.9), "", Over("refuse", "nginx", PER_CORE)),
    budget("refusing for each core, of HAProxy", AtLeast(0.9), "", Over("refuse", "HAProxy", PER_CORE)),
    budget("aim: passing for each core, of nginx", AtLeast(1.0), "", Over("pass-1k", "nginx", PER_CORE)),
    budget("aim: passing for each core, of HAProxy", AtLeast(1.0), "", Over("pass-1k", "HAProxy", PER_CORE)),
    budget(
        "aim: refusing for each core, of nginx's inline return",
        AtLeast(1.0),
        "",
        Over("refuse", "nginx", PER_CORE),
    ),
    budget("aim: refusing for each core, of HAProxy", AtLeast(1.0), "", Over("refuse", "HAProxy", PER_CORE)),
    budget(
        "the generator and the backend alone can do more than any proxy, times",
        AtLeast(1.1),
        "",
        Made(room_of_the_generator),
    ),
    budget("a decision, 10,000 routes", AtMost(300.0), "ns", Median(deciding::SECTION, "10,000 routes", NANOSECONDS)),
    budget("a decision, 10,000 tenants", AtMost(300.0), "ns", Median(deciding::SECTION, "10,000 tenants", NANOSECONDS)),
    // Ten is a third of the way to 10,000 by logarithms, so three times what ten take is logarithmic growth.
    budget("instructions of a decision, 10,000 routes over 10", AtMost(4.0), "", Counted("decide-10000", "decide-10")),
    budget("p99.9 with a swap every 10 ms, over none", AtMost(1.25), "", Made(swapped)),
    budget("errors while the schema, the configuration and the database come and go", AtMost(0.0), "", Made(errors)),
    budget(
        "from its start to its first answer, PostgreSQL in reach",
        AtMost(200.0),
        "ms",
        Median(footprint::START_SECTION, footprint::WATCHING, START),
    ),
    budget("binary", AtMost(25.0), "MiB", Median(footprint::BINARY_SECTION, OWN, BINARY)),
    budget(
        "resident memory, idle",
        AtMost(30.0),
        "MiB",
        Median(footprint::MEMORY_SECTION, footprint::WATCHING, MEMORY),
    ),
    budget(
        "resident memory, 10,000 routes and 1,000 tenants",
        AtMost(60.0),
        "MiB",
        Median(footprint::MEMORY_SECTION, footprint::LARGE.0, MEMORY),
    ),
    budget("the same job: requests/s, of the best other means", AtLeast(3.0), "", Made(over_best_means)),
    budget(
        "the same job: requests/s, of the best that does not take the whole application out",
        AtLeast(3.0),
        "",
        Made(over_best_by_route),
    ),
    budget("the same job: 500s that reached clients", AtMost(0.0), "", Sum(means::SECTION, OWN, LEAKED)),
    budget("the same job: other means without a 500 that reached clients", AtMost(0.0), "", Made(clean_means)),
];

/// A row for each: what was promised, what was seen, whether it was kept.
pub(crate) fn table(results: &Results) -> String {
    let mut text = String::from("| budget | | seen | kept? |\n| --- | ---: | ---: | --- |\n");
    for Budget { says, bound, unit, seen } in BUDGETS {
        let number = |value: f64| {
            let value = if value.fract() == 0.0 { format!("{value}") } else { format!("{value:.2}") };
            if unit.is_empty() { value } else { format!("{value} {unit}") }
        };
        let (wanted, kept): (_, fn(f64, f64) -> bool) = match bound {
            AtMost(bound) => ((format!("at most {}", number(*bound)), *bound), |seen, bound| seen <= bound),
            AtLeast(bound) => ((format!("at least {}", number(*bound)), *bound), |seen, bound| seen >= bound),
        };
        let (told, verdict) = seen.value(results).map_or_else(
            || ("–".to_owned(), "not measured"),
            |seen| (number(seen), if kept(seen, wanted.1) { "yes" } else { "**no**" }),
        );
        let _ = writeln!(text, "| {says} | {} | {told} | {verdict} |", wanted.0);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_kept_or_not_or_was_not_measured() {
        let mut results = Results::default();
        for (arm, value) in [(OWN, 90.0), ("nginx", 100.0), ("Caddy", 30.0)] {
            results.add("pass-1k", arm, PER_CORE, value);
        }
        let table = table(&results);
        for row in [
            "| passing for each core, of nginx | at least 0.75 | 0.90 | yes |",
            "| passing for each core, of Caddy | at least 4 | 3 | **no** |",
            "| passing for each core, of HAProxy | at least 0.85 | – | not measured |",
        ] {
            assert!(table.contains(row), "{row} in\n{table}");
        }
    }
}
