//! Requests that schemagate sends to itself.

use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};

/// A request that schemagate sends to itself, to see whether clients get what they should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Its name in logs, metrics and alerts.
    pub name: String,
    /// What is asked for: an absolute URL.
    pub url: String,
    /// Where to connect instead of the URL's host.
    pub socket: Option<PathBuf>,
    /// How.
    pub method: Method,
    /// With what; values may be secrets.
    pub headers: HeaderMap,
    /// Which answers are right.
    pub expect: Vec<StatusCode>,
    /// How often, start to start.
    pub every: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How many wrong answers in a row are told.
    pub failures: u16,
}
