//! Migration ledgers: a tool's own bookkeeping table held against the migration files on disk.
//!
//! Tools differ in names, columns and habits, hardly in kind; so a tool is a row of one table
//! ([`TOOLS`]) and the judging ([`judge()`]) is written once.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `tools` | the table: a row for each tool |
//! | `tool`, `files`, `order` | the words that the table is written in |
//! | `migration` | a migration as the files on disk tell it |
//! | `change`, `object` | what its statements do to a schema, and to which objects |
//! | `replay` | the catalog that migrations leave behind, and what made each object in it |
//! | `claims` | what must be in a database by the migrations that are applied |
//! | `effect` | what a step does, to whom |
//! | `radius`, `declared_objects` | what a pending migration touches, and whether that matters to a route |
//! | `row`, `reading` | the ledger as a database tells it |
//! | `expected` | what a requirement expects of a ledger |
//! | `query` | how to ask for it |
//! | `judge`, `state` | the two held against each other |
//! | `squash`, `graph` | what Django's squashes and Alembic's heads stand for |

mod change;
mod claims;
mod declared_objects;
mod effect;
mod expected;
mod files;
mod graph;
mod judge;
mod migration;
mod object;
mod order;
mod query;
mod radius;
mod reading;
mod replay;
mod row;
mod squash;
mod state;
mod tool;
mod tools;
mod version;

pub use change::{
    Change, ConstraintKind, EnumPlace, Existing, NewColumn, NewConstraint, NewRelation, Reach, Step, Steps,
};
pub(crate) use claims::{Claims, askable};
pub use declared_objects::DeclaredObjects;
pub use effect::{Effect, Verb};
pub use expected::{Expected, Ledger};
pub use files::{Files, FlatFiles, Key, Lead, ReadBy};
pub use graph::{Cycle, sort_by_parents};
pub use judge::judge;
pub use migration::Migration;
pub use object::Object;
pub use order::Order;
pub use radius::{Harmless, Radius};
pub use reading::{LockState, Reading};
pub use replay::{Doubt, Origin, Replay};
pub use row::{Mark, Row};
pub use state::{LedgerState, MigrationState, Standing};
pub use tool::{Checksum, Counting, FALSE, Language, Late, Lock, Role, Script, TRUE, Tool};
pub use tools::TOOLS;
use version::version;
