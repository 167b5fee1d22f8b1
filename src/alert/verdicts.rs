//! Which requirement has become, or is no longer, what a webhook wants to hear of.

use std::collections::{BTreeMap, BTreeSet};

use gate::{Gate, Moment, Verdict};

use super::about::About;
use super::fleet::{Fleet, News};
use super::message::{Message, Required, State, Subject};
use super::standing::{Standing, Wishes};
use crate::config::{Alert, Config};

/// Holds each requirement's verdict against what a webhook was told of it.
pub(super) struct Verdicts {
    wishes: Wishes,
    standings: BTreeMap<Required, Standing>,
    /// Of what is required of each tenant.
    fleets: BTreeMap<Required, Fleet>,
}

impl Verdicts {
    /// What was told `before` is known still.
    pub(super) fn new(alert: &Alert, before: Option<&Self>) -> Self {
        Self {
            wishes: Wishes::of(alert),
            standings: before.map(|before| before.standings.clone()).unwrap_or_default(),
            fleets: before.map(|before| before.fleets.clone()).unwrap_or_default(),
        }
    }

    pub(super) fn look(&mut self, config: &Config, gate: &Gate, now: Moment, tell: &mut impl FnMut(Message)) {
        let (mut looked, mut of_tenants) = (BTreeSet::new(), BTreeSet::new());
        for (id, requirement) in gate.rules().declared() {
            if !self.wishes.concern(&requirement.name) {
                continue;
            }
            let about = About::new(config, gate, id, requirement);
            if let Some(state) = self.stands(&about.required, about.verdict(now), now) {
                tell(about.whole(state));
            }
            if let Some(seen) = about.seen(now) {
                let fleet = self.fleets.entry(about.required.clone()).or_default();
                for news in fleet.look(&self.wishes, seen, now) {
                    tell(about.tenants_message(&news));
                }
            }
            if requirement.per_tenant {
                of_tenants.insert(about.required.clone());
            }
            looked.insert(about.required);
        }
        self.let_go(&looked, &of_tenants, now, tell);
    }

    /// Notes how a requirement stands; what is to be told of it, if anything.
    fn stands(&mut self, required: &Required, verdict: Verdict, now: Moment) -> Option<State> {
        let standing = self.standings.entry(required.clone()).or_insert_with(|| Standing::new(verdict, now));
        standing.turn(verdict, now);
        if verdict == Verdict::Ready {
            return standing.end(&self.wishes, now);
        }
        standing.wanted(&self.wishes, false, now).and_then(|state| standing.tell(state))
    }

    /// Ends what was told of requirements that are required no longer.
    fn let_go(
        &mut self,
        looked: &BTreeSet<Required>,
        of_tenants: &BTreeSet<Required>,
        now: Moment,
        tell: &mut impl FnMut(Message),
    ) {
        let Self { wishes, standings, fleets } = self;
        let mut tell = |subject: Subject, state: State, of: &Required| {
            tell(Message::new(subject, state, format!("{} is required no longer", of.requirement)));
        };
        standings.retain(|required, standing| {
            let stays = looked.contains(required);
            if let Some(state) = (!stays).then(|| standing.end(wishes, now)).flatten() {
                tell(Subject::Requirement(required.clone()), state, required);
            }
            stays
        });
        fleets.retain(|required, fleet| {
            let stays = of_tenants.contains(required);
            let news = if stays { Vec::new() } else { fleet.end(wishes, now) };
            for news in news {
                let of = required.clone();
                match news {
                    News::One { schema, state } | News::Gone { schema, state } => {
                        tell(Subject::Tenant { of, schema: schema.into() }, state, required);
                    }
                    News::Many { state, .. } => tell(Subject::Tenants(of), state, required),
                }
            }
            stays
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_required_no_longer_is_over() {
        let wishes = Wishes {
            verdicts: vec![Verdict::Broken],
            blocked: false,
            recovery: true,
            only: Vec::new(),
            after: Duration::ZERO,
        };
        let mut verdicts = Verdicts { wishes, standings: BTreeMap::new(), fleets: BTreeMap::new() };
        let required = Required { requirement: "backups".to_owned(), database: "main".to_owned() };
        let told = verdicts.stands(&required, Verdict::Broken, Moment::default());
        assert_eq!(told, Some(State::Verdict(Verdict::Broken)));
        let mut messages = Vec::new();
        for _ in 0..2 {
            verdicts.let_go(
                &BTreeSet::new(),
                &BTreeSet::new(),
                Moment::from_origin(Duration::from_secs(5)),
                &mut |it| messages.push(it),
            );
        }
        let states: Vec<State> = messages.iter().map(|message| message.state).collect();
        assert_eq!(states, [State::Over { lasted: Duration::from_secs(5) }]);
        assert_eq!(messages[0].title, "backups is required no longer");
    }
}
