//! A named set of facts that must hold.

use std::collections::BTreeSet;

use crate::{Catalog, Fact, Finding, Verdict, Warning};

/// Which requirement, as its place in [`crate::Rules::requirements`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequirementId(pub u32);

/// Which database, as its place in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DatabaseId(pub u32);

/// A named set of facts that must hold in one database.
///
/// A requirement that the configuration holds against several databases is several of these, of
/// one name; a route that needs it needs them all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// Its name in the configuration.
    pub name: Box<str>,
    /// Where it must hold.
    pub database: DatabaseId,
    /// Whether it must hold in every tenant's schema, which is then the only one in which a name
    /// without a schema is looked for.
    pub per_tenant: bool,
    /// What must hold.
    pub facts: Vec<Fact>,
}

/// How a requirement stands in a catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// In a word.
    pub verdict: Verdict,
    /// Everything that does not hold: in the order of the facts, migrations in the order in which
    /// they are to be applied.
    pub findings: Vec<Finding>,
    /// What an operator should know and that leaves nothing unmet.
    pub warnings: Vec<Warning>,
}

impl Requirement {
    /// How it stands in `catalog`.
    pub fn judge(&self, catalog: &Catalog) -> Judged {
        // Several facts about one missing table say so once.
        let mut seen = BTreeSet::new();
        let mut findings = Vec::new();
        let mut warnings = Vec::new();
        let (mut may_be_running, mut contradicted) = (false, false);
        let mut explained = BTreeSet::new();
        for fact in &self.facts {
            let evidence = fact.judge(catalog);
            if evidence.contradicted {
                let detailed = evidence.findings.iter().filter(|finding| !finding.detail.is_empty());
                explained.extend(detailed.map(|finding| (finding.what, finding.object.clone())));
            }
            findings.extend(evidence.findings.into_iter().filter(|finding| seen.insert(finding.clone())));
            warnings.extend(evidence.warnings);
            may_be_running |= evidence.may_be_running;
            contradicted |= evidence.contradicted;
        }
        // That something is missing is told by what made it, too, where that is known.
        findings.retain(|finding| {
            !finding.detail.is_empty() || !explained.contains(&(finding.what, finding.object.clone()))
        });
        let verdict = match (findings.is_empty(), contradicted, may_be_running) {
            (true, ..) => Verdict::Ready,
            (_, true, _) => Verdict::Contradicted,
            (_, _, true) => Verdict::Migrating,
            (..) => Verdict::Broken,
        };
        Judged { verdict, findings, warnings }
    }
}

impl RequirementId {
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

impl DatabaseId {
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

#[cfg(test)]
mod tests {
    use crate::sample::{catalog, name, requirement, table};
    use crate::{Catalog, Fact, Finding, Judged, Privilege, Verdict};

    #[test]
    fn every_unmet_fact_is_found_in_the_order_of_the_facts() {
        let facts = [table("orders"), table("customers"), Fact::Schema("audit".into()), table("bills")];
        let judged = requirement("r", facts).judge(&catalog());
        assert_eq!(judged.verdict, Verdict::Broken);
        let found: Vec<&str> = judged.findings.iter().map(|finding| &*finding.object).collect();
        assert_eq!(found, ["orders", "audit", "bills"]);
    }

    #[test]
    fn several_facts_about_one_missing_table_say_so_once() {
        let column =
            |column: &str| Fact::Column { table: name("orders"), column: column.into(), ty: None, nullable: None };
        let privilege = Fact::Privilege { table: name("orders"), privilege: Privilege::Select };
        let judged = requirement("r", [column("id"), column("total"), privilege, table("orders")]).judge(&catalog());
        assert_eq!(judged.findings, [Finding::missing("table", &"orders")]);
    }

    #[test]
    fn a_requirement_without_facts_is_met_by_an_empty_catalog() {
        let ready = Judged { verdict: Verdict::Ready, findings: Vec::new(), warnings: Vec::new() };
        assert_eq!(requirement("r", []).judge(&Catalog::default()), ready);
    }
}
