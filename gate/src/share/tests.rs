use std::sync::Arc;

use super::*;
use crate::DatabaseId;
use crate::ledger::{Expected, Ledger, Tool};
use crate::sample::{migration, name, needing, requirement, route, table};

fn ledger() -> Fact {
    let ledger = Ledger { tool: Tool::named("prisma").expect("a tool"), table: name("_prisma_migrations") };
    Fact::Migrations(Arc::new(Expected::new(ledger, vec![migration("1", [])])))
}

/// The needs of routes after sharing, and what the added requirements are narrowed to.
fn shared(mut requirements: Vec<Requirement>, needs: &[&[u32]]) -> (Vec<Vec<u32>>, Vec<String>, Vec<u32>) {
    let mut routes: Vec<Route> = needs.iter().map(|needs| needing(route("/a"), needs)).collect();
    let declared = requirements.len();
    let wholes = share_out(&mut routes, &mut requirements);
    let needs = routes.iter().map(|route| route.needs.iter().map(|need| need.0).collect()).collect();
    let narrowed = requirements[declared..].iter().flat_map(|share| &share.facts).filter_map(|fact| match fact {
        Fact::MigrationsTouching(_, scope) => {
            Some(scope.objects().iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        }
        _ => None,
    });
    (needs, narrowed.collect(), wholes.into_iter().map(|whole| whole.0).collect())
}

#[test]
fn a_route_that_declares_nothing_beside_the_ledger_needs_the_whole() {
    let (needs, narrowed, wholes) = shared(vec![requirement("release", [ledger()])], &[&[0], &[]]);
    assert_eq!((needs, narrowed.len(), wholes.len()), (vec![vec![0], vec![]], 0, 0));
}

#[test]
fn objects_of_the_same_requirement_and_of_the_routes_other_needs_narrow_it() {
    let requirements =
        || vec![requirement("release", [ledger(), table("orders")]), requirement("bills", [table("bills")])];
    let (needs, narrowed, wholes) = shared(requirements(), &[&[0], &[1, 0], &[1]]);
    assert_eq!(needs, [vec![2], vec![1, 3], vec![1]]);
    assert_eq!(narrowed, ["orders", "bills orders"]);
    assert_eq!(wholes, [0, 0]);
}

#[test]
fn routes_that_declare_the_same_share_one_requirement() {
    let requirements = vec![requirement("release", [ledger()]), requirement("bills", [table("bills")])];
    let (needs, narrowed, _) = shared(requirements, &[&[0, 1], &[1, 0]]);
    assert_eq!((needs, narrowed.len()), (vec![vec![2, 1], vec![1, 2]], 1));
}

#[test]
fn objects_in_another_database_narrow_nothing() {
    let elsewhere = Requirement { database: DatabaseId(1), ..requirement("bills", [table("bills")]) };
    let (needs, narrowed, _) = shared(vec![requirement("release", [ledger()]), elsewhere], &[&[0, 1]]);
    assert_eq!((needs, narrowed.len()), (vec![vec![0, 1]], 0));
}
