//! What is traced, and where spans go.

use http::HeaderMap;

/// What is traced, and where spans go.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Traces {
    /// The URL that takes spans (OTLP over HTTP); `None`: nothing is traced.
    pub endpoint: Option<String>,
    /// What is sent along; values are secrets, and marked so.
    pub headers: HeaderMap,
    /// Which share of the traces that begin here is recorded, from 0 to 1.
    pub sample: f64,
    /// What this service is called.
    pub service: String,
    /// What else there is to say of it.
    pub attributes: Vec<(String, String)>,
}
