//! What is too old for any route is not left lying in memory.

use std::sync::Arc;

use async_trait::async_trait;
use pingora::server::ShutdownWatch;
use pingora::services::ServiceWithDependents;
use pingora::services::background::{BackgroundService, GenBackgroundService};
use tokio::time::{MissedTickBehavior, interval};

use super::Stale;
use crate::live::GateReader;

/// Sweeps the store now and then.
pub(in crate::proxy) struct Sweeper {
    stale: Arc<Stale>,
    reader: GateReader,
}

impl Sweeper {
    /// What runs beside the requests.
    pub(in crate::proxy) fn service(stale: Arc<Stale>, reader: GateReader) -> Box<dyn ServiceWithDependents> {
        Box::new(GenBackgroundService::new("kept answers".to_owned(), Arc::new(Self { stale, reader })))
    }
}

#[async_trait]
impl BackgroundService for Sweeper {
    async fn start(&self, mut shutdown: ShutdownWatch) {
        let mut ticks = interval(self.stale.store.sweep_every());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => self.stale.store.sweep(self.reader.now()),
                _ = shutdown.changed() => return,
            }
        }
    }
}
