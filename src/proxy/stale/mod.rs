//! The last good answer, given while a need is unmet.
//!
//! This is no cache for speed: a ready route always asks its backend. The answer is read along on its
//! way to the client and kept; it is given only where the route's action is `stale`.
//!
//! - what two requests must have in common: `key`, of the `inputs` that an answer may depend on
//! - what may be kept, and for how long: `lifetime`; why not: `unfit`
//! - how an answer is read along: `keeping`; how it is given: `kept`
//! - where it is kept: `store`; what a write makes of it: `place`

mod inputs;
mod keeping;
mod kept;
mod key;
mod lifetime;
mod place;
mod store;
mod unfit;

use std::sync::Arc;
use std::time::Duration;

use gate::{Host, Moment, RouteId};

use crate::config::{Config, StaleKey};
use crate::live::GateReader;
use crate::metrics::Metrics;

pub(super) use keeping::Keeping;
pub(super) use kept::{Kept, miss};
pub(super) use key::Asked;
pub(super) use store::Store;
pub(super) use unfit::Unfit;

/// What is kept, and by which rules.
#[derive(Debug)]
pub(super) struct Stale {
    pub(super) store: Store,
    /// In the order of [`RouteId`]; `None` for routes that never give a stale answer.
    keys: Vec<Option<StaleKey>>,
}

#[cfg(test)]
mod tests;
