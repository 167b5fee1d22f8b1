//! What differs between two moments.

use super::{Standing, Tenant, TenantId, Tenants};

/// What became of one tenant between two moments.
#[derive(Debug, Clone, Copy)]
pub struct TenantChange<'t> {
    /// Its id where it stands; of one that is gone, where it stood.
    pub id: TenantId,
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
        let mut old = before.into_iter().flat_map(Self::all).peekable();
        let gone = |(id, tenant, standing)| TenantChange { id, tenant, before: Some(standing), after: None };
        for (id, tenant, after) in self.all() {
            while let Some(left) = old.next_if(|(_, old, _)| old.schema < tenant.schema) {
                changes.push(gone(left));
            }
            let before = old.next_if(|(_, old, _)| old.schema == tenant.schema).map(|(_, _, standing)| standing);
            if before.is_none_or(|before| before.verdict != after.verdict) {
                changes.push(TenantChange { id, tenant, before, after: Some(after) });
            }
        }
        changes.extend(old.map(gone));
        changes
    }
}
