//! Which tenants have become, or are no longer, what a webhook wants to hear of.
//!
//! Each is a subject of its own while they are few. Many that are not well at once (a migration of all that failed)
//! are one subject, until none of them is left.

use std::collections::BTreeMap;
use std::mem;
use std::time::Duration;

use gate::{Moment, Verdict};

use super::message::State;
use super::standing::{Standing, Wishes};

/// So many tenants are told of one by one; more of them at once, together.
pub(super) const FEW: usize = 10;

/// What came is told when nobody has come for so long, at the latest after [`AT_MOST`]: a look at many tenants is made
/// in parts, and a migration of all takes them one after the other.
const QUIET: Duration = Duration::from_secs(1);
const AT_MOST: Duration = Duration::from_secs(5);

/// Who is among many is told again after so long, if it is not who it was.
const AGAIN: Duration = Duration::from_secs(300);

/// The tenants of one requirement, and what was told of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Fleet {
    /// Those that are not well, by their schemas.
    unwell: BTreeMap<Box<str>, Unwell>,
    many: Option<Many>,
}

/// One that is not well.
#[derive(Debug, Clone, Copy)]
struct Unwell {
    standing: Standing,
    /// What of it is to be told, if it is not yet.
    wanted: Option<State>,
    /// Since when there is something to be told of it.
    wanted_since: Option<Moment>,
    /// Whether it is one of the many.
    among: bool,
}

/// What was told of many.
#[derive(Debug, Clone, Copy)]
struct Many {
    since: Moment,
    told_at: Moment,
    /// How many they were when it was told.
    told: usize,
    /// How many they were at most.
    most: usize,
    /// When somebody came or went last, if that was not told.
    changed: Option<Moment>,
}

/// How a tenant stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'t> {
    pub(super) schema: &'t str,
    /// `None` if that is not known just now.
    pub(super) verdict: Option<Verdict>,
    /// Whether requests were refused since it stands so.
    pub(super) blocked: bool,
}

/// What is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum News {
    /// Of one tenant, by its schema.
    One { schema: Box<str>, state: State },
    /// Of one that is no more.
    Gone { schema: Box<str>, state: State },
    /// Of many: the first few, and how many there are.
    Many { first: Vec<Box<str>>, count: usize, state: State },
}

impl Fleet {
    /// Notes how all tenants stand; what is to be told of them.
    pub(super) fn look<'t>(&mut self, wishes: &Wishes, seen: impl Iterator<Item = Seen<'t>>, now: Moment) -> Vec<News> {
        let mut news = Vec::new();
        let mut before = mem::take(&mut self.unwell);
        for Seen { schema, verdict, blocked } in seen {
            let earlier = before.remove_entry(schema);
            match (earlier, verdict) {
                (None, None | Some(Verdict::Ready)) => {}
                (Some((schema, unwell)), None) => {
                    self.unwell.insert(schema, unwell);
                }
                (Some((schema, unwell)), Some(Verdict::Ready)) => {
                    let state = self.leave(unwell, wishes, now);
                    news.extend(state.map(|state| News::One { schema, state }));
                }
                (earlier, Some(verdict)) => {
                    let new = || (schema.into(), Unwell::new(verdict, now));
                    let (schema, mut unwell) = earlier.unwrap_or_else(new);
                    unwell.standing.turn(verdict, now);
                    unwell.wanted = unwell.standing.wanted(wishes, blocked, now);
                    unwell.wanted_since = unwell.wanted.and(unwell.wanted_since).or(unwell.wanted.map(|_| now));
                    self.unwell.insert(schema, unwell);
                }
            }
        }
        for (schema, unwell) in before {
            let state = self.leave(unwell, wishes, now);
            news.extend(state.map(|state| News::Gone { schema, state }));
        }
        let gathered = self.gather(now);
        for (schema, unwell) in &mut self.unwell {
            // One of many is told by itself only if it was before.
            let is_due = gathered && !unwell.among || unwell.standing.is_told();
            let state = unwell.wanted.filter(|_| is_due);
            let state = state.and_then(|state| unwell.standing.tell(state));
            news.extend(state.map(|state| News::One { schema: schema.clone(), state }));
        }
        news.extend(self.tell_many(wishes, now));
        news
    }

    /// Ends what was told of those that nobody asks for any more.
    pub(super) fn end(&mut self, wishes: &Wishes, now: Moment) -> Vec<News> {
        self.look(wishes, std::iter::empty(), now)
    }

    /// What is told of one that is well again, or gone.
    fn leave(&mut self, mut unwell: Unwell, wishes: &Wishes, now: Moment) -> Option<State> {
        if let Some(many) = self.many.as_mut().filter(|_| unwell.among) {
            many.changed = if wishes.recovery { Some(now) } else { many.changed };
        }
        unwell.standing.end(wishes, now)
    }

    /// Makes many of them one subject, and whoever comes later one of the many. Whether what came can be told.
    fn gather(&mut self, now: Moment) -> bool {
        let untold = |unwell: &&Unwell| unwell.wanted.is_some() && !unwell.standing.is_told() && !unwell.among;
        let since = || self.unwell.values().filter(untold).filter_map(|unwell| unwell.wanted_since);
        let (Some(first), Some(last)) = (since().min(), since().max()) else { return false };
        if now.since(last) < QUIET && now.since(first) < AT_MOST {
            return false;
        }
        let all = self.unwell.values().filter(|unwell| unwell.wanted.is_some()).count();
        if all > FEW || self.many.is_some() {
            let new = Many { since: first, told_at: now, told: 0, most: 0, changed: None };
            self.many.get_or_insert(new).changed = Some(now);
            for unwell in self.unwell.values_mut().filter(|unwell| unwell.wanted.is_some()) {
                unwell.among = true;
            }
        }
        true
    }

    fn tell_many(&mut self, wishes: &Wishes, now: Moment) -> Option<News> {
        let many = self.many.as_mut()?;
        let among = || self.unwell.iter().filter(|(_, unwell)| unwell.among);
        let count = among().count();
        many.most = many.most.max(count);
        if count == 0 {
            let Many { since, most, .. } = *many;
            self.many = None;
            let state = State::Over { lasted: now.since(since) };
            return wishes.recovery.then(|| News::Many { first: Vec::new(), count: most, state });
        }
        let changed = many.changed?;
        let doubled = count >= many.told * 2;
        let halved = wishes.recovery && count * 2 <= many.told && now.since(changed) >= QUIET;
        if !(doubled || halved || now.since(many.told_at) >= AGAIN) {
            return None;
        }
        // Of the blocked only if all are.
        let state = among().filter_map(|(_, unwell)| unwell.wanted).max_by_key(|state| match state {
            State::Verdict(verdict) => Some(*verdict),
            _ => None,
        })?;
        *many = Many { told_at: now, told: count, changed: None, ..*many };
        let first = among().take(FEW).map(|(schema, _)| schema.clone()).collect();
        Some(News::Many { first, count, state })
    }
}

impl Unwell {
    const fn new(verdict: Verdict, now: Moment) -> Self {
        Self { standing: Standing::new(verdict, now), wanted: None, wanted_since: None, among: false }
    }
}

#[cfg(test)]
mod tests;
