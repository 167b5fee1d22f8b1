//! What is too old for any route is not left lying in memory.

use std::sync::{Arc, Weak};

use tokio::time::{MissedTickBehavior, interval};

use super::store::Store;
use crate::live::GateReader;

/// Sweeps a store now and then, as long as anybody uses it.
pub(super) async fn sweep(store: Weak<Store>, reader: GateReader) {
    let Some(every) = store.upgrade().map(|store| store.sweep_every()) else { return };
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(store): Option<Arc<Store>> = store.upgrade() else { return };
        store.sweep(reader.now());
    }
}
