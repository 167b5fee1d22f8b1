//! Which requirement has become, or is no longer, what a webhook wants to hear of.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gate::{Gate, Moment, RequirementId, Verdict};
use jiff::{SignedDuration, Timestamp};

use super::message::{Message, State, Subject};
use crate::config::{Alert, AlertTrigger, Config};

/// Holds each requirement's verdict against what a webhook was told of it.
pub(super) struct Verdicts {
    wanted: Vec<Verdict>,
    recovery: bool,
    /// Empty: all.
    only: Vec<String>,
    /// How long a verdict must have lasted.
    after: Duration,
    subjects: BTreeMap<Subject, Standing>,
}

/// What is known of one requirement, and what was told of it.
#[derive(Debug, Clone, Copy)]
struct Standing {
    verdict: Verdict,
    since: Moment,
    /// The verdict that was told, and since when the subject was not well.
    told: Option<(Verdict, Moment)>,
}

impl Verdicts {
    /// What was told `before` is known still.
    pub(super) fn new(alert: &Alert, before: Option<&Self>) -> Self {
        let wanted = alert.on.iter().filter_map(|trigger| match trigger {
            AlertTrigger::Verdict(verdict) => Some(*verdict),
            AlertTrigger::Action { .. } | AlertTrigger::Probe | AlertTrigger::Recovery => None,
        });
        Self {
            wanted: wanted.collect(),
            recovery: alert.tells_recovery(),
            only: alert.requirements.clone(),
            after: alert.after,
            subjects: before.map(|before| before.subjects.clone()).unwrap_or_default(),
        }
    }

    pub(super) fn look(&mut self, config: &Config, gate: &Gate, now: Moment, tell: &mut impl FnMut(Message)) {
        let mut looked = BTreeSet::new();
        for (id, requirement) in gate.rules().declared() {
            if !self.only.is_empty() && !self.only.iter().any(|name| **name == *requirement.name) {
                continue;
            }
            let database = config.database(requirement.database).map_or("", |database| &database.name);
            let subject =
                Subject::Requirement { requirement: requirement.name.to_string(), database: database.to_owned() };
            looked.insert(subject.clone());
            if let Some(state) = self.stands(&subject, gate.snapshot().verdict(id, now), now) {
                let place = if config.databases.len() > 1 { format!(" in {database}") } else { String::new() };
                let what = format!("{}{place}", requirement.name);
                tell(message(config, gate, id, &what, subject, state));
            }
        }
        self.let_go(&looked, now, tell);
    }

    /// Ends what was told of requirements that are required no longer.
    fn let_go(&mut self, looked: &BTreeSet<Subject>, now: Moment, tell: &mut impl FnMut(Message)) {
        let recovery = self.recovery;
        self.subjects.retain(|subject, standing| {
            let stays = looked.contains(subject);
            if let (false, true, Some((_, since))) = (stays, recovery, standing.told) {
                let name = if let Subject::Requirement { requirement, .. } = subject { requirement } else { "" };
                tell(Message {
                    title: format!("{name} is required no longer"),
                    subject: subject.clone(),
                    state: State::Over { lasted: now.since(since) },
                    at: Timestamp::now(),
                    findings: Vec::new(),
                    mend: None,
                    component: None,
                    release: None,
                    routes: Vec::new(),
                });
            }
            stays
        });
    }

    /// Notes how a subject stands; what is to be told of it, if anything.
    fn stands(&mut self, subject: &Subject, verdict: Verdict, now: Moment) -> Option<State> {
        let standing = self.subjects.entry(subject.clone()).or_insert(Standing { verdict, since: now, told: None });
        if standing.verdict != verdict {
            standing.verdict = verdict;
            standing.since = now;
        }
        if verdict == Verdict::Ready {
            let (_, since) = standing.told.take()?;
            return self.recovery.then_some(State::Over { lasted: now.since(since) });
        }
        let is_told = standing.told.is_some_and(|(told, _)| told == verdict);
        if is_told || !self.wanted.contains(&verdict) || now.since(standing.since) < self.after {
            return None;
        }
        let since = standing.told.map_or(standing.since, |(_, since)| since);
        standing.told = Some((verdict, since));
        Some(State::Verdict(verdict))
    }
}

