//! Where requests wait: how many, with how much, and how they are let go.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use gate::{Hold, HoldId};
use tokio::sync::watch;

use super::Ended;
use super::turns::Turns;
use crate::config::HoldLimits;

/// Where requests wait, of all routes.
#[derive(Debug)]
pub(in crate::proxy) struct Room {
    /// In the order of [`HoldId`].
    lines: Vec<Arc<Line>>,
    /// How many ever came.
    came: AtomicU64,
    requests: Arc<Count>,
    bytes: Arc<Count>,
    /// Turns true when the process begins to end.
    closing: watch::Receiver<bool>,
}

/// Where those wait that one hold is for.
#[derive(Debug)]
struct Line {
    hold: Hold,
    requests: Arc<Count>,
    turns: Turns,
}

/// What is taken of something that there is so much of.
#[derive(Debug)]
struct Count {
    taken: AtomicUsize,
    most: usize,
}

/// A request's place; free again when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    /// Who came earlier has a smaller one.
    ticket: u64,
    line: Arc<Line>,
    _requests: [Taken; 2],
    _bytes: Taken,
}

#[derive(Debug)]
struct Taken {
    count: Arc<Count>,
    amount: usize,
}

impl Room {
    pub(in crate::proxy) fn new(holds: &[Hold], limits: HoldLimits, closing: watch::Receiver<bool>) -> Self {
        let line = |hold: &Hold| {
            let requests = Count::new(usize::try_from(hold.max_requests).unwrap_or(usize::MAX));
            Arc::new(Line { hold: *hold, requests, turns: Turns::new(hold.release_per_second) })
        };
        Self {
            lines: holds.iter().map(line).collect(),
            came: AtomicU64::new(0),
            requests: Count::new(limits.max_requests),
            bytes: Count::new(limits.max_bytes),
            closing,
        }
    }

    /// A place for a request with a body of so many bytes, or why there is none.
    pub(super) fn enter(&self, id: HoldId, body: usize) -> Result<Place, Ended> {
        let line = self.lines.get(id.0 as usize).ok_or(Ended::Full)?;
        if *self.closing.borrow() {
            return Err(Ended::Closing);
        }
        let taken = || Some(([line.requests.take(1)?, self.requests.take(1)?], self.bytes.take(body)?));
        let (requests, bytes) = taken().ok_or(Ended::Full)?;
        let ticket = self.came.fetch_add(1, Ordering::Relaxed);
        Ok(Place { ticket, line: Arc::clone(line), _requests: requests, _bytes: bytes })
    }

    /// Whether `place` is one for this hold.
    pub(super) fn is_for(&self, place: &Place, id: HoldId) -> bool {
        self.lines.get(id.0 as usize).is_some_and(|line| Arc::ptr_eq(line, &place.line))
    }

    /// Waits until the process begins to end.
    pub(super) async fn closing(&self) {
        let mut closing = self.closing.clone();
        if closing.wait_for(|closing| *closing).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Place {
    /// How long one waits here at most.
    pub(super) fn up_to(&self) -> Duration {
        self.line.hold.up_to
    }

    /// Waits until this one may be let go.
    pub(super) async fn turn(&self) {
        self.line.turns.wait(self.ticket).await;
    }
}

impl Count {
    fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { taken: AtomicUsize::new(0), most })
    }

    fn take(self: &Arc<Self>, amount: usize) -> Option<Taken> {
        let fits = |taken: usize| taken.checked_add(amount).filter(|taken| *taken <= self.most);
        self.taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, fits).ok()?;
        Some(Taken { count: Arc::clone(self), amount })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.count.taken.fetch_sub(self.amount, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use gate::{Action, AnswerId};

    use super::*;

    fn room(max_requests: u32, limits: HoldLimits) -> (Room, watch::Sender<bool>) {
        let hold = Hold {
            up_to: Duration::from_secs(1),
            max_requests,
            max_body: 100,
            release_per_second: 10,
            then: Action::Block(AnswerId(0)),
        };
        let closing = watch::Sender::new(false);
        (Room::new(&[hold, hold], limits, closing.subscribe()), closing)
    }

    #[test]
    fn there_are_so_many_places_for_a_route_for_all_and_for_bodies() {
        let (room, _closing) = room(2, HoldLimits { max_requests: 3, max_bytes: 100 });
        let (one, other) = (HoldId(0), HoldId(1));
        let first = room.enter(one, 60).expect("a place");
        assert!(matches!(room.enter(one, 41), Err(Ended::Full)), "too many bytes");
        let _second = room.enter(one, 40).expect("a place");
        assert!(matches!(room.enter(one, 0), Err(Ended::Full)), "too many of this route");
        let _third = room.enter(other, 0).expect("a place on another route");
        assert!(matches!(room.enter(other, 0), Err(Ended::Full)), "too many in all");
        drop(first);
        assert!(room.enter(one, 60).is_ok(), "what was refused has taken nothing");
    }

    #[test]
    fn nobody_begins_to_wait_when_the_process_ends() {
        let (room, closing) = room(1, HoldLimits { max_requests: 1, max_bytes: 0 });
        closing.send_replace(true);
        assert!(matches!(room.enter(HoldId(0), 0), Err(Ended::Closing)));
    }
}
