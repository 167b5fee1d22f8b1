//! A configuration that is about to be live.

use std::sync::Arc;
use std::time::Duration;

use gate::Moment;
use tokio::sync::{mpsc, oneshot};

use super::posts::{PostId, Posts};
use crate::config::Config;

/// Where a configuration is handed in to be live.
#[derive(Debug, Clone)]
pub struct Renewals(mpsc::Sender<Renewal>);

/// The other end of [`Renewals`].
#[derive(Debug)]
pub struct Renewing(mpsc::Receiver<Renewal>);

#[derive(Debug)]
pub(super) struct Renewal {
    pub(super) config: Arc<Config>,
    pub(super) done: oneshot::Sender<()>,
}

/// The two ends of handing in configurations.
pub fn renewals() -> (Renewals, Renewing) {
    let (sender, receiver) = mpsc::channel(1);
    (Renewals(sender), Renewing(receiver))
}

impl Renewals {
    /// Has a configuration be live as soon as its requirements are judged, or the databases that are new in it
    /// are given up on (`startup_timeout`). Returns when it is; `false` if nobody watches any more.
    pub async fn renew(&self, config: Arc<Config>) -> bool {
        let (done, is_done) = oneshot::channel();
        self.0.send(Renewal { config, done }).await.is_ok() && is_done.await.is_ok()
    }
}

impl Renewing {
    /// The next one; never if nobody is left to hand one in.
    pub(super) async fn next(&mut self) -> Renewal {
        match self.0.recv().await {
            Some(renewal) => renewal,
            None => std::future::pending().await,
        }
    }
}

/// A configuration whose requirements are being looked at.
pub(super) struct Coming {
    pub(super) renewal: Renewal,
    /// In the order of its databases.
    pub(super) posts: Vec<PostId>,
    /// Those among them that have seen nothing yet when it was handed in.
    new: Vec<PostId>,
    began: Moment,
}

impl Coming {
    /// `known`: who watches for the live configuration, and is not waited for.
    pub(super) fn new(renewal: Renewal, posts: Vec<PostId>, known: &[PostId], began: Moment) -> Self {
        let new = posts.iter().filter(|post| !known.contains(post)).copied().collect();
        Self { renewal, posts, new, began }
    }

    /// How long it waits for first looks still; zero if there is no need to.
    pub(super) fn waits(&self, posts: &Posts, now: Moment) -> Duration {
        let unseen = |id: &PostId| posts.get(*id).is_some_and(|post| post.last.is_none());
        if !self.new.iter().any(unseen) {
            return Duration::ZERO;
        }
        self.renewal.config.admin.startup_timeout.saturating_sub(now.since(self.began))
    }
}
