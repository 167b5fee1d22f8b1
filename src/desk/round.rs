//! The clerk's rounds.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{MissedTickBehavior, interval};

use super::clerk::Clerk;

/// How often the control file is read, and looked for what is over.
const EVERY: Duration = Duration::from_millis(500);

/// Goes round, at once where what is known of a database changed, until dropped.
pub(super) async fn keep(clerk: Arc<Mutex<Clerk>>) {
    let mut swaps = clerk.lock().await.swaps();
    let mut tick = interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        clerk.lock().await.look_round().await;
        tokio::select! {
            _ = tick.tick() => {}
            // Looks come as often as ten times a second.
            Ok(()) = swaps.changed() => {}
        }
    }
}
