//! How long a connection may go without a request.

use std::pin::{Pin, pin};
use std::time::Duration;

use pingora::server::ShutdownWatch;
use tokio::time::{Instant, Sleep, sleep};

use super::incoming::Incoming;

/// What ends a connection while nothing comes. Made once for each: a timer that is set between two requests costs a
/// system call, and one that rings too early next to nothing.
pub(super) struct Silence {
    timer: Pin<Box<Sleep>>,
    leaving: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Silence {
    /// `leaving` turns true when connections without a request are to end.
    pub(super) fn new(limit: Duration, leaving: &ShutdownWatch) -> Self {
        let mut leaving = leaving.clone();
        let leaving = async move {
            let _ = leaving.wait_for(|leaving| *leaving).await;
        };
        Self { timer: Box::pin(sleep(limit)), leaving: Box::pin(leaving) }
    }

    /// Waits for a first byte, for `limit`; `false` where none is to be waited for any more.
    pub(super) async fn is_broken(&mut self, incoming: &mut Incoming, limit: Duration) -> bool {
        let Self { timer, leaving } = self;
        let coming = async {
            tokio::select! {
                biased;
                came = incoming.read_ahead() => came.is_ok_and(|bytes| bytes > 0),
                () = leaving => false,
            }
        };
        within(timer, Instant::now() + limit, coming).await.unwrap_or(false)
    }

    /// Waits for something else by the same timer, up to `limit` if there is one; `None` where it does not come.
    pub(super) async fn within<T>(&mut self, limit: Option<Instant>, coming: impl Future<Output = T>) -> Option<T> {
        match limit {
            Some(until) => within(&mut self.timer, until, coming).await,
            None => Some(coming.await),
        }
    }
}

async fn within<T>(timer: &mut Pin<Box<Sleep>>, until: Instant, coming: impl Future<Output = T>) -> Option<T> {
    let mut coming = pin!(coming);
    if timer.deadline() > until {
        timer.as_mut().reset(until);
    }
    loop {
        tokio::select! {
            biased;
            came = &mut coming => return Some(came),
            () = &mut *timer => {}
        }
        if Instant::now() >= until {
            return None;
        }
        timer.as_mut().reset(until);
    }
}
