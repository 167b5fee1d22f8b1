//! Who waited is let go in turn, so that a backend is not overrun by all at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// All that wait hear of a change within so long: by then the first of them is known.
const ALL_HERE: Duration = Duration::from_millis(5);

/// As late as a timer may be, on a busy machine.
const LATE: Duration = Duration::from_millis(10);

/// Lets go one after another, whoever came first first.
#[derive(Debug)]
pub(super) struct Turns {
    gap: Duration,
    queue: Mutex<Queue>,
}

#[derive(Debug)]
struct Queue {
    /// Those that may be let go, by their tickets. The first one waits for the clock, the others for it.
    ready: BTreeMap<u64, Arc<Notify>>,
    /// Not before then.
    next: Instant,
}

/// One that may be let go; gone from the queue when it is dropped.
struct Ready<'t> {
    ticket: u64,
    bell: Arc<Notify>,
    turns: &'t Turns,
}

impl Turns {
    pub(super) fn new(per_second: u32) -> Self {
        let queue = Queue { ready: BTreeMap::new(), next: Instant::now() };
        Self { gap: Duration::from_secs(1) / per_second.max(1), queue: Mutex::new(queue) }
    }

    /// Waits for the turn of `ticket`; it counts even if it is never used.
    pub(super) async fn wait(&self, ticket: u64) {
        let ready = self.enter(ticket);
        loop {
            let called = ready.bell.notified();
            let next = {
                let mut queue = self.queue();
                let is_first = queue.ready.first_key_value().is_some_and(|(first, _)| *first == ticket);
                let now = Instant::now();
                if is_first && queue.next <= now {
                    // A clock that is late by a tick makes nobody later than that.
                    queue.next = queue.next.max(now.checked_sub(LATE).unwrap_or(now)) + self.gap;
                    return;
                }
                is_first.then_some(queue.next)
            };
            match next {
                Some(next) => tokio::select! {
                    () = sleep_until(next) => {}
                    () = called => {}
                },
                None => called.await,
            }
        }
    }

    fn enter(&self, ticket: u64) -> Ready<'_> {
        let bell = Arc::new(Notify::new());
        let mut queue = self.queue();
        if queue.ready.is_empty() {
            queue.next = queue.next.max(Instant::now() + ALL_HERE);
        }
        queue.ready.insert(ticket, Arc::clone(&bell));
        Ready { ticket, bell, turns: self }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ready<'_> {
    fn drop(&mut self) {
        let mut queue = self.turns.queue();
        queue.ready.remove(&self.ticket);
        if let Some((_, first)) = queue.ready.first_key_value() {
            first.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_came_first_is_let_go_first_and_the_next_a_gap_later() {
        let turns = Turns::new(10);
        let gone = Mutex::new(Vec::new());
        join_all([3, 1, 2, 0].map(async |ticket| {
            turns.wait(ticket).await;
            gone.lock().expect("unpoisoned").push((ticket, Instant::now()));
        }))
        .await;
        let gone = gone.into_inner().expect("unpoisoned");
        assert!(gone.is_sorted_by_key(|(ticket, _)| *ticket), "{gone:?}");
        assert!(gone.windows(2).all(|two| two[1].1 - two[0].1 >= Duration::from_millis(90)), "{gone:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_leaves_the_queue_keeps_nobody_behind_it() {
        let turns = Turns::new(1);
        turns.wait(0).await;
        let began = Instant::now();
        let second = tokio::time::timeout(Duration::from_millis(10), turns.wait(1));
        let (left, ()) = tokio::join!(second, turns.wait(2));
        assert!(left.is_err() && began.elapsed() < Duration::from_millis(1100), "{:?}", began.elapsed());
    }
}
