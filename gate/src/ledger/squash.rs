//! Django's squashed migrations.

use foldhash::{HashMap, HashSet};

use super::{Migration, MigrationState};

/// Settles which of a squash and its originals are in force, as Django's loader does: where all
/// originals or none are applied, the squash; where some are, the originals.
///
/// The row of a squash itself proves nothing as long as it still says what it replaces.
pub(super) fn settle<'m>(
    migrations: &'m [Migration],
    states: &mut [MigrationState],
    done: impl FnOnce() -> HashSet<&'m str>,
) {
    if migrations.iter().all(|migration| migration.replaces.is_empty()) {
        return;
    }
    let places: HashMap<&str, usize> =
        migrations.iter().enumerate().map(|(place, migration)| (&*migration.key, place)).collect();
    // A squash may itself be squashed, so what is found of one counts for the next.
    let mut done = done();
    for (place, migration) in migrations.iter().enumerate().filter(|(_, migration)| !migration.replaces.is_empty()) {
        let (applied, left): (Vec<&str>, Vec<&str>) =
            migration.replaces.iter().map(AsRef::as_ref).partition(|key| done.contains(key));
        let mut set = |place: Option<usize>, state| {
            if let Some(slot) = place.and_then(|place| states.get_mut(place)) {
                *slot = state;
            }
        };
        if left.is_empty() {
            done.insert(&migration.key);
            set(Some(place), MigrationState::Applied);
        } else if applied.is_empty() {
            done.remove(&*migration.key);
            set(Some(place), MigrationState::Pending);
            for key in left {
                set(places.get(key).copied(), MigrationState::Replaced);
            }
        } else {
            done.remove(&*migration.key);
            // Originals that are gone from disk can never be applied: then nothing is left but to
            // call the squash what it is, not applied.
            let possible = left.iter().all(|key| places.contains_key(key));
            set(Some(place), if possible { MigrationState::Replaced } else { MigrationState::Pending });
        }
    }
}
