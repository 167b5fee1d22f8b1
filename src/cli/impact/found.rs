//! From a path to the migrations that lie there, and whose they are.

use std::path::{Path, PathBuf};

use gate::ledger::{Expected, Migration, Tool};
use gate::{Fact, RequirementId};

use crate::config::Config;
use crate::migrations::Folder;

/// A migration, and the requirements whose ledger it will be in.
pub(super) struct Found {
    /// Its file.
    pub(super) place: PathBuf,
    pub(super) migration: Migration,
    pub(super) tool: &'static Tool,
    pub(super) requirements: Vec<RequirementId>,
}

/// A requirement with a ledger.
struct Ledger<'c> {
    id: RequirementId,
    expected: &'c Expected,
    folder: &'c Path,
}

impl Found {
    /// Every migration at `path` or below it, in the order in which they are applied.
    pub(super) fn at(path: &Path, config: &Config) -> Result<Vec<Self>, String> {
        let asked = path.canonicalize().map_err(|error| format!("{}: {error}", path.display()))?;
        let ledgers = ledgers(config);
        if ledgers.is_empty() {
            return Err(
                "no requirement has migrations, so none gates a route: add migrations = { path = \"…\" } to one"
                    .to_owned(),
            );
        }
        let within: Vec<&Ledger<'_>> =
            ledgers.iter().filter(|ledger| holds(ledger.folder, &asked) || holds(&asked, ledger.folder)).collect();
        let found = if within.is_empty() { outside(&asked, &ledgers)? } else { inside(&asked, &within) };
        if found.is_empty() {
            let tools: Vec<&str> = ledgers.iter().map(|ledger| ledger.expected.ledger.tool.title).collect();
            return Err(format!("{}: no migration of {} lies there", path.display(), tools.join(" or ")));
        }
        Ok(found)
    }
}

fn ledgers(config: &Config) -> Vec<Ledger<'_>> {
    let facts =
        config.rules.declared().flat_map(|(id, requirement)| requirement.facts.iter().map(move |fact| (id, fact)));
    facts
        .filter_map(|(id, fact)| {
            let Fact::Migrations(expected) = fact else { return None };
            let folder = config.notes(id)?.migrations.as_deref()?;
            Some(Ledger { id, expected, folder })
        })
        .collect()
}

/// Migrations that the configuration has read already.
fn inside(asked: &Path, ledgers: &[&Ledger<'_>]) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::new();
    for Ledger { id, expected, folder } in ledgers {
        for migration in &expected.migrations {
            let place = folder.join(&*migration.place);
            if !holds(asked, &place) {
                continue;
            }
            // One folder may be required of several databases.
            match all.iter_mut().find(|found| found.place == place) {
                Some(found) => found.requirements.push(*id),
                None => all.push(Found {
                    place,
                    migration: migration.clone(),
                    tool: expected.ledger.tool,
                    requirements: vec![*id],
                }),
            }
        }
    }
    all
}

/// Migrations that lie elsewhere, as the configuration's tools read them: the folder that a tool
/// would read may be the one that was named, or one above it.
fn outside(asked: &Path, ledgers: &[Ledger<'_>]) -> Result<Vec<Found>, String> {
    let mut failure = None;
    for Ledger { expected, .. } in ledgers {
        let tool = expected.ledger.tool;
        for root in asked.ancestors().filter(|root| root.is_dir()).take(2) {
            let folder = match Folder::read(tool, root) {
                Ok(folder) => folder,
                Err(error) => {
                    failure.get_or_insert(error);
                    continue;
                }
            };
            let same = ledgers.iter().filter(|ledger| ledger.expected.ledger.tool == tool);
            let requirements: Vec<RequirementId> = same.map(|ledger| ledger.id).collect();
            let migrations = folder.migrations.into_iter();
            let found: Vec<Found> = migrations
                .map(|migration| (root.join(&*migration.place), migration))
                .filter(|(place, _)| holds(asked, place))
                .map(|(place, migration)| Found { place, migration, tool, requirements: requirements.clone() })
                .collect();
            if !found.is_empty() {
                return Ok(found);
            }
        }
    }
    failure.map_or(Ok(Vec::new()), |error| Err(error.to_string()))
}

/// Whether `inner` is `outer`, or lies below it, links followed.
fn holds(outer: &Path, inner: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    real(inner).starts_with(real(outer))
}
