//! What is known, taken along into other rules.

use std::sync::Arc;

use super::{Judgement, Snapshot};
use crate::{DatabaseId, Requirement, Rules, Tenants, WindowTable};

impl Snapshot {
    /// What is known by the rules `before`, for `after`: a requirement that says the same of the same database
    /// stands as it did, another one is unknown until its database is looked at. `databases` are the earlier
    /// places of the databases there are now; `None` for one that is new.
    #[must_use]
    pub fn carried_over(&self, before: &Rules, after: &Rules, databases: &[Option<DatabaseId>]) -> Self {
        let was = |id: DatabaseId| databases.get(id.index()).copied().flatten();
        let judgement = |requirement: &Requirement| {
            let known = was(requirement.database).and_then(|database| {
                let same = |known: &Requirement| {
                    let Requirement { name, database: _, per_tenant, facts } = requirement;
                    known.database == database
                        && known.name == *name
                        && known.per_tenant == *per_tenant
                        && known.facts == *facts
                };
                self.judgements.get(before.requirements().iter().position(same)?).cloned()
            });
            let known = known.unwrap_or_else(|| Judgement::unknown(requirement.database));
            Judgement { database: requirement.database, ..known }
        };
        let windows = before.window_table().zip(after.window_table()).filter(|(known, table)| {
            was(table.database) == Some(known.database)
                && WindowTable { database: known.database, ..(*table).clone() } == **known
        });
        Self {
            generation: self.generation + 1,
            judgements: after.requirements().iter().map(judgement).collect(),
            looks: databases
                .iter()
                .map(|was| was.and_then(|was| self.look(was)).cloned().unwrap_or_default())
                .collect(),
            tenants: self.tenants.as_ref().and_then(|tenants| carry_tenants(tenants, before, after, &was)),
            windows: Arc::new(self.windows.moved(windows.map(|(_, table)| table.database))),
            ..self.clone()
        }
    }
}

/// Who the tenants are, if that is learnt as it was; how they stand, if as much is required of them.
fn carry_tenants(
    tenants: &Arc<Tenants>,
    before: &Rules,
    after: &Rules,
    was: &impl Fn(DatabaseId) -> Option<DatabaseId>,
) -> Option<Arc<Tenants>> {
    let (known, tenancy) = (before.tenancy()?, after.tenancy()?);
    if was(tenancy.database) != Some(known.database) || tenancy.key != known.key {
        return None;
    }
    let same = before.requirements() == after.requirements();
    Some(if same { Arc::clone(tenants) } else { Arc::new(tenants.unjudged()) })
}
