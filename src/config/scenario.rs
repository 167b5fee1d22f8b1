//! Load that is put on a server.

use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};

mod expectation;

pub use expectation::{Expectation, ExpectationError, Kind, Measured};

/// What `schemagate bench` sends, and what is expected of the answers.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The server: `http://host:port` or `https://host:port`.
    pub target: Option<String>,
    /// Requests a second.
    pub rate: u16,
    /// For how long requests are counted.
    pub lasts: Duration,
    /// For how long requests are sent before that.
    pub warm_up: Duration,
    /// Requests at once, and so connections over HTTP/1, at most.
    pub connections: u16,
    /// How long after its time a request may be answered.
    pub timeout: Duration,
    /// What is asked for.
    pub requests: Vec<Asked>,
    /// What is expected.
    pub expect: Vec<Expectation>,
}

/// A kind of request.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its name in the report.
    pub name: String,
    /// How it is asked.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// With what; values may be secrets.
    pub headers: HeaderMap,
    /// With which body.
    pub body: Option<String>,
    /// How often, beside the others.
    pub weight: u16,
    /// Which answers are right; empty: every one below 500.
    pub expect: Vec<StatusCode>,
}

impl Asked {
    /// A plain request.
    pub fn get(path: &str) -> Self {
        Self {
            name: format!("GET {path}"),
            method: Method::GET,
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: None,
            weight: 1,
            expect: Vec::new(),
        }
    }

    /// Whether an answer is right.
    pub fn is_right(&self, status: StatusCode) -> bool {
        if self.expect.is_empty() { !status.is_server_error() } else { self.expect.contains(&status) }
    }
}
