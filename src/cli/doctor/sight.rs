//! What the role sees that schemagate looks with.

use super::finding::Finding;
use crate::report::{Report, RequirementReport};

/// What there is to say of what was seen in each database, of those that could be looked at.
pub(super) fn findings(report: &Report, was_seen: impl Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for database in report.databases.iter().filter(|database| was_seen(&database.name)) {
        let of = format!("database {}", database.name);
        let here: Vec<&RequirementReport> =
            report.requirements.iter().filter(|requirement| requirement.database == database.name).collect();
        let unread =
            here.iter().flat_map(|requirement| &requirement.findings).filter_map(|finding| denied(&finding.text));
        let mut unread: Vec<(&str, String)> = unread.collect();
        unread.sort();
        unread.dedup();
        findings.extend(unread.iter().map(|(text, grant)| Finding::problem(&of, "sight", *text, grant)));
        let unmet = here.iter().filter(|requirement| !requirement.is_ready()).count();
        findings.push(match (here.len(), unmet) {
            (0, _) => Finding::ok(&of, "schema", "nothing is required of it"),
            (all, 0) => Finding::ok(&of, "schema", format!("all that is required of it is there ({all} requirements)")),
            (all, unmet) => Finding::warning(
                &of,
                "schema",
                format!("{unmet} of {all} requirements are not ready"),
                "schemagate check --database says what is missing and what brings it",
            ),
        });
    }
    if let Some(problem) = report.tenants.as_ref().and_then(|tenants| tenants.problem.as_ref()) {
        findings.push(unread("tenants", &format!("it is not known who they are: {}", problem.text)));
    }
    if let Some(table) = report.windows.as_ref().and_then(|windows| windows.table.as_ref())
        && let Some(problem) = &table.problem
        && was_seen(&table.database)
    {
        findings.push(unread(&format!("database {}", table.database), problem));
    }
    findings
}

fn unread(of: &str, text: &str) -> Finding {
    match denied(text) {
        Some((text, grant)) => Finding::problem(of, "sight", text, grant),
        None => Finding::error(of, "sight", text),
    }
}

/// What may not be read, and the GRANT with which such a text ends.
fn denied(text: &str) -> Option<(&str, String)> {
    let (what, grant) = text.split_once(": GRANT ")?;
    Some((what, format!("GRANT {grant}")))
}
