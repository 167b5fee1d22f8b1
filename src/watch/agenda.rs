//! What is to be looked at next, and when.

use std::time::Duration;

use gate::Extent;
use tokio::time::Instant;

use super::hint::Heard;

/// Between two looks at least, so that a burst of notifications costs little and detection stays
/// well below a quarter of a second.
pub(super) const LEAST_GAP: Duration = Duration::from_millis(25);

/// What is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Due {
    /// All there is.
    Everything,
    /// What notifications named.
    Part,
}

/// What is to be looked at next, and when.
#[derive(Debug)]
pub(super) struct Agenda {
    /// From start to start of two looks at everything.
    refresh: Duration,
    /// What was heard of, and not looked at since.
    heard: Heard,
    /// When the next look at everything is made, whatever is heard.
    tick: Instant,
    /// When the next look at everything may be made because of what is heard.
    soonest: Instant,
    /// When the next look at a part may be made.
    part_soonest: Instant,
    /// Whether what was heard brought the look at everything that goes on.
    hinted: bool,
}

impl Agenda {
    pub(super) fn new(refresh: Duration, now: Instant) -> Self {
        Self { refresh, heard: Heard::default(), tick: now, soonest: now, part_soonest: now, hinted: false }
    }

    /// Adds what was heard.
    pub(super) fn add(&mut self, heard: Heard) {
        self.heard.and(heard);
    }

    /// When something is due.
    pub(super) fn next(&self) -> Instant {
        let everything = if self.heard.everything { self.soonest } else { self.tick };
        if self.heard.part.is_some() { everything.min(self.part_soonest) } else { everything }
    }

    /// When the next look at everything may be made because of what is heard.
    pub(super) const fn soonest(&self) -> Instant {
        self.soonest
    }

    /// What is due at `now`; a part first, which takes less.
    pub(super) fn due(&self, now: Instant) -> Option<Due> {
        if self.heard.part.is_some() && now >= self.part_soonest {
            return Some(Due::Part);
        }
        let everything = now >= self.tick || self.heard.everything && now >= self.soonest;
        everything.then_some(Due::Everything)
    }

    /// Notes that a look at everything begins.
    pub(super) fn begin_everything(&mut self) {
        self.hinted = std::mem::take(&mut self.heard.everything);
    }

    /// The part that is due at `now`, which is begun.
    pub(super) fn begin_part(&mut self, now: Instant) -> Option<Extent> {
        self.heard.part.take_if(|_| now >= self.part_soonest)
    }

    /// The part that is to be looked at, due or not: the next step of a look at everything sees it.
    pub(super) const fn take_part(&mut self) -> Option<Extent> {
        self.heard.part.take()
    }

    /// When the first notification came that the look which was begun just now answers.
    pub(super) fn since(&mut self) -> Option<std::time::Instant> {
        let is_answered = self.heard.part.is_none() && !self.heard.everything;
        if is_answered { self.heard.since.take() } else { self.heard.since }
    }

    /// Notes the end of a look at a part.
    pub(super) fn end_part(&mut self, now: Instant) {
        self.part_soonest = now + LEAST_GAP;
    }

    /// Notes the end of a look at everything, which began at `began`.
    pub(super) fn end_everything(&mut self, began: Instant, now: Instant) {
        // As long a pause as the look was long: a slow catalog is not kept busy by looking at it. But
        // the first change after a quiet time is looked at without one, or two long looks and the pause
        // between them would be more than anybody should wait for a change.
        let pause = if self.hinted { now.saturating_duration_since(began) } else { Duration::ZERO };
        self.soonest = now + pause.max(LEAST_GAP).min(self.refresh);
        self.tick = (began + self.refresh).max(self.soonest);
        self.since();
        self.end_part(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFRESH: Duration = Duration::from_secs(1);
    /// What a look at everything takes.
    const LONG: Duration = Duration::from_millis(300);

    /// After a look at everything that nobody asked for, which ended at the moment that is returned.
    fn looked() -> (Agenda, Instant) {
        let began = Instant::now();
        let mut agenda = Agenda::new(REFRESH, began);
        assert_eq!(agenda.due(began), Some(Due::Everything));
        agenda.begin_everything();
        agenda.end_everything(began, began + LONG);
        (agenda, began + LONG)
    }

    fn everything() -> Heard {
        Heard { everything: true, ..Heard::default() }
    }

    fn part(schema: &str) -> Heard {
        Heard { part: Some(Extent::tenant(schema)), ..Heard::default() }
    }

    #[test]
    fn looks_at_everything_begin_at_the_interval() {
        let (agenda, now) = looked();
        assert_eq!(agenda.next(), now - LONG + REFRESH);
        assert_eq!(agenda.due(now), None);
        assert_eq!(agenda.due(now - LONG + REFRESH), Some(Due::Everything));
    }

    #[test]
    fn the_first_word_of_a_change_brings_a_look_at_once_and_later_ones_after_a_pause() {
        let (mut agenda, now) = looked();
        agenda.add(everything());
        assert_eq!(agenda.next(), now + LEAST_GAP);
        let began = now + LEAST_GAP;
        agenda.begin_everything();
        agenda.end_everything(began, began + LONG);
        agenda.add(everything());
        assert_eq!(agenda.next(), began + LONG + LONG, "as long as the look was");
    }

    #[test]
    fn a_part_waits_for_no_pause_and_puts_off_no_look_at_everything() {
        let (mut agenda, now) = looked();
        agenda.add(everything());
        agenda.begin_everything();
        agenda.end_everything(now, now + LONG);
        let now = now + LONG;
        agenda.add(part("a"));
        agenda.add(part("b"));
        let soonest = now + LEAST_GAP;
        assert_eq!((agenda.next(), agenda.due(now)), (soonest, None));
        let both = Extent::tenant("a").and(Extent::tenant("b"));
        assert_eq!(agenda.due(soonest), Some(Due::Part));
        assert_eq!(agenda.begin_part(soonest), Some(both));
        agenda.end_part(soonest);
        assert_eq!((agenda.begin_part(soonest), agenda.due(soonest)), (None, None));
        assert_eq!(agenda.next(), now - LONG + REFRESH);
    }
}
