//! How log lines look, and where they go.

use std::path::PathBuf;

/// How log lines look.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    /// How they look.
    pub format: LogFormat,
    /// A filter as `RUST_LOG` has it.
    pub level: String,
    /// Lines of requests.
    pub access: AccessLog,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
    /// One JSON object a line, as Google Cloud Logging reads it.
    Google,
}

/// Lines of requests.
#[derive(Debug, Clone, PartialEq)]
pub struct AccessLog {
    /// Which share of the requests has a line, from 0 to 1. What was refused, degraded, held, failed, observed or
    /// bypassed always has one.
    pub sample: f64,
    /// A form and a place of their own; otherwise they are lines like others.
    pub apart: Option<AccessApart>,
}

/// A form and a place of the access log's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessApart {
    /// How its lines look.
    pub format: AccessFormat,
    /// Where they go.
    pub to: LogTarget,
}

/// How lines of requests look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessFormat {
    /// As other lines may look.
    Line(LogFormat),
    /// As the Apache HTTP Server's `combined` format has it.
    Combined,
}

/// Where lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogTarget {
    /// To standard error, where all other lines go.
    Stderr,
    /// To standard output.
    Stdout,
    /// To the end of a file.
    File(PathBuf),
}
