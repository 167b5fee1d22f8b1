//! How slowly something comes, or is taken.

use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::config::BodyPace;

/// Measures how long a client is waited for: what comes of its body, or is taken of its answer, earns time. Time in
/// which nobody waits costs nothing.
#[derive(Debug)]
pub(super) struct Pace {
    asked: BodyPace,
    /// How long may be waited still; never more than the pace's patience.
    credit: Duration,
    waiting: Option<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    since: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Pace {
    pub(super) fn new(pace: BodyPace) -> Self {
        Self { asked: pace, credit: pace.patience, waiting: None }
    }

    /// So many bytes came.
    pub(super) fn came(&mut self, bytes: usize) {
        if self.waiting.is_none() && self.credit == self.asked.patience {
            return;
        }
        let waited = self.waiting.take().map_or(Duration::ZERO, |waiting| waiting.since.elapsed());
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let earned = Duration::from_secs(bytes.into()) / self.asked.rate.get();
        self.credit = (self.credit.saturating_sub(waited) + earned).min(self.asked.patience);
    }

    /// Nothing came: whether it was waited for long enough. Wakes when it was.
    pub(super) fn is_too_slow(&mut self, context: &mut Context<'_>) -> bool {
        let credit = self.credit;
        let waiting = self.waiting.get_or_insert_with(|| {
            let since = Instant::now();
            Waiting { since, timer: Box::pin(sleep_until(since + credit)) }
        });
        waiting.timer.as_mut().poll(context).is_ready()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::num::NonZero;
    use std::task::Poll;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn pace() -> Pace {
        Pace::new(BodyPace { rate: NonZero::new(100).expect("not 0"), patience: PATIENCE })
    }

    /// Waits until it is too slow.
    async fn too_slow(pace: &mut Pace) {
        poll_fn(|context| if pace.is_too_slow(context) { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    /// A body of so many bytes every second: how long it goes on, at most a minute.
    async fn goes_on(bytes: usize) -> Duration {
        let (mut pace, began) = (pace(), Instant::now());
        while began.elapsed() < Duration::from_secs(60) {
            if tokio::time::timeout(Duration::from_secs(1), too_slow(&mut pace)).await.is_ok() {
                break;
            }
            pace.came(bytes);
        }
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_fast_enough_may_send_for_ever_and_who_does_not_is_cut_off() {
        assert!(goes_on(100).await >= Duration::from_secs(60));
        assert!(goes_on(50).await < PATIENCE * 3);
        assert!(goes_on(1).await < PATIENCE + Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_large_piece_earns_no_more_than_the_first_patience() {
        let (mut pace, began) = (pace(), Instant::now());
        pace.came(1 << 20);
        too_slow(&mut pace).await;
        assert!(began.elapsed() < PATIENCE + Duration::from_secs(1), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn time_in_which_nobody_wants_any_of_it_costs_nothing() {
        let mut pace = pace();
        for _ in 0..10 {
            tokio::time::sleep(PATIENCE).await;
            pace.came(1);
        }
        let slow = tokio::time::timeout(PATIENCE / 2, too_slow(&mut pace)).await;
        assert!(slow.is_err(), "it has most of its time left");
    }
}
