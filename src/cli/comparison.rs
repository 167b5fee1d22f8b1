//! Two sides held against each other, each of whatever kind.

use std::path::PathBuf;

use gate::ledger::{Doubt, Ledger, Reach, Reading, Replay, judge};
use gate::{Catalog, Difference, DifferenceKind, Replayed, Scope, Subject, Untold};

use crate::migrations::Folder;

/// What one side is known by.
pub(super) enum Source<'n> {
    /// A lock or a database, as a [`Scope`] takes it.
    Told(Box<Catalog>),
    /// Migrations and what they leave behind.
    Replayed(&'n Folder, Box<Replay>),
}

/// How much of both sides is compared.
pub(super) struct Asked<'a> {
    /// Schemas to look into in migrations; none: those where unqualified names lie.
    pub(super) schemas: &'a [Box<str>],
    /// Each names tables.
    pub(super) filters: Vec<Scope>,
    /// Whether constraints are compared: those of SQLite have no names.
    pub(super) constraints: bool,
}

/// What came of a comparison.
pub(super) struct Comparison {
    /// What is different for certain.
    pub(super) differences: Vec<Difference>,
    /// What may be different.
    pub(super) untold: Vec<(Untold, Vec<Unread>)>,
    /// Every statement that was not understood and may have changed something.
    pub(super) unread: Vec<Unread>,
}

/// A statement that was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unread {
    pub(super) file: PathBuf,
    /// From 1.
    pub(super) line: u32,
    pub(super) why: Box<str>,
}

impl Comparison {
    /// Compares what is expected with what was found, as far as `asked`.
    pub(super) fn of(expected: &Source<'_>, found: &Source<'_>, asked: &Asked<'_>) -> Self {
        let Asked { schemas, filters, constraints } = asked;
        let place = Scope { schemas: schemas.to_vec(), tables: Vec::new() };
        let beside = |side: &Source<'_>, other: &Catalog| {
            let catalog = match side {
                Source::Told(catalog) => (**catalog).clone(),
                Source::Replayed(_, replay) => Replayed(replay).beside(other, &place),
            };
            let mut catalog = filters.iter().fold(catalog, |catalog, filter| filter.of(&catalog));
            if !constraints {
                drop_constraints(&mut catalog);
            }
            catalog
        };
        let alone = beside(found, &Catalog::default());
        let mut ours = beside(expected, &alone);
        let mut theirs = beside(found, &ours);
        let mut migrations = Vec::new();
        match (expected, found) {
            // A ledger is held against a folder's migrations by the one who knows the tool's habits.
            (Source::Replayed(folder, _), Source::Told(told)) | (Source::Told(told), Source::Replayed(folder, _)) => {
                if filters.is_empty() {
                    migrations = of_ledger(folder, told, matches!(expected, Source::Replayed(..)));
                }
                ours.ledgers.clear();
                theirs.ledgers.clear();
            }
            (Source::Replayed(first, _), Source::Replayed(second, _)) => {
                for (folder, catalog) in [(first, &mut ours), (second, &mut theirs)] {
                    let keys = folder.migrations.iter().map(|migration| migration.key.clone());
                    catalog.ledgers.insert(Ledger::usual(folder.tool), Reading::of_applied(keys));
                }
            }
            (Source::Told(_), Source::Told(_)) => {}
        }
        let mut differences = Difference::between(&ours, &theirs);
        let (mut untold, mut unread) = (Vec::new(), Vec::new());
        for (side, other, is_expected) in [(expected, &theirs, true), (found, &ours, false)] {
            let Source::Replayed(folder, replay) = side else { continue };
            let doubtful;
            (differences, doubtful) = Replayed(replay).told(differences, other, is_expected);
            untold.extend(doubtful.into_iter().map(|untold| {
                let why = untold.doubts.iter().map(|doubt| Unread::of(folder, doubt)).collect();
                (untold, why)
            }));
            let doubts = replay.doubts().iter().filter(|doubt| doubt.reach != Reach::Rows);
            unread.extend(doubts.map(|doubt| Unread::of(folder, doubt)));
        }
        differences.extend(migrations);
        Self { differences, untold, unread }
    }

    /// Whether both sides are the same for certain.
    pub(super) const fn is_equal(&self) -> bool {
        self.differences.is_empty() && self.untold.is_empty() && self.unread.is_empty()
    }
}

/// Drops constraints, and the indexes that go with them.
fn drop_constraints(catalog: &mut Catalog) {
    for schema in catalog.schemas.values_mut() {
        for relation in schema.relations.values_mut() {
            for name in std::mem::take(&mut relation.constraints).into_keys() {
                schema.indexes.remove(&name);
            }
        }
    }
}

/// What the ledger says of a folder's migrations. `expected`: the folder is the side that is expected.
fn of_ledger(folder: &Folder, told: &Catalog, expected: bool) -> Vec<Difference> {
    let usual = Ledger::usual(folder.tool);
    let by_tool = told.ledgers.iter().find(|(ledger, _)| ledger.tool == folder.tool);
    // Of tools whose ledgers look alike, another one may have been taken for its writer.
    let found = by_tool.or_else(|| told.ledgers.iter().find(|(ledger, _)| ledger.table.name() == usual.table.name()));
    let (missing, extra) = (DifferenceKind::Missing, DifferenceKind::Extra);
    let (there, not_there) = if expected { (missing, extra) } else { (extra, missing) };
    let Some((ledger, reading)) = found else { return vec![Difference::about(Subject::Ledger(usual), there)] };
    if matches!(reading, Reading::Denied(_)) {
        return Vec::new();
    }
    let state = judge(folder.tool, &folder.migrations, reading);
    let unmet = state.unmet().filter_map(|(at, _)| folder.migrations.get(at));
    let unmet = unmet.map(|migration| (migration.name.clone(), there));
    let unknown = state.unknown.iter().map(|key| (key.clone(), not_there));
    unmet.chain(unknown).map(|(key, kind)| Difference::about(Subject::Migration(ledger.clone(), key), kind)).collect()
}

impl Unread {
    fn of(folder: &Folder, doubt: &Doubt) -> Self {
        let of_it = folder.migrations.iter().find(|migration| *migration.key == *doubt.origin.migration);
        let file = of_it.map_or_else(|| folder.path.clone(), |migration| folder.path.join(&*migration.place));
        Self { file, line: doubt.origin.line, why: doubt.why.clone() }
    }
}
