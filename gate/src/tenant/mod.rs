//! Tenants: schemas of one database, of which a request uses one.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `tenancy` | what the configuration says of tenants: how a request names one, what each needs |
//! | `template` | text with one gap, such as `{tenant}.example.com` |
//! | `directory` | who they are, and whose a request is |
//! | `shape` | what a look found in their schemas; what is the same in many is held once |
//! | `standing`, `tally` | how each stands: a part of the snapshot |
//! | `judge` | from the one to the other |
//! | `change` | what differs between two moments |

mod change;
mod directory;
mod judge;
mod shape;
mod standing;
mod tally;
mod template;
mod tenancy;

pub use change::TenantChange;
pub use directory::{Directory, Tenant, TenantId, Whose};
pub use shape::{Shape, TenantsSeen};
pub use standing::{Standing, TenantFindings, Tenants};
pub use tally::Tally;
pub use template::{Template, TemplateError};
pub use tenancy::{DomainTables, Stranger, Tenancy, TenantKey};

/// Stands for the schema of whichever tenant in what is found in the schemas of several.
pub const OWN_SCHEMA: &str = "{schema}";

#[cfg(test)]
mod tests;
