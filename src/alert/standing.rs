//! How one subject stands, and what a webhook was told of it.

use std::time::Duration;

use gate::{Moment, Verdict};

use super::message::State;
use crate::config::{Alert, AlertTrigger};

/// What a webhook wants to hear of requirements.
#[derive(Debug)]
pub(super) struct Wishes {
    pub(super) verdicts: Vec<Verdict>,
    /// Whether it wants to hear of tenants whose requests are refused.
    pub(super) blocked: bool,
    /// Whether the end of what was told is told, too.
    pub(super) recovery: bool,
    /// Of these requirements; empty: of all.
    pub(super) only: Vec<String>,
    /// How long a verdict must have lasted.
    pub(super) after: Duration,
}

/// What is known of one subject, and what was told of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    verdict: Verdict,
    since: Moment,
    /// What was told, and since when the subject was not well.
    told: Option<(State, Moment)>,
}

impl Wishes {
    pub(super) fn of(alert: &Alert) -> Self {
        let verdicts = alert.on.iter().filter_map(|trigger| match trigger {
            AlertTrigger::Verdict(verdict) => Some(*verdict),
            AlertTrigger::Action { .. } | AlertTrigger::Blocked | AlertTrigger::Probe | AlertTrigger::Recovery => None,
        });
        Self {
            verdicts: verdicts.collect(),
            blocked: alert.on.contains(&AlertTrigger::Blocked),
            recovery: alert.tells_recovery(),
            only: alert.requirements.clone(),
            after: alert.after,
        }
    }

    /// Whether it wants to hear of a requirement.
    pub(super) fn concern(&self, requirement: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == requirement)
    }
}

impl Standing {
    /// Of a subject that was not known before.
    pub(super) const fn new(verdict: Verdict, now: Moment) -> Self {
        Self { verdict, since: now, told: None }
    }

    /// Notes how the subject stands now.
    pub(super) fn turn(&mut self, verdict: Verdict, now: Moment) {
        if self.verdict != verdict {
            *self = Self { verdict, since: now, ..*self };
        }
    }

    /// What of it a webhook wants to hear, told or not; `blocked` if requests were refused since it stands so.
    pub(super) fn wanted(&self, wishes: &Wishes, blocked: bool, now: Moment) -> Option<State> {
        if self.verdict == Verdict::Ready || now.since(self.since) < wishes.after {
            return None;
        }
        if blocked && wishes.blocked {
            return Some(State::Blocked);
        }
        wishes.verdicts.contains(&self.verdict).then_some(State::Verdict(self.verdict))
    }

    /// Notes that this is told; `None` if it was already.
    pub(super) fn tell(&mut self, state: State) -> Option<State> {
        if self.told.is_some_and(|(told, _)| told == state) {
            return None;
        }
        let since = self.told.map_or(self.since, |(_, since)| since);
        self.told = Some((state, since));
        Some(state)
    }

    pub(super) const fn is_told(&self) -> bool {
        self.told.is_some()
    }

    /// Notes that the subject is well again; what is to be told of that.
    pub(super) fn end(&mut self, wishes: &Wishes, now: Moment) -> Option<State> {
        let (_, since) = self.told.take()?;
        wishes.recovery.then_some(State::Over { lasted: now.since(since) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use Verdict::{Broken, Migrating, Ready, Unknown};

    fn wishes(verdicts: &[Verdict], recovery: bool, after: u64) -> Wishes {
        Wishes {
            verdicts: verdicts.to_vec(),
            blocked: false,
            recovery,
            only: Vec::new(),
            after: Duration::from_secs(after),
        }
    }

    /// What is told while a subject stands like this at each second.
    fn told(wishes: &Wishes, stands: &[Verdict]) -> Vec<(usize, &'static str)> {
        let at = |second: usize| Moment::from_origin(Duration::from_secs(second as u64));
        let mut standing = Standing::new(Ready, at(0));
        let told = stands.iter().enumerate().filter_map(|(second, verdict)| {
            let now = at(second);
            standing.turn(*verdict, now);
            let state = match standing.wanted(wishes, false, now) {
                _ if *verdict == Ready => standing.end(wishes, now),
                Some(state) => standing.tell(state),
                None => None,
            };
            Some((second, state?.as_str()))
        });
        told.collect()
    }

    #[test]
    fn each_break_is_told_once_and_so_is_its_end() {
        let stands = [Ready, Broken, Broken, Ready, Ready, Broken, Ready];
        let expected = [(1, "broken"), (3, "recovered"), (5, "broken"), (6, "recovered")];
        assert_eq!(told(&wishes(&[Broken], true, 0), &stands), expected);
    }

    #[test]
    fn what_was_not_told_has_no_end_to_tell_of() {
        assert_eq!(told(&wishes(&[Broken], true, 0), &[Ready, Unknown, Migrating, Ready]), []);
    }

    #[test]
    fn it_is_not_over_before_it_is_ready() {
        let stands = [Broken, Migrating, Unknown, Broken, Ready];
        assert_eq!(told(&wishes(&[Broken], true, 0), &stands), [(0, "broken"), (4, "recovered")]);
    }

    #[test]
    fn what_lasts_too_short_a_time_is_not_told() {
        let stands = [Broken, Broken, Ready, Broken, Broken, Broken, Broken, Ready];
        assert_eq!(told(&wishes(&[Broken], true, 2), &stands), [(5, "broken"), (7, "recovered")]);
    }

    #[test]
    fn without_recovery_only_the_break_is_told() {
        assert_eq!(told(&wishes(&[Broken], false, 0), &[Broken, Ready, Broken]), [(0, "broken"), (2, "broken")]);
    }

    #[test]
    fn a_refusal_is_told_beside_the_verdict_by_whoever_wants_to_hear_of_it() {
        let now = Moment::default();
        let mut standing = Standing::new(Broken, now);
        let both = Wishes { blocked: true, ..wishes(&[Broken], true, 0) };
        let mut told = |blocked| standing.wanted(&both, blocked, now).and_then(|state| standing.tell(state));
        assert_eq!([false, true, true].map(&mut told), [Some(State::Verdict(Broken)), Some(State::Blocked), None]);
        assert_eq!(standing.wanted(&wishes(&[Broken], true, 0), true, now), Some(State::Verdict(Broken)));
    }
}
