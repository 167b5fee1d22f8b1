//! Tests that need most of the machine take turns.

use tokio::sync::{Mutex, MutexGuard};

static TURN: Mutex<()> = Mutex::const_new(());

/// Waits until no other test that asked for a turn is running.
pub(crate) async fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().await
}
