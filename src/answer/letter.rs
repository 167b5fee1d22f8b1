//! What is to be said, before it is put into words, languages and formats.

use std::time::Duration;

use super::occasion::Occasion;
use crate::config::BlockSpec;

/// What is to be said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Letter<'a> {
    /// Why.
    pub(super) occasion: Occasion,
    /// The machine-readable code.
    pub(super) code: &'a str,
    /// The operator's own sentence, for every language.
    pub(super) message: Option<&'a str>,
    /// Whole seconds, at least one.
    pub(super) retry_after: Option<u64>,
    /// Whether a page reloads itself.
    pub(super) reloads: bool,
}

impl Letter<'static> {
    /// What is said on an occasion that no configuration describes.
    pub(super) fn own(occasion: Occasion) -> Self {
        let circumstances = occasion.circumstances();
        Self {
            occasion,
            code: circumstances.code,
            message: None,
            retry_after: circumstances.retry_after.map(whole_seconds),
            reloads: false,
        }
    }
}

impl<'a> Letter<'a> {
    /// What a route says that refuses.
    pub(super) fn block(spec: &'a BlockSpec) -> Self {
        Self {
            occasion: Occasion::Updating,
            code: &spec.code,
            message: spec.message.as_deref(),
            retry_after: Some(whole_seconds(spec.retry_after)),
            reloads: spec.refresh,
        }
    }
}

/// `Retry-After` knows no fractions (RFC 9110, section 10.2.3), and "in 0 seconds" is no advice.
fn whole_seconds(time: Duration) -> u64 {
    (time.as_secs() + u64::from(time.subsec_nanos() > 0)).max(1)
}
