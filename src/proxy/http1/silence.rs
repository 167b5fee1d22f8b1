//! How long a connection may go without a request.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pingora::server::ShutdownWatch;
use tokio::time::{Instant, Sleep, sleep};

use super::incoming::Incoming;

/// What ends a connection while nothing comes. Made once for each: a timer that is set between two requests costs a
/// system call, and one that rings too early next to nothing.
pub(super) struct Silence {
    /// Since when nothing comes.
    pub(super) since: Instant,
    timer: Pin<Box<Sleep>>,
    leaving: ShutdownWatch,
    left: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Whether both will wake whoever serves the connection, unless they have by now.
    set: bool,
}

impl Silence {
    /// `leaving` turns true when connections without a request are to end.
    pub(super) fn new(limit: Duration, leaving: &ShutdownWatch) -> Self {
        let mut watched = leaving.clone();
        let left = async move {
            let _ = watched.wait_for(|leaving| *leaving).await;
        };
        let timer = Box::pin(sleep(limit));
        Self { since: Instant::now(), timer, leaving: leaving.clone(), left: Box::pin(left), set: false }
    }

    /// Waits for a first byte, up to `limit` since it began; `false` where none is to be waited for any more.
    pub(super) async fn is_broken(&mut self, incoming: &mut Incoming, limit: Duration) -> bool {
        let until = self.since + limit;
        // Then whoever waits is woken, by what was set while another request was waited for.
        let mut is_set = self.set
            && self.timer.deadline() <= until
            && !self.timer.is_elapsed()
            && self.leaving.has_changed().is_ok_and(|changed| !changed);
        poll_fn(|context| {
            if let Poll::Ready(came) = incoming.poll_ahead(context) {
                return Poll::Ready(came.is_ok_and(|bytes| bytes > 0));
            }
            if std::mem::take(&mut is_set) {
                return Poll::Pending;
            }
            self.set = true;
            if self.left.as_mut().poll(context).is_ready() {
                return Poll::Ready(false);
            }
            self.poll_until(context, until).map(|()| false)
        })
        .await
    }

    /// Waits for something else by the same timer, up to `limit` if there is one; `None` where it does not come.
    pub(super) async fn within<T>(&mut self, limit: Option<Instant>, coming: impl Future<Output = T>) -> Option<T> {
        let Some(until) = limit else { return Some(coming.await) };
        self.set = false;
        let mut coming = pin!(coming);
        poll_fn(|context| {
            if let Poll::Ready(came) = coming.as_mut().poll(context) {
                return Poll::Ready(Some(came));
            }
            self.poll_until(context, until).map(|()| None)
        })
        .await
    }

    fn poll_until(&mut self, context: &mut Context<'_>, until: Instant) -> Poll<()> {
        if self.timer.deadline() > until {
            self.timer.as_mut().reset(until);
        }
        loop {
            ready!(self.timer.as_mut().poll(context));
            if Instant::now() >= until {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(until);
        }
    }
}
