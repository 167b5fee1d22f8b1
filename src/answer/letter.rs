//! What is to be said, before it is put into words, languages and formats.

use std::borrow::Cow;
use std::time::Duration;

use minijinja::Value;

use super::body::Hole;
use super::occasion::Occasion;
use super::words::Words;
use crate::config::BlockSpec;

/// What is to be said.
#[derive(Debug, Clone)]
pub(super) struct Letter<'a> {
    /// Why.
    pub(super) occasion: Occasion,
    /// The machine-readable code.
    pub(super) code: &'a str,
    /// The operator's own sentence, for every language.
    pub(super) message: Option<Cow<'a, str>>,
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
            message: spec.message.as_deref().map(Cow::Borrowed),
            retry_after: Some(whole_seconds(spec.retry_after)),
            reloads: spec.refresh,
        }
    }
}

impl<'a> Letter<'a> {
    /// What is said while a window is open: its own message, or else what `spec` has.
    pub(super) fn maintenance(spec: &'a BlockSpec, message: WindowMessage) -> Self {
        let block = Self::block(spec);
        let message = match message {
            WindowMessage::Own => Some(Cow::Owned(Hole::Message.mark().to_string())),
            WindowMessage::Usual => block.message,
        };
        Self { occasion: Occasion::Maintenance, message, ..block }
    }
}

impl Letter<'_> {
    /// The seconds until then, for a template.
    pub(super) fn seconds(&self) -> Option<Value> {
        match self.occasion {
            Occasion::Maintenance => Some(Hole::RetryAfter.mark().into()),
            _ => self.retry_after.map(Value::from),
        }
    }

    /// When to come back, as a sentence; that of a window is only known when it is told.
    pub(super) fn when(&self, words: &Words) -> Option<String> {
        match self.occasion {
            Occasion::Maintenance => Some(Hole::When.mark().to_string()),
            _ => self.retry_after.map(|seconds| words.when(seconds)),
        }
    }
}

/// Whether a maintenance window has a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WindowMessage {
    /// It has one of its own.
    Own,
    /// It has none.
    Usual,
}

/// `Retry-After` knows no fractions (RFC 9110, section 10.2.3), and "in 0 seconds" is no advice.
pub(super) fn whole_seconds(time: Duration) -> u64 {
    (time.as_secs() + u64::from(time.subsec_nanos() > 0)).max(1)
}
