//! What is kept for the action `stale`, and how it is told apart.

use http::HeaderName;

/// How much is kept of good answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaleStore {
    /// Bytes of memory in all.
    pub max_bytes: usize,
    /// Bytes of one answer's body; larger ones are not kept.
    pub max_answer_bytes: usize,
}

/// What tells two requests of a route apart, besides what always does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StaleKey {
    /// Headers that are in the key although they would be left out, or would leave a request without a
    /// key: `Authorization`, `Cookie`.
    pub names: Vec<HeaderName>,
    /// Headers that are not in the key.
    pub ignores: Vec<HeaderName>,
}
