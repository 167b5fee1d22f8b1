//! A named set of facts that must hold.

use crate::{Catalog, Fact, Finding};

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
    /// What must hold.
    pub facts: Vec<Fact>,
}

impl Requirement {
    /// Every fact that does not hold in `catalog`; empty means ready.
    pub fn judge(&self, catalog: &Catalog) -> Vec<Finding> {
        let mut findings = Vec::new();
        for fact in &self.facts {
            fact.judge(catalog, &mut findings);
        }
        findings
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
