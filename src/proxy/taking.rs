//! How slowly a client takes what is written to it.

use std::io;
use std::task::{Context, Poll};

use super::pace::Pace;
use crate::config::BodyPace;

/// What is said of a client that takes too little.
const TOO_SLOW: &str = "the client takes its answer too slowly";

/// Watches what a connection is written. Time in which nothing waits to be written costs nothing.
#[derive(Debug)]
pub(super) struct Taking(Pace);

impl Taking {
    pub(super) fn new(pace: BodyPace) -> Self {
        Self(Pace::new(pace))
    }

    /// Writes by `write`, and fails where that was waited for too long. Wakes when it was.
    pub(super) fn watch(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(&mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let written = write(context);
        match &written {
            Poll::Ready(Ok(bytes)) => self.0.came(*bytes),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                if self.0.is_too_slow(context) {
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, TOO_SLOW)));
                }
            }
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::num::NonZero;
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_is_waited_for_so_long_and_who_takes_something_longer() {
        let pace = BodyPace { rate: NonZero::new(10).expect("not 0"), patience: Duration::from_secs(10) };
        let (mut taking, began) = (Taking::new(pace), Instant::now());
        // Before half of its time is over it takes as much as earns that half again.
        tokio::time::timeout(Duration::from_secs(5), poll_fn(|context| taking.watch(context, |_| Poll::Pending)))
            .await
            .expect_err("it has time");
        assert!(poll_fn(|context| taking.watch(context, |_| Poll::Ready(Ok(50)))).await.is_ok());
        let late = poll_fn(|context| taking.watch(context, |_| Poll::Pending)).await.expect_err("it is too slow");
        assert_eq!(late.kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed().as_secs(), 15);
    }
}
