//! When a database was looked at.

use std::collections::BTreeMap;

use crate::{Extent, Moment};

/// When looks at a database were begun: the last one at everything, and since then those at parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sightings {
    /// When the last look at everything was begun; `None` before the first.
    everything: Option<Moment>,
    /// When the last look was begun at what tenants share.
    shared: Option<Moment>,
    /// When the last looks were begun at tenants' schemas, of those after [`Self::everything`].
    schemas: BTreeMap<Box<str>, Moment>,
}

impl Sightings {
    /// Adds a look at `extent` that was begun at `began`. They may be added out of turn: looks at parts
    /// come between the beginning of one at everything and its end.
    pub fn add(&mut self, extent: &Extent, began: Moment) {
        let later = |known: &mut Option<Moment>| *known = (*known).max(Some(began));
        later(&mut self.shared);
        match extent {
            Extent::Everything => {
                later(&mut self.everything);
                self.schemas.retain(|_, seen| *seen > began);
            }
            Extent::Shared(schemas) => {
                for schema in schemas {
                    let seen = self.schemas.entry(schema.clone()).or_insert(began);
                    *seen = (*seen).max(began);
                }
            }
        }
    }

    /// When the last look at everything was begun.
    pub const fn everything(&self) -> Option<Moment> {
        self.everything
    }

    /// Whether all of `extent` was looked at by looks that were begun at `moment` or later.
    pub fn are_since(&self, moment: Moment, extent: &Extent) -> bool {
        let since = |began: Option<Moment>| began >= Some(moment);
        since(self.everything)
            || match extent {
                Extent::Everything => false,
                Extent::Shared(schemas) => {
                    since(self.shared) && schemas.iter().all(|schema| since(self.schemas.get(schema).copied()))
                }
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::at;

    fn both() -> Extent {
        Extent::tenant("a").and(Extent::tenant("b"))
    }

    #[test]
    fn a_look_at_everything_is_one_at_each_part() {
        let mut seen = Sightings::default();
        assert!(!seen.are_since(at(0), &Extent::shared()));
        seen.add(&Extent::Everything, at(5));
        for extent in [Extent::Everything, Extent::shared(), both()] {
            assert!(seen.are_since(at(5), &extent) && !seen.are_since(at(6), &extent), "{extent:?}");
        }
    }

    #[test]
    fn a_look_at_a_part_is_one_at_what_is_shared_and_at_no_other_part() {
        let mut seen = Sightings::default();
        seen.add(&Extent::Everything, at(5));
        seen.add(&Extent::tenant("a"), at(8));
        assert!(seen.are_since(at(8), &Extent::tenant("a")) && seen.are_since(at(8), &Extent::shared()));
        assert!(!seen.are_since(at(8), &Extent::tenant("b")) && !seen.are_since(at(8), &both()));
        assert!(!seen.are_since(at(8), &Extent::Everything));
        seen.add(&Extent::tenant("b"), at(9));
        assert!(seen.are_since(at(8), &both()));
    }

    #[test]
    fn a_look_at_everything_that_ends_later_forgets_no_later_look_at_a_part() {
        let mut seen = Sightings::default();
        seen.add(&Extent::tenant("a"), at(8));
        seen.add(&Extent::tenant("b"), at(6));
        seen.add(&Extent::Everything, at(7));
        assert!(seen.are_since(at(8), &Extent::tenant("a")) && seen.are_since(at(8), &Extent::shared()));
        assert!(seen.are_since(at(7), &both()) && !seen.are_since(at(8), &both()));
    }
}
