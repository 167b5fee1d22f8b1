//! The dashboard and the alert rules ask only for what there is. `make rules` has Prometheus' own tool read them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::*;

const RULES: &str = include_str!("../../../deploy/prometheus/alerts.yml");
const DASHBOARD: &str = include_str!("../../../deploy/grafana/schemagate.json");
const RUNBOOK: &str = include_str!("../../../docs/runbook.md");

/// Names of metrics in `PromQL`, each with the labels that are asked for in the braces behind it.
fn asked(query: &str) -> Vec<(&str, Vec<&str>)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_:".contains(c);
    let mut asked = Vec::new();
    let mut rest = query;
    while let Some(start) = rest.find(is_name) {
        let (name, after) = rest[start..].split_at(rest[start..].find(|c| !is_name(c)).unwrap_or(rest.len() - start));
        rest = after;
        if name.starts_with("schemagate_") || name.starts_with("process_") || name.contains(':') {
            let braces =
                after.strip_prefix('{').and_then(|inside| inside.split_once('}')).map_or("", |(inside, _)| inside);
            let labels = braces.split("\",").filter_map(|matcher| matcher.split(['=', '!']).next());
            asked.push((name, labels.map(str::trim).filter(|label| !label.is_empty()).collect()));
        }
    }
    asked
}

/// What is wrong with what queries ask for; labels of the scrape itself (`job`, `instance`) are always there.
fn mistakes<'q>(queries: impl Iterator<Item = &'q str>, recorded: &BTreeSet<&str>) -> Vec<String> {
    let metrics = Metrics::new().expect("metrics");
    let mut known: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for metric in metrics.described() {
        let parts: &[&str] = if metric.kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
        for part in parts {
            let labels = metric.labels.iter().copied().chain(["job", "instance", "le"]).collect();
            known.insert(format!("{}{part}", metric.name), labels);
        }
    }
    for name in ["process_resident_memory_bytes", "process_cpu_seconds_total"] {
        known.insert(name.to_owned(), vec!["job", "instance"]);
    }
    let mut mistakes = Vec::new();
    for query in queries {
        for (name, labels) in asked(query) {
            match known.get(name) {
                None if recorded.contains(name) => {}
                None => mistakes.push(format!("{name} is no metric: {query}")),
                Some(known) => mistakes.extend(
                    labels
                        .iter()
                        .filter(|label| !known.contains(label))
                        .map(|label| format!("{name} has no label {label}")),
                ),
            }
        }
    }
    mistakes
}

/// The values of a key in the rules' file, of which each stands on one line or is indented below it.
fn of_key<'y>(yaml: &'y str, key: &str) -> Vec<&'y str> {
    let parts = yaml.split(key).skip(1);
    let end = |part: &str| {
        let block = part.starts_with(" |");
        let ends = |line: &str| !line.starts_with("          ");
        match part.split_inclusive('\n').skip(1).position(ends) {
            Some(lines) if block => part.split_inclusive('\n').take(lines + 1).map(str::len).sum(),
            _ => part.find('\n').unwrap_or(part.len()),
        }
    };
    parts.map(|part| part[..end(part)].trim()).collect()
}

#[test]
fn the_alert_rules_ask_for_metrics_and_labels_that_there_are() {
    let recorded: BTreeSet<&str> = of_key(RULES, "- record:").into_iter().collect();
    let queries = of_key(RULES, " expr:");
    assert!(queries.len() > 15 && recorded.len() >= 2, "{queries:?}");
    assert_eq!(mistakes(queries.into_iter(), &recorded), Vec::<String>::new());
}

#[test]
fn each_alert_says_what_it_is_and_has_a_chapter_of_the_runbook() {
    let alerts = of_key(RULES, "- alert:");
    let (summaries, chapters) = (of_key(RULES, " summary:"), of_key(RULES, " runbook:"));
    assert_eq!((alerts.len(), alerts.len()), (summaries.len(), chapters.len()));
    for (alert, chapter) in alerts.iter().zip(chapters) {
        assert_eq!(chapter, format!("docs/runbook.md#{}", alert.to_lowercase()));
        assert!(RUNBOOK.contains(&format!("\n## {alert}\n\n")), "docs/runbook.md has no chapter on {alert}");
    }
    let written = RUNBOOK.lines().filter(|line| line.starts_with("## ")).count();
    assert_eq!(written, alerts.len(), "docs/runbook.md has a chapter on what is no alert");
}

#[test]
fn the_dashboard_asks_for_metrics_and_labels_that_there_are() {
    let board: Value = serde_json::from_str(DASHBOARD).expect("JSON");
    let panels = board["panels"].as_array().expect("panels");
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let of_panels = targets.filter_map(|target| target["expr"].as_str());
    let annotations = board["annotations"]["list"].as_array().expect("annotations");
    let variables = board["templating"]["list"].as_array().expect("variables");
    let queries: Vec<&str> = of_panels
        .chain(annotations.iter().filter_map(|annotation| annotation["expr"].as_str()))
        .chain(variables.iter().filter_map(|variable| variable["definition"].as_str()))
        .collect();
    assert_eq!(mistakes(queries.iter().copied(), &BTreeSet::new()), Vec::<String>::new());
}

#[test]
fn panels_lie_beside_each_other_and_have_numbers_of_their_own() {
    let board: Value = serde_json::from_str(DASHBOARD).expect("JSON");
    let mut places = BTreeSet::new();
    let mut numbers = BTreeSet::new();
    for panel in board["panels"].as_array().expect("panels") {
        let place = |key: &str| panel["gridPos"][key].as_u64().expect("a number");
        assert!(place("x") + place("w") <= 24, "{}", panel["title"]);
        assert!(numbers.insert(panel["id"].as_u64()), "{}", panel["title"]);
        for x in place("x")..place("x") + place("w") {
            for y in place("y")..place("y") + place("h") {
                assert!(places.insert((x, y)), "{} lies upon another panel", panel["title"]);
            }
        }
    }
}
