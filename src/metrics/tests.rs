mod deployed;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use gate::{ActionKind, Decision, Gate, Reason, RouteId, UpstreamId};

use super::*;
use crate::book::written;
use crate::config::Config;

const RULES: &str = "
databases.main.url = 'postgres://app@127.0.0.1/app'
upstreams.api.servers = '127.0.0.1:3000'
requirements.backups.tables = 'AdminBackupJob'
[[routes]]
name = 'backups'
path = '/admin/backups/*'
needs = 'backups'
[[routes]]
name = 'all'
path = '/*'
";

fn config(text: &str) -> Config {
    Config::parse(text, Path::new("proxy.toml"), &|_| None).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Lines that are no comments.
fn series(metrics: &Metrics) -> BTreeSet<String> {
    let text = metrics.render().expect("metrics");
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.starts_with("process_"));
    lines.filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned())).collect()
}

fn value(metrics: &Metrics, series: &str) -> Option<f64> {
    let text = metrics.render().expect("metrics");
    let line = text.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok())
}

#[test]
fn names_say_their_unit_and_counters_that_they_are() {
    let metrics = Metrics::new().expect("metrics");
    for metric in metrics.described() {
        let name = metric.name;
        assert!(name.starts_with("schemagate_"), "{name}");
        assert_eq!(metric.kind == "counter", name.ends_with("_total"), "{name}");
        assert!(metric.kind != "histogram" || name.ends_with("_seconds"), "{name}");
        assert!(metric.meaning.ends_with('.'), "{name}: {}", metric.meaning);
        for label in metric.labels {
            assert!(
                !["tenant", "path", "host", "client"].contains(label),
                "{name} has as many series as there are {label}s"
            );
        }
    }
}

#[test]
fn ten_thousand_hosts_paths_and_methods_make_no_more_series_than_one() {
    let config = config(RULES);
    let metrics = Metrics::new().expect("metrics");
    let counts = metrics.route_counts(&config.rules);
    let gate = Gate::new(Arc::clone(&config.rules));
    let mut asked = |n: usize| {
        let path = format!("/admin/backups/{n}");
        let target = gate::Target::parse(path.as_bytes(), config.rules.matching_form()).expect("a target");
        let host = gate::Host::parse(&format!("tenant{n}.example.com:{}", n % 60_000));
        let method = format!("M{n}");
        let request = gate::Request {
            host: &host,
            target: &target,
            method: gate::Method::new(&method),
            tenant: None,
            organisation: None,
        };
        let decision = gate.decide(&request, Moment::default());
        counts.request(
            &decision,
            &Answered { status: 200, after: Some(std::time::Duration::from_millis(1)), here: false },
        );
    };
    asked(0);
    let one = series(&metrics);
    (1..10_000).for_each(&mut asked);
    assert_eq!(series(&metrics), one);
    let counted = value(
        &metrics,
        "schemagate_requests_total{action=\"pass\",outcome=\"forwarded\",reason=\"unknown\",route=\"backups\"}",
    );
    assert_eq!(counted, Some(10_000.0));
    assert_eq!(value(&metrics, "schemagate_fail_opens_total{reason=\"unknown\",route=\"backups\"}"), Some(10_000.0));
}

#[test]
fn threads_that_count_at_once_lose_nothing() {
    let config = config(RULES);
    let metrics = Metrics::new().expect("metrics");
    let counts = metrics.route_counts(&config.rules);
    let decision = |reason, route| Decision {
        outcome: gate::Outcome::Forward(UpstreamId(0)),
        route: Some(RouteId(route)),
        tenant: None,
        action: ActionKind::Pass,
        reason,
        observed: false,
        bypassed: None,
        operator: false,
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for n in 0..1000 {
                    let reason = if n % 2 == 0 { Reason::Ready } else { Reason::NoNeeds };
                    counts.request(&decision(reason, n % 3), &Answered { status: 200, after: None, here: false });
                }
            });
        }
    });
    let sum: u64 = metrics.taken().iter().map(|taken| taken.count).sum();
    assert_eq!((sum, metrics.taken().len()), (4000, 6), "{:?}", metrics.taken());
}

#[test]
fn what_is_gone_is_shown_no_longer() {
    let metrics = Metrics::new().expect("metrics");
    let stand = |text: &str| {
        let config = config(text);
        let gate = Gate::new(Arc::clone(&config.rules));
        let now = Moment::from_origin(std::time::Duration::from_secs(7));
        metrics.stand(&gate, now, &config);
        config.fingerprint
    };
    let first = stand(RULES);
    assert_eq!(value(&metrics, "schemagate_snapshot_age_seconds{database=\"main\"}"), Some(7.0));
    let unknown = |requirement| format!("schemagate_verdict{{requirement=\"{requirement}\",verdict=\"unknown\"}}");
    assert_eq!(value(&metrics, &unknown("backups")), Some(1.0));
    let second =
        stand(&RULES.replace("requirements.backups", "requirements.jobs").replace("'backups'\n[", "'jobs'\n["));
    assert_ne!(first, second);
    assert_eq!((value(&metrics, &unknown("backups")), value(&metrics, &unknown("jobs"))), (None, Some(1.0)));
    let config = |fingerprint| format!("schemagate_config_info{{sha256=\"{fingerprint}\"}}");
    assert_eq!((value(&metrics, &config(first)), value(&metrics, &config(second))), (None, Some(1.0)));
}

/// docs/metrics.md as the code would have it.
fn documentation(metrics: &Metrics) -> String {
    let mut text = String::from(
        "# Metrics\n\n`/metrics` on the admin listener answers in Prometheus' text format. Labels are bounded by the \
         configuration: no host, path, client or tenant makes a series.\nWhat was never counted has no series yet. On \
         Linux `process_*` (memory, processor time, file descriptors, threads) stand beside these.\n\n\
         | metric | type | labels | meaning |\n| --- | --- | --- | --- |\n",
    );
    for Described { name, kind, labels, meaning } in metrics.described() {
        let labels = labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        writeln!(text, "| `{name}` | {kind} | {labels} | {meaning} |").expect("written");
    }
    text
}

#[test]
fn the_documentation_names_every_metric_as_it_is() {
    let right = documentation(&Metrics::new().expect("metrics"));
    written("docs/metrics.md", &right, "the_documentation_names_every_metric");
}
