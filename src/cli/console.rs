//! The one place that writes to the terminal.

use std::fmt::Display;
use std::io::{IsTerminal, Stderr, Stdout, Write, stderr, stdout};

use serde::Serialize;

use super::tone;

/// Standard output for results, standard error for complaints.
#[derive(Debug)]
pub(super) struct Console {
    out: Stdout,
    err: Stderr,
    /// Whether colours are welcome where a person looks.
    colours: bool,
}

impl Console {
    /// Colours are welcome unless `NO_COLOR` (<https://no-color.org>) is set, or the terminal says that it has none.
    pub(super) fn new() -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        Self { out: stdout(), err: stderr(), colours: !refused }
    }

    /// Whether complaints are coloured.
    pub(super) fn colours_complaints(&self) -> bool {
        self.colours && self.err.is_terminal()
    }

    /// Whether the result is coloured.
    pub(super) fn colours_result(&self) -> bool {
        self.colours && self.out.is_terminal()
    }

    /// Whether a person reads the result.
    pub(super) fn is_terminal(&self) -> bool {
        self.out.is_terminal()
    }

    /// A line of the result. A reader that went away (`| head`) is no error.
    pub(super) fn line(&self, text: impl Display) {
        let _ = writeln!(self.out.lock(), "{text}");
    }

    /// A result of lines, of which those that begin with how something stands show it by their colour.
    pub(super) fn report(&self, text: &str) {
        if self.colours_result() {
            self.line(tone::painted(text.trim_end()));
        } else {
            self.line(text.trim_end());
        }
    }

    /// The result as JSON.
    pub(super) fn json(&self, value: &impl Serialize) {
        match serde_json::to_string_pretty(value) {
            Ok(text) => self.line(text),
            Err(error) => self.error(format!("cannot write JSON: {error}")),
        }
    }

    /// How it goes, in the place of what was said so before: to a person, and to nobody else.
    pub(super) fn passing(&self, text: impl Display) {
        if self.err.is_terminal() {
            let mut err = self.err.lock();
            let _ = write!(err, "\r\x1b[2K{text}").and_then(|()| err.flush());
        }
    }

    /// Says what is waited for, until dropped.
    #[must_use]
    pub(super) fn waiting(&self, what: impl Display) -> Waiting<'_> {
        self.passing(format_args!("{what} …"));
        Waiting(self)
    }

    /// A complaint.
    pub(super) fn error(&self, text: impl Display) {
        let _ = writeln!(self.err.lock(), "{text}");
    }
}

/// While something is waited for.
#[derive(Debug)]
pub(super) struct Waiting<'c>(&'c Console);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.passing("");
    }
}
