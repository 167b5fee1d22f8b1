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
//! [`Finding`]s and a [`Verdict`] -> [`Snapshot`] -> a new [`Gate`].

mod action;
mod catalog;
mod decision;
mod fact;
mod finding;
mod gate;
mod host;
pub mod ledger;
mod method;
mod moment;
mod name;
mod path;
mod pattern;
mod requirement;
mod route;
mod router;
#[cfg(test)]
mod sample;
mod snapshot;
mod symptom;
mod type_name;
mod verdict;
mod wanted;

pub use action::{Action, ActionKind, Actions, AnswerId, Effect};
pub use catalog::{Catalog, Column, Index, Privilege, Relation, RelationKind, Schema};
pub use decision::{Decision, Outcome, Reason};
pub use fact::Fact;
pub use finding::{Finding, FindingKind};
pub use gate::{Gate, Request, Rules};
pub use host::{Host, HostError, HostPattern};
pub use method::{KnownMethods, Method, MethodSet};
pub use moment::Moment;
pub use name::{NameError, ObjectName};
pub use path::{EncodedSlash, MatchingForm, MatchingPath, PathError, Target};
pub use pattern::{PathPattern, PatternError};
pub use requirement::{DatabaseId, Requirement, RequirementId};
pub use route::{Mode, Route, RouteId, UpstreamId};
pub use router::{Conflict, Hidden, Router};
pub use snapshot::{Flip, Judgement, Snapshot};
pub use symptom::{Symptom, SymptomCode, SymptomObject};
pub use type_name::{TypeName, TypeNameError};
pub use verdict::Verdict;
pub use wanted::Wanted;