fn message(config: &Config, gate: &Gate, id: RequirementId, what: &str, subject: Subject, state: State) -> Message {
    let notes = config.notes(id).cloned().unwrap_or_default();
    let findings = gate.snapshot().judgement(id).map(|judgement| &*judgement.findings).unwrap_or_default();
    let is_over = state.is_over();
    Message {
        title: match state {
            State::Over { lasted } => format!("{what} is ready again, after {}", shown(lasted)),
            State::Verdict(_) | State::Often { .. } | State::Failing => format!("{what} is {}", state.as_str()),
        },
        subject,
        state,
        at: Timestamp::now(),
        findings: findings.iter().filter(|_| !is_over).map(ToString::to_string).collect(),
        mend: notes.mend.filter(|_| !is_over),
        component: notes.component,
        release: notes.release,
        routes: gate.rules().routes_needing(id).map(|route| route.name.to_string()).collect(),
    }
}

/// To the second: `1m 5s`.
fn shown(duration: Duration) -> String {
    let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    format!("{:#}", SignedDuration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBJECT: fn() -> Subject =
        || Subject::Requirement { requirement: "backups".to_owned(), database: "main".to_owned() };

    fn verdicts(wanted: &[Verdict], recovery: bool, after: u64) -> Verdicts {
        Verdicts {
            wanted: wanted.to_vec(),
            recovery,
            only: Vec::new(),
            after: Duration::from_secs(after),
            subjects: BTreeMap::new(),
        }
    }

    /// What is told while a subject stands like this at each second.
    fn told(verdicts: &mut Verdicts, stands: &[Verdict]) -> Vec<(usize, &'static str)> {
        let at = |second: usize| Moment::from_origin(Duration::from_secs(second as u64));
        let told = stands.iter().enumerate().filter_map(|(second, verdict)| {
            Some((second, verdicts.stands(&SUBJECT(), *verdict, at(second))?.as_str()))
        });
        told.collect()
    }

    use Verdict::{Broken, Migrating, Ready, Unknown};

    #[test]
    fn each_break_is_told_once_and_so_is_its_end() {
        let mut verdicts = verdicts(&[Broken], true, 0);
        let stands = [Ready, Broken, Broken, Ready, Ready, Broken, Ready];
        assert_eq!(told(&mut verdicts, &stands), [(1, "broken"), (3, "recovered"), (5, "broken"), (6, "recovered")]);
    }

    #[test]
    fn what_is_required_no_longer_is_over() {
        let mut verdicts = verdicts(&[Broken], true, 0);
        assert_eq!(told(&mut verdicts, &[Broken]), [(0, "broken")]);
        let mut messages = Vec::new();
        for _ in 0..2 {
            verdicts.let_go(&BTreeSet::new(), Moment::from_origin(Duration::from_secs(5)), &mut |it| messages.push(it));
        }
        let states: Vec<State> = messages.iter().map(|message| message.state).collect();
        assert_eq!(states, [State::Over { lasted: Duration::from_secs(5) }]);
        assert_eq!(messages[0].title, "backups is required no longer");
    }

    #[test]
    fn what_was_not_told_has_no_end_to_tell_of() {
        assert_eq!(told(&mut verdicts(&[Broken], true, 0), &[Ready, Unknown, Migrating, Ready]), []);
    }

    #[test]
    fn it_is_not_over_before_it_is_ready() {
        let stands = [Broken, Migrating, Unknown, Broken, Ready];
        assert_eq!(told(&mut verdicts(&[Broken], true, 0), &stands), [(0, "broken"), (4, "recovered")]);
    }

    #[test]
    fn what_lasts_too_short_a_time_is_not_told() {
        let stands = [Broken, Broken, Ready, Broken, Broken, Broken, Broken, Ready];
        assert_eq!(told(&mut verdicts(&[Broken], true, 2), &stands), [(5, "broken"), (7, "recovered")]);
    }

    #[test]
    fn without_recovery_only_the_break_is_told() {
        assert_eq!(told(&mut verdicts(&[Broken], false, 0), &[Broken, Ready, Broken]), [(0, "broken"), (2, "broken")]);
    }
}
