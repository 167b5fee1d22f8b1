//! Waiting for a verdict to turn.

use core::time::Duration;

use crate::Action;

/// Which hold, as its place in [`crate::Rules::holds`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HoldId(pub u32);

/// How requests of a route wait for its verdict to turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// How long one waits at most.
    pub up_to: Duration,
    /// How many wait at most.
    pub max_requests: u32,
    /// Bytes of the body that a request may have and still wait.
    pub max_body: u64,
    /// How many are let go in a second once the verdict has turned.
    pub release_per_second: u32,
    /// What those get that cannot wait, or waited in vain. It is no hold.
    pub then: Action,
}
