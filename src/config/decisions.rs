//! Where other proxies ask what is to be done with a request.

use std::time::Duration;

use super::Address;

/// Where other proxies ask; who may is who is trusted ([`super::Listen::trusted_proxies`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decisions {
    /// Where.
    pub listen: Address,
    /// How long a question may wait for a verdict to turn; zero: it never waits.
    pub max_hold: Duration,
}
