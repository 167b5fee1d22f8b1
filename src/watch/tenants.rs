//! What is said of tenants when they come, go, or stand otherwise than before.

use std::time::Duration;

use gate::{Rules, Standing, TenantChange, TenantId, Tenants, Verdict};
use tracing::{error, info, warn};

use crate::config::Config;
use crate::metrics::Metrics;

/// Tenants that a line is written for each; more to which the same happens at once share one.
const NAMED: usize = 10;

/// What becomes of tenants, each with the level that it is told at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    Broken,
    Migrating,
    CameUnready,
    CameReady,
    Ready,
    Unknown,
    Gone,
}

impl News {
    const ALL: [Self; 7] =
        [Self::Broken, Self::Migrating, Self::CameUnready, Self::CameReady, Self::Ready, Self::Unknown, Self::Gone];

    const fn of(change: &TenantChange<'_>, from_the_start: bool) -> Self {
        match (change.before, change.after) {
            (_, None) => Self::Gone,
            (None, Some(Standing { verdict: Verdict::Ready, .. })) => Self::CameReady,
            (None, Some(_)) if !from_the_start => Self::CameUnready,
            (_, Some(after)) => match after.verdict {
                Verdict::Ready => Self::Ready,
                Verdict::Unknown => Self::Unknown,
                Verdict::Migrating => Self::Migrating,
                Verdict::Broken | Verdict::Contradicted => Self::Broken,
            },
        }
    }

    /// What is said of one tenant, after its name.
    const fn of_one(self) -> &'static str {
        match self {
            Self::Broken => "is broken",
            Self::Migrating => "is unmet while a migration runs",
            Self::CameUnready => "is new and not complete yet",
            Self::CameReady => "is new and ready",
            Self::Ready => "is ready",
            Self::Unknown => "is unknown",
            Self::Gone => "is gone",
        }
    }

    /// What is said of several, after their number.
    const fn of_several(self) -> &'static str {
        match self {
            Self::Broken => "tenants are broken",
            Self::Migrating => "tenants are unmet while a migration runs",
            Self::CameUnready => "tenants are new and not complete yet",
            Self::CameReady => "tenants are new and ready",
            Self::Ready => "tenants are ready",
            Self::Unknown => "tenants are unknown",
            Self::Gone => "tenants are gone",
        }
    }
}

/// A line at the level of the news. The macros want their level at compile time.
macro_rules! say {
    ($news:expr, $($line:tt)+) => {
        match $news {
            News::Broken | News::Migrating | News::CameUnready | News::Unknown => warn!(target: "schemagate::tenant", $($line)+),
            News::CameReady | News::Ready | News::Gone => info!(target: "schemagate::tenant", $($line)+),
        }
    };
}

/// Tells what a look changed.
pub(super) fn tell(config: &Config, metrics: &Metrics, before: Option<&Tenants>, after: &Tenants) {
    let from_the_start = before.is_none_or(|before| before.directory().is_none());
    tell_problem(before, after, from_the_start);
    let changes = after.changes_since(before);
    if from_the_start && after.directory().is_some() {
        let ready = after.all().filter(|(_, _, standing)| standing.verdict == Verdict::Ready).count();
        let not_ready = after.all().count() - ready;
        info!(target: "schemagate::tenant", ready, not_ready, "{ready} tenants are ready, {not_ready} are not");
    } else {
        count(metrics, &changes);
    }
    for news in News::ALL {
        let mut told: Vec<&TenantChange<'_>> =
            changes.iter().filter(|change| News::of(change, from_the_start) == news).collect();
        if from_the_start && news == News::CameReady {
            continue;
        }
        if told.len() > NAMED {
            tell_several(config, after, news, &told);
            continue;
        }
        told.drain(..).for_each(|change| tell_one(config, after, news, change));
    }
}

fn tell_problem(before: Option<&Tenants>, after: &Tenants, from_the_start: bool) {
    let known = before.and_then(Tenants::problem);
    match after.problem() {
        Some(problem) if known != Some(problem) => {
            let stands = if after.directory().is_none() || from_the_start {
                "every request is one of an unknown verdict"
            } else {
                "those that were known stand"
            };
            error!(
                target: "schemagate::tenant",
                finding = %problem,
                "it cannot be learnt who the tenants are, and {stands}: {problem}",
            );
        }
        None if known.is_some() => info!(target: "schemagate::tenant", "it is known again who the tenants are"),
        _ => {}
    }
}

