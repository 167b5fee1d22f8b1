//! The way of a request, in pingora's phases.

use std::sync::Arc;

use crate::answer::Answers;
use crate::config::Config;
use crate::live::GateReader;
use crate::metrics::Metrics;

/// Why the proxy could not start.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ProxyError(pub String);

/// Serves until told to stop by a signal. Blocks; owns its own runtimes.
pub fn run(
    _config: &Arc<Config>,
    _reader: &GateReader,
    _answers: &Arc<Answers>,
    _metrics: &Metrics,
) -> Result<(), ProxyError> {
    Ok(())
}
