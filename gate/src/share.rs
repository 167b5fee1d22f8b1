//! What of a ledger concerns each route.
//!
//! A route that needs a ledger and declares objects beside it is gated by those migrations alone
//! that create or alter one of them. So that nothing of this is left to a request, such a route
//! needs a requirement of its own: the same facts, the ledger's one narrowed to those objects.

use crate::ledger::DeclaredObjects;
use crate::{Fact, Requirement, RequirementId, Route};

/// Makes a requirement for each share of a ledger that a route has, adds it to `requirements`, and
/// lets the routes need that. Returns of each added one which requirement it is a share of.
pub(crate) fn share_out(routes: &mut [Route], requirements: &mut Vec<Requirement>) -> Vec<RequirementId> {
    let declared = requirements.len();
    let mut wholes = Vec::new();
    // A version of a route stands for itself: it declares its own objects.
    let lists = routes.iter_mut().flat_map(|route| {
        let versions = route.versions.iter_mut().map(|version| &mut version.needs);
        versions.chain([&mut route.needs])
    });
    for list in lists {
        let needs = list.clone();
        for need in list {
            let Some(whole) = requirements.get(need.index()) else { continue };
            if !whole.facts.iter().any(|fact| matches!(fact, Fact::Migrations(_))) {
                continue;
            }
            let beside = needs.iter().filter_map(|need| requirements.get(need.index()));
            let beside = beside.filter(|requirement| requirement.database == whole.database);
            let Some(objects) = DeclaredObjects::of(beside.flat_map(|requirement| &requirement.facts)) else {
                continue;
            };
            let share = share(whole, &objects);
            let known = requirements.iter().skip(declared).position(|known| *known == share);
            let place = declared + known.unwrap_or(wholes.len());
            if known.is_none() {
                requirements.push(share);
                wholes.push(*need);
            }
            *need = RequirementId(u32::try_from(place).unwrap_or(u32::MAX));
        }
    }
    wholes
}

fn share(whole: &Requirement, objects: &DeclaredObjects) -> Requirement {
    let narrowed = |fact: &Fact| match fact {
        Fact::Migrations(expected) => Fact::MigrationsTouching(expected.clone(), objects.clone()),
        fact => fact.clone(),
    };
    Requirement { facts: whole.facts.iter().map(narrowed).collect(), ..whole.clone() }
}

#[cfg(test)]
mod tests;
