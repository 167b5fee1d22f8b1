//! How log lines look, as typed.

use crate::config::reader::table;
use crate::config::values::{Either, Share, Word, Words};
use crate::config::{AccessFormat, LogFormat};

impl Words for LogFormat {
    const WORDS: &'static [(&'static str, Self)] =
        &[("text", Self::Text), ("json", Self::Json), ("google", Self::Google)];
}

impl Words for AccessFormat {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("text", Self::Line(LogFormat::Text)),
        ("json", Self::Line(LogFormat::Json)),
        ("google", Self::Line(LogFormat::Google)),
        ("combined", Self::Combined),
    ];
}

table! {
    /// How log lines look.
    LogTable {
        /// "text" for people, "json" for machines, "google" for Cloud Logging.
        format: Word<LogFormat> = "text",
        /// Which lines: error, warn, info, debug, trace, or a filter as RUST_LOG has it.
        level: String = "info",
        /// Whether every request is logged, or how requests are; true if left out. What was refused, degraded, held or failed always is.
        access: Either<bool, AccessTable>,
    }
}

table! {
    /// How requests are logged; `level` is not about them then.
    AccessTable {
        /// "text", "json" or "google", or "combined" as the Apache HTTP Server has it; as other lines if left out.
        format: Word<AccessFormat>,
        /// "stderr", "stdout", or a file that is added to; one that was moved away is begun anew.
        to: String = "stderr",
        /// Which share of the requests is logged, from 0 to 1. What was refused, degraded, held or failed always is.
        sample: Share = 1.0,
    }
}
