//! Migration folders on disk: what [`gate::ledger`] holds against a database's ledger.
//!
//! | file | what it reads |
//! | --- | --- |
//! | `folder` | any tool's folder, by the tool's row in [`gate::ledger::TOOLS`] |
//! | `auto` | a folder of a tool nobody named |
//! | `script` | one file, and its checksum |
//! | `steps`, `sql` | what migrations do |
//! | `python`, `django`, `alembic` | identities and dependencies that stand in Python |
//! | `prisma` | what Prisma's lock file says of the database |
//! | `drizzle` | Drizzle's journal |
//! | `typeorm` | class names in TypeScript and JavaScript |
//! | `liquibase` | changesets in formatted SQL |

mod alembic;
mod auto;
mod django;
mod drizzle;
mod error;
mod folder;
mod liquibase;
mod prisma;
mod python;
mod script;
mod sql;
mod steps;
#[cfg(test)]
mod tests;
mod typeorm;

pub use auto::detect;
pub use error::{FolderError, Problem};
pub use folder::Folder;
pub use prisma::prisma_provider;
pub(crate) use python::{Module, Value};
