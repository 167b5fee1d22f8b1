//! How operators overrule what is configured.

use std::path::PathBuf;
use std::time::Duration;

use super::order::BypassTerms;

/// How operators overrule what is configured.
#[derive(Debug, Clone, Default)]
pub struct Control {
    /// The file of orders that is watched.
    pub file: Option<PathBuf>,
    /// Where orders are kept over a restart.
    pub state: PathBuf,
    /// How long a bypass lasts of which nothing else is said.
    pub bypass_ttl: Duration,
    /// Bypasses that variables of the environment switch on; those that are set.
    pub env: Vec<EnvBypass>,
}

/// A bypass that a variable of the environment switches on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvBypass {
    /// What switches it on: `NAME=value`.
    pub setting: String,
    /// What it lets pass.
    pub terms: BypassTerms,
}
