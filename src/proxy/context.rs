//! What is missing, for the log line of a request that was answered because of it.

use gate::{Decision, Finding, FindingKind, Gate, Reason, Symptom, SymptomCode};

/// What is missing, in the words that an application's own log would have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Context {
    /// SQLSTATE, or Prisma's code where the application said that.
    pub(super) code: &'static str,
    /// The table, as far as it is known.
    pub(super) table: Option<String>,
}

/// Kinds of findings, and the SQLSTATE that an application gets by what they find.
const CODES: [(&str, SymptomCode); 5] = [
    ("table", SymptomCode::UndefinedTable),
    ("column", SymptomCode::UndefinedColumn),
    ("enum type", SymptomCode::UndefinedObject),
    ("function", SymptomCode::UndefinedFunction),
    ("schema", SymptomCode::UndefinedSchema),
];

impl Context {
    /// What the application's failure said, else what the last look found, by the gate that decided.
    pub(super) fn of(decision: &Decision, symptom: Option<&Symptom>, gate: Option<&Gate>) -> Option<Self> {
        if let Some(symptom) = symptom {
            let table = symptom.object.as_ref().and_then(|object| object.table());
            return Some(Self { code: symptom.code.as_str(), table: table.map(|table| table.name().to_owned()) });
        }
        let Reason::Need { requirement, .. } = decision.reason else { return None };
        let findings = &gate?.snapshot().judgement(requirement)?.findings;
        findings.iter().find_map(Self::found)
    }

    fn found(finding: &Finding) -> Option<Self> {
        let (what, code) =
            CODES.iter().find(|(what, _)| finding.kind == FindingKind::Missing && finding.what == *what)?;
        let table = match *what {
            "table" => Some(&*finding.object),
            "column" => finding.object.rsplit_once('.').map(|(table, _)| table),
            _ => None,
        };
        Some(Self { code: code.as_str(), table: table.map(str::to_owned) })
    }
}
