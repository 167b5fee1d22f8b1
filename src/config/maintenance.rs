//! Maintenance windows.

use std::time::Duration;

use super::BlockSpec;

/// What is said of maintenance windows.
#[derive(Debug, Clone)]
pub struct Maintenance {
    /// What is said while a window is open that has no message of its own; its `retry_after` is of
    /// windows that say no end.
    pub answer: BlockSpec,
}

impl Default for Maintenance {
    fn default() -> Self {
        let answer = BlockSpec {
            code: "MAINTENANCE".to_owned(),
            message: None,
            retry_after: Duration::from_secs(30),
            refresh: false,
            page: None,
        };
        Self { answer }
    }
}
