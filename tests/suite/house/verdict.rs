//! What `schemagate check --database` says of one requirement.

use serde_json::Value;

use super::cluster::Database;
use super::gateway::Run;

/// A verdict and its findings, as an operator gets them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) verdict: String,
    /// Each as `kind what object`, such as `missing column customers.total`.
    pub(crate) findings: Vec<String>,
}

impl Judged {
    /// Judges the lines of a requirement by a role that was granted nothing.
    pub(crate) fn of(database: &Database, requirement: &str) -> Self {
        Self::with(&format!("url = \"{}\"", database.watcher_url()), requirement)
    }

    /// Judges it with these lines for the database.
    pub(crate) fn with(database: &str, requirement: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = format!(
            "[databases.main]\n{database}\n[upstreams.api]\nservers = [\"127.0.0.1:1\"]\n\
             [requirements.it]\n{requirement}\n[[routes]]\npath = \"/*\"\nneeds = [\"it\"]\n"
        );
        std::fs::write(folder.path().join("proxy.toml"), &config).expect("the configuration can be written");
        let run = Run::of(folder.path(), &["check", "--database", "--format", "json"]);
        let json: Value =
            serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{config}\n{}", run.output()));
        let report = &json["report"]["requirements"][0];
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{config}\n{json:#}")).to_owned();
        let findings: Vec<String> = report["findings"]
            .as_array()
            .unwrap_or_else(|| panic!("{json:#}"))
            .iter()
            .map(|finding| {
                format!("{} {} {}", text(&finding["kind"]), text(&finding["what"]), text(&finding["object"]))
            })
            .collect();
        let judged = Self { verdict: text(&report["verdict"]), findings };
        assert_eq!(run.code, Some(i32::from(judged.verdict != "ready")), "the exit code of {judged:?}");
        judged
    }

    #[track_caller]
    pub(crate) fn is_ready(&self) {
        assert_eq!((self.verdict.as_str(), &*self.findings), ("ready", &[][..]));
    }

    /// It is broken, and exactly this is why.
    #[track_caller]
    pub(crate) fn is_broken_by(&self, finding: &str) {
        assert_eq!((self.verdict.as_str(), &*self.findings), ("broken", &[finding.to_owned()][..]));
    }
}
