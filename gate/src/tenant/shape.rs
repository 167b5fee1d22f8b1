//! What a look found in the schemas of tenants.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Directory;
use crate::ledger::{Ledger, Reading};
use crate::{Finding, Schema};

/// What a schema holds of all that is required of every tenant.
///
/// Most tenants hold the same, and then one value stands for them all. Whatever would tell their
/// schemas apart, such as the schema of a tenant's own type, is left out of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shape {
    /// The objects.
    pub schema: Schema,
    /// What came of reading the ledgers in it, whose names have no schema here.
    pub ledgers: BTreeMap<Ledger, Reading>,
    /// Ledgers that are there, could not be read this time, and never were: nothing is known of them.
    pub unread: BTreeSet<Ledger>,
}

/// What a look found of all tenants.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TenantsSeen {
    /// Who they are; `None` if that could not be learnt: then whatever was known of it stands.
    pub directory: Option<Arc<Directory>>,
    /// Why it could not be learnt.
    pub problem: Option<Finding>,
    /// Every shape and the schemas that have it, tenants' or not. A schema that is in none does
    /// not exist.
    pub shapes: Vec<(Arc<Shape>, Vec<Box<str>>)>,
    /// Schemas that stand behind a tenant's own on the application's search path, in order.
    pub shared: Vec<Box<str>>,
}
