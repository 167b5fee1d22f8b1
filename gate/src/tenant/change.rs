//! What differs between two moments.

use super::{Standing, Tenant, Tenants};

/// What became of one tenant between two moments.
#[derive(Debug, Clone, Copy)]
pub struct TenantChange<'t> {
    /// Which.
    pub tenant: &'t Tenant,
    /// How it stood; `None` if it was not there.
    pub before: Option<&'t Standing>,
    /// How it stands; `None` if it is gone.
    pub after: Option<&'t Standing>,
}

impl Tenants {
    /// Every tenant that came, went, or stands otherwise than `before`.
    pub fn changes_since<'t>(&'t self, before: Option<&'t Self>) -> Vec<TenantChange<'t>> {
        let mut changes = Vec::new();
        // Both are in the order of their schemas.
        let mut old = before.into_iter().flat_map(Self::all).map(|(_, tenant, standing)| (tenant, standing)).peekable();
        for (_, tenant, after) in self.all() {
            while let Some((gone, standing)) = old.next_if(|(old, _)| old.schema < tenant.schema) {
                changes.push(TenantChange { tenant: gone, before: Some(standing), after: None });
            }
            let before = old.next_if(|(old, _)| old.schema == tenant.schema).map(|(_, standing)| standing);
            if before.is_none_or(|before| before.verdict != after.verdict) {
                changes.push(TenantChange { tenant, before, after: Some(after) });
            }
        }
        changes.extend(old.map(|(tenant, before)| TenantChange { tenant, before: Some(before), after: None }));
        changes
    }
}
