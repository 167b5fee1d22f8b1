//! Waiting for a condition, never for a while.

use std::time::{Duration, Instant};

/// Between two looks at a condition.
const PAUSE: Duration = Duration::from_millis(10);

/// Waits until `probe` finds something, and fails the test after `limit`.
pub(crate) async fn eventually<T>(what: &str, limit: Duration, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(start.elapsed() < limit, "waited {limit:?} in vain for: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Looks again and again that something stays true for as long as `span`.
pub(crate) async fn holds_for(what: &str, span: Duration, mut probe: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while start.elapsed() < span {
        assert!(probe().await, "no longer true after {:?}: {what}", start.elapsed());
        tokio::time::sleep(PAUSE).await;
    }
}
