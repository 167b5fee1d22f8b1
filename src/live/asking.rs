//! Where looks at one database are asked for.

use std::sync::Arc;

use super::attention::Attended;
use super::second_look::SecondLook;

/// Where requests ask for looks at one database, and its watcher hears of it. It stays the same while the
/// database is watched, whatever its place in the configuration.
#[derive(Debug)]
pub struct Asking {
    pub(super) second_look: SecondLook,
    pub(super) attended: Attended,
}

impl Asking {
    /// Nobody asks yet.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { second_look: SecondLook::new(), attended: Attended::new() })
    }
}
