//! Which action was taken so often within so long.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use gate::{ActionKind, Moment};

use super::message::{Message, State, Subject};
use crate::metrics::{Metrics, Taken};

/// Counts an action by route.
pub(super) struct Counts {
    action: ActionKind,
    count: u64,
    within: Duration,
    routes: BTreeMap<String, Route>,
}

/// What was counted on a route.
#[derive(Debug, Default)]
struct Route {
    /// When the sum had grown, and what it was before; not older than the span.
    grown: VecDeque<(Moment, u64)>,
    sum: u64,
    /// Since when it is told of.
    told: Option<Moment>,
}

impl Counts {
    pub(super) const fn new(action: ActionKind, count: u64, within: Duration) -> Self {
        Self { action, count, within, routes: BTreeMap::new() }
    }

    pub(super) fn look(&mut self, metrics: &Metrics, now: Moment, tell: &mut impl FnMut(Message)) {
        let acted = |taken: &Taken| taken.action == self.action.as_str() && !taken.observed && !taken.bypassed;
        let taken = metrics.taken().into_iter().filter(acted);
        let mut sums: BTreeMap<String, u64> = BTreeMap::new();
        for taken in taken {
            *sums.entry(taken.route).or_default() += taken.count;
        }
        for (route, sum) in sums {
            self.routes.entry(route).or_default().grow(sum, now);
        }
        for (route, counted) in &mut self.routes {
            if let Some(state) = counted.stands(self.count, self.within, now) {
                tell(message(route, self.action.as_str(), state));
            }
        }
    }
}

impl Route {
    fn grow(&mut self, sum: u64, now: Moment) {
        if sum > self.sum {
            self.grown.push_back((now, self.sum));
            self.sum = sum;
        }
    }

    fn stands(&mut self, count: u64, within: Duration, now: Moment) -> Option<State> {
        while self.grown.front().is_some_and(|(at, _)| now.since(*at) > within) {
            self.grown.pop_front();
        }
        let recent = self.grown.front().map_or(0, |(_, before)| self.sum.saturating_sub(*before));
        match self.told {
            None if recent >= count => {
                self.told = Some(now);
                Some(State::Often { count: recent, within })
            }
            Some(since) if recent < count => {
                self.told = None;
                Some(State::Over { lasted: now.since(since) })
            }
            _ => None,
        }
    }
}

fn message(route: &str, action: &'static str, state: State) -> Message {
    let title = match state {
        State::Often { count, within } => format!("{action} {count} times within {within:?} on {route}"),
        _ => format!("{action} no longer often on {route}"),
    };
    let subject = Subject::Action { route: route.to_owned(), action };
    Message { routes: vec![route.to_owned()], ..Message::new(subject, state, title) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told while the sum stands like this at each second; three within five seconds are often.
    fn told(sums: &[u64]) -> Vec<(usize, &'static str)> {
        let mut route = Route::default();
        let at = |second: usize| Moment::from_origin(Duration::from_secs(second as u64));
        let told = sums.iter().enumerate().filter_map(|(second, sum)| {
            route.grow(*sum, at(second));
            Some((second, route.stands(3, Duration::from_secs(5), at(second))?.as_str()))
        });
        told.collect()
    }

    #[test]
    fn three_within_five_seconds_are_told_once_and_so_is_the_end() {
        assert_eq!(told(&[1, 1, 2, 3, 4, 4, 4, 4, 4, 4, 4]), [(3, "often"), (8, "recovered")]);
    }

    #[test]
    fn three_over_a_longer_time_are_not_told() {
        assert_eq!(told(&[1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3]), []);
    }

    #[test]
    fn many_at_once_are_told_at_once() {
        assert_eq!(told(&[0, 50]), [(1, "often")]);
    }
}
