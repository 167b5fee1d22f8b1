//! A named set of facts that must hold.

use std::collections::BTreeSet;

use crate::{Catalog, Fact, Finding, Verdict};

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

impl Requirement {
    /// How it stands in `catalog`, and everything that does not hold: in the order of the facts,
    /// migrations in the order in which they are to be applied.
    pub fn judge(&self, catalog: &Catalog) -> (Verdict, Vec<Finding>) {
        // Several facts about one missing table say so once.
        let mut seen = BTreeSet::new();
        let mut findings = Vec::new();
        let mut may_be_running = false;
        for fact in &self.facts {
            let (found, running) = fact.judge(catalog);
            findings.extend(found.into_iter().filter(|finding| seen.insert(finding.clone())));
            may_be_running |= running;
        }
        let verdict = match (findings.is_empty(), may_be_running) {
            (true, _) => Verdict::Ready,
            (false, true) => Verdict::Migrating,
            (false, false) => Verdict::Broken,
        };
        (verdict, findings)
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
    use crate::{Catalog, Fact, Finding, Privilege, Verdict};

    #[test]
    fn every_unmet_fact_is_found_in_the_order_of_the_facts() {
        let facts = [table("orders"), table("customers"), Fact::Schema("audit".into()), table("bills")];
        let (verdict, found) = requirement("r", facts).judge(&catalog());
        assert_eq!(verdict, Verdict::Broken);
        let found: Vec<&str> = found.iter().map(|finding| &*finding.object).collect();
        assert_eq!(found, ["orders", "audit", "bills"]);
    }

    #[test]
    fn several_facts_about_one_missing_table_say_so_once() {
        let column =
            |column: &str| Fact::Column { table: name("orders"), column: column.into(), ty: None, nullable: None };
        let privilege = Fact::Privilege { table: name("orders"), privilege: Privilege::Select };
        let (_, found) =
            requirement("r", [column("id"), column("total"), privilege, table("orders")]).judge(&catalog());
        assert_eq!(found, [Finding::missing("table", &"orders")]);
    }

    #[test]
    fn a_requirement_without_facts_is_met_by_an_empty_catalog() {
        assert_eq!(requirement("r", []).judge(&Catalog::default()), (Verdict::Ready, vec![]));
    }
}
