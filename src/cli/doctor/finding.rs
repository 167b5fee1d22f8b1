//! What the doctor has to say.

use serde::Serialize;

use crate::cli::sections::{Cell, Section};

/// How a thing stands that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Grade {
    /// As it should be.
    Ok,
    /// It works, and could be better.
    Warning,
    /// It does not work.
    Problem,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// What it is about: `configuration`, `database main`, `upstream api`, `machine`.
    pub(super) of: String,
    /// What of it was looked at, in one of a few fixed words.
    pub(super) check: &'static str,
    pub(super) grade: Grade,
    pub(super) text: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mend: Option<String>,
}

impl Finding {
    pub(super) fn ok(of: &str, check: &'static str, text: impl Into<String>) -> Self {
        Self { of: of.to_owned(), check, grade: Grade::Ok, text: text.into(), mend: None }
    }

    pub(super) fn warning(of: &str, check: &'static str, text: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { of: of.to_owned(), check, grade: Grade::Warning, text: text.into(), mend: Some(mend.into()) }
    }

    pub(super) fn problem(of: &str, check: &'static str, text: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { of: of.to_owned(), check, grade: Grade::Problem, text: text.into(), mend: Some(mend.into()) }
    }

    /// Of an error that says what to do itself.
    pub(super) fn error(of: &str, check: &'static str, text: impl Into<String>) -> Self {
        Self { of: of.to_owned(), check, grade: Grade::Problem, text: text.into(), mend: None }
    }

    fn row(&self) -> Vec<Cell> {
        let grade = match self.grade {
            Grade::Ok => "ok",
            Grade::Warning => "warning",
            Grade::Problem => "problem",
        };
        let mend = self.mend.iter().map(|mend| format!("to mend it: {mend}"));
        let told: Vec<String> = std::iter::once(self.text.clone()).chain(mend).collect();
        vec![grade.into(), self.of.as_str().into(), self.check.into(), Cell::several(&told)]
    }
}

/// All of them.
pub(super) fn section(findings: &[Finding]) -> Section {
    Section {
        word: "finding",
        columns: &["found", "of", "check", "what"],
        rows: findings.iter().map(Finding::row).collect(),
    }
}
