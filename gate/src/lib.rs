//! The thinking of schemagate, and nothing else.
//!
//! This crate decides; it cannot act. It knows no network, no file, no clock and no configuration
//! format: time is a parameter ([`Moment`]), a catalog is handed in, a decision is handed out.
//! Cargo holds that (see the dependency list) and `clippy.toml` bans the clock.
//!
//! The way of a request:
//! [`Target`] (canonical path) + [`Host`] -> [`Request`] -> [`Gate::decide`] -> [`Decision`].
//!
//! The way of a schema change:
//! [`Wanted`] (what to ask) -> [`Catalog`] (what was answered) -> [`Requirement::judge`] ->
//! [`Finding`]s, [`Warning`]s and a [`Verdict`] -> [`Snapshot`] -> a new [`Gate`].

mod action;
mod bypass;
mod catalog;
mod column_spec;
mod contract;
mod decision;
mod difference;
mod extent;
mod fact;
mod finding;
mod function_spec;
mod gate;
mod hold;
mod host;
pub mod ledger;
mod method;
mod moment;
mod name;
mod name_pattern;
mod operator;
mod orders;
mod path;
mod pattern;
mod requirement;
mod route;
mod router;
#[cfg(test)]
mod sample;
mod scope;
mod share;
mod sightings;
mod snapshot;
mod symptom;
mod tenant;
mod type_name;
mod verdict;
mod wanted;
mod warning;
mod window;

pub use action::{Action, ActionKind, Actions, AnswerId, Effect};
pub use bypass::{Bypass, BypassId, BypassScope, Bypasses, OrderSource, Skips};
pub use catalog::{Catalog, Column, Index, Privilege, Relation, RelationKind, Schema};
pub use column_spec::{ColumnSpec, ColumnSpecError};
pub use contract::Contract;
pub use decision::{Decision, Outcome, Reason};
pub use difference::{Difference, DifferenceKind, Replayed, Subject, Untold};
pub use extent::Extent;
pub use fact::Fact;
pub use finding::{Finding, FindingKind};
pub use function_spec::{FunctionSpec, FunctionSpecError};
pub use gate::{Gate, Request, Rules};
pub use hold::{Hold, HoldId};
pub use host::{Host, HostError, HostPattern};
pub use method::{KnownMethods, Method, MethodSet};
pub use moment::Moment;
pub use name::{NameError, ObjectName};
pub use name_pattern::NamePattern;
pub use operator::OperatorScope;
pub use orders::{Orders, RouteHold};
pub use path::{EncodedSlash, MatchingForm, MatchingPath, PathError, Target};
pub use pattern::{PathPattern, PatternError};
pub use requirement::{DatabaseId, Judged, Requirement, RequirementId};
pub use route::{Mode, Needs, Route, RouteId, UpstreamId, Version, VersionId};
pub use router::{Conflict, Hidden, Router};
pub use scope::Scope;
pub use sightings::Sightings;
pub use snapshot::{Flip, Judgement, Snapshot};
pub use symptom::{Symptom, SymptomCode, SymptomObject};
pub use tenant::{
    Directory, DomainTables, OWN_SCHEMA, Shape, Standing, Stranger, Tally, Template, TemplateError, Tenancy, Tenant,
    TenantChange, TenantFindings, TenantId, TenantKey, Tenants, TenantsSeen, Whose,
};
pub use type_name::{TypeName, TypeNameError};
pub use verdict::Verdict;
pub use wanted::{TenantsWanted, Wanted};
pub use warning::{Warning, WarningKind};
pub use window::{
    Blocks, Closure, TableStanding, TableState, Window, WindowColumn, WindowColumns, WindowId, WindowRow, WindowScope,
    WindowSource, WindowTable, Windows, WindowsRead,
};