fn count(metrics: &Metrics, changes: &[TenantChange<'_>]) {
    for change in changes {
        match (change.before, change.after) {
            (None, Some(_)) => metrics.tenant_created(),
            (Some(_), None) => metrics.tenant_gone(),
            _ => {}
        }
        let was_ready = change.before.is_some_and(|before| before.was_ready);
        if let Some(after) = change.after.filter(|after| after.arrived && after.was_ready && !was_ready) {
            metrics.tenant_ready_after(after.since.since(after.appeared));
        }
    }
}

fn tell_one(config: &Config, tenants: &Tenants, news: News, change: &TenantChange<'_>) {
    let schema = &*change.tenant.schema;
    let word = config.rules.tenancy().map_or(schema, |tenancy| tenancy.word(schema));
    let unmet = change.after.and_then(|_| Unmet::of(config, tenants, change.id));
    let (findings, mend) = unmet.map_or((None, None), |unmet| (Some(unmet.findings), unmet.mend));
    let lasted = change.before.zip(change.after).map(|(before, after)| after.since.since(before.since));
    let refused = change.before.map(|before| before.refused.so_far()).filter(|refused| *refused > 0);
    let mut text = vec![format!("tenant {word} {}", news.of_one())];
    text.extend(findings.as_ref().map(|findings| format!(": {findings}")));
    text.extend(mend.as_ref().map(|mend| format!(". To mend: {mend}")));
    if let (News::Ready, Some(before), Some(lasted)) = (news, change.before, lasted) {
        text.push(format!(", after being {} for {lasted:.1?}", before.verdict));
    }
    text.extend(refused.map(|refused| format!("; {refused} requests were refused")));
    let text = text.concat();
    say!(
        news,
        tenant = schema,
        host = change.tenant.domains.first().map(AsRef::as_ref),
        verdict = change.after.map(|after| after.verdict.as_str()),
        findings,
        mend,
        lasted_seconds = lasted.as_ref().map(Duration::as_secs_f64),
        refused,
        "{text}",
    );
}

fn tell_several(config: &Config, tenants: &Tenants, news: News, changes: &[&TenantChange<'_>]) {
    let names: Vec<&str> = changes.iter().take(NAMED).map(|change| &*change.tenant.schema).collect();
    let (names, others) = (names.join(", "), changes.len() - NAMED);
    let first = changes.first().filter(|change| change.after.is_some());
    let unmet = first.and_then(|change| Unmet::of(config, tenants, change.id));
    let of_the_first = unmet.as_ref().map(|unmet| format!(". The first: {}", unmet.findings)).unwrap_or_default();
    let refused: u64 = changes.iter().filter_map(|change| change.before).map(|before| before.refused.so_far()).sum();
    say!(
        news,
        tenants = names,
        count = changes.len(),
        findings = unmet.as_ref().map(|unmet| unmet.findings.as_str()),
        mend = unmet.as_ref().and_then(|unmet| unmet.mend.as_deref()),
        refused = (refused > 0).then_some(refused),
        "{} {}: {names} and {others} more{of_the_first}",
        changes.len(),
        news.of_several(),
    );
}

/// What a tenant lacks.
struct Unmet {
    findings: String,
    mend: Option<String>,
}

impl Unmet {
    fn of(config: &Config, tenants: &Tenants, id: TenantId) -> Option<Self> {
        let rules: &Rules = &config.rules;
        let tenant = tenants.tenant(id)?;
        let unmet: Vec<_> = rules
            .requirements_by_id()
            .filter_map(|(requirement, _)| Some((requirement, tenants.findings(id, requirement)?)))
            .filter(|(_, found)| !found.findings.is_empty())
            .collect();
        let mut findings: Vec<String> = Vec::new();
        for finding in unmet.iter().flat_map(|(_, found)| &*found.findings) {
            let text = finding.in_schema(&tenant.schema).to_string();
            if !findings.contains(&text) {
                findings.push(text);
            }
        }
        let word = rules.tenancy().map_or(&*tenant.schema, |tenancy| tenancy.word(&tenant.schema));
        let mend = unmet.iter().find_map(|(requirement, _)| config.notes(*requirement)?.mend_of(tenant, word));
        (!findings.is_empty()).then(|| Self { findings: findings.join("; "), mend })
    }
}
