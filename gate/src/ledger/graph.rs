//! Migrations that name their parents.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashSet};

use super::Migration;

/// Migrations that come before themselves: the keys of those in, or behind, the circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle(pub Vec<Box<str>>);

/// Puts parents before their children, and otherwise keeps the order given.
///
/// A parent that a migration on disk replaces is that migration; one that is nowhere is left to
/// whoever read the files.
pub fn sort_by_parents(migrations: Vec<Migration>) -> Result<Vec<Migration>, Cycle> {
    let mut waits: Vec<usize> = Vec::with_capacity(migrations.len());
    let mut children: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let places = Places::of(&migrations);
    for (child, migration) in migrations.iter().enumerate() {
        let parents: BTreeSet<usize> =
            migration.parents.iter().filter_map(|key| places.get(key)).filter(|parent| *parent != child).collect();
        waits.push(parents.len());
        for parent in parents {
            children.entry(parent).or_default().push(child);
        }
    }
    let mut free: BTreeSet<usize> = (0..migrations.len()).filter(|place| waits.get(*place) == Some(&0)).collect();
    let mut order = Vec::with_capacity(migrations.len());
    while let Some(place) = free.pop_first() {
        order.push(place);
        for child in children.remove(&place).unwrap_or_default() {
            let Some(left) = waits.get_mut(child) else { continue };
            *left -= 1;
            if *left == 0 {
                free.insert(child);
            }
        }
    }
    if order.len() < migrations.len() {
        let stuck = migrations.iter().zip(waits).filter(|(_, waits)| *waits > 0);
        return Err(Cycle(stuck.map(|(migration, _)| migration.key.clone()).collect()));
    }
    let mut slots: Vec<Option<Migration>> = migrations.into_iter().map(Some).collect();
    Ok(order.into_iter().filter_map(|place| slots.get_mut(place)?.take()).collect())
}

/// The keys of `heads` and of everything that comes before them.
pub(super) fn ancestors<'m>(migrations: &'m [Migration], heads: impl IntoIterator<Item = &'m str>) -> HashSet<&'m str> {
    let by_key: HashMap<&str, &Migration> = migrations.iter().map(|migration| (&*migration.key, migration)).collect();
    let mut seen = HashSet::default();
    let mut next: Vec<&str> = heads.into_iter().collect();
    while let Some(key) = next.pop() {
        if seen.insert(key) {
            next.extend(by_key.get(key).into_iter().flat_map(|migration| &migration.parents).map(AsRef::as_ref));
        }
    }
    seen
}

/// Where each key lies; a key without a file lies where its squash does.
struct Places<'m> {
    own: HashMap<&'m str, usize>,
    squashed: HashMap<&'m str, usize>,
}

impl<'m> Places<'m> {
    fn of(migrations: &'m [Migration]) -> Self {
        let own = migrations.iter().enumerate().map(|(place, migration)| (&*migration.key, place)).collect();
        let replaced = |(place, migration): (usize, &'m Migration)| {
            migration.replaces.iter().map(move |key| (&**key, place)).collect::<Vec<_>>()
        };
        Self { own, squashed: migrations.iter().enumerate().flat_map(replaced).collect() }
    }

    fn get(&self, key: &str) -> Option<usize> {
        self.own.get(key).or_else(|| self.squashed.get(key)).copied()
    }
}
