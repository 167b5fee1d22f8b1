//! The one place that writes to the terminal.

use std::fmt::Display;
use std::io::{IsTerminal, Stderr, Stdout, Write, stderr, stdout};

use serde::Serialize;

/// Standard output for results, standard error for complaints.
#[derive(Debug)]
pub(super) struct Console {
    out: Stdout,
    err: Stderr,
    colour: bool,
}

impl Console {
    /// Colours if a person looks and `NO_COLOR` (<https://no-color.org>) is not set.
    pub(super) fn new() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { out: stdout(), err: stderr(), colour: wanted && stderr().is_terminal() }
    }

    /// Whether complaints are coloured.
    pub(super) const fn colour(&self) -> bool {
        self.colour
    }

    /// Whether a person reads the result.
    pub(super) fn is_terminal(&self) -> bool {
        self.out.is_terminal()
    }

    /// A line of the result. A reader that went away (`| head`) is no error.
    pub(super) fn line(&self, text: impl Display) {
        let _ = writeln!(self.out.lock(), "{text}");
    }

    /// The result as JSON.
    pub(super) fn json(&self, value: &impl Serialize) {
        match serde_json::to_string_pretty(value) {
            Ok(text) => self.line(text),
            Err(error) => self.error(format!("cannot write JSON: {error}")),
        }
    }

    /// How it goes, for whoever looks on: in the place of the line before.
    pub(super) fn passing(&self, text: impl Display) {
        let mut err = self.err.lock();
        let _ = write!(err, "\r\x1b[2K{text}").and_then(|()| err.flush());
    }

    /// A complaint.
    pub(super) fn error(&self, text: impl Display) {
        let _ = writeln!(self.err.lock(), "{text}");
    }
}
