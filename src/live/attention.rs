//! Looks that are made often because requests wait for a verdict to turn.

use std::sync::Arc;
use std::time::Duration;

use gate::Moment;
use tokio::sync::watch;
use tokio::time::sleep;

use super::{Asking, Clock};

/// From start to start of two looks while somebody waits.
const EVERY: Duration = Duration::from_millis(250);

/// How many wait for one database's verdicts to turn.
#[derive(Debug)]
pub(super) struct Attended(watch::Sender<usize>);

/// Has databases looked at often while it lives.
#[derive(Debug)]
pub struct Attention {
    databases: Vec<Arc<Asking>>,
}

impl Attended {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    /// Waits until a look is due that follows the one begun at `began`.
    pub(super) async fn due(&self, began: Moment, clock: Clock) {
        let mut waiting = self.0.subscribe();
        // There is no error while `self` holds the sender.
        let _ = waiting.wait_for(|waiting| *waiting > 0).await;
        sleep(EVERY.saturating_sub(clock.now().since(began))).await;
    }

    fn begin(&self) {
        // The watcher is woken by the first alone: thousands may follow.
        self.0.send_if_modified(|waiting| {
            *waiting += 1;
            *waiting == 1
        });
    }

    fn end(&self) {
        self.0.send_if_modified(|waiting| {
            *waiting = waiting.saturating_sub(1);
            false
        });
    }
}

impl Attention {
    pub(super) fn begin(databases: Vec<Arc<Asking>>) -> Self {
        for asking in &databases {
            asking.attended.begin();
        }
        Self { databases }
    }
}

impl Drop for Attention {
    fn drop(&mut self) {
        for asking in &self.databases {
            asking.attended.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a look becomes due within a second.
    async fn is_due(attended: &Attended, began: Moment, clock: Clock) -> bool {
        tokio::time::timeout(Duration::from_secs(1), attended.due(began, clock)).await.is_ok()
    }

    #[tokio::test]
    async fn a_look_is_due_a_quarter_of_a_second_after_the_last_while_somebody_waits() {
        let (attended, clock) = (Attended::new(), Clock::start());
        assert!(!is_due(&attended, clock.now(), clock).await);
        attended.begin();
        attended.begin();
        attended.end();
        let began = clock.now();
        assert!(is_due(&attended, began, clock).await);
        assert!(clock.now().since(began) >= EVERY);
        attended.end();
        assert!(!is_due(&attended, clock.now(), clock).await);
    }
}
