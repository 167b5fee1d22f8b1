//! `schema.lock`: a schema that is written down, to be reviewed and held against databases.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `write` | a lock becomes text: sorted, one thing a line, the same for the same schema |
//! | `read` | text becomes a lock, or everything that is wrong with it |
//! | `words` | what the values of indexes and constraints say, for both |
//! | `file` | the file itself |

mod file;
mod read;
#[cfg(test)]
mod tests;
mod words;
mod write;

use std::collections::BTreeMap;

use gate::ledger::{Ledger, Reading};
use gate::{Catalog, ObjectName, Scope};

pub use file::{Loaded, Saved};

/// The version of the format that is written, and the newest that is read.
const VERSION: i64 = 1;

/// A schema that is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// What was asked for.
    pub scope: Scope,
    /// What there was, as [`Scope::of`] sees it.
    pub catalog: Catalog,
}

impl Lock {
    /// What `scope` takes of a database's catalog.
    pub fn of(scope: Scope, catalog: &Catalog) -> Self {
        let catalog = scope.of(catalog);
        Self { scope, catalog }
    }

    /// The names of its tables and views.
    pub fn relations(&self) -> impl Iterator<Item = ObjectName> {
        let schemas = self.catalog.schemas.iter();
        schemas
            .flat_map(|(schema, objects)| objects.relations.keys().map(move |name| ObjectName::seen_in(schema, name)))
    }

    /// Ledgers that could not be read, and what the database said.
    pub fn denied(&self) -> impl Iterator<Item = (&Ledger, &str)> {
        self.catalog.ledgers.iter().filter_map(|(ledger, reading)| match reading {
            Reading::Denied(why) => Some((ledger, &**why)),
            _ => None,
        })
    }

    /// How many there are of each kind, in words: "3 tables, 1 enum".
    pub fn summary(&self) -> String {
        let schemas = self.catalog.schemas.values();
        let mut counts: BTreeMap<usize, (&str, usize)> = BTreeMap::new();
        for schema in schemas {
            let views = schema.relations.values().filter(|relation| relation.kind.is_view()).count();
            let kinds = [
                ("table", schema.relations.len() - views),
                ("view", views),
                ("enum", schema.enums.len()),
                ("index", schema.indexes.len()),
                ("function", schema.functions.len()),
            ];
            for (place, (kind, count)) in kinds.into_iter().enumerate() {
                counts.entry(place).or_insert((kind, 0)).1 += count;
            }
        }
        let ending = |kind: &str| if kind == "index" { "es" } else { "s" };
        let said = counts.into_values().filter(|(kind, count)| *kind == "table" || *count > 0);
        said.map(|(kind, count)| format!("{count} {kind}{}", if count == 1 { "" } else { ending(kind) }))
            .collect::<Vec<_>>()
            .join(", ")
    }
}
