//! What to say while waiting, and when.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::config::show_duration;
use crate::report::{Report, RequirementReport};

/// Between two times that something is said: a migration of many steps would fill the log.
const CALM: Duration = Duration::from_secs(5);

/// Says what is waited for: all of it once, then what changed.
#[derive(Debug)]
pub(super) struct Progress {
    timeout: Duration,
    said: Option<Said>,
}

/// How things stood when something was said last.
#[derive(Debug)]
struct Said {
    at: Instant,
    failures: Vec<(String, String)>,
    requirements: BTreeMap<(String, String), Standing>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Standing {
    verdict: &'static str,
    findings: Vec<String>,
}

impl Progress {
    pub(super) const fn new(timeout: Duration) -> Self {
        Self { timeout, said: None }
    }

    /// The lines to say at `now`; none if nothing changed, or if something was said just before.
    pub(super) fn news(&mut self, failures: &[(String, String)], report: &Report, now: Instant) -> Vec<String> {
        let nothing = (Vec::new(), BTreeMap::new());
        let mut lines = match &self.said {
            Some(said) if now.duration_since(said.at) < CALM => return Vec::new(),
            Some(_) => Vec::new(),
            None => vec![format!("waiting, for at most {}", show_duration(self.timeout))],
        };
        let (failures_before, before) = match &self.said {
            Some(said) => (&said.failures, &said.requirements),
            None => (&nothing.0, &nothing.1),
        };
        lines.extend(
            failures
                .iter()
                .filter(|failure| !failures_before.contains(failure))
                .map(|(database, failure)| format!("database {database}: {failure}")),
        );
        let answers = |database: &str| !failures.iter().any(|(name, _)| name == database);
        let back = failures_before.iter().filter(|(database, _)| answers(database));
        lines.extend(back.map(|(database, _)| format!("database {database} answers")));
        lines.extend(report.requirements.iter().filter_map(|now| {
            // Of one that is unknown because its database is away, that says why.
            let is_said = !answers(&now.database) && now.findings.is_empty();
            if is_said { None } else { change(before.get(&key(now)), now, report) }
        }));
        if lines.is_empty() {
            return lines;
        }
        let requirements = report.requirements.iter().map(|now| (key(now), Standing::of(now))).collect();
        self.said = Some(Said { at: now, failures: failures.to_vec(), requirements });
        lines
    }
}

fn key(requirement: &RequirementReport) -> (String, String) {
    (requirement.name.clone(), requirement.database.clone())
}

impl Standing {
    fn of(requirement: &RequirementReport) -> Self {
        Self { verdict: requirement.verdict, findings: requirement.unmet() }
    }
}

/// What is new of one requirement: nothing, how much is left, or the whole of it.
fn change(before: Option<&Standing>, now: &RequirementReport, report: &Report) -> Option<String> {
    let (name, standing) = (&now.name, Standing::of(now));
    if before == Some(&standing) {
        return None;
    }
    if now.is_ready() {
        return before.is_some_and(|before| !before.findings.is_empty()).then(|| format!("{name} is ready"));
    }
    let is_known = |finding: &String| before.is_some_and(|before| before.findings.contains(finding));
    match standing.findings.as_slice() {
        [first, rest @ ..] if standing.findings.iter().all(is_known) => {
            let more = if rest.is_empty() { String::new() } else { format!(", and {} more", rest.len()) };
            Some(format!("{name} is {}: {first}{more}", now.verdict))
        }
        _ => {
            let alone = report.clone().limited_to(|requirement| key(requirement) == key(now));
            Some(alone.to_string().trim_end().to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::report::{DatabaseReport, FindingReport, Status};

    fn report(verdict: &'static str, findings: &[&str]) -> Report {
        let finding = |text: &&str| FindingReport {
            kind: "pending",
            what: "migration",
            object: (*text).to_owned(),
            text: format!("migration {text} is pending"),
        };
        Report {
            status: Status::Degraded,
            generation: 0,
            databases: vec![DatabaseReport { name: "main".to_owned(), known: true, seen_seconds_ago: None }],
            requirements: vec![RequirementReport {
                name: "release".to_owned(),
                database: "main".to_owned(),
                verdict,
                since_seconds: 0.0,
                warnings: Vec::new(),
                gated: Vec::new(),
                findings: findings.iter().map(finding).collect(),
                tenants: None,
                mend: Some("npx prisma migrate deploy".to_owned()),
                component: None,
                release: None,
                routes: Vec::new(),
            }],
            tables: BTreeMap::new(),
            tenants: None,
            windows: None,
            bypasses: Vec::new(),
            holds: Vec::new(),
        }
    }

    /// Failures, a verdict, and pending migrations.
    type State<'s> = (&'s [(&'s str, &'s str)], &'static str, &'s [&'s str]);

    /// What is said of each state, one calm time after another.
    fn told(states: &[State<'_>]) -> Vec<String> {
        let (mut progress, mut now) = (Progress::new(Duration::from_secs(120)), Instant::now());
        let mut lines = Vec::new();
        for (failures, verdict, findings) in states {
            let failures: Vec<_> = failures.iter().map(|(name, why)| ((*name).into(), (*why).into())).collect();
            lines.extend(progress.news(&failures, &report(verdict, findings), now));
            now += CALM;
        }
        lines
    }

    #[test]
    fn everything_is_said_once_and_then_what_is_left() {
        assert_eq!(
            told(&[
                (&[], "broken", &["a", "b", "c"]),
                (&[], "broken", &["a", "b", "c"]),
                (&[], "migrating", &["b", "c"]),
                (&[], "migrating", &["c"]),
                (&[], "ready", &[]),
            ]),
            [
                "waiting, for at most 2m",
                "broken       release\n             migration a is pending\n             migration b is pending\n             \
                 migration c is pending\n             to mend it: npx prisma migrate deploy",
                "release is migrating: migration b is pending, and 1 more",
                "release is migrating: migration c is pending",
                "release is ready",
            ]
        );
    }

    #[test]
    fn a_database_that_is_away_is_named_once_and_again_when_the_reason_changes() {
        assert_eq!(
            told(&[
                (&[("main", "refused")], "unknown", &[]),
                (&[("main", "refused")], "unknown", &[]),
                (&[("main", "starting up")], "unknown", &[]),
                (&[], "ready", &[]),
            ]),
            [
                "waiting, for at most 2m",
                "database main: refused",
                "database main: starting up",
                "database main answers"
            ]
        );
    }

    #[test]
    fn what_changes_quickly_is_said_calmly() {
        let (mut progress, start) = (Progress::new(Duration::from_secs(120)), Instant::now());
        let mut lines = Vec::new();
        for tenth in 0..100 {
            let left: Vec<String> = (tenth..100).map(|number| number.to_string()).collect();
            let left: Vec<&str> = left.iter().map(String::as_str).collect();
            let at = start + Duration::from_millis(100) * tenth;
            lines.extend(progress.news(&[], &report("migrating", &left), at));
        }
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert_eq!(lines[2], "release is migrating: migration 50 is pending, and 49 more");
    }
}
