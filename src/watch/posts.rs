//! Who watches what: the watchers of the live configuration, and of one that is about to be live.

use std::collections::BTreeMap;
use std::sync::Arc;

use gate::{DatabaseId, Extent, Wanted};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tracing::error;

use super::judge::Look;
use super::watcher::Watcher;
use crate::config::{Config, Database};
use crate::live::{Asking, GateWriter};
use crate::metrics::Metrics;
use crate::traces::Traces;

/// Which watcher; unlike a database's place in the configuration it stays the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PostId(u64);

/// One database that is watched for certain objects. Ends its watcher when it is dropped.
pub(super) struct Post {
    pub(super) database: Database,
    wanted: Wanted,
    pub(super) asking: Arc<Asking>,
    /// The last look at everything, and in it what was seen of parts since.
    pub(super) last: Option<Look>,
    watcher: AbortHandle,
}

impl Post {
    /// Keeps what a look found, for a configuration that comes.
    pub(super) fn keep(&mut self, look: Look) {
        match &look.saw {
            Extent::Everything => self.last = Some(look),
            // Of a part alone nothing can be judged.
            Extent::Shared(_) => {
                if let Some(last) = &mut self.last {
                    last.catalog = look.catalog;
                }
            }
        }
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        self.watcher.abort();
    }
}

/// Everything that is watched.
pub(super) struct Posts {
    manned: BTreeMap<PostId, Post>,
    next: u64,
    looks: mpsc::Sender<Look>,
    watchers: JoinSet<()>,
    metrics: Metrics,
    traces: Traces,
}

impl Posts {
    /// None yet; what they see goes to `looks`.
    pub(super) fn new(looks: mpsc::Sender<Look>, metrics: Metrics, traces: Traces) -> Self {
        Self { manned: BTreeMap::new(), next: 0, looks, watchers: JoinSet::new(), metrics, traces }
    }

    /// Those for a configuration's databases, in their order. Who watches the same database for the same objects
    /// already goes on; the others begin, and are asked for looks at what `asking` gives.
    pub(super) fn man(
        &mut self,
        config: &Config,
        writer: &GateWriter,
        asking: impl Fn(DatabaseId) -> Arc<Asking>,
    ) -> Vec<PostId> {
        let databases = (0..).map(DatabaseId).zip(&config.databases);
        let manned = databases.map(|(id, database)| {
            let wanted = config.rules.wanted(id);
            let same = |post: &Post| post.database == *database && post.wanted == wanted;
            let known = self.manned.iter().find(|(_, post)| same(post)).map(|(id, _)| *id);
            known.unwrap_or_else(|| self.add(database.clone(), wanted, writer, asking(id)))
        });
        manned.collect()
    }

    fn add(&mut self, database: Database, wanted: Wanted, writer: &GateWriter, asking: Arc<Asking>) -> PostId {
        let id = PostId(self.next);
        self.next += 1;
        let (pulse, looks, metrics) = (writer.pulse(Arc::clone(&asking)), self.looks.clone(), self.metrics.clone());
        let watcher = Watcher::new(id, database.clone(), wanted.clone(), pulse, looks, metrics, self.traces.clone());
        let watcher = self.watchers.spawn(watcher.run());
        self.manned.insert(id, Post { database, wanted, asking, last: None, watcher });
        id
    }

    /// Ends all but these.
    pub(super) fn keep(&mut self, ids: &[PostId]) {
        self.manned.retain(|id, _| ids.contains(id));
    }

    pub(super) fn get(&self, id: PostId) -> Option<&Post> {
        self.manned.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: PostId) -> Option<&mut Post> {
        self.manned.get_mut(&id)
    }

    /// Says so if a watcher ends, which none does but by a defect; the others go on.
    pub(super) async fn miss(&mut self) {
        while let Some(ended) = self.watchers.join_next().await {
            if ended.as_ref().is_err_and(tokio::task::JoinError::is_cancelled) {
                continue;
            }
            error!(
                target: "schemagate::watch",
                "a database is no longer watched, and its requirements will be unknown until schemagate is started \
                 anew: {}",
                ended.err().map_or_else(|| "its watcher ended".to_owned(), |error| error.to_string()),
            );
        }
        std::future::pending::<()>().await;
    }
}
